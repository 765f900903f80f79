// Certificates across people: chains, renewals, what runs out, coverage, holders. Rules stand in rules.ts.
import { claimsOf, recordFields } from '../claims/record-fields.js';
import { deciding } from '../claims/rules.js';
import type { Basis, Resolvers } from '../generated/resolvers-types.js';
import { uncertainDate } from '../records/dates.js';
import { statusDocuments, type StatusDocumentRow } from '../refugees/model.js';
import type { LocalDate } from '../values/local-date.js';
import { chainsOf } from './chains.js';
import { coverageOf } from './coverage.js';
import { basisOf, certaintyOf, daysLeft, listExpiring } from './expiring.js';
import { answerOf, basisOfHeld, listHolders } from './holding.js';
import { predecessorOf, successorKnownOf, successorOf, type Loading } from './known.js';
import { announcementsOf, authoritiesOf, bringing, listRenewals, renewedOn } from './renewals.js';
import { gapBetween } from './rules.js';
import { answerOfRefusals, listWithoutStatus, papersOf, refusalsOf } from './without-status.js';

const holder = ({ personId }: { personId: string }, _: unknown, { load }: Loading) =>
  load.one.persons!.load(personId) as never;

async function gapBefore(document: StatusDocumentRow, _: unknown, context: unknown) {
  const predecessor = await predecessorOf(document, context as Loading);
  return predecessor && gapBetween(predecessor, document);
}

/** A document whose predecessor is hidden tells nothing of it. */
const succession = async (document: StatusDocumentRow, _: unknown, context: unknown) =>
  ((await predecessorOf(document, context as Loading)) ? document.succession : null) as never;

export const certificateResolvers: Resolvers = {
  Query: {
    certificateChain: (_, args, context) => chainsOf(args, context as never),
    renewals: (_, args, context) => listRenewals(args, context as never) as never,
    expiring: (_, args, context) => listExpiring(args, context as never) as never,
    coverage: (_, args, context) => coverageOf(args, context as never),
    certificateHolders: (_, args, context) => listHolders(args, context as never) as never,
    withoutStatus: (_, args, context) => listWithoutStatus(args, context as never) as never,
  },
  CertificateChain: { person: (chain, args, context) => holder(chain, args, context as never) },
  CertificateLink: {
    document: (document) => document,
    predecessor: (document, _, context) => predecessorOf(document, context as never),
    succession,
    basis: async (document, _, context) =>
      (await predecessorOf(document, context as never)) &&
      ((deciding(await claimsOf(document, context as never), 'predecessor_id')?.basis as Basis) ?? null),
    gapBefore,
    successor: (document, _, context) => successorOf(document, context as never),
    successorKnown: (document, _, context) => successorKnownOf(document, context as never),
  },
  Renewal: {
    document: (document) => document,
    predecessor: (document, _, context) => predecessorOf(document, context as never),
    succession,
    person: (document, args, context) => holder(document, args, context as never),
    renewed: (document, _, context) => renewedOn(document, context as never),
    decisions: (document, _, context) => bringing(document, context as never),
    authorities: (document, _, context) => authoritiesOf(document, context as never),
    announcements: (document, _, context) => announcementsOf(document, context as never),
    gapBefore,
  },
  ExpiringDocument: {
    person: ({ document }, args, context) => holder(document, args, context as never),
    lastDay: ({ document }) => uncertainDate(document, 'validUntil')!,
    certainty: (expiring, _, context) => certaintyOf(expiring, context as never),
    basis: (expiring, _, context) => basisOf(expiring, context as never),
    daysLeftAtLeast: (expiring) => daysLeft(expiring, 'Earliest'),
    daysLeftAtMost: (expiring) => daysLeft(expiring, 'Latest'),
    successor: ({ document }, _, context) => successorOf(document, context as never),
    successorKnown: ({ document }, _, context) => successorKnownOf(document, context as never),
    sources: ({ document }, _, context) => recordFields(statusDocuments).sources(document, {}, context as never),
  },
  Coverage: {
    person: (covered, args, context) => holder(covered, args, context as never),
    on: ({ personId, known }, { date }, context) => answerOf(personId, known, date as LocalDate, context as never),
  },
  CertificateHolding: { person: (holding, args, context) => holder(holding, args, context as never) },
  HeldDocument: {
    document: ({ known }) => known.document,
    basis: (held) => basisOfHeld(held) as Basis | null,
  },
  PersonWithoutStatus: {
    answer: (one, _, context) => answerOfRefusals(one, context as never),
    refusals: (one, _, context) => refusalsOf(one, context as never),
    documents: (one, _, context) => papersOf(one, context as never),
  },
};
