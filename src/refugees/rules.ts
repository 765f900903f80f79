// "Still valid" is vouched for only up to the day it was published.
import type { ClaimRow } from '../claims/model.js';
import { bearing } from '../claims/rules.js';
import { compare, later, type LocalDate } from '../values/local-date.js';

/**
 * The last day for which some source says that an open end was still open: the latest day on which one of them had
 * certainly been published. Undefined when no dated source says so.
 */
export function stillTrueUntil(claims: readonly ClaimRow[], field: string): LocalDate | undefined {
  return bearing(claims, field)
    .filter((claim) => claim.value === '..')
    .map((claim) => claim.publishedEarliest as LocalDate)
    .filter((day) => day !== null && compare(day, '-infinity' as LocalDate) > 0)
    .reduce<LocalDate | undefined>((last, day) => (last ? later(last, day) : day), undefined);
}
