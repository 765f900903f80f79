// Documents whose last day may lie in a time that is asked about.
import { claimsOf, SOURCES, sourcesOfRecord } from '../claims/record-fields.js';
import type { ClaimRow } from '../claims/model.js';
import { deciding } from '../claims/rules.js';
import { raw, sql, type Sql } from '../db/sql.js';
import type { Basis, QueryExpiringArgs, RangeCertainty } from '../generated/resolvers-types.js';
import { reading } from '../errors.js';
import { uncertainDate } from '../records/dates.js';
import { conditions, is, validOn } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import { mapList, page, scopeOfList, type List, type PageContext } from '../records/page.js';
import { planned, type Asked } from '../records/plan.js';
import { refugeeLinks, statusDocuments, type StatusDocumentRow } from '../refugees/model.js';
import type { PersonRow } from '../persons/model.js';
import { parseDuration } from '../values/duration.js';
import { addDuration, compare, daysBetween, type DateBound, type LocalDate } from '../values/local-date.js';
import { documentsInFile } from './filters.js';
import { successorKnownFrom, successorOf } from './known.js';

/** What the SDL calls ExpiringDocument. */
export interface Expiring {
  document: StatusDocumentRow;
  on: LocalDate;
  until: LocalDate;
}

export type ExpiringList = List<Expiring>;

/**
 * A last day that is vague may have its first possible day long before the day asked about, a precise one cannot. So the precise
 * are looked for from shortly before that day on, and the vague apart, on indexes that hold only them (0023-deep-pages.ts): one
 * walk for all would begin with the first document that ever ran out.
 */
function byVagueness(on: LocalDate): Sql[] {
  const [earliest, latest] = ['status_documents.valid_until_earliest', 'status_documents.valid_until_latest'].map(raw);
  const [month, year] = [sql`(${on}::date - 31)`, sql`(${on}::date - 366)`];
  return [
    sql`${earliest!} > ${month}`,
    sql`${earliest!} <= ${month} and ${earliest!} > ${year} and ${latest!} >= ${earliest!} + 31`,
    sql`${earliest!} <= ${year} and ${latest!} >= ${earliest!} + 366`,
  ];
}

/** What is asked for, and what each document is told with. */
function asked(args: QueryExpiringArgs, { today }: Asked) {
  const { within, kind, country, case: file, person, asOf } = args;
  const on = (args.on as LocalDate | null | undefined) ?? today;
  const until = reading('within', () => addDuration(on, parseDuration(within as string)));
  const conditionsAsked = conditions(
    { kind, country, case: file, person, validOn: asOf?.validOn },
    {
      kind: is(statusDocuments, 'kind'),
      country: is(statusDocuments, 'country'),
      case: documentsInFile,
      person: is(statusDocuments, 'personId'),
      validOn: validOn(statusDocuments, 'validFrom', 'validUntil'),
    },
    '',
  );
  return {
    noun: statusDocuments,
    where: [
      sql`status_documents.valid_until_earliest <= ${until}::date`,
      sql`status_documents.valid_until_latest >= ${on}::date`,
      ...conditionsAsked,
    ],
    parts: byVagueness(on),
    orderBy: [{ property: 'validUntilEarliest', type: 'date' as const }],
    carry: { asked_on: sql`${on}::date`, asked_until: sql`${until}::date` },
    scope: ['expiring', on, within, kind, country, file, person, asOf],
    wrap: (document: StatusDocumentRow): Expiring => ({ document, on, until }),
  };
}

export const listExpiring = planned(
  async (_: unknown, args: QueryExpiringArgs, context: PageContext & Asked): Promise<ExpiringList> => {
    const { wrap, carry: _carried, ...query } = asked(args, context);
    return mapList(await page<StatusDocumentRow>(context, args, query), wrap);
  },
  {
    is: 'page',
    noun: statusDocuments,
    page: (args: QueryExpiringArgs, today) => {
      const { scope, noun: _, ...query } = asked(args, today);
      return { ...query, scope: () => scopeOfList(statusDocuments, scope) };
    },
  },
);

