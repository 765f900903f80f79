// Conditions that lists of many nouns share. Only bare columns are compared with bare parameters: anything cleverer
// would lose its index under row security.
import { allOf, join, raw, sql, type Sql } from '../db/sql.js';
import { invalid, reading } from '../errors.js';
import { parseUuid } from '../values/identifier.js';
import { InvalidValue } from '../values/invalid-value.js';
import { nameKey } from '../values/name-key.js';
import { snake, type Noun } from './noun.js';
import type { SortKey, Within } from './page.js';

/** Days or years, both inclusive. */
interface Bounded {
  from?: string | number | null | undefined;
  until?: string | number | null | undefined;
}

/** A range of days of a filter; both inclusive. */
export interface Range extends Bounded {
  from?: string | null | undefined;
  until?: string | null | undefined;
  certainty?: 'POSSIBLE' | 'CERTAIN' | null | undefined;
}

/** A column of the noun that is listed, under its own name. */
export const column = (noun: Noun, property: string): Sql => raw(`${noun.table}.${snake(property)}`);

/**
 * Turns the given parts of a filter into conditions; a part that is absent or null asks nothing.
 * @param at the argument that holds the filter, for the place of a refusal; empty when the parts are arguments themselves.
 */
export function conditions<F extends object>(
  filter: F | null | undefined,
  ask: { [K in keyof F]-?: (value: NonNullable<F[K]>) => Sql },
  at = 'filter',
): Sql[] {
  return Object.entries(filter ?? {}).flatMap(([key, value]) =>
    value === null || value === undefined
      ? []
      : [reading(at ? `${at}.${key}` : key, () => ask[key as keyof F](value as never))],
  );
}

/**
 * An id as part of a condition. What is no id at all is refused, inside `conditions` as bad input: an empty list would read
 * as "nothing is known", and PostgreSQL's own refusal would take the rest of the operation with it. (Asked for as a record,
 * it is no record, as any id that is not there: see loaders.ts.)
 */
export const uuid = (id: string): Sql => sql`${parseUuid(id)}::uuid`;
export const uuids = (ids: readonly string[]): Sql => sql`${ids.map(parseUuid)}::uuid[]`;

export const is =
  (noun: Noun, property: string) =>
  (value: string): Sql =>
    sql`${column(noun, property)} = ${noun.fields[property]?.shape === 'ref' ? uuid(value) : value}`;
export const isOneOf =
  (noun: Noun, property: string) =>
  (values: readonly unknown[]): Sql =>
    sql`${column(noun, property)} = any(${values}::text[])`;

/** A range that ends before it begins holds no day: a slip, and an empty list would read as "nothing is known". */
export function inOrder<T extends Bounded>(range: T): T {
  const { from, until } = range;
  if (from !== null && from !== undefined && until !== null && until !== undefined && from > until)
    throw new InvalidValue(`\`until\` (${until}) lies before \`from\` (${from}); both are inclusive, so swap them.`);
  return range;
}

/** The same for `from` and `until` that are arguments, or fields at a place of their own. */
export const refuseSwapped = (range: Bounded, at = 'until'): void => void reading(at, () => inOrder(range));

