// Documents that follow another one: when they were renewed, by whose decision, and who made it known.
import { claimsOf } from '../claims/record-fields.js';
import type { ClaimRow } from '../claims/model.js';
import { allOf, raw, sql, type Sql } from '../db/sql.js';
import type { QueryRenewalsArgs, RenewalFilter } from '../generated/resolvers-types.js';
import type { OrganizationRow } from '../organizations/model.js';
import { uncertainDate, type UncertainDateValue } from '../records/dates.js';
import { conditions, is, isOneOf, onDay, validOn, type Range, whenValid } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import { byDay } from '../records/list.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import { page, scopeOfList, type List, type PageContext } from '../records/page.js';
import { planned } from '../records/plan.js';
import {
  refugeeLinks,
  statusDecisions,
  statusDocuments,
  type StatusDecisionRow,
  type StatusDocumentRow,
} from '../refugees/model.js';
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

const asked = ({ filter, asOf }: QueryRenewalsArgs) => ({
  noun: statusDocuments,
  where: [hasPredecessor, ...ask(filter), ...whenValid(asOf, validOn(statusDocuments, 'validFrom', 'validUntil'))],
  orderBy: byDay(statusDocuments),
  scope: ['renewals', filter ?? null, asOf ?? null],
});

export const listRenewals = planned(
  (_: unknown, args: QueryRenewalsArgs, context: PageContext): Promise<List<StatusDocumentRow>> =>
    page<StatusDocumentRow>(context, args, asked(args)),
  {
    is: 'page',
    noun: statusDocuments,
    page: (args: QueryRenewalsArgs) => {
      const { where, orderBy, scope } = asked(args);
      return { where, orderBy, scope: () => scopeOfList(statusDocuments, scope) };
    },
  },
);

/** The decisions that brought a document, in the order of time. */
const bringing = ({ id }: StatusDocumentRow, { load }: Loading): Promise<StatusDecisionRow[]> =>
  load.many('StatusDocument', 'decisions').load(id) as unknown as Promise<StatusDecisionRow[]>;

async function renewedOn(document: StatusDocumentRow, loading: Loading): Promise<UncertainDateValue | null> {
  const decisions = await bringing(document, loading);
  const dated = decisions.find(({ decided: day }) => day !== null);
  return (
    (dated && uncertainDate(dated, 'decided')) ??
    uncertainDate(document, 'issued') ??
    uncertainDate(document, 'validFrom')
  );
}

async function authoritiesOf(document: StatusDocumentRow, loading: Loading): Promise<OrganizationRow[]> {
  const decisions = await bringing(document, loading);
  const ids = [
    ...new Set([...decisions.map(({ authorityId }) => authorityId), document.issuerId].filter((id) => id !== null)),
  ];
  const rows = await Promise.all(ids.map((id) => loading.load.one.organizations!.load(id)));
  return rows.filter((row) => row !== null) as unknown as OrganizationRow[];
}

/** By the first day of publication, then in the order of recording. */
async function announcementsOf(document: StatusDocumentRow, loading: Loading): Promise<ClaimRow[]> {
  const key = ({ publishedEarliest, sequence }: ClaimRow): string =>
    `${publishedEarliest ?? '~'} ${sequence.padStart(20, '0')}`;
  return (await claimsOf(document, loading))
    .filter(
      ({ field, sourceId }) => sourceId !== null && ['', 'valid_until', 'succession', 'predecessor_id'].includes(field),
    )
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const BY_TIME = 'd.decided_earliest nulls last, d.sequence, d.id';
const DECISIONS = 'status_decisions d where d.document_id';

/** As `renewedOn`: of three days the first that is told. */
const RENEWED = (row: string): Sql =>
  raw(`select * from (
    (select 1 as choice, d.decided as day, d.decided_earliest as day_earliest, d.decided_latest as day_latest
      from ${DECISIONS} = ${row}.id and d.decided is not null order by ${BY_TIME} limit 1)
    union all select 2, ${row}.issued, ${row}.issued_earliest, ${row}.issued_latest where ${row}.issued is not null
    union all select 3, ${row}.valid_from, ${row}.valid_from_earliest, ${row}.valid_from_latest where ${row}.valid_from is not null
  ) told order by choice limit 1`);

/** The resolvers of Renewal that no link in a chain has. */
export const renewalFields = {
  renewed: planned((document: StatusDocumentRow, _: unknown, loading: Loading) => renewedOn(document, loading), {
    is: 'through',
    madeOf: (row) =>
      raw(`select d.id from ${DECISIONS} = ${row}.id and d.decided is not null order by ${BY_TIME} limit 1`),
    row: RENEWED,
    then: { is: 'date', property: 'day' },
  }),
  decisions: planned((document: StatusDocumentRow, _: unknown, loading: Loading) => bringing(document, loading), {
    is: 'rows',
    rows: rowsOfLink(refugeeLinks.StatusDocument!.decisions!),
  }),
  authorities: planned(
    (document: StatusDocumentRow, _: unknown, loading: Loading) => authoritiesOf(document, loading),
    {
      is: 'rows',
      rows: {
        noun: 'organizations',
        where: raw(
          `organizations.id = any(array(select d.authority_id from ${DECISIONS} = parent.id) || parent.issuer_id)`,
        ),
        orderBy: raw(
          `array_position(array(select d.authority_id from ${DECISIONS} = parent.id order by ${BY_TIME}) || parent.issuer_id, organizations.id)`,
        ),
      },
    },
  ),
  announcements: planned(
    (document: StatusDocumentRow, _: unknown, loading: Loading) => announcementsOf(document, loading),
    {
      is: 'rows',
      rows: {
        noun: 'claims',
        where: raw(`claims.record_id = parent.id and claims.source_id is not null
          and claims.field in ('', 'valid_until', 'succession', 'predecessor_id')`),
        orderBy: raw('claims.published_earliest nulls last, claims.sequence, claims.id'),
      },
    },
  ),
};
