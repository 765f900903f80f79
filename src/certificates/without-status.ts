// People of whom no grant is known. That nobody tells of a grant is not a refusal, and the two never share a name.
import { allOf, join, raw, sql, type Sql } from '../db/sql.js';
import type { QueryWithoutStatusArgs, WithoutStatusAnswer } from '../generated/resolvers-types.js';
import { persons, type PersonRow } from '../persons/model.js';
import { conditions } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import { mapList, page, type List, type PageContext } from '../records/page.js';
import type { RefugeeStatusRow, StatusDecisionRow, StatusDocumentRow } from '../refugees/model.js';
import { personsInFile, withRefugeeRecord } from './filters.js';
import { decisionsOf } from './known.js';

/** What the SDL calls PersonWithoutStatus. */
export interface WithoutStatus {
  person: PersonRow;
  asked: QueryWithoutStatusArgs;
}

const REFUGEES = ['REFUGEE_CONVENTION', 'REFUGEE_MANDATE', 'PRIMA_FACIE'];

/** People with a grant of one of the statuses, possibly by the day asked about. */
function granted({ kind, country, asOf }: QueryWithoutStatusArgs): Sql {
  const inScope = (date: string): Sql[] => [
    ...(country ? [sql`country = ${country}`] : []),
    ...(asOf?.validOn ? [sql`(${raw(`${date}_earliest`)} <= ${asOf.validOn}::date or ${raw(date)} is null)`] : []),
  ];
  const from = (table: string, date: string, ...where: Sql[]): Sql =>
    sql`select person_id from ${raw(table)} where ${allOf([...where, ...inScope(date)])}`;
  const grants = [
    from('status_decisions', 'decided', sql`action in ('GRANT', 'EXTEND')`, sql`concerns = any(${kind}::text[])`),
    from('refugee_statuses', 'starts', sql`kind = any(${kind}::text[])`),
    ...(kind?.some((word) => REFUGEES.includes(word))
      ? [from('status_documents', 'valid_from', sql`kind = 'REFUGEE_CERTIFICATE'`)]
      : []),
  ];
  return join(grants, ' union ');
}

export type WithoutStatusList = List<WithoutStatus>;

export async function listWithoutStatus(
  args: QueryWithoutStatusArgs,
  context: PageContext,
): Promise<WithoutStatusList> {
  const { country, kind, case: file, asOf } = args;
  const where = [
    withRefugeeRecord(country),
    sql`persons.id not in (${granted(args)})`,
    ...conditions({ case: file }, { case: personsInFile }, ''),
  ];
  const found = await page<PersonRow>(context, args, {
    noun: persons,
    where,
    orderBy: [],
    scope: ['without status', country, kind, file, asOf],
  });
  return mapList(found, (person) => ({ person, asked: args }));
}

const mayBeBy = (earliest: string | null, day: string | null | undefined): boolean =>
  !day || earliest === null || earliest <= day;

export async function refusalsOf(
  { person, asked: { country, kind, asOf } }: WithoutStatus,
  loading: Loading,
): Promise<StatusDecisionRow[]> {
  return (await decisionsOf(person.id, loading)).filter(
    (decision) =>
      decision.action === 'REFUSE' &&
      (kind as string[]).includes(decision.concerns) &&
      (!country || decision.country === country) &&
      mayBeBy(decision.decidedEarliest, asOf?.validOn),
  );
}

export async function answerOfRefusals(one: WithoutStatus, loading: Loading): Promise<WithoutStatusAnswer> {
  if ((await refusalsOf(one, loading)).length > 0) return 'REFUSED';
  const { country, asOf } = one.asked;
  const statuses = (await loading.load.many('Person', 'statuses').load(one.person.id)) as unknown as RefugeeStatusRow[];
  const isRefused = (status: RefugeeStatusRow): boolean =>
    status.kind === 'NONE_AFTER_REFUSAL' &&
    (!country || status.country === country) &&
    mayBeBy(status.startsEarliest, asOf?.validOn);
  return statuses.some(isRefused) ? 'REFUSED' : 'NOT_GRANTED';
}

export async function papersOf(
  { person, asked: { country } }: WithoutStatus,
  { load }: Loading,
): Promise<StatusDocumentRow[]> {
  const documents = (await load.many('Person', 'documents').load(person.id)) as unknown as StatusDocumentRow[];
  return documents.filter((document) => !country || document.country === country);
}
