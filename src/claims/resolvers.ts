// Claims, what they rest on, and the fields on which they contradict each other.
import type { Resolvers } from '../generated/resolvers-types.js';
import { uncertainDate } from '../records/dates.js';
import { list } from '../records/list.js';
import type { Noun } from '../records/noun.js';
import type { SortKey } from '../records/page.js';
import { listConflicts } from './conflicts.js';
import { askClaims } from './filters.js';
import { claims, type ClaimRow } from './model.js';
import {
  basesOf,
  byPublication,
  interestsOf,
  levelOf,
  originsById,
  publicationOf,
  sourcesOf,
  type Loading,
} from './origins.js';
import { claimsOf, graphNameOfColumn } from './record-fields.js';
import { deciding, verificationOfClaim } from './rules.js';
import { dateOf, recordOfValue } from './values.js';

/** The claims of a record stand together, those of a field in the order that decides. */
export const byRecord: SortKey[] = [
  { property: 'recordId', type: 'uuid' },
  { property: 'field', type: 'text' },
  { property: 'preference', type: 'bigint' },
];

async function isAccepted(claim: ClaimRow, loading: Loading): Promise<boolean> {
  const [onRecord, level] = await Promise.all([
    claimsOf({ id: claim.recordId }, loading),
    levelOf(claim.recordId, loading),
  ]);
  return deciding(onRecord, claim.field, level)?.id === claim.id;
}

async function verification(claim: ClaimRow, loading: Loading) {
  const onField = (await claimsOf({ id: claim.recordId }, loading)).filter(({ field }) => field === claim.field);
  return verificationOfClaim(
    claim,
    onField,
    await originsById(
      onField.flatMap(({ roots }) => roots),
      loading,
    ),
  );
}

export function claimResolvers(nouns: Record<string, Noun>): Resolvers {
  return {
    Query: {
      claim: (_, { id }, { load }) => load.one.claims.load(id),
      claims: (_, args, context) => list(claims, args, context, askClaims(args.filter, nouns), byRecord),
      conflicts: (_, args, context) => listConflicts(args, nouns, context as never) as never,
    },
    Claim: {
      field: (claim) => (claim.field === '' ? null : graphNameOfColumn(claim.field)),
      date: (claim, _, context) => dateOf(claim, nouns, context as never),
      valueRecord: (claim, _, context) => recordOfValue(claim, nouns, context as never),
      informant: (claim) => claim.informant,
      informantRecord: (claim, _, { load }) => (claim.informantId ? load.record.load(claim.informantId) : null),
      isDerived: (claim) => claim.derivedFrom.length > 0,
      derivedFrom: (claim, _, context) => basesOf(claim, context as never),
      published: async (claim, _, context) => {
        const found = await publicationOf(claim, context as never);
        return found && uncertainDate(found.row, found.field);
      },
      isAccepted: (claim, _, context) => isAccepted(claim, context as never),
      origins: async (claim, _, context) => {
        const originOf = await originsById(claim.roots, context as never);
        return (await sourcesOf(claim.roots.map(originOf), context as never)).sort(byPublication);
      },
      restsOnInterest: (claim, _, context) => interestsOf(claim, context as never),
      recordedAt: (claim) => claim.createdAt,
      verification: (claim, _, context) => verification(claim, context as never),
      sources: async (claim, _, context) => (await sourcesOf(claim.roots, context as never)).sort(byPublication),
      claims: () => [],
      conflicts: () => [],
      unsourcedFields: () => [],
    },
    Conflict: {
      record: (conflict, _, { load }) => load.record.load(conflict.recordId),
      field: (conflict) => graphNameOfColumn(conflict.field),
    },
    ConflictValue: {
      date: (value, _, context) => dateOf(value, nouns, context as never),
      valueRecord: (value, _, context) => recordOfValue(value, nouns, context as never),
    },
  };
}
