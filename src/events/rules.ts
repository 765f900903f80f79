// Which of two linked records must come first, and what time says about it: by the accepted dates, and by every pair of
// dates that sources give. The order of kinds is the same table as house.link_order in SQL; a test compares them.
import type { ClaimRow } from '../claims/model.js';
import type { LinkKind, TemporalResult } from '../generated/resolvers-types.js';
import { boundsOf, uncertainDate, type UncertainDateValue } from '../records/dates.js';
import type { AnyRow } from '../records/loaders.js';
import { temporalCheck, type PartlyKnown } from '../values/period.js';

/** The side of a link that must come first; null where the kind orders nothing. */
export const LINK_ORDER: Record<LinkKind, 'FROM_FIRST' | 'TO_FIRST' | null> = {
  RETALIATION_FOR: 'TO_FIRST',
  RESPONSE_TO: 'TO_FIRST',
  CAUSES: 'FROM_FIRST',
  PRECEDES: 'FROM_FIRST',
  PART_OF: null,
  PARALLEL: null,
  CONTINUES: 'TO_FIRST',
  INTENSIFIES: 'TO_FIRST',
  REVERSES: 'TO_FIRST',
  IMPLEMENTS: 'TO_FIRST',
  SAME_AS: null,
};

/** Ids of the cause and of the effect; undefined where there is no order. */
export function sidesOf(link: {
  kind: string;
  fromId: string;
  toId: string;
}): { cause: string; effect: string } | undefined {
  const order = LINK_ORDER[link.kind as LinkKind];
  if (order === null) return undefined;
  return order === 'FROM_FIRST' ? { cause: link.fromId, effect: link.toId } : { cause: link.toId, effect: link.fromId };
}

/** A record, and its field that says when it took place; undefined for records that do not take place. */
export interface Side {
  record: AnyRow | null;
  happens: string | undefined;
}

/** One date that may be taken for a record. */
interface Dating {
  claim: ClaimRow | null;
  date: UncertainDateValue;
  bounds: PartlyKnown;
}

/** What the SDL calls TemporalAlternative. */
export interface TemporalAlternativeValue {
  result: TemporalResult;
  causeDate: UncertainDateValue;
  causeClaim: ClaimRow | null;
  effectDate: UncertainDateValue;
  effectClaim: ClaimRow | null;
}

const boundsOfSide = ({ record, happens }: Side): PartlyKnown => (record && happens ? boundsOf(record, happens) : null);
export const dateOfSide = ({ record, happens }: Side): UncertainDateValue | null =>
  record && happens ? uncertainDate(record, happens) : null;

export const checkOf = (cause: Side, effect: Side): TemporalResult =>
  temporalCheck(boundsOfSide(cause), boundsOfSide(effect));

/** The dates that sources give, in the order that decides; an editor's own value where no claim speaks of the date. */
function datings(side: Side, dating: readonly ClaimRow[]): Dating[] {
  const dated = dating.filter((claim) => claim.earliest !== null && claim.latest !== null);
  if (dated.length > 0) return dated.map((claim) => ({ claim, ...claimedDate(claim) }));
  const date = dateOfSide(side);
  return date ? [{ claim: null, date, bounds: boundsOfSide(side) }] : [];
}

function claimedDate(claim: ClaimRow): Pick<Dating, 'date' | 'bounds'> {
  const row = { on: claim.value, onEarliest: claim.earliest, onLatest: claim.latest };
  return { date: uncertainDate(row, 'on')!, bounds: boundsOf(row, 'on') };
}

/** One entry for each date of the cause with each of the effect. The claims are those that bear on each side's date. */
export function alternatives(
  cause: Side,
  effect: Side,
  causeClaims: readonly ClaimRow[],
  effectClaims: readonly ClaimRow[],
): TemporalAlternativeValue[] {
  const effects = datings(effect, effectClaims);
  return datings(cause, causeClaims).flatMap((a) =>
    effects.map((b) => ({
      result: temporalCheck(a.bounds, b.bounds),
      causeDate: a.date,
      causeClaim: a.claim,
      effectDate: b.date,
      effectClaim: b.claim,
    })),
  );
}
