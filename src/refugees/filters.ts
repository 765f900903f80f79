// Conditions on statuses, documents, decisions and figures; those on decisions serve the view of coincidences too.
import { allOf, sql, type Sql } from '../db/sql.js';
import type {
  RefugeeFigureFilter,
  RefugeeStatusFilter,
  StatusDecisionFilter,
  StatusDocumentFilter,
} from '../generated/resolvers-types.js';
import {
  atPlace,
  conditions,
  duringPeriod,
  fromSource,
  inCase,
  inOrder,
  is,
  isOneOf,
  onDay,
} from '../records/filters.js';
import { refugeeFigures, refugeeStatuses, statusDecisions, statusDocuments } from './model.js';

export const askStatuses = (filter: RefugeeStatusFilter | null | undefined): Sql[] =>
  conditions(filter, {
    person: is(refugeeStatuses, 'personId'),
    country: isOneOf(refugeeStatuses, 'country'),
    kind: isOneOf(refugeeStatuses, 'kind'),
    during: duringPeriod(refugeeStatuses, 'starts', 'ends'),
    case: inCase(refugeeStatuses),
    source: fromSource(refugeeStatuses),
  });

export const askDocuments = (filter: StatusDocumentFilter | null | undefined): Sql[] =>
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

export const askDecisions = (filter: StatusDecisionFilter | null | undefined, at?: string): Sql[] =>
  conditions(
    filter,
    {
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
    },
    at,
  );

export const askFigures = (filter: RefugeeFigureFilter | null | undefined): Sql[] =>
  conditions(filter, {
    asylum: isOneOf(refugeeFigures, 'asylum'),
    origin: isOneOf(refugeeFigures, 'origin'),
    years: (range) => {
      const { from, until } = inOrder(range);
      return allOf([
        ...(typeof from === 'number' ? [sql`refugee_figures.year >= ${from}::int`] : []),
        ...(typeof until === 'number' ? [sql`refugee_figures.year <= ${until}::int`] : []),
      ]);
    },
    metric: isOneOf(refugeeFigures, 'metric'),
    unit: isOneOf(refugeeFigures, 'unit'),
    source: fromSource(refugeeFigures),
  });
