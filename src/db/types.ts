// How values of PostgreSQL arrive in JavaScript: as text wherever a JavaScript type would lose something. A Date has no
// microseconds and no calendar day, a number has no 64 bits and no decimals.
import pg from 'pg';

const OID = {
  int8Array: 1016,
  int8: 20,
  numeric: 1700,
  numericArray: 1231,
  date: 1082,
  dateArray: 1182,
  timestamptz: 1184,
  timestamptzArray: 1185,
  textArray: 1009,
};

/**
 * `2021-10-14 08:30:00.25+00` becomes `2021-10-14T08:30:00.25Z` (RFC 3339). `infinity` and years BC have no such form and
 * stay as the server writes them.
 */
export function instant(value: string): string {
  const found = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d)(:\d\d)?$/.exec(value);
  if (!found) return value;
  const [, day, time, hours, minutes = ':00'] = found;
  const zone = Number(hours) === 0 && minutes === ':00' ? 'Z' : `${hours}${minutes}`;
  return `${day}T${time}${zone}`;
}

const asText = (value: string): string => value;

/** Sets the parsers of the pg package, for every pool of the process. Calling it again changes nothing. */
export function setTypeParsers(): void {
  const set = (oid: number, parse: (value: string) => unknown): void =>
    pg.types.setTypeParser(oid as never, parse as never);
  const parseTexts = pg.types.getTypeParser(OID.textArray as never, 'text') as unknown as (
    value: string,
  ) => (string | null)[];
  for (const oid of [OID.int8, OID.numeric, OID.date]) set(oid, asText);
  for (const oid of [OID.int8Array, OID.numericArray, OID.dateArray]) set(oid, parseTexts);
  set(OID.timestamptz, instant);
  set(OID.timestamptzArray, (value) => parseTexts(value).map((item) => (item === null ? null : instant(item))));
}
