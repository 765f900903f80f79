// Certificates across people: chains, renewals, what runs out, coverage, holders. Rules stand in rules.ts.
import { claimsOf } from '../claims/record-fields.js';
import { deciding } from '../claims/rules.js';
import type { Context } from '../context.js';
import type { Basis, Resolvers, Succession } from '../generated/resolvers-types.js';
import type { Loading } from '../records/loaders.js';
import type { StatusDocumentRow } from '../refugees/model.js';
import type { LocalDate } from '../values/local-date.js';
import { chainsOf } from './chains.js';
import { coverageOf } from './coverage.js';
import { expiringFields, listExpiring } from './expiring.js';
import { answerOf, basisOfHeld, listHolders } from './holding.js';
import { predecessorOf, successorKnownOf, successorOf } from './known.js';
import { announcementsOf, authoritiesOf, bringing, listRenewals, renewedOn } from './renewals.js';
import { gapBetween } from './rules.js';
import { answerOfRefusals, listWithoutStatus, papersOf, refusalsOf } from './without-status.js';

const holder = ({ personId }: { personId: string }, _: unknown, { load }: Context) => load.one.persons.load(personId);

async function gapBefore(document: StatusDocumentRow, _: unknown, context: Loading) {
  const predecessor = await predecessorOf(document, context);
  return predecessor && gapBetween(predecessor, document);
}

/** A document whose predecessor is hidden tells nothing of it. */
const succession = async (document: StatusDocumentRow, _: unknown, context: Loading) =>
  ((await predecessorOf(document, context)) ? document.succession : null) as Succession | null;

export const certificateResolvers: Resolvers = {
  Query: {
    certificateChain: (_, args, context) => chainsOf(args, context),
    renewals: (_, args, context) => listRenewals(args, context),
    expiring: listExpiring,
    coverage: (_, args, context) => coverageOf(args, context),
    certificateHolders: (_, args, context) => listHolders(args, context),
    withoutStatus: (_, args, context) => listWithoutStatus(args, context),
  },
  CertificateChain: { person: (chain, args, context) => holder(chain, args, context) },
  CertificateLink: {
    document: (document) => document,
    predecessor: (document, _, context) => predecessorOf(document, context),
    succession,
    basis: async (document, _, context) =>
      (await predecessorOf(document, context)) &&
      ((deciding(await claimsOf(document, context), 'predecessor_id')?.basis as Basis) ?? null),
    gapBefore,
    successor: (document, _, context) => successorOf(document, context),
    successorKnown: (document, _, context) => successorKnownOf(document, context),
  },
  Renewal: {
    document: (document) => document,
    predecessor: (document, _, context) => predecessorOf(document, context),
    succession,
    person: (document, args, context) => holder(document, args, context),
    renewed: (document, _, context) => renewedOn(document, context),
    decisions: (document, _, context) => bringing(document, context),
    authorities: (document, _, context) => authoritiesOf(document, context),
    announcements: (document, _, context) => announcementsOf(document, context),
    gapBefore,
  },
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
  PersonWithoutStatus: {
    answer: (one, _, context) => answerOfRefusals(one, context),
    refusals: (one, _, context) => refusalsOf(one, context),
    documents: (one, _, context) => papersOf(one, context),
  },
};