const basisOf = (claims: readonly ClaimRow[]): Basis | null =>
  (deciding(claims, 'valid_until')?.basis as Basis | undefined) ?? null;

/** Certain by its bounds, unless the last day is merely inferred. */
function certaintyOf({ document, on, until }: Expiring, claims: readonly ClaimRow[]): RangeCertainty {
  const inside =
    compare(document.validUntilEarliest as DateBound, on) >= 0 &&
    compare(document.validUntilLatest as DateBound, until) <= 0;
  return inside && basisOf(claims) !== 'INFERRED' ? 'CERTAIN' : 'POSSIBLE';
}

/** Calendar days from the day asked about; null for a side without bound. */
function daysLeft({ document, on }: Expiring, side: 'Earliest' | 'Latest'): number | null {
  const bound = document[`validUntil${side}`] as DateBound;
  return bound === 'infinity' || bound === '-infinity' ? null : daysBetween(on, bound);
}

/** As `basisOf`. */
const basisIn = (row: string): string => `(select c.basis ${DECIDING(row)})`;
const DECIDING = (row: string): string =>
  `from claims c where c.record_id = ${row}.id and c.field = 'valid_until' and c.bears
    order by c.preference, c.sequence, c.id limit 1`;
const deciders = (row: string): Sql => raw(`select c.id ${DECIDING(row)}`);

/** As `certaintyOf`. */
const certaintyIn = (row: string): Sql =>
  raw(`to_json(case when ${row}.valid_until_earliest >= ${row}.asked_on and ${row}.valid_until_latest <= ${row}.asked_until
    and ${basisIn(row)} is distinct from 'INFERRED' then 'CERTAIN' else 'POSSIBLE' end)`);

/** As `daysLeft`. */
const daysLeftIn = (row: string, side: 'earliest' | 'latest'): Sql =>
  raw(`case when isfinite(${row}.valid_until_${side}) then ${row}.valid_until_${side} - ${row}.asked_on end`);

const claimsOfDocument = ({ document }: Expiring, loading: Loading): Promise<ClaimRow[]> => claimsOf(document, loading);

/** The resolvers of ExpiringDocument. */
export const expiringFields = {
  document: planned(({ document }: Expiring) => document, { is: 'own' }),
  person: planned(
    ({ document }: Expiring, _: unknown, { load }: Loading) =>
      load.one.persons!.load(document.personId) as unknown as Promise<PersonRow>,
    { is: 'record', noun: 'persons', id: (row) => raw(`${row}.person_id`) },
  ),
  lastDay: planned(({ document }: Expiring) => uncertainDate(document, 'validUntil')!, {
    is: 'date',
    property: 'validUntil',
  }),
  certainty: planned(
    async (expiring: Expiring, _: unknown, loading: Loading) =>
      certaintyOf(expiring, await claimsOfDocument(expiring, loading)),
    { is: 'leaf', madeOf: deciders, sql: certaintyIn },
  ),
  basis: planned(
    async (expiring: Expiring, _: unknown, loading: Loading) => basisOf(await claimsOfDocument(expiring, loading)),
    { is: 'leaf', madeOf: deciders, sql: (row) => raw(basisIn(row)) },
  ),
  daysLeftAtLeast: planned((expiring: Expiring) => daysLeft(expiring, 'Earliest'), {
    is: 'leaf',
    madeOf: 'own',
    sql: (row) => daysLeftIn(row, 'earliest'),
  }),
  daysLeftAtMost: planned((expiring: Expiring) => daysLeft(expiring, 'Latest'), {
    is: 'leaf',
    madeOf: 'own',
    sql: (row) => daysLeftIn(row, 'latest'),
  }),
  successor: planned(({ document }: Expiring, _: unknown, loading: Loading) => successorOf(document, loading), {
    is: 'first',
    rows: rowsOfLink(refugeeLinks.StatusDocument!.successors!),
  }),
  successorKnown: successorKnownFrom(({ document }: Expiring) => document),
  sources: planned(
    ({ document }: Expiring, _: unknown, loading: Loading) => sourcesOfRecord(document, {}, loading),
    SOURCES,
  ),
};
