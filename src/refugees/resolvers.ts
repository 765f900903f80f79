// Statuses, documents and decisions: their lists, the periods of two of them, and whether they hold on a day.
import { claimsOf } from '../claims/record-fields.js';
import type { Context } from '../context.js';
import type {
  RefugeeFigureFilter,
  RefugeeStatusFilter,
  Resolvers,
  StatusDecisionFilter,
  StatusDocumentFilter,
} from '../generated/resolvers-types.js';
import { allOf, sql, type Sql } from '../db/sql.js';
import { periodOf, periodValue } from '../records/dates.js';
import {
  atPlace,
  conditions,
  duringPeriod,
  fromSource,
  inCase,
  is,
  isOneOf,
  onDay,
  validOn,
} from '../records/filters.js';
import { list } from '../records/list.js';
import type { SortKey } from '../records/page.js';
import { snake } from '../records/noun.js';
import { inForceOn } from '../values/period.js';
import type { LocalDate } from '../values/local-date.js';
import {
  refugeeFigures,
  refugeeStatuses,
  statusDecisions,
  statusDocuments,
  type RefugeeStatusRow,
  type StatusDocumentRow,
} from './model.js';
import { stillTrueUntil } from './rules.js';

const askStatuses = (filter: RefugeeStatusFilter | null | undefined): Sql[] =>
  conditions(filter, {
    person: is(refugeeStatuses, 'personId'),
    country: isOneOf(refugeeStatuses, 'country'),
    kind: isOneOf(refugeeStatuses, 'kind'),
    during: duringPeriod(refugeeStatuses, 'starts', 'ends'),
    case: inCase(refugeeStatuses),
    source: fromSource(refugeeStatuses),
  });

const askDocuments = (filter: StatusDocumentFilter | null | undefined): Sql[] =>
  conditions(filter, {
    person: is(statusDocuments, 'personId'),
    country: isOneOf(statusDocuments, 'country'),
    kind: isOneOf(statusDocuments, 'kind'),
    status: is(statusDocuments, 'statusId'),
    issuer: is(statusDocuments, 'issuerId'),
    succession: isOneOf(statusDocuments, 'succession'),
    issued: onDay(statusDocuments, 'issued'),
    during: duringPeriod(statusDocuments, 'validFrom', 'validUntil'),
    case: inCase(statusDocuments),
    source: fromSource(statusDocuments),
  });

export const askDecisions = (filter: StatusDecisionFilter | null | undefined): Sql[] =>
  conditions(filter, {
    person: is(statusDecisions, 'personId'),
    country: isOneOf(statusDecisions, 'country'),
    action: isOneOf(statusDecisions, 'action'),
    concerns: isOneOf(statusDecisions, 'concerns'),
    authority: is(statusDecisions, 'authorityId'),
    place: atPlace(statusDecisions),
    status: is(statusDecisions, 'statusId'),
    document: is(statusDecisions, 'documentId'),
    during: onDay(statusDecisions, 'decided'),
    case: inCase(statusDecisions),
    source: fromSource(statusDecisions),
  });

const askFigures = (filter: RefugeeFigureFilter | null | undefined): Sql[] =>
  conditions(filter, {
    asylum: isOneOf(refugeeFigures, 'asylum'),
    origin: isOneOf(refugeeFigures, 'origin'),
    years: ({ from, until }) =>
      allOf([
        ...(typeof from === 'number' ? [sql`refugee_figures.year >= ${from}::int`] : []),
        ...(typeof until === 'number' ? [sql`refugee_figures.year <= ${until}::int`] : []),
      ]),
    metric: isOneOf(refugeeFigures, 'metric'),
    unit: is(refugeeFigures, 'unit'),
    source: fromSource(refugeeFigures),
  });

const BY_COUNTRY_AND_YEAR: SortKey[] = [
  { property: 'asylum', type: 'text' },
  { property: 'origin', type: 'text' },
  { property: 'year', type: 'bigint' },
];

/** Until when an open end is vouched for; claims are read only for periods that are open. */
async function vouchedUntil(
  row: RefugeeStatusRow | StatusDocumentRow,
  ends: string,
  context: Context,
): Promise<LocalDate | undefined> {
  if ((row as unknown as Record<string, unknown>)[ends] !== '..') return undefined;
  return stillTrueUntil(await claimsOf(row, context), snake(ends));
}

export const refugeeResolvers: Resolvers = {
  Query: {
    refugeeStatus: (_, { id }, { load }) => load.one.refugee_statuses.load(id),
    refugeeStatuses: (_, args, context) =>
      list(refugeeStatuses, args, context, [
        ...askStatuses(args.filter),
        ...conditions(args.asOf, { validOn: validOn(refugeeStatuses, 'starts', 'ends') }),
      ]),
    statusDocument: (_, { id }, { load }) => load.one.status_documents.load(id),
    statusDocuments: (_, args, context) =>
      list(statusDocuments, args, context, [
        ...askDocuments(args.filter),
        ...conditions(args.asOf, { validOn: validOn(statusDocuments, 'validFrom', 'validUntil') }),
      ]),
    statusDecision: (_, { id }, { load }) => load.one.status_decisions.load(id),
    statusDecisions: (_, args, context) => list(statusDecisions, args, context, askDecisions(args.filter)),
    refugeeFigures: (_, args, context) =>
      list(refugeeFigures, args, context, askFigures(args.filter), BY_COUNTRY_AND_YEAR),
  },
  RefugeeStatus: {
    period: async (status, _, context) =>
      periodValue(status, 'starts', 'ends', await vouchedUntil(status, 'ends', context)),
    inForce: async (status, { on }, context) =>
      inForceOn(periodOf(status, 'starts', 'ends'), on as LocalDate, await vouchedUntil(status, 'ends', context)),
  },
  StatusDocument: {
    validity: async (document, _, context) =>
      periodValue(document, 'validFrom', 'validUntil', await vouchedUntil(document, 'validUntil', context)),
    inForce: async (document, { on }, context) =>
      inForceOn(
        periodOf(document, 'validFrom', 'validUntil'),
        on as LocalDate,
        await vouchedUntil(document, 'validUntil', context),
      ),
    successor: async (document, _, { load }) => {
      const [successor] = await load.many('StatusDocument', 'successors').load(document.id);
      return (successor as unknown as StatusDocumentRow | undefined) ?? null;
    },
  },
};
