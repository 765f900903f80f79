// Who held a document on a day. Everyone in scope gets an answer, also where it is "unknown" or "none".
import type { HoldingAnswer, QueryCertificateHoldersArgs } from '../generated/resolvers-types.js';
import { invalid } from '../errors.js';
import { sql, type Sql } from '../db/sql.js';
import { deciding } from '../claims/rules.js';
import { persons, type PersonRow } from '../persons/model.js';
import { conditions, uuids } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import { mapList, page, PAGE_CAP, type List, type PageContext } from '../records/page.js';
import type { LocalDate } from '../values/local-date.js';
import type { InForce } from '../values/period.js';
import { personsInFile, withRefugeeRecord } from './filters.js';
import { decisionsOf, documentsOf, knownOf, type DocumentFilter } from './known.js';
import { holdingOn, merelyInferred, type Known } from './rules.js';

export interface Held {
  known: Known;
  certainty: InForce;
}

/** What the SDL calls CertificateHolding. */
export interface Holding {
  personId: string;
  answer: HoldingAnswer;
  reason: string;
  documents: Held[];
}

export const basisOfHeld = ({ known: { claims } }: Held) =>
  merelyInferred(claims) ? 'INFERRED' : (deciding(claims, 'valid_until')?.basis ?? null);

export async function answerOf(
  personId: string,
  known: readonly Known[],
  day: LocalDate,
  loading: Loading,
): Promise<Holding> {
  return { personId, ...holdingOn(known, await decisionsOf(personId, loading), day) };
}

async function holdingOf(personId: string, filter: DocumentFilter, day: LocalDate, loading: Loading): Promise<Holding> {
  // Together, so that people whose documents take longer to gather do not need statements of their own.
  const [documents, decisions] = await Promise.all([
    documentsOf(personId, filter, loading),
    decisionsOf(personId, loading),
  ]);
  return {
    personId,
    ...holdingOn(await Promise.all(documents.map((document) => knownOf(document, loading))), decisions, day),
  };
}

function ask({ country, case: file, persons: ids }: QueryCertificateHoldersArgs): Sql[] {
  if (ids && ids.length > PAGE_CAP)
    throw invalid('persons', `At most ${PAGE_CAP} people are asked about at once; send them in parts.`, {
      rule: 'page-size',
    });
  const asked = conditions(
    { case: file, persons: ids },
    { case: personsInFile, persons: (list) => sql`persons.id = any(${uuids(list)})` },
    '',
  );
  return ids ? asked : [withRefugeeRecord(country), ...asked];
}

export type HoldingList = List<Promise<Holding>>;

export async function listHolders(
  args: QueryCertificateHoldersArgs,
  context: PageContext & Loading,
): Promise<HoldingList> {
  const { on, kind, country, case: file, persons: ids, asOf } = args;
  if (asOf?.validOn && asOf.validOn !== on)
    throw invalid('asOf.validOn', 'The day is `on`; leave `validOn` out, or give the same day.');
  const scope = ['holders', on, kind, country, file, ids];
  const found = await page<PersonRow>(context, args, { noun: persons, where: ask(args), orderBy: [], scope });
  for (const person of found.nodes) context.load.one.persons!.prime(person.id, person);
  return mapList(found, ({ id }) => {
    const holding = holdingOf(id, { kind, country }, on as LocalDate, context);
    // Who asks only for the count never waits for it; its failure must not end the process.
    holding.catch(() => undefined);
    return holding;
  });
}
