// Statuses, documents and decisions: their lists, the periods of two of them, and whether they hold on a day.
import { fromClaims } from '../claims/record-fields.js';
import type {
  QueryRefugeeFiguresArgs,
  QueryRefugeeStatusesArgs,
  QueryStatusDecisionsArgs,
  QueryStatusDocumentsArgs,
  Resolvers,
} from '../generated/resolvers-types.js';
import { periodOf, periodValue } from '../records/dates.js';
import { validOn, whenValid } from '../records/filters.js';
import { listed, recordById } from '../records/list.js';
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

type Lasting = RefugeeStatusRow | StatusDocumentRow;

const vouching = (starts: string, ends: string) => ({
  needs: [starts, ends],
  claims: ['field', 'bears', 'value', 'published'],
  ifOpen: ends,
});

/** A period whose open end is vouched for as long as a source says so. */
const vouchedPeriod = (starts: string, ends: string) =>
  fromClaims({
    ...vouching(starts, ends),
    make: (row: Lasting, _: unknown, claims) => periodValue(row, starts, ends, stillTrueUntil(claims, snake(ends))),
  });
const vouchedOn = (starts: string, ends: string) =>
  fromClaims({
    ...vouching(starts, ends),
    make: (row: Lasting, { on }: { on: string }, claims) =>
      inForceOn(periodOf(row, starts, ends), on as LocalDate, stillTrueUntil(claims, snake(ends))),
  });

export const refugeeResolvers: Resolvers = {
  Query: {
    refugeeStatus: recordById('refugee_statuses'),
    refugeeStatuses: listed(refugeeStatuses, ({ filter, asOf }: QueryRefugeeStatusesArgs) => [
      ...askStatuses(filter),
      ...whenValid(asOf, validOn(refugeeStatuses, 'starts', 'ends')),
    ]),
    statusDocument: recordById('status_documents'),
    statusDocuments: listed(statusDocuments, ({ filter, asOf }: QueryStatusDocumentsArgs) => [
      ...askDocuments(filter),
      ...whenValid(asOf, validOn(statusDocuments, 'validFrom', 'validUntil')),
    ]),
    statusDecision: recordById('status_decisions'),
    statusDecisions: listed(statusDecisions, ({ filter }: QueryStatusDecisionsArgs) => askDecisions(filter)),
    refugeeFigures: listed(
      refugeeFigures,
      ({ filter }: QueryRefugeeFiguresArgs) => askFigures(filter),
      () => BY_COUNTRY_AND_YEAR,
    ),
  },
  RefugeeStatus: {
    period: vouchedPeriod('starts', 'ends'),
    inForce: vouchedOn('starts', 'ends'),
  },
  StatusDocument: {
    validity: vouchedPeriod('validFrom', 'validUntil'),
    inForce: vouchedOn('validFrom', 'validUntil'),
  },
};
