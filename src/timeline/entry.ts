// What is told of an entry: its date, the people it concerns, where it was, and what to know before using the date.
import { conflictsOf, deciding } from '../claims/rules.js';
import { claimsOf } from '../claims/record-fields.js';
import type { ClaimRow } from '../claims/model.js';
import type { Basis } from '../generated/resolvers-types.js';
import { uncertainDate, type UncertainDateValue } from '../records/dates.js';
import type { Loading } from '../records/loaders.js';
import { snake } from '../records/noun.js';
import type { PersonRow } from '../persons/model.js';
import type { PlaceRow } from '../places/model.js';
import { branchOf } from './branches.js';
import type { Entry } from './query.js';
import { titleOf } from './titles.js';

export const dateOf = ({ kind, row }: Entry): UncertainDateValue | null => uncertainDate(row, branchOf(kind, row).date);

export function titleOfEntry({ kind, row }: Entry): string {
  const title = titleOf(branchOf(kind, row).wording, row);
  return kind === 'EVENT_ENDS' ? `${title} (ends)` : title;
}

/** Whom an entry concerns, each once, also those who are hidden. */
export async function personIdsOf({ row }: Entry, { load }: Loading): Promise<string[]> {
  if (row.__typename !== 'Event') return [row.personId as string];
  const participants = await load.many('Event', 'participants').load(row.id);
  return [...new Set(participants.map(({ personId }) => personId as string | null).filter((id) => id !== null))];
}

export async function personsOf(entry: Entry, loading: Loading): Promise<PersonRow[]> {
  const rows = await Promise.all((await personIdsOf(entry, loading)).map((id) => loading.load.one.persons!.load(id)));
  return rows.filter((row) => row !== null) as unknown as PersonRow[];
}

export async function placeOf({ row }: Entry, { load }: Loading): Promise<PlaceRow | null> {
  return row.placeId ? ((await load.one.places!.load(row.placeId as string)) as unknown as PlaceRow | null) : null;
}

export async function countryOf(entry: Entry, loading: Loading): Promise<string | null> {
  const { row } = entry;
  if (row.country) return row.country as string;
  if (row.legalCaseId)
    return ((await loading.load.one.legal_cases!.load(row.legalCaseId as string))?.country as string | null) ?? null;
  return (await placeOf(entry, loading))?.country ?? null;
}

const fieldOf = ({ kind, row }: Entry): string => snake(branchOf(kind, row).date);

export const basisOf = async (entry: Entry, loading: Loading): Promise<Basis | null> =>
  (deciding(await claimsOf(entry.row, loading), fieldOf(entry))?.basis as Basis | undefined) ?? null;

export async function notesOf(entry: Entry, loading: Loading): Promise<string[]> {
  const claims = await claimsOf(entry.row, loading);
  return notes(dateOf(entry), fieldOf(entry), claims);
}

/** Sentences for a reader who is about to quote the date. */
export function notes(date: UncertainDateValue | null, field: string, claims: readonly ClaimRow[]): string[] {
  if (!date) return ['Nobody says when.'];
  const decides = deciding(claims, field);
  const conflict = conflictsOf('', claims).find((found) => found.field === field);
  return [
    ...(date.earliest === date.latest ? [] : [vagueness(date)]),
    ...(decides ? [] : ['No source supports the date; an editor entered it.']),
    ...(decides?.basis === 'INFERRED'
      ? ['The date is inferred from other claims; no source states it as it stands here.']
      : []),
    ...(decides?.basis === 'COMPUTED' ? ['The date is calculated from other claims.'] : []),
    ...(decides?.stance === 'REPORTS_ALLEGATION' ? ['The source reports the date as an allegation.'] : []),
    ...(conflict
      ? [
          conflict.compatible
            ? 'Sources give different dates, which may all mean the same day.'
            : 'Sources contradict each other on the date.',
        ]
      : []),
    ...(claims.some((claim) => claim.field === field && !claim.bears && /DENI/.test(claim.stance))
      ? ['A source denies the date.']
      : []),
  ];
}

function vagueness({ earliest, latest }: UncertainDateValue): string {
  if (!earliest) return `It was on or before ${latest}.`;
  if (!latest) return `It was on or after ${earliest}.`;
  return `It was some day from ${earliest} to ${latest}.`;
}
