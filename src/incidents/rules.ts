// How far apart two uncertain days may lie. Nothing here speaks of causes.
import { Temporal } from 'temporal-polyfill';
import { compare, type DateBound } from '../values/local-date.js';

export interface Days {
  earliest: DateBound;
  latest: DateBound;
}

const isDay = (bound: DateBound): boolean => bound !== '-infinity' && bound !== 'infinity';

/** Days from one to the other; null when one of them is no day. */
function daysFrom(a: DateBound, b: DateBound): number | null {
  if (!isDay(a) || !isDay(b)) return null;
  return Temporal.PlainDate.from(a).until(Temporal.PlainDate.from(b), { largestUnit: 'days' }).days;
}

/** 0 when both may lie on one day. */
export function fewestDaysApart(a: Days, b: Days): number {
  const [first, second] = compare(a.earliest, b.earliest) <= 0 ? [a, b] : [b, a];
  return Math.max(0, daysFrom(first.latest, second.earliest) ?? 0);
}

/** Null when a bound that matters is missing. */
export function mostDaysApart(a: Days, b: Days): number | null {
  const [there, back] = [daysFrom(a.earliest, b.latest), daysFrom(b.earliest, a.latest)];
  return there === null || back === null ? null : Math.max(there, back);
}

/** Whether b comes on a later day than a. */
export function follows(a: Days, b: Days): 'CERTAIN' | 'POSSIBLE' | 'NO' {
  if (compare(b.earliest, a.latest) > 0) return 'CERTAIN';
  return compare(b.latest, a.earliest) <= 0 ? 'NO' : 'POSSIBLE';
}
