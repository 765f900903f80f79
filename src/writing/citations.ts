// The citations of an input: who says what was typed in. Each becomes a claim, through the same code as those of datasets.
import {
  BEARING_STANCES,
  DEFAULT_CREDIBILITY,
  insertClaim,
  sameClaim,
  type Judging,
  type Saying,
} from '../claims/write-claim.js';
import type { Context } from '../context.js';
import type { CitationInput } from '../generated/resolvers-types.js';
import { didYouMean } from '../values/did-you-mean.js';
import type { Problems } from '../records/problems.js';
import type { NamedField } from '../records/field-names.js';
import type { Given } from './given.js';
import type { References } from './references.js';

/** A claim on a record that may not have an id yet. */
export interface Cited {
  said: Omit<Saying, 'recordId'>;
  judging: Omit<Judging, 'sensitivity'>;
}

/** Checks all of them; what is wrong is among the problems. */
export function readCitations(
  citations: readonly CitationInput[],
  fields: ReadonlyMap<string, NamedField>,
  given: ReadonlyMap<string, Given>,
  input: Readonly<Record<string, unknown>>,
  references: References,
  problems: Problems,
): Cited[] {
  return citations.flatMap((citation, index) => {
    const at = ['citations', index];
    references.require([...at, 'source'], 'sources', citation.source);
    if (citation.informantRecord) references.require([...at, 'informantRecord'], 'records', citation.informantRecord);
    checkJudgement(citation, at, problems);
    const said = citation.field ? fields.get(citation.field) : undefined;
    if (citation.field && !isCitable(citation.field, said, fields, at, problems)) return [];
    const value = said && given.get(said.name);
    const stance = citation.stance ?? 'ASSERTS';
    if (said && BEARING_STANCES.includes(stance) && input[said.name] === undefined) {
      problems.add([...at, 'field'], 'citation_has_a_value', `Give the value of "${said.name}" that the source tells.`);
      return [];
    }
    if (said && BEARING_STANCES.includes(stance) && value === 'cleared') {
      problems.add(
        [...at, 'field'],
        'citation_has_a_value',
        `A source that tells nothing of "${said.name}" is not cited for it.`,
      );
      return [];
    }
    const told = value === undefined || value === 'cleared' ? undefined : value;
    return [cited(citation, stance, said, told)];
  });
}

function isCitable(
  name: string,
  field: NamedField | undefined,
  fields: ReadonlyMap<string, NamedField>,
  at: (string | number)[],
  problems: Problems,
): boolean {
  if (field?.field.claimed) return true;
  const citable = [...fields.values()].filter(({ field: { claimed } }) => claimed).map((one) => one.name);
  const known = citable.length > 0 ? ` These are: ${citable.join(', ')}.` : '';
  problems.add(
    [...at, 'field'],
    'claims_field',
    field
      ? `"${name}" is not a field that claims decide; leave "field" out to cite the source for the record itself.${known}`
      : `There is no field "${name}".${didYouMean(name, citable)}${known}`,
  );
  return false;
}

function checkJudgement({ credibility, rank, rankReason }: CitationInput, at: (string | number)[], problems: Problems) {
  if (credibility !== null && credibility !== undefined && (credibility < 1 || credibility > 6))
    problems.add(
      [...at, 'credibility'],
      'claim_credibility_is_1_to_6',
      'Credibility is 1 (confirmed by others) to 6 (cannot be judged), the Admiralty scale.',
    );
  if (rank === 'PREFERRED' && !rankReason?.trim())
    problems.add(
      [...at, 'rankReason'],
      'claim_preferred_needs_a_reason',
      'Preferring a claim over others needs a reason.',
    );
}

function cited(
  citation: CitationInput,
  stance: string,
  field: NamedField | undefined,
  told?: Exclude<Given, 'cleared'>,
): Cited {
  return {
    said: {
      field: field?.column ?? '',
      value: told?.value ?? null,
      earliest: told?.bounds?.earliest ?? null,
      latest: told?.bounds?.latest ?? null,
      sourceId: citation.source.toLowerCase(),
      locator: citation.locator ?? null,
      wording: citation.wording ?? null,
      stance,
      basis: citation.basis ?? 'STATED',
      derivedFrom: [],
    },
    judging: {
      rank: citation.rank ?? 'NORMAL',
      rankReason: citation.rankReason ?? null,
      credibility: citation.credibility ?? DEFAULT_CREDIBILITY,
      reference: citation.reference ?? null,
      wordingLanguage: citation.wordingLanguage ?? null,
      informant: citation.informant ?? null,
      informantId: citation.informantRecord?.toLowerCase() ?? null,
      note: citation.note ?? null,
      published: null,
      publishedEarliest: null,
      publishedLatest: null,
    },
  };
}

/** A claim that stands already is not made a second time. */
export async function writeCitations(
  { db }: Pick<Context, 'db'>,
  recordId: string,
  sensitivity: number,
  citations: readonly Cited[],
): Promise<void> {
  for (const { said, judging } of citations) {
    const saying = { ...said, recordId };
    if (await sameClaim(db, saying, judging)) continue;
    await insertClaim(db, saying, { ...judging, sensitivity });
  }
}
