// A length of calendar time (ISO 8601): the validity of a paper, the days of notice before it runs out.
// Years, months, weeks and days stay apart, because a month is not thirty days.
import { Temporal } from 'temporal-polyfill';
import { InvalidValue, quoted } from './invalid-value.js';

export interface Duration {
  readonly years: number;
  readonly months: number;
  readonly weeks: number;
  readonly days: number;
}

const FORM = /^P(?:(\d{1,5})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,5})D)?$/;

/** Reads P90D, P3M, P1Y6M, P2W. Throws InvalidValue for times of day, negative, fractional, empty or over P200Y. */
export function parseDuration(text: string): Duration {
  const said = quoted(text);
  if (/[+-]/.test(text))
    throw new InvalidValue(`${said} has a sign; a length of time is written without one, such as P90D.`);
  if (/T/i.test(text))
    throw new InvalidValue(`${said} has a time of day; count in years, months, weeks or days, such as P90D.`);
  if (/\d[.,]\d/.test(text))
    throw new InvalidValue(`${said} has a fraction; write whole numbers, such as P18M instead of P1.5Y.`);
  const parts = FORM.exec(text);
  if (!parts || text === 'P') {
    throw new InvalidValue(`${said} is not a length of time; write it as P90D, P2W, P3M or P1Y (ISO 8601).`);
  }
  const [years, months, weeks, days] = parts.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  const duration = { years, months, weeks, days };
  if (isLongerThanTwoCenturies(duration))
    throw new InvalidValue(`${said} is longer than 200 years, the longest length of time accepted.`);
  return duration;
}

/** The one canonical text: largest unit first, no zero parts, P0D for nothing. */
export function formatDuration({ years, months, weeks, days }: Duration): string {
  const parts = [years && `${years}Y`, months && `${months}M`, weeks && `${weeks}W`, days && `${days}D`].filter(
    Boolean,
  );
  return `P${parts.join('') || '0D'}`;
}

// Measured on the calendar, so that P2400M and P200Y are the same length.
function isLongerThanTwoCenturies(duration: Duration): boolean {
  const start = Temporal.PlainDate.from('2000-01-01');
  return Temporal.PlainDate.compare(start.add(duration), start.add({ years: 200 })) > 0;
}
