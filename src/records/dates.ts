// Three columns of a row as the graph shows them: an uncertain date, or a period made of two.
import { OPEN, type PartialDate } from '../values/edtf.js';
import type { DateBound, LocalDate } from '../values/local-date.js';
import { fromRow } from './plan.js';
import { certain, possible, type Period, type Span } from '../values/period.js';

/** What the SDL calls UncertainDate. */
export interface UncertainDateValue {
  edtf: string | null;
  earliest: LocalDate | null;
  latest: LocalDate | null;
  isOpen: boolean;
}

/** What the SDL calls Period. */
export interface PeriodValue {
  starts: UncertainDateValue | null;
  ends: UncertainDateValue | null;
  certain: DaySpanValue | null;
  possible: DaySpanValue;
}
export interface DaySpanValue {
  from: LocalDate | null;
  until: LocalDate | null;
}

/** A row with the three columns of `field`. */
type Dated = object;
const valueOf = (row: Dated, property: string): unknown => (row as Record<string, unknown>)[property];

const dayOrNull = (bound: DateBound): LocalDate | null =>
  bound === '-infinity' || bound === 'infinity' ? null : bound;
export const spanOf = (span: Span): DaySpanValue => ({ from: dayOrNull(span.from), until: dayOrNull(span.until) });

/** Null when nobody told the date. */
export function uncertainDate(row: Dated, field: string): UncertainDateValue | null {
  const edtf = valueOf(row, field) as string | null;
  if (edtf === null || edtf === undefined) return null;
  if (edtf === '..') return { edtf: null, earliest: null, latest: null, isOpen: true };
  return {
    edtf,
    earliest: dayOrNull(valueOf(row, `${field}Earliest`) as DateBound),
    latest: dayOrNull(valueOf(row, `${field}Latest`) as DateBound),
    isOpen: false,
  };
}

type PointBounds = Pick<PartialDate, 'earliest' | 'latest'>;

/** The bounds of a field as the rules in src/values take them; nothing is parsed again. */
export function boundsOf(row: Dated, field: string): PointBounds | null {
  if (valueOf(row, field) === null || valueOf(row, field) === undefined) return null;
  return {
    earliest: valueOf(row, `${field}Earliest`) as DateBound,
    latest: valueOf(row, `${field}Latest`) as DateBound,
  };
}

export const periodOf = (row: Dated, starts: string, ends: string): Period => ({
  starts: boundsOf(row, starts),
  ends: valueOf(row, ends) === '..' ? OPEN : boundsOf(row, ends),
});

export function periodValue(row: Dated, starts: string, ends: string, stillTrueUntil?: LocalDate): PeriodValue {
  const period = periodOf(row, starts, ends);
  const sure = certain(period, stillTrueUntil);
  return {
    starts: uncertainDate(row, starts),
    ends: uncertainDate(row, ends),
    certain: sure && spanOf(sure),
    possible: spanOf(possible(period)),
  };
}

/** The resolver of a period whose open end nobody vouches for. */
export const periodFrom = (starts: string, ends: string) =>
  fromRow([starts, ends], (row: Dated): PeriodValue => periodValue(row, starts, ends));
