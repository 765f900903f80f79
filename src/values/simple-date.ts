// One EDTF date without brackets or slash (a day, month, season, year or decade) and the days it can mean.
// The edtf package judges the text; the days are computed here, because the package's own bounds are wrong (docs/decisions/0003-uncertain-dates.md).
import { parse } from 'edtf';
import { Temporal } from 'temporal-polyfill';
import { edtfRefusal } from './edtf-refusals.js';
import { InvalidValue, quoted } from './invalid-value.js';
import { clampedDay, type DateBound } from './local-date.js';

/** The first and the last day that may be meant, both inclusive. */
export interface Bounds {
  readonly earliest: DateBound;
  readonly latest: DateBound;
}

type Unit = 'day' | 'month' | 'season' | 'year';

// "About" is never exact, and certainty is computed from bounds: a qualified date reaches one step further each way.
const WIDENING = { day: { days: 7 }, month: { months: 1 }, season: { months: 3 }, year: { years: 1 } } as const;

// EDTF names no months for 21-24. We take the Northern meteorological ones. The winter "of 2019" may be the one that
// ended or the one that began in 2019, so it holds both: a wide answer is honest, a narrow one accuses or acquits.
const SEASONS: Record<number, readonly [yearOfStart: number, start: number, yearOfEnd: number, end: number]> = {
  21: [0, 3, 0, 5],
  22: [0, 6, 0, 8],
  23: [0, 9, 0, 11],
  24: [-1, 12, 1, 2],
};

/** Bounds of one date; throws InvalidValue. `qualified` is true for `?`, `~` and `%`. */
export function simpleDate(text: string): Bounds & { readonly qualified: boolean } {
  const refusal = edtfRefusal(text);
  if (refusal) throw new InvalidValue(refusal);
  const parts = isLevelOne(text) && /^([\dX]{4})(?:-(\d\d|XX))?(?:-(\d\d|XX))?([?~%])?$/.exec(text);
  if (!parts) throw notADate(text);

  const [, year, month, day, qualifier] = parts as unknown as [string, string, string?, string?, string?];
  const span = SEASONS[Number(month)] ? season(year, Number(month)) : plainSpan(text, year, month, day);
  const { first, last } = qualifier ? widened(span) : span;
  return { earliest: clampedDay(first), latest: clampedDay(last), qualified: qualifier !== undefined };
}

interface DaySpan {
  first: Temporal.PlainDate;
  last: Temporal.PlainDate;
  unit: Unit;
}

function plainSpan(text: string, year: string, month?: string, day?: string): DaySpan {
  const low = Number(year.replaceAll('X', '0'));
  const high = Number(year.replaceAll('X', '9'));
  const anyMonth = month === undefined || month === 'XX';
  const first = { year: low, month: anyMonth ? 1 : Number(month), day: 1 };
  const lastMonth = Temporal.PlainYearMonth.from({ year: high, month: anyMonth ? 12 : Number(month) });
  if (day === undefined || day === 'XX') {
    const last = lastMonth.toPlainDate({ day: lastMonth.daysInMonth });
    return { first: Temporal.PlainDate.from(first), last, unit: month ? 'month' : 'year' };
  }
  // The package takes 2023-02-29 and makes it 1 March.
  if (Number(day) > lastMonth.daysInMonth) throw noSuchDay(text);
  const only = lastMonth.toPlainDate({ day: Number(day) });
  return { first: only, last: only, unit: 'day' };
}

function season(year: string, number: number): DaySpan {
  const [yearOfStart, start, yearOfEnd, end] = SEASONS[number]!;
  const first = Temporal.PlainDate.from({ year: Number(year) + yearOfStart, month: start, day: 1 });
  const lastMonth = Temporal.PlainYearMonth.from({ year: Number(year) + yearOfEnd, month: end });
  return { first, last: lastMonth.toPlainDate({ day: lastMonth.daysInMonth }), unit: 'season' };
}

// The day after the last one is moved and stepped back from, so that the end of a month stays the end of a month.
function widened({ first, last, unit }: DaySpan): DaySpan {
  const step = WIDENING[unit];
  return { first: first.subtract(step), last: last.add({ days: 1 }).add(step).subtract({ days: 1 }), unit };
}

function isLevelOne(text: string): boolean {
  try {
    // A qualified season is level 1 in the standard and level 3 in the package, hence the option.
    const { type, level } = parse(text, { types: ['Date', 'Season'], seasonUncertainty: true });
    return level < 2 || type === 'Season';
  } catch {
    // The package's own message is a dump of its grammar.
    return false;
  }
}

function notADate(text: string): InvalidValue {
  if (/^\d{4}-\d\d-\d\d/.test(text)) return noSuchDay(text);
  return new InvalidValue(
    `${quoted(text)} is not a date; write 2019, 2019-05, 2019-05-12, 2019-05~ or [2019,2021] (EDTF).`,
  );
}

function noSuchDay(text: string): InvalidValue {
  return new InvalidValue(`${quoted(text)} does not exist: there is no such day in that month.`);
}
