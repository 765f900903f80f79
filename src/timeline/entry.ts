// What is told of an entry: its date, the people it concerns, where it was, and what to know before using the date.
import { conflictsOf, deciding } from '../claims/rules.js';
import { fromClaims, LINKS, linksOfRecord, SOURCES, sourcesOfRecord } from '../claims/record-fields.js';
import type { ClaimRow } from '../claims/model.js';
import { raw } from '../db/sql.js';
import type { Basis } from '../generated/resolvers-types.js';
import { uncertainDate, type UncertainDateValue } from '../records/dates.js';
import type { Loading } from '../records/loaders.js';
import { snake, type Noun } from '../records/noun.js';
import { planned, type Plan } from '../records/plan.js';
import type { PersonRow } from '../persons/model.js';
import type { PlaceRow } from '../places/model.js';
import { branchOf, BRANCHES, kindOfRank, type Branch } from './branches.js';
import type { Entry } from './query.js';
import { sentenceSql, titleOf } from './titles.js';

const EVENT = 'Event';

/** An entry, wherever it stands in the order. */
type Told = Pick<Entry, 'kind' | 'row'>;

export const dateOf = ({ kind, row }: Told): UncertainDateValue | null => uncertainDate(row, branchOf(kind, row).date);

export function titleOfEntry({ kind, row }: Told): string {
  const title = titleOf(branchOf(kind, row).wording, row);
  return kind === 'EVENT_ENDS' ? `${title} (ends)` : title;
}

/** Whom an entry concerns, each once, also those who are hidden. */
export async function personIdsOf({ row }: Told, { load }: Loading): Promise<string[]> {
  if (row.__typename !== EVENT) return [row.personId as string];
  const participants = await load.many('Event', 'participants').load(row.id);
  return [...new Set(participants.map(({ personId }) => personId as string | null).filter((id) => id !== null))];
}

async function personsOf(entry: Told, loading: Loading): Promise<PersonRow[]> {
  const rows = await Promise.all((await personIdsOf(entry, loading)).map((id) => loading.load.one.persons!.load(id)));
  return rows.filter((row) => row !== null) as unknown as PersonRow[];
}

async function placeOf({ row }: Told, { load }: Loading): Promise<PlaceRow | null> {
  return row.placeId ? ((await load.one.places!.load(row.placeId as string)) as unknown as PlaceRow | null) : null;
}

export async function countryOf(entry: Told, loading: Loading): Promise<string | null> {
  const { row } = entry;
  if (row.country) return row.country as string;
  if (row.legalCaseId)
    return ((await loading.load.one.legal_cases!.load(row.legalCaseId as string))?.country as string | null) ?? null;
  return (await placeOf(entry, loading))?.country ?? null;
}

const fieldOf = ({ kind, row }: Told): string => snake(branchOf(kind, row).date);

/** What date, title and their rules read of a record. */
const needs = (noun: Noun): string[] => {
  const branches = BRANCHES.filter((branch) => branch.noun.table === noun.table);
  const words = branches.flatMap(({ wording: { by, instead, after } }) => [...by, instead, after]);
  return [...new Set(['id', ...branches.map(({ date }) => date), ...words.filter((word) => word !== undefined)])];
};

const PERSONS_OF_EVENT =
  'select p.person_id from event_participants p where p.event_id = parent.id and p.person_id is not null';

/** The people of an entry: one for each record, in the order of the participants for an event. */
const concerned = ({ type }: Noun): Plan => ({
  is: 'rows',
  rows: {
    noun: 'persons',
    where: raw(type === EVENT ? `persons.id = any(array(${PERSONS_OF_EVENT}))` : 'persons.id = parent.person_id'),
    orderBy: raw(
      type === EVENT
        ? `array_position(array(${PERSONS_OF_EVENT} order by p.role nulls last, p.sequence, p.id), persons.id)`
        : 'persons.id',
    ),
  },
});

