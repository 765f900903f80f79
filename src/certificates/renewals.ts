// Documents that follow another one: when they were renewed, by whose decision, and who made it known.
import { claimsOf } from '../claims/record-fields.js';
import type { ClaimRow } from '../claims/model.js';
import { allOf, sql, type Sql } from '../db/sql.js';
import type { QueryRenewalsArgs, RenewalFilter } from '../generated/resolvers-types.js';
import type { OrganizationRow } from '../organizations/model.js';
import { uncertainDate, type UncertainDateValue } from '../records/dates.js';
import { conditions, is, isOneOf, onDay, validOn, type Range, whenValid } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import { byDay } from '../records/list.js';
import { page, type List, type PageContext } from '../records/page.js';
import { statusDecisions, statusDocuments, type StatusDecisionRow, type StatusDocumentRow } from '../refugees/model.js';
import { documentsInFile, hasPredecessor } from './filters.js';

const decided = (conditions: Sql[]): Sql =>
  sql`exists (select from status_decisions where ${allOf([sql`status_decisions.document_id = status_documents.id`, ...conditions])})`;

/** The first day that is told of: decision, issue, validity. */
function renewedIn(range: Range): Sql {
  const undecided = sql`not ${decided([sql`status_decisions.decided is not null`])}`;
  return sql`(${decided([onDay(statusDecisions, 'decided')(range)])}
    or ${undecided} and ${onDay(statusDocuments, 'issued')(range)}
    or ${undecided} and status_documents.issued is null and ${onDay(statusDocuments, 'validFrom')(range)})`;
}

const ask = (filter: RenewalFilter | null | undefined): Sql[] =>
  conditions(filter, {
    person: is(statusDocuments, 'personId'),
    country: isOneOf(statusDocuments, 'country'),
    kind: isOneOf(statusDocuments, 'kind'),
    succession: isOneOf(statusDocuments, 'succession'),
    during: renewedIn,
    issuer: is(statusDocuments, 'issuerId'),
    case: documentsInFile,
  });

export const listRenewals = (
  { filter, asOf, ...args }: QueryRenewalsArgs,
  context: PageContext,
): Promise<List<StatusDocumentRow>> =>
  page<StatusDocumentRow>(context, args, {
    noun: statusDocuments,
    where: [hasPredecessor, ...ask(filter), ...whenValid(asOf, validOn(statusDocuments, 'validFrom', 'validUntil'))],
    orderBy: byDay(statusDocuments),
    scope: ['renewals', filter ?? null, asOf ?? null],
  });

export const bringing = ({ id }: StatusDocumentRow, { load }: Loading): Promise<StatusDecisionRow[]> =>
  load.many('StatusDocument', 'decisions').load(id) as unknown as Promise<StatusDecisionRow[]>;

export async function renewedOn(document: StatusDocumentRow, loading: Loading): Promise<UncertainDateValue | null> {
  const decisions = await bringing(document, loading);
  const dated = decisions.find(({ decided: day }) => day !== null);
  return (
    (dated && uncertainDate(dated, 'decided')) ??
    uncertainDate(document, 'issued') ??
    uncertainDate(document, 'validFrom')
  );
}

export async function authoritiesOf(document: StatusDocumentRow, loading: Loading): Promise<OrganizationRow[]> {
  const decisions = await bringing(document, loading);
  const ids = [
    ...new Set([...decisions.map(({ authorityId }) => authorityId), document.issuerId].filter((id) => id !== null)),
  ];
  const rows = await Promise.all(ids.map((id) => loading.load.one.organizations!.load(id)));
  return rows.filter((row) => row !== null) as unknown as OrganizationRow[];
}

/** By the first day of publication, then in the order of recording. */
export async function announcementsOf(document: StatusDocumentRow, loading: Loading): Promise<ClaimRow[]> {
  const key = ({ publishedEarliest, sequence }: ClaimRow): string =>
    `${publishedEarliest ?? '~'} ${sequence.padStart(20, '0')}`;
  return (await claimsOf(document, loading))
    .filter(
      ({ field, sourceId }) => sourceId !== null && ['', 'valid_until', 'succession', 'predecessor_id'].includes(field),
    )
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
