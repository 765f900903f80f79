// Statuses, documents and decisions: their lists, the periods of two of them, and whether they hold on a day.
import { claimsOf } from '../claims/record-fields.js';
import type { Context } from '../context.js';
import type { Resolvers } from '../generated/resolvers-types.js';
import { periodOf, periodValue } from '../records/dates.js';
import { validOn, whenValid } from '../records/filters.js';
import { list } from '../records/list.js';
import type { SortKey } from '../records/page.js';
import { snake } from '../records/noun.js';
import { inForceOn } from '../values/period.js';
import type { LocalDate } from '../values/local-date.js';
import { askDecisions, askDocuments, askFigures, askStatuses } from './filters.js';
import {
  refugeeFigures,
  refugeeStatuses,
  statusDecisions,
  statusDocuments,
  type RefugeeStatusRow,
  type StatusDocumentRow,
} from './model.js';
import { stillTrueUntil } from './rules.js';

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
        ...whenValid(args.asOf, validOn(refugeeStatuses, 'starts', 'ends')),
      ]),
    statusDocument: (_, { id }, { load }) => load.one.status_documents.load(id),
    statusDocuments: (_, args, context) =>
      list(statusDocuments, args, context, [
        ...askDocuments(args.filter),
        ...whenValid(args.asOf, validOn(statusDocuments, 'validFrom', 'validUntil')),
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
