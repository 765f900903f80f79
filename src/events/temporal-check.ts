// Fetches what a temporal check needs, in batches: the two records, and the claims on when they took place.
import { claimsOf } from '../claims/record-fields.js';
import type { ClaimRow } from '../claims/model.js';
import { bearing } from '../claims/rules.js';
import type { TemporalResult } from '../generated/resolvers-types.js';
import type { UncertainDateValue } from '../records/dates.js';
import type { AnyRow, Loading } from '../records/loaders.js';
import { snake, type Noun } from '../records/noun.js';
import { alternatives, checkOf, dateOfSide, type Side, type TemporalAlternativeValue } from './rules.js';

/** What the SDL calls TemporalCheck; the alternatives are made only when asked for. */
export interface TemporalCheckValue {
  result: TemporalResult;
  isOrdered: boolean;
  cause: AnyRow | null;
  effect: AnyRow | null;
  causeDate: UncertainDateValue | null;
  effectDate: UncertainDateValue | null;
  alternatives: (args: unknown, context: Loading) => Promise<TemporalAlternativeValue[]>;
}

const NO_ORDER: TemporalCheckValue = {
  result: 'UNDETERMINED',
  isOrdered: false,
  cause: null,
  effect: null,
  causeDate: null,
  effectDate: null,
  alternatives: () => Promise.resolve([]),
};

/** SDL type -> the field that says when such a record took place. */
type Happens = ReadonlyMap<string, string>;
export const happensOf = (nouns: Record<string, Noun>): Happens =>
  new Map(Object.values(nouns).flatMap((noun) => (noun.happens ? [[noun.type, noun.happens] as const] : [])));

const sideOf = (record: AnyRow | null, happens: Happens): Side => ({
  record,
  happens: record ? happens.get(record.__typename) : undefined,
});

async function datingClaims({ record, happens }: Side, loading: Loading): Promise<ClaimRow[]> {
  return record && happens ? bearing(await claimsOf(record, loading), snake(happens)) : [];
}

/** @param sides ids of cause and effect; undefined when there is no order between the two records. */
export async function checkBetween(
  sides: { cause: string; effect: string } | undefined,
  happens: Happens,
  { load }: Loading,
): Promise<TemporalCheckValue> {
  if (!sides) return NO_ORDER;
  const [first, second] = await Promise.all([load.record.load(sides.cause), load.record.load(sides.effect)]);
  const [cause, effect] = [sideOf(first, happens), sideOf(second, happens)];
  return {
    result: checkOf(cause, effect),
    isOrdered: true,
    cause: cause.record,
    effect: effect.record,
    causeDate: dateOfSide(cause),
    effectDate: dateOfSide(effect),
    alternatives: async (_, loading) =>
      alternatives(
        cause,
        effect,
        ...(await Promise.all([datingClaims(cause, loading), datingClaims(effect, loading)])),
      ),
  };
}
