// Claims, what they rest on, and the fields on which they contradict each other.
import type { QueryClaimsArgs, Resolvers } from '../generated/resolvers-types.js';
import { uncertainDate } from '../records/dates.js';
import { raw } from '../db/sql.js';
import { refResolver } from '../records/link-resolvers.js';
import { listed, recordById } from '../records/list.js';
import type { Loading } from '../records/loaders.js';
import { fromRow, planned } from '../records/plan.js';
import type { Noun } from '../records/noun.js';
import { listConflicts } from './conflicts.js';
import { askClaims, byRecord } from './filters.js';
import { claims, type ClaimRow } from './model.js';
import { basesOf, byPublication, interestsOf, levelOf, originsById, publicationOf, sourcesOf } from './origins.js';
import { claimsOf, graphNameOfColumn } from './record-fields.js';
import { deciding, verificationOfClaim } from './rules.js';
import { dateOf, recordOfValue, shownValue } from './values.js';
import { acceptClaim, addClaim, assessClaim, rankClaim, withdrawClaim } from './verbs.js';

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

/** As `deciding` in rules.ts: the first claim on the field that bears, at or below the level of the record. */
const ACCEPTS = (row: string): string => `to_json(coalesce((
  select first.id from claims first where first.record_id = ${row}.record_id and first.field = ${row}.field and first.bears
    and first.level <= (select known.sensitivity from records known where known.id = ${row}.record_id)
  order by first.preference, first.sequence, first.id limit 1) = ${row}.id, false))`;

export function claimResolvers(nouns: Record<string, Noun>): Resolvers {
  return {
    Query: {
      claim: recordById('claims'),
      claims: listed(
        claims,
        ({ filter }: QueryClaimsArgs) => askClaims(filter, nouns),
        () => byRecord,
      ),
      conflicts: (_, args, context) => listConflicts(args, nouns, context),
    },
    Mutation: {
      addClaim: (_, { input }, context) => addClaim(input, nouns, context),
      acceptClaim: (_, { input }, context) => acceptClaim(input, nouns, context),
      rankClaim: (_, { input }, context) => rankClaim(input, nouns, context),
      assessClaim: (_, { input }, context) => assessClaim(input, nouns, context),
      withdrawClaim: (_, { input }, context) => withdrawClaim(input, nouns, context),
    },
    Claim: {
      field: fromRow(['field'], ({ field }: { field: string }) => (field === '' ? null : graphNameOfColumn(field))),
      date: (claim, _, context) => dateOf(claim, nouns, context),
      value: (claim, _, context) => shownValue(claim, nouns, context),
      valueRecord: (claim, _, context) => recordOfValue(claim, nouns, context),
      informant: fromRow(['informant'], ({ informant }: { informant: string | null }) => informant),
      informantRecord: refResolver('informantId', 'records'),
      isDerived: planned((claim: ClaimRow) => claim.derivedFrom.length > 0, {
        is: 'leaf',
        sql: (row) => raw(`to_json(cardinality(${row}.derived_from) > 0)`),
      }),
      derivedFrom: (claim, _, context) => basesOf(claim, context),
      published: async (claim, _, context) => {
        const found = await publicationOf(claim, context);
        return found && uncertainDate(found.row, found.field);
      },
      isAccepted: planned((claim: ClaimRow, _: unknown, loading: Loading) => isAccepted(claim, loading), {
        is: 'leaf',
        sql: (row) => raw(ACCEPTS(row)),
      }),
      origins: async (claim, _, context) => {
        const originOf = await originsById(claim.roots, context);
        return (await sourcesOf(claim.roots.map(originOf), context)).sort(byPublication);
      },
      restsOnInterest: (claim, _, context) => interestsOf(claim, context),
      recordedAt: fromRow(['createdAt'], ({ createdAt }: { createdAt: string }) => createdAt),
      verification: (claim, _, context) => verification(claim, context),
      sources: async (claim, _, context) => (await sourcesOf(claim.roots, context)).sort(byPublication),
      claims: () => [],
      conflicts: () => [],
      unsourcedFields: () => [],
    },
    Conflict: {
      record: (conflict, _, { load }) => load.record.load(conflict.recordId),
      field: (conflict) => graphNameOfColumn(conflict.field),
    },
    ConflictValue: {
      value: (value, _, context) => shownValue(value, nouns, context),
      date: (value, _, context) => dateOf(value, nouns, context),
      valueRecord: (value, _, context) => recordOfValue(value, nouns, context),
    },
  };
}
