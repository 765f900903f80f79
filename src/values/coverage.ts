// On which days a person held a valid paper: certainly, possibly, not at all. A gap in protection is an accusation
// against an office, so a certain gap and a merely possible one never share a name.
import { InvalidValue } from './invalid-value.js';
import { compare, dayAfter, dayBefore, earlier, later, type LocalDate } from './local-date.js';
import { certain, intersection, possible, type Period, type Span } from './period.js';

export interface Covering {
  readonly id: string;
  readonly period: Period;
  /** How far an open end is vouched for; see `certain`. */
  readonly stillTrueUntil?: LocalDate;
}

/** Two records that hold on the same days, in the order they were given. */
export interface Overlap extends Span {
  readonly ids: readonly [string, string];
}

export interface Coverage {
  /** Days at least one record certainly covers. Adjacent days make one span. */
  readonly certain: readonly Span[];
  /** Days at least one record may cover; contains the certain ones. */
  readonly possible: readonly Span[];
  /** Days no record can cover. */
  readonly certainGaps: readonly Span[];
  /** Days no record certainly covers; contains the certain gaps. */
  readonly possibleGaps: readonly Span[];
  readonly certainOverlaps: readonly Overlap[];
  readonly possibleOverlaps: readonly Overlap[];
}

const NOTHING: Coverage = {
  certain: [],
  possible: [],
  certainGaps: [],
  possibleGaps: [],
  certainOverlaps: [],
  possibleOverlaps: [],
};

/** Looks from the first to the last possible day, or inside the horizon; a side of the horizon may be left out. */
export function coverage(records: readonly Covering[], horizon: Partial<Span> = {}): Coverage {
  const within = window(records, horizon);
  if (!within) return NOTHING;
  const clipped = (id: string, span: Span | null): Held[] => {
    const shared = span && intersection(span, within);
    return shared ? [{ id, span: shared }] : [];
  };
  const certainly = records.flatMap(({ id, period, stillTrueUntil }) => clipped(id, certain(period, stillTrueUntil)));
  const possibly = records.flatMap(({ id, period }) => clipped(id, possible(period)));
  const covered = { certain: union(certainly), possible: union(possibly) };
  return {
    ...covered,
    certainGaps: gaps(covered.possible, within),
    possibleGaps: gaps(covered.certain, within),
    certainOverlaps: overlaps(certainly),
    possibleOverlaps: overlaps(possibly),
  };
}

interface Held {
  readonly id: string;
  readonly span: Span;
}

function window(records: readonly Covering[], { from, until }: Partial<Span>): Span | null {
  if (from && until && compare(from, until) > 0)
    throw new InvalidValue('The last day asked about lies before the first.');
  const spans = records.map(({ period }) => possible(period));
  // Without records and without a side of the horizon there is nothing to look at: infinity before -infinity.
  const first = from ?? spans.map((span) => span.from).reduce(earlier, 'infinity');
  const last = until ?? spans.map((span) => span.until).reduce(later, '-infinity');
  return compare(first, last) <= 0 ? { from: first, until: last } : null;
}

function union(held: readonly Held[]): Span[] {
  const spans: Span[] = [];
  for (const { span } of [...held].sort(byFirstDay)) {
    const last = spans.at(-1);
    if (last && compare(span.from, dayAfter(last.until)) <= 0) {
      spans[spans.length - 1] = { from: last.from, until: later(last.until, span.until) };
    } else {
      spans.push(span);
    }
  }
  return spans;
}

function gaps(covered: readonly Span[], within: Span): Span[] {
  const found: Span[] = [];
  let next = within.from;
  for (const { from, until } of covered) {
    if (compare(next, from) < 0) found.push({ from: next, until: dayBefore(from) });
    if (compare(until, within.until) >= 0) return found;
    next = dayAfter(until);
  }
  found.push({ from: next, until: within.until });
  return found;
}

// Sorted by first day, so the search for partners of a record stops at the first one that begins after it ends.
function overlaps(held: readonly Held[]): Overlap[] {
  const order = new Map(held.map((record, index) => [record, index]));
  const sorted = [...held].sort(byFirstDay);
  const found: Overlap[] = [];
  for (const [index, a] of sorted.entries()) {
    for (let other = index + 1; other < sorted.length; other++) {
      const b = sorted[other]!;
      const shared = intersection(a.span, b.span);
      if (!shared) break;
      found.push({ ids: order.get(a)! < order.get(b)! ? [a.id, b.id] : [b.id, a.id], ...shared });
    }
  }
  return found;
}

const byFirstDay = (a: Held, b: Held): number => compare(a.span.from, b.span.from);
