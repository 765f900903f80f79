// Claims, what they rest on, and the fields on which they contradict each other.
import type { QueryClaimsArgs, QueryConflictsArgs, Resolvers } from '../generated/resolvers-types.js';
import { uncertainDate } from '../records/dates.js';
import { raw } from '../db/sql.js';
import { refResolver } from '../records/link-resolvers.js';
import { listed, recordById } from '../records/list.js';
import type { Loading } from '../records/loaders.js';
import type { PageContext } from '../records/page.js';
import { fromRow, planned } from '../records/plan.js';
import type { Noun } from '../records/noun.js';
import { CLAIMS_OF_VALUE, VALUES } from './conflict-plans.js';
import { conflictsPlan, listConflicts } from './conflicts.js';
import { askClaims, byRecord } from './filters.js';
import { claims, type ClaimRow } from './model.js';
import {
  BASES,
  basesOf,
  BY_PUBLICATION,
  byPublication,
  INTERESTS,
  interestsOf,
  levelOf,
  ORIGINS,
  originsById,
  PUBLICATION,
  publicationOf,
  sourcesOf,
} from './origins.js';
import { claimsOf, graphNameOfColumn, VERIFIED_BY } from './record-fields.js';
import { deciding, verificationOfClaim, type FieldConflict, type FieldValue } from './rules.js';
import { valueFields } from './values.js';
import { acceptClaim, addClaim, assessClaim, rankClaim, withdrawClaim } from './verbs.js';

async function isAccepted(claim: ClaimRow, loading: Loading): Promise<boolean> {
  const [onRecord, level] = await Promise.all([
    claimsOf({ id: claim.recordId }, loading),
    levelOf(claim.recordId, loading),
  ]);
  return deciding(onRecord, claim.field, level)?.id === claim.id;
}

async function verificationIn(claim: ClaimRow, loading: Loading) {
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
const ACCEPTED = (row: string): string => `
  select first.id from claims first where first.record_id = ${row}.record_id and first.field = ${row}.field and first.bears
    and first.level <= (select known.sensitivity from records known where known.id = ${row}.record_id)
  order by first.preference, first.sequence, first.id limit 1`;
const ACCEPTS = (row: string): string => `to_json(coalesce((${ACCEPTED(row)}) = ${row}.id, false))`;

/** How well its value stands among all claims on the same field of the same record. */
const verification = planned((claim: ClaimRow, _: unknown, loading: Loading) => verificationIn(claim, loading), {
  is: 'computed',
  needs: VERIFIED_BY,
  claims: VERIFIED_BY,
  of: 'recordId',
  origins: true,
  make: (claim: ClaimRow, _: unknown, onRecord: readonly ClaimRow[], originOf) =>
    verificationOfClaim(
      claim,
      onRecord.filter(({ field }) => field === claim.field),
      originOf,
    ),
});

/** The pieces at the bottom of a claim. */
const sourcesOfClaim = planned(
  async (claim: ClaimRow, _: unknown, loading: Loading) => (await sourcesOf(claim.roots, loading)).sort(byPublication),
  {
    is: 'rows',
    rows: { noun: 'sources', where: raw('sources.id = any(parent.roots)'), orderBy: BY_PUBLICATION },
  },
);

/** Nothing is claimed of a claim. */
const nothing = planned((): never[] => [], { is: 'leaf', madeOf: 'own', sql: () => raw(`'[]'::json`) });

export function claimResolvers(nouns: Record<string, Noun>): Resolvers {
  const values = valueFields(nouns);
  return {
    Query: {
      claim: recordById('claims'),
      claims: listed(
        claims,
        ({ filter }: QueryClaimsArgs) => askClaims(filter, nouns),
        () => byRecord,
      ),
      conflicts: planned(
        (_: unknown, args: QueryConflictsArgs, context: PageContext & Loading) => listConflicts(args, nouns, context),
        conflictsPlan(nouns),
      ),
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
      ...values,
      informant: fromRow(['informant'], ({ informant }: { informant: string | null }) => informant),
      informantRecord: refResolver('informantId', 'records'),
      isDerived: planned((claim: ClaimRow) => claim.derivedFrom.length > 0, {
        is: 'leaf',
        madeOf: 'own',
        sql: (row) => raw(`to_json(cardinality(${row}.derived_from) > 0)`),
      }),
      derivedFrom: planned((claim: ClaimRow, _: unknown, loading: Loading) => basesOf(claim, loading), BASES),
      published: planned(async (claim: ClaimRow, _: unknown, loading: Loading) => {
        const found = await publicationOf(claim, loading);
        return found && uncertainDate(found.row, found.field);
      }, PUBLICATION),
      isAccepted: planned((claim: ClaimRow, _: unknown, loading: Loading) => isAccepted(claim, loading), {
        is: 'leaf',
        madeOf: (row) => raw(ACCEPTED(row)),
        sql: (row) => raw(ACCEPTS(row)),
      }),
      origins: planned(async (claim: ClaimRow, _: unknown, loading: Loading) => {
        const originOf = await originsById(claim.roots, loading);
        return (await sourcesOf(claim.roots.map(originOf), loading)).sort(byPublication);
      }, ORIGINS),
      restsOnInterest: planned(
        (claim: ClaimRow, _: unknown, loading: Loading) => interestsOf(claim, loading),
        INTERESTS,
      ),
      recordedAt: fromRow(['createdAt'], ({ createdAt }: { createdAt: string }) => createdAt),
      verification,
      sources: sourcesOfClaim,
      claims: nothing,
      conflicts: nothing,
      unsourcedFields: nothing,
    },
    Conflict: {
      record: planned(({ recordId }: FieldConflict, _: unknown, { load }: Loading) => load.record.load(recordId), {
        is: 'record',
        noun: 'records',
        id: (row) => raw(`${row}.record_id`),
      }),
      field: fromRow(['field'], ({ field }: { field: string }) => graphNameOfColumn(field)),
      values: planned(({ values: given }: FieldConflict) => given, VALUES),
    },
    ConflictValue: { ...values, claims: planned(({ claims: given }: FieldValue) => given, CLAIMS_OF_VALUE) },
  };
}
