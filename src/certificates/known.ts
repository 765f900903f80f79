// The documents of a person with what is said about them, gathered through loaders: a level of a query costs one statement
// per relation, however many people it asks about.
import { claimsOf } from '../claims/record-fields.js';
import type { AsOf, StatusDocumentKind } from '../generated/resolvers-types.js';
import type { Loading } from '../records/loaders.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import { planned, type Rows } from '../records/plan.js';
import { raw } from '../db/sql.js';
import { refugeeLinks, type StatusDecisionRow, type StatusDocumentRow } from '../refugees/model.js';
import { compare, type LocalDate } from '../values/local-date.js';
import { possible } from '../values/period.js';
import { successorKnown, validityOf, type Known } from './rules.js';

export interface DocumentFilter {
  kind?: StatusDocumentKind | null | undefined;
  country?: string | null | undefined;
  asOf?: AsOf | null | undefined;
}

/** In the order of their beginnings, unknown ones last. */
export async function documentsOf(
  personId: string,
  { kind, country, asOf }: DocumentFilter,
  { load }: Loading,
): Promise<StatusDocumentRow[]> {
  const documents = (await load.many('Person', 'documents').load(personId)) as unknown as StatusDocumentRow[];
  const day = asOf?.validOn as LocalDate | null | undefined;
  return documents.filter(
    (document) =>
      (!kind || document.kind === kind) &&
      (!country || document.country === country) &&
      (!day || mayHold(document, day)),
  );
}

function mayHold(document: StatusDocumentRow, day: LocalDate): boolean {
  const { from, until } = possible(validityOf(document));
  return compare(from, day) <= 0 && compare(day, until) <= 0;
}

export const decisionsOf = (personId: string, { load }: Loading): Promise<StatusDecisionRow[]> =>
  load.many('Person', 'decisions').load(personId) as unknown as Promise<StatusDecisionRow[]>;

export async function successorOf({ id }: StatusDocumentRow, { load }: Loading): Promise<StatusDocumentRow | null> {
  return (
    ((await load.many('StatusDocument', 'successors').load(id))[0] as unknown as StatusDocumentRow | undefined) ?? null
  );
}

/** Null also when the predecessor is hidden. */
export async function predecessorOf(
  { predecessorId }: StatusDocumentRow,
  { load }: Loading,
): Promise<StatusDocumentRow | null> {
  return predecessorId
    ? ((await load.one.status_documents!.load(predecessorId)) as unknown as StatusDocumentRow | null)
    : null;
}

/** The document before, as rows beside one. */
export const PREDECESSOR: Rows = {
  noun: 'status_documents',
  where: raw('status_documents.id = parent.predecessor_id'),
  orderBy: raw('status_documents.id'),
};

/** What is known of a document and what came after it. */
const ENDED_BY = {
  needs: ['country', 'kind', 'statusId', 'validFrom'],
  beside: {
    successors: { rows: rowsOfLink(refugeeLinks.StatusDocument!.successors!), needs: ['id'] },
    decisions: {
      rows: {
        noun: 'status_decisions',
        where: raw('status_decisions.person_id = parent.person_id'),
        orderBy: raw('status_decisions.decided_earliest nulls last, status_decisions.sequence, status_decisions.id'),
      },
      needs: ['action', 'country', 'concerns', 'statusId', 'decided'],
    },
  },
};

interface EndedBy {
  successors: StatusDocumentRow[];
  decisions: StatusDecisionRow[];
}

/** The resolver of `successorKnown`; `row` says which document the parent is about. */
export const successorKnownFrom = <P>(row: (parent: P) => StatusDocumentRow) =>
  planned((parent: P, _: unknown, loading: Loading) => successorKnownOf(row(parent), loading), {
    is: 'computed',
    ...ENDED_BY,
    make: (parent: P, _: unknown, __: unknown, ___: unknown, { successors, decisions }: EndedBy) =>
      successorKnown(row(parent), successors[0] ?? null, decisions),
  });

export const successorKnownOf = async (document: StatusDocumentRow, loading: Loading) =>
  successorKnown(document, await successorOf(document, loading), await decisionsOf(document.personId, loading));

export async function knownOf(document: StatusDocumentRow, loading: Loading): Promise<Known> {
  const [claims, successor] = await Promise.all([claimsOf(document, loading), successorOf(document, loading)]);
  return { document, claims, successor, successorClaims: successor ? await claimsOf(successor, loading) : [] };
}