/** Something that lasted from `starts` to `ends` and touches the range. A date that nobody told excludes nothing. */
export function duringPeriod(noun: Noun, starts: string, ends: string) {
  return (range: Range): Sql => {
    const { from, until, certainty } = inOrder(range);
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
  return (range: Range): Sql => {
    const { from, until, certainty } = inOrder(range);
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

/** The records that a case file holds; those of a hidden file are those of none. */
export const membersOf = (id: string): Sql =>
  sql`(select case_members.record_id from case_members join cases on cases.id = case_members.case_id where cases.id = ${uuid(id)})`;

export const inCase =
  (noun: Noun) =>
  (id: string): Sql =>
    sql`${column(noun, 'id')} in ${membersOf(id)}`;

/** A source speaks of a record when a claim on it comes from the source. */
export const fromSource =
  (noun: Noun) =>
  (id: string): Sql =>
    sql`${column(noun, 'id')} in (select record_id from claims where source_id = ${uuid(id)})`;

/** The place itself and every place inside it. */
export const placesWithin = (id: Sql): Sql =>
  sql`(with recursive inside(id) as (select ${id} union select places.id from places join inside on places.parent_id = inside.id) select id from inside)`;

export const atPlace =
  (noun: Noun, property = 'placeId') =>
  (id: string): Sql =>
    sql`${column(noun, property)} in ${placesWithin(uuid(id))}`;

export const inCountry =
  (noun: Noun, property = 'placeId') =>
  (countries: readonly string[]): Sql =>
    sql`${column(noun, property)} in ${placesIn(countries)}`;

const placesIn = (countries: readonly string[]): Sql =>
  sql`(select places.id from places where places.country = any(${countries}::text[]))`;

/**
 * For a list whose filter may hold a place or a country, and which is sorted by day: walked place by place. A text that is looked for
 * besides must be looked for in all of them, which one walk over everything does sooner.
 */
export function withinPlace(
  filter: { place?: string | null; country?: readonly string[] | null; text?: string | null } | null | undefined,
): Within | undefined {
  const { place, country, text } = filter ?? {};
  if (text) return undefined;
  if (place) return { property: 'placeId', ids: placesWithin(uuid(place)) };
  return country ? { property: 'placeId', ids: placesIn(country) } : undefined;
}

/** For `like`: the text anywhere, its own signs of a pattern meaning themselves. */
export const anywhere = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Any of these texts holds what was asked for, whatever the case. */
export const holdsText =
  (noun: Noun, ...properties: string[]) =>
  (text: string): Sql =>
    sql`(${join(
      properties.map((property) => sql`${column(noun, property)} ilike ${anywhere(text)}`),
      ' or ',
    )})`;

const LONGEST_NAME = 200;
const MOST_WORDS = 12;

/** The key of a name to look for. Each of its words is a condition, so there are only so many. */
export function searchedKey(name: string): string {
  // Before it is read: what is refused should cost nothing.
  const key = name.length > LONGEST_NAME ? undefined : nameKey(name);
  const words = new Set(key?.split(' '));
  if (key === undefined || words.size > MOST_WORDS)
    throw invalid(
      'filter.name',
      `A name to look for has at most ${LONGEST_NAME} characters and ${MOST_WORDS} words; leave out the rest.`,
      { rule: 'name-length' },
    );
  return [...words].join(' ');
}

/** The text in a name, in any script, or in the native name: for nouns with `nameKey` and `nativeName`. */
export const namedLike =
  (noun: Noun) =>
  (name: string): Sql => {
    const key = searchedKey(name);
    const native = holdsText(noun, 'nativeName')(name);
    return key ? sql`(${column(noun, 'nameKey')} like ${anywhere(key)} or ${native})` : native;
  };

/**
 * How near a key is to the words that were asked for: the whole name, all of them whole words of it, all of them beginnings
 * of its words, and the rest. `words` are regular expressions.
 */
export const nearnessOf = (column: string, key: string, words: readonly string[]): Sql => {
  const every = (pattern: (word: string) => string): Sql =>
    allOf(words.map((word) => sql`${raw(column)} ~ ${pattern(word)}`));
  return sql`case when ${raw(column)} = ${key} then 0
    when ${every((word) => `\\m${word}\\M`)} then 1
    when ${every((word) => `\\m${word}`)} then 2 else 3 end`;
};

/** Nearest names first, where one is asked for: for nouns with `nameKey`. */
export function byNearness(noun: Noun, name: string | null | undefined): SortKey[] {
  const key = searchedKey(name ?? '');
  const made = nearnessOf(`${noun.table}.${snake('nameKey')}`, key, key.split(' '));
  return key ? [{ property: 'nearness', type: 'int', made }] : [];
}

/** `P-482913` or `C-193355`: the number behind the letter. What is no reference finds nothing. */
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
    select record_id from ${membersOf(id)} members
    union select below.id from inside cross join lateral (${raw(belonging.join(' union all '))}) below) select id from inside)`;
}

/** `asOf.validOn` of a list; the other clocks are the lens of the whole operation. */
export const whenValid = (asOf: { validOn?: string | null } | null | undefined, ask: (day: string) => Sql): Sql[] =>
  asOf?.validOn ? [ask(asOf.validOn)] : [];
