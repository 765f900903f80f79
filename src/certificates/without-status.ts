// People of whom no grant is known. That nobody tells of a grant is not a refusal, and the two never share a name.
import { allOf, join, raw, sql, type Sql } from '../db/sql.js';
import type { QueryWithoutStatusArgs, WithoutStatusAnswer } from '../generated/resolvers-types.js';
import { persons, type PersonRow } from '../persons/model.js';
import { conditions } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import { mapList, page, scopeOfList, type List, type PageContext } from '../records/page.js';
import { planned, type Rows } from '../records/plan.js';
import {
  refugeeLinks,
  type RefugeeStatusRow,
  type StatusDecisionRow,
  type StatusDocumentRow,
} from '../refugees/model.js';
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

function asked(args: QueryWithoutStatusArgs) {
  const { country, kind, case: file, asOf } = args;
  return {
    noun: persons,
    where: [
      withRefugeeRecord(country),
      sql`persons.id not in (${granted(args)})`,
      ...conditions({ case: file }, { case: personsInFile }, ''),
    ],
    orderBy: [],
    scope: ['without status', country, kind, file, asOf],
    wrap: (person: PersonRow): WithoutStatus => ({ person, asked: args }),
    carry: {
      asked_country: sql`${country ?? null}::text`,
      asked_kind: sql`${kind}::text[]`,
      asked_day: sql`${asOf?.validOn ?? null}::date`,
    },
  };
}

export const listWithoutStatus = planned(
  async (_: unknown, args: QueryWithoutStatusArgs, context: PageContext): Promise<WithoutStatusList> => {
    const { wrap, carry: _carried, ...query } = asked(args);
    return mapList(await page<PersonRow>(context, args, query), wrap);
  },
  {
    is: 'page',
    noun: persons,
    page: (args: QueryWithoutStatusArgs) => {
      const { scope, noun: _, ...query } = asked(args);
      return { ...query, scope: () => scopeOfList(persons, scope) };
    },
  },
);

const mayBeBy = (earliest: string | null, day: string | null | undefined): boolean =>
  !day || earliest === null || earliest <= day;

async function refusalsOf(
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

async function answerOfRefusals(one: WithoutStatus, loading: Loading): Promise<WithoutStatusAnswer> {
  if ((await refusalsOf(one, loading)).length > 0) return 'REFUSED';
  const { country, asOf } = one.asked;
  const statuses = (await loading.load.many('Person', 'statuses').load(one.person.id)) as unknown as RefugeeStatusRow[];
  const isRefused = (status: RefugeeStatusRow): boolean =>
    status.kind === 'NONE_AFTER_REFUSAL' &&
    (!country || status.country === country) &&
    mayBeBy(status.startsEarliest, asOf?.validOn);
  return statuses.some(isRefused) ? 'REFUSED' : 'NOT_GRANTED';
}

async function papersOf(
  { person, asked: { country } }: WithoutStatus,
  { load }: Loading,
): Promise<StatusDocumentRow[]> {
  const documents = (await load.many('Person', 'documents').load(person.id)) as unknown as StatusDocumentRow[];
  return documents.filter((document) => !country || document.country === country);
}

const inCountry = (table: string): string =>
  `(parent.asked_country is null or ${table}.country = parent.asked_country)`;
const possiblyBy = (earliest: string): string =>
  `(parent.asked_day is null or ${earliest} is null or ${earliest} <= parent.asked_day)`;

const REFUSALS = `status_decisions.person_id = parent.id and status_decisions.action = 'REFUSE'
  and status_decisions.concerns = any(parent.asked_kind) and ${inCountry('status_decisions')} and ${possiblyBy('status_decisions.decided_earliest')}`;

const REFUSED = `s.person_id = parent.id and s.kind = 'NONE_AFTER_REFUSAL'
  and ${inCountry('s')} and ${possiblyBy('s.starts_earliest')}`;

/** As `answerOfRefusals`. */
const ANSWER = (row: string): string => `(select to_json(case when
    exists (select from status_decisions where ${REFUSALS}) or exists (select from refugee_statuses s where ${REFUSED})
  then 'REFUSED' else 'NOT_GRANTED' end) from (select ${row}.*) parent)`;

const ofPerson = (field: string, where: string): Rows => {
  const link = rowsOfLink(refugeeLinks.Person![field]!);
  return { ...link, where: raw(where) };
};

/** The resolvers of PersonWithoutStatus. */
export const withoutStatusFields = {
  person: planned(({ person }: WithoutStatus) => person, { is: 'own' }),
  answer: planned((one: WithoutStatus, _: unknown, loading: Loading) => answerOfRefusals(one, loading), {
    is: 'leaf',
    madeOf: (row) =>
      raw(`select told.id from (select ${row}.*) parent, lateral (
        select status_decisions.id from status_decisions where ${REFUSALS}
        union all select s.id from refugee_statuses s where ${REFUSED}) told`),
    sql: (row) => raw(ANSWER(row)),
  }),
  refusals: planned((one: WithoutStatus, _: unknown, loading: Loading) => refusalsOf(one, loading), {
    is: 'rows',
    rows: ofPerson('decisions', REFUSALS),
  }),
  documents: planned((one: WithoutStatus, _: unknown, loading: Loading) => papersOf(one, loading), {
    is: 'rows',
    rows: ofPerson('documents', `status_documents.person_id = parent.id and ${inCountry('status_documents')}`),
  }),
};
