// A moment in time as text: RFC 3339, in UTC, with Z. It says when a record was made or a page was captured, never
// when something happened to a person; that is a LocalDate or EDTF.
import { Temporal } from 'temporal-polyfill';
import { InvalidValue, quoted } from './invalid-value.js';

declare const instant: unique symbol;
/** Such as 2024-03-10T09:30:00Z, to the microsecond at most, which is what Postgres keeps. */
export type Instant = string & { readonly [instant]: true };

const FORM = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:([0-5]\d)(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$/;

/** Reads RFC 3339 with an offset, which is turned into Z. Throws InvalidValue. */
export function parseInstant(text: string): Instant {
  const said = quoted(text);
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) {
    throw new InvalidValue(`${said} has no time zone; end it with Z for UTC, such as 2024-03-10T09:30:00Z.`);
  }
  if (!FORM.test(text)) throw new InvalidValue(notAnInstant(said));
  try {
    const utc = Temporal.Instant.from(text).toString() as Instant;
    if (/^\d{4}-/.test(utc) && !utc.startsWith('0000')) return utc;
  } catch {
    // A day or an hour that does not exist; the sentence below says so.
  }
  throw new InvalidValue(notAnInstant(said));
}

/** The text Postgres prints for a timestamptz (2024-03-10 09:30:00+00), as RFC 3339; other texts must already be that. */
export function formatInstant(text: string): Instant {
  return parseInstant(
    text.replace(
      /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d)(:\d\d)?$/,
      (_, day, time, minutes) => `${day}T${time}${minutes ?? ':00'}`,
    ),
  );
}

function notAnInstant(said: string): string {
  return `${said} is not a moment in time; write date, time and zone, such as 2024-03-10T09:30:00Z (RFC 3339).`;
}
