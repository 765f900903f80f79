// Certificates across people: chains, renewals, what runs out, coverage, holders. Rules stand in rules.ts.
import type { ClaimRow } from '../claims/model.js';
import { claimsOf } from '../claims/record-fields.js';
import { deciding } from '../claims/rules.js';
import type { Context } from '../context.js';
import type { Basis, Resolvers, Succession } from '../generated/resolvers-types.js';
import { raw } from '../db/sql.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import type { Loading } from '../records/loaders.js';
import { planned, type Plan } from '../records/plan.js';
import { refugeeLinks, type StatusDocumentRow } from '../refugees/model.js';
import type { LocalDate } from '../values/local-date.js';
import { certificateChain, linksOfChain, type Chain } from './chains.js';
import { coverageOf } from './coverage.js';
import { expiringFields, listExpiring } from './expiring.js';
import { answerOf, basisOfHeld, listHolders } from './holding.js';
import { PREDECESSOR, predecessorOf, successorKnownFrom, successorOf } from './known.js';
import { listRenewals, renewalFields } from './renewals.js';
import { gapBetween } from './rules.js';
import { listWithoutStatus, withoutStatusFields } from './without-status.js';

const holder = ({ personId }: { personId: string }, _: unknown, { load }: Context) => load.one.persons.load(personId);

const HOLDER: Plan = { is: 'record', noun: 'persons', id: (row) => raw(`${row}.person_id`) };
/** Whose a document is. */
const holderOf = planned(
  (document: StatusDocumentRow, args: unknown, context: Context) => holder(document, args, context),
  HOLDER,
);

interface Before {
  predecessor: StatusDocumentRow[];
}

/** What a document and the one before it have in common, in a chain as in a renewal. */
const followingFields = {
  document: planned((document: StatusDocumentRow) => document, { is: 'own' }),
  predecessor: planned(
    (document: StatusDocumentRow, _: unknown, loading: Loading) => predecessorOf(document, loading),
    {
      is: 'record',
      noun: 'status_documents',
      id: (row) => raw(`${row}.predecessor_id`),
    },
  ),
  /** A document whose predecessor is hidden tells nothing of it. */
  succession: planned(
    async (document: StatusDocumentRow, _: unknown, loading: Loading) =>
      ((await predecessorOf(document, loading)) ? document.succession : null) as Succession | null,
    {
      is: 'leaf',
      madeOf: (row) => raw(`select ${row}.predecessor_id`),
      sql: (row) =>
        raw(`(select to_json(${row}.succession) from status_documents before where before.id = ${row}.predecessor_id)`),
    },
  ),
  gapBefore: planned(
    async (document: StatusDocumentRow, _: unknown, loading: Loading) => {
      const predecessor = await predecessorOf(document, loading);
      return predecessor && gapBetween(predecessor, document);
    },
    {
      is: 'computed',
      needs: ['validFrom'],
      beside: { predecessor: { rows: PREDECESSOR, needs: ['validUntil'] } },
      make: (document: StatusDocumentRow, _: unknown, __: unknown, ___: unknown, { predecessor: [before] }: Before) =>
        before ? gapBetween(before, document) : null,
    },
  ),
};

const basisOfFollowing = (claims: readonly ClaimRow[]): Basis | null =>
  (deciding(claims, 'predecessor_id')?.basis as Basis | undefined) ?? null;

export const certificateResolvers: Resolvers = {
  Query: {
    certificateChain,
    renewals: listRenewals,
    expiring: listExpiring,
    coverage: (_, args, context) => coverageOf(args, context),
    certificateHolders: (_, args, context) => listHolders(args, context),
    withoutStatus: listWithoutStatus,
  },
  CertificateChain: {
    person: planned((chain: Chain, args: unknown, context: Context) => holder(chain, args, context), HOLDER),
    links: linksOfChain,
  },
  CertificateLink: {
    ...followingFields,
    basis: planned(
      async (document: StatusDocumentRow, _: unknown, context: Loading) =>
        (await predecessorOf(document, context)) && basisOfFollowing(await claimsOf(document, context)),
      {
        is: 'computed',
        needs: ['id'],
        claims: ['field', 'bears', 'level', 'basis'],
        beside: { predecessor: { rows: PREDECESSOR, needs: ['id'] } },
        make: (_: unknown, __: unknown, claims: readonly ClaimRow[], ___: unknown, { predecessor }: Before) =>
          predecessor.length > 0 ? basisOfFollowing(claims) : null,
      },
    ),
    successor: planned((document: StatusDocumentRow, _: unknown, loading: Loading) => successorOf(document, loading), {
      is: 'first',
      rows: rowsOfLink(refugeeLinks.StatusDocument!.successors!),
    }),
    successorKnown: successorKnownFrom((document: StatusDocumentRow) => document),
  },
  Renewal: { ...followingFields, person: holderOf, ...renewalFields },
  ExpiringDocument: expiringFields,
  Coverage: {
    person: (covered, args, context) => holder(covered, args, context),
    on: ({ personId, known }, { date }, context) => answerOf(personId, known, date as LocalDate, context),
  },
  CertificateHolding: { person: (holding, args, context) => holder(holding, args, context) },
  HeldDocument: {
    document: ({ known }) => known.document,
    basis: (held) => basisOfHeld(held) as Basis | null,
  },
  PersonWithoutStatus: withoutStatusFields,
};