const placed = ({ fields }: Noun): Plan =>
  'placeId' in fields
    ? { is: 'record', noun: 'places', id: (row) => raw(`${row}.place_id`) }
    : { is: 'leaf', madeOf: 'own', sql: () => raw('null::json') };

function country({ fields }: Noun): Plan {
  if ('country' in fields) return { is: 'leaf', madeOf: 'own', sql: (row) => raw(`to_json(${row}.country)`) };
  const [table, column] = 'legalCaseId' in fields ? ['legal_cases', 'legal_case_id'] : ['places', 'place_id'];
  return {
    is: 'leaf',
    madeOf: (row) => raw(`select ${row}.${column}`),
    sql: (row) => raw(`(select to_json(there.country) from ${table} there where there.id = ${row}.${column})`),
  };
}

const CLAIMS = [
  'id', 'field', 'value', 'earliest', 'latest', 'published', 'stance', 'basis', 'rank', 'bears', 'level', 'derivedFrom',
]; // prettier-ignore

const branchesOf = (rank: number): readonly Branch[] => BRANCHES.filter(({ kind }) => kind === kindOfRank(rank));

/** As `titleOfEntry`: the wording of the first branch whose date is told, or of the last one. */
function titleSql(rank: number, row: string): string {
  const branches = branchesOf(rank);
  const each = branches.map(({ date, wording }, i) => {
    const title = sentenceSql(wording, row);
    return i < branches.length - 1 ? `when ${row}.${snake(date)} is not null then ${title}` : `else ${title}`;
  });
  const title = branches.length > 1 ? `case ${each.join(' ')} end` : each[0]!.replace('else ', '');
  return kindOfRank(rank) === 'EVENT_ENDS' ? `${title} || ' (ends)'` : title;
}

/** A rule on the claims of the record. */
const fromItsClaims = <V>(make: (entry: Told, claims: readonly ClaimRow[]) => V) =>
  fromClaims({
    needs,
    claims: CLAIMS,
    row: (entry: Told) => entry.row,
    make: (entry: Told, _: unknown, claims) => make(entry, claims),
  });

export const entryFields = {
  id: planned(({ kind, row }: Told) => `${row.id}:${kind}`, {
    is: 'byRank',
    of: (rank) => ({ is: 'leaf', madeOf: 'own', sql: (row) => raw(`to_json(${row}.id || ':${kindOfRank(rank)}')`) }),
  }),
  kind: planned(({ kind }: Told) => kind, {
    is: 'byRank',
    of: (rank) => ({ is: 'leaf', madeOf: 'own', sql: () => raw(`to_json('${kindOfRank(rank)}'::text)`) }),
  }),
  date: planned(dateOf, {
    is: 'byRank',
    of: (rank) => ({ is: 'date', property: branchesOf(rank).map(({ date }) => date) }),
  }),
  title: planned(titleOfEntry, {
    is: 'byRank',
    of: (rank) => ({ is: 'leaf', madeOf: 'own', sql: (row) => raw(`to_json(${titleSql(rank, row)})`) }),
  }),
  record: planned(({ row }: Told) => row, { is: 'own' }),
  persons: planned((entry: Told, _: unknown, context: Loading) => personsOf(entry, context), {
    is: 'byNoun',
    of: concerned,
  }),
  place: planned((entry: Told, _: unknown, context: Loading) => placeOf(entry, context), { is: 'byNoun', of: placed }),
  country: planned((entry: Told, _: unknown, context: Loading) => countryOf(entry, context), {
    is: 'byNoun',
    of: country,
  }),
  sources: planned(({ row }: Told, _: unknown, context: Loading) => sourcesOfRecord(row, {}, context), SOURCES),
  links: planned(({ row }: Told, _: unknown, context: Loading) => linksOfRecord(row, {}, context), LINKS),
  basis: fromItsClaims(
    (entry, claims): Basis | null => (deciding(claims, fieldOf(entry))?.basis as Basis | undefined) ?? null,
  ),
  notes: fromItsClaims((entry, claims) => notes(dateOf(entry), fieldOf(entry), claims)),
};

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
