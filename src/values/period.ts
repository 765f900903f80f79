// Something that lasted, and what can be said about one day of it: certainly, possibly, not, or nobody knows.
// Ends are inclusive: "until 14 October 2022" holds on the 14th and not on the 15th.
import { OPEN, parsePoint, refuseReversed, type Open, type PartialDate } from './edtf.js';
import { compare, later, earlier, type DateBound, type LocalDate } from './local-date.js';
import type { Bounds } from './simple-date.js';

/**
 * null is unknown: nobody said. OPEN is "still so", which a source can vouch for only up to the day it was published.
 * Bounds are enough for every question here, so a row's stored bounds serve without reading its text again.
 */
export interface Period<Point extends Bounds = Bounds> {
  readonly starts: Point | null;
  readonly ends: Point | Open | null;
}

/** A run of days, both ends inclusive. */
export interface Span {
  readonly from: DateBound;
  readonly until: DateBound;
}

export type InForce = 'CERTAIN' | 'POSSIBLE' | 'UNKNOWN' | 'NO';
export type TemporalCheck = 'IMPOSSIBLE' | 'CONSISTENT' | 'UNDETERMINED';

/** Reads the two texts of a record: EDTF points, `..` for an open end, null for unknown. Throws InvalidValue. */
export function parsePeriod(starts: string | null, ends: string | null): Period<PartialDate> {
  const period = {
    starts: starts === null ? null : parsePoint(starts),
    ends: ends === null ? null : ends === '..' ? OPEN : parsePoint(ends),
  } as const;
  refuseReversed(period.starts, period.ends, 'A period cannot end before it starts.');
  return period;
}

/** Every day the period may touch. A side nobody stated has no limit. */
export function possible({ starts, ends }: Period): Span {
  return { from: starts?.earliest ?? '-infinity', until: ends === null || ends === OPEN ? 'infinity' : ends.latest };
}

/**
 * The days the period certainly holds, or null when there are none or a side is unknown. An open end reaches to
 * `stillTrueUntil`, the latest publication date of the sources; without it nothing is certain.
 */
export function certain({ starts, ends }: Period, stillTrueUntil?: LocalDate): Span | null {
  const until = ends === OPEN ? stillTrueUntil : ends?.earliest;
  if (!starts || until === undefined || compare(starts.latest, until) > 0) return null;
  return { from: starts.latest, until };
}

/** Whether the period holds on a day. UNKNOWN wins over POSSIBLE: a missing edge is not a vague one. */
export function inForceOn(period: Period, day: LocalDate, stillTrueUntil?: LocalDate): InForce {
  if (!holds(possible(period), day)) return 'NO';
  const answers = [hasStarted(period.starts, day), hasNotEnded(period.ends, day, stillTrueUntil)];
  if (answers.includes('UNKNOWN')) return 'UNKNOWN';
  return answers.includes('POSSIBLE') ? 'POSSIBLE' : 'CERTAIN';
}

/**
 * Whether time permits that the cause came before the effect. Days cannot order two things of one day, and an unknown
 * bound orders nothing: both are UNDETERMINED. CONSISTENT does not say that there was a cause.
 */
export function temporalCheck(cause: PartlyKnown, effect: PartlyKnown): TemporalCheck {
  if (cause?.earliest && effect?.latest && compare(effect.latest, cause.earliest) < 0) return 'IMPOSSIBLE';
  if (cause?.latest && effect?.earliest && compare(effect.earliest, cause.latest) > 0) return 'CONSISTENT';
  return 'UNDETERMINED';
}

/** Bounds of which a side, or all, may be unknown. A PartialDate is one. */
export type PartlyKnown = { readonly [side in keyof Bounds]: Bounds[side] | null } | null;

/** The days two spans share, or null. */
export function intersection(a: Span, b: Span): Span | null {
  const shared = { from: later(a.from, b.from), until: earlier(a.until, b.until) };
  return compare(shared.from, shared.until) <= 0 ? shared : null;
}

const holds = ({ from, until }: Span, day: LocalDate): boolean => compare(from, day) <= 0 && compare(day, until) <= 0;

function hasStarted(starts: Period['starts'], day: LocalDate): InForce {
  if (!starts) return 'UNKNOWN';
  return compare(starts.latest, day) <= 0 ? 'CERTAIN' : 'POSSIBLE';
}

function hasNotEnded(ends: Period['ends'], day: LocalDate, stillTrueUntil?: LocalDate): InForce {
  if (ends === null) return 'UNKNOWN';
  if (ends === OPEN) return stillTrueUntil && compare(day, stillTrueUntil) <= 0 ? 'CERTAIN' : 'UNKNOWN';
  return compare(day, ends.earliest) <= 0 ? 'CERTAIN' : 'POSSIBLE';
}
