// The day and the instant it is now. In UTC, so that two servers, or one server moved, agree; pure rules take the day as an argument.
import { Temporal } from 'temporal-polyfill';
import { parseLocalDate, type LocalDate } from './local-date.js';

const DAY = 86_400_000;
let last: { day: number; date: LocalDate } | undefined;

/** Asked for each operation, so the text is made once a day. */
export function todayUtc(): LocalDate {
  const now = Temporal.Now.instant();
  const day = Math.floor(now.epochMilliseconds / DAY);
  if (last?.day !== day) last = { day, date: parseLocalDate(now.toZonedDateTimeISO('UTC').toPlainDate().toString()) };
  return last.date;
}

/** The instant it is now, RFC 3339 in UTC. */
export const nowUtc = (): string => Temporal.Now.instant().toString({ smallestUnit: 'microsecond' });
