// A calendar day without clock or time zone, as text YYYY-MM-DD from door to disk. No JavaScript Date ever holds one:
// a Date is an instant, and an instant is another day in Apia than in New York.
import { Temporal } from 'temporal-polyfill';
import { commonDateMistake } from './date-mistakes.js';
import type { Duration } from './duration.js';
import { InvalidValue, quoted } from './invalid-value.js';

declare const localDate: unique symbol;
/** A day that exists in the proleptic Gregorian calendar, years 0001 to 9999. */
export type LocalDate = string & { readonly [localDate]: true };

/** One side of a range of days. Infinity means "no limit was set", which is another thing than unknown (null). */
export type DateBound = LocalDate | '-infinity' | 'infinity';

const FIRST_DAY = '0001-01-01' as LocalDate;
const LAST_DAY = '9999-12-31' as LocalDate;

/** Reads YYYY-MM-DD and nothing else; throws InvalidValue with a sentence that says how to write it. */
export function parseLocalDate(text: string): LocalDate {
  const mistake = commonDateMistake(text);
  if (mistake) throw new InvalidValue(mistake);
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!parts)
    throw new InvalidValue(`${quoted(text)} is not a date; dates are written YYYY-MM-DD, such as 2024-03-10.`);
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  if (year === 0) throw new InvalidValue(`${quoted(text)} is in the year 0000; years run from 0001 to 9999.`);
  if (month < 1 || month > 12) throw new InvalidValue(`${quoted(text)} has no such month; months run from 01 to 12.`);
  if (day < 1 || day > Temporal.PlainYearMonth.from({ year, month }).daysInMonth) {
    throw new InvalidValue(`${quoted(text)} does not exist: there is no such day in that month.`);
  }
  return text as LocalDate;
}

/** Adds calendar time; months and years keep the day where it exists and else take the month's last (31 January + P1M). */
export function addDuration(day: LocalDate, duration: Duration): LocalDate {
  return inCalendar(Temporal.PlainDate.from(day).add(duration), day);
}

/** Adds days; a negative number goes back. */
export function addDays(day: LocalDate, days: number): LocalDate {
  return inCalendar(Temporal.PlainDate.from(day).add({ days }), day);
}

/** Calendar days from one to the other. In whole numbers, not by Temporal: a page of papers asks for a hundred of them. */
export const daysBetween = (from: LocalDate, to: LocalDate): number => dayNumber(to) - dayNumber(from);

/** Days since 1 March of the year 0: years that begin in March end with the day that only some of them have. */
function dayNumber(day: LocalDate): number {
  const month = (Number(day.slice(5, 7)) + 9) % 12;
  const year = Number(day.slice(0, 4)) - (month > 9 ? 1 : 0);
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  return 365 * year + leapDays + Math.floor((153 * month + 2) / 5) + Number(day.slice(8, 10)) - 1;
}

/** Total order over days and infinities: -1, 0 or 1. */
export function compare(a: DateBound, b: DateBound): -1 | 0 | 1 {
  // Plain text order is right: "-" sorts before every digit and "i" after, and days have fixed width.
  return a < b ? -1 : a > b ? 1 : 0;
}

export const earlier = <B extends DateBound>(a: B, b: B): B => (compare(a, b) <= 0 ? a : b);
export const later = <B extends DateBound>(a: B, b: B): B => (compare(a, b) >= 0 ? a : b);

/** The day after; infinities stay, and the day after the last day we can write is infinity. */
export function dayAfter(bound: DateBound): DateBound {
  if (bound === 'infinity' || bound === '-infinity') return bound;
  return bound === LAST_DAY ? 'infinity' : addDays(bound, 1);
}

/** The day before; infinities stay, and the day before the first day we can write is -infinity. */
export function dayBefore(bound: DateBound): DateBound {
  if (bound === 'infinity' || bound === '-infinity') return bound;
  return bound === FIRST_DAY ? '-infinity' : addDays(bound, -1);
}

/** A computed day, held inside the years we can write. For limits that may be vague, never for a day somebody stated. */
export function clampedDay(day: Temporal.PlainDate): LocalDate {
  if (day.year < 1) return FIRST_DAY;
  return day.year > 9999 ? LAST_DAY : (day.toString() as LocalDate);
}

function inCalendar(day: Temporal.PlainDate, from: LocalDate): LocalDate {
  if (day.year < 1 || day.year > 9999) throw new InvalidValue(`Counting from ${from} leaves the years 0001 to 9999.`);
  return day.toString() as LocalDate;
}
