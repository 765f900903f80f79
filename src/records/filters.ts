// Conditions that lists of many nouns share. Only bare columns are compared with bare parameters: anything cleverer
// would lose its index under row security.
import { allOf, join, raw, sql, type Sql } from '../db/sql.js';
import { nameKey } from '../values/name-key.js';
import { snake, type Noun } from './noun.js';

/** A range of days of a filter; both inclusive. */
export interface Range {
  from?: string | null | undefined;
  until?: string | null | undefined;
  certainty?: 'POSSIBLE' | 'CERTAIN' | null | undefined;
}

/** A column of the noun that is listed, under its own name. */
export const column = (noun: Noun, property: string): Sql => raw(`${noun.table}.${snake(property)}`);

/** Turns the given parts of a filter into conditions; a part that is absent or null asks nothing. */
export function conditions<F extends object>(
  filter: F | null | undefined,
  ask: { [K in keyof F]-?: (value: NonNullable<F[K]>) => Sql },
): Sql[] {
  return Object.entries(filter ?? {}).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [ask[key as keyof F](value as never)],
  );
}

export const is =
  (noun: Noun, property: string) =>
  (value: unknown): Sql =>
    sql`${column(noun, property)} = ${value}`;
export const isOneOf =
  (noun: Noun, property: string) =>
  (values: readonly unknown[]): Sql =>
    sql`${column(noun, property)} = any(${values}::text[])`;

/** Something that lasted from `starts` to `ends` and touches the range. A date that nobody told excludes nothing. */
export function duringPeriod(noun: Noun, starts: string, ends: string) {
  return ({ from, until, certainty }: Range): Sql => {
    const certain = certainty === 'CERTAIN';
    const begins = column(noun, certain ? `${starts}Latest` : `${starts}Earliest`);
    const finishes = column(noun, certain ? `${ends}Earliest` : `${ends}Latest`);
    const unknown = (bound: Sql): Sql => (certain ? raw('false') : sql`${bound} is null`);
    return allOf([
      ...(until ? [sql`(${begins} <= ${until}::date or ${unknown(begins)})`] : []),
      ...(from ? [sql`(${finishes} >= ${from}::date or ${unknown(finishes)})`] : []),
    ]);
  };
}

/** Something dated by one point that falls into the range. What is not dated at all cannot be found by a date. */
export function onDay(noun: Noun, point: string) {
  return ({ from, until, certainty }: Range): Sql => {
    const certain = certainty === 'CERTAIN';
    const [low, high] = [column(noun, `${point}Earliest`), column(noun, `${point}Latest`)];
    return allOf([
      ...(until ? [sql`${certain ? high : low} <= ${until}::date`] : []),
      ...(from ? [sql`${certain ? low : high} >= ${from}::date`] : []),
    ]);
  };
}

/** In force on one day, possibly: `asOf.validOn` of lists. */
export const validOn =
  (noun: Noun, starts: string, ends: string) =>
  (day: string): Sql =>
    duringPeriod(noun, starts, ends)({ from: day, until: day });

export const inCase =
  (noun: Noun) =>
  (id: string): Sql =>
    sql`${column(noun, 'id')} in (select record_id from case_members where case_id = ${id}::uuid)`;

/** A source speaks of a record when a claim on it comes from the source. */
export const fromSource =
  (noun: Noun) =>
  (id: string): Sql =>
    sql`${column(noun, 'id')} in (select record_id from claims where source_id = ${id}::uuid)`;

/** The place itself and every place inside it. */
export const placesWithin = (id: string | Sql): Sql =>
  sql`(with recursive inside(id) as (select ${id}::uuid union select places.id from places join inside on places.parent_id = inside.id) select id from inside)`;

export const atPlace =
  (noun: Noun, property = 'placeId') =>
  (id: string): Sql =>
    sql`${column(noun, property)} in ${placesWithin(id)}`;

export const inCountry =
  (noun: Noun, property = 'placeId') =>
  (country: string): Sql =>
    sql`${column(noun, property)} in (select places.id from places where places.country = ${country})`;

/** For `like`: the text anywhere, its own signs of a pattern meaning themselves. */
const anywhere = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Any of these texts holds what was asked for, whatever the case. */
export const holdsText =
  (noun: Noun, ...properties: string[]) =>
  (text: string): Sql =>
    sql`(${join(
      properties.map((property) => sql`${column(noun, property)} ilike ${anywhere(text)}`),
      ' or ',
    )})`;

/** The text in a name, in any script, or in the native name: for nouns with `nameKey` and `nativeName`. */
export const namedLike =
  (noun: Noun) =>
  (name: string): Sql => {
    const key = nameKey(name);
    const native = holdsText(noun, 'nativeName')(name);
    return key ? sql`(${column(noun, 'nameKey')} like ${anywhere(key)} or ${native})` : native;
  };

/** `P-17` or `C-1`: the number behind the letter. What is no reference finds nothing. */
export const hasReference =
  (noun: Noun, letter: string) =>
  (reference: string): Sql => {
    const number = new RegExp(`^\\s*${letter}-(\\d{1,18})\\s*$`, 'i').exec(reference)?.[1];
    return number ? sql`${column(noun, 'reference')} = ${number}::bigint` : raw('false');
  };

/** A condition that is asked for with true and refused with false. */
export const whether =
  (condition: Sql) =>
  (asked: boolean): Sql =>
    asked ? condition : sql`not (${condition})`;

/** Records in a case file, and what belongs to them: the names, charges and detentions of its persons, and so on down. */
export function inCaseOrBelonging(nouns: Record<string, Noun>, id: string): Sql {
  const belonging = Object.values(nouns).flatMap((noun) =>
    noun.owner
      ? [`select ${noun.table}.id from ${noun.table} where ${noun.table}.${snake(noun.owner)} = inside.id`]
      : [],
  );
  return sql`(with recursive inside(id) as (
    select record_id from case_members where case_id = ${id}::uuid
    union select below.id from inside cross join lateral (${raw(belonging.join(' union all '))}) below) select id from inside)`;
}
