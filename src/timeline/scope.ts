// What a timeline is about, as a condition on each noun. What names a record that is absent or hidden is about nothing.
import { raw, sql, type Sql } from '../db/sql.js';
import { invalid } from '../errors.js';
import type { TimelineScope } from '../generated/resolvers-types.js';
import { column, inCountry, membersOf, placesWithin, uuid, uuids } from '../records/filters.js';
import type { Loading, Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { isUuid } from '../values/identifier.js';

export interface Reading extends Loading {
  db: Rows;
}

/** The condition for a noun; null where the scope has no records of it. */
export type Scope = (noun: Noun) => Sql | null;

const participated = (who: Sql): Sql => sql`select event_id from event_participants where person_id ${who}`;

/**
 * Of the few records that a query finds: gathered first, then looked up by id. `in (select ...)` would leave it to the
 * planner, which expects that a page is soon full and walks the whole table in the order of time instead.
 */
const among = (column: Sql, ids: Sql): Sql => sql`${column} = any(array(${ids}))`;

/** Records about any of these people. */
export const aboutPersons =
  (ids: readonly string[]): Scope =>
  (noun) => {
    const who = sql`= any(${uuids(ids)})`;
    if (noun.table !== 'events') return sql`${column(noun, 'personId')} ${who}`;
    return among(column(noun, 'id'), participated(who));
  };

const inFile =
  (id: string): Scope =>
  (noun) => {
    const members = membersOf(id);
    const { table } = noun;
    const own =
      table === 'events'
        ? participated(sql`in ${members}`)
        : sql`select mine.id from ${raw(table)} mine where mine.person_id in ${members}`;
    const tried =
      table === 'charges' ? sql` union select mine.id from charges mine where mine.legal_case_id in ${members}` : sql``;
    return among(column(noun, 'id'), sql`${members} union ${own}${tried}`);
  };

const inPlace =
  (id: string): Scope =>
  (noun) =>
    'placeId' in noun.fields
      ? among(column(noun, 'placeId'), sql`select inside.id from ${placesWithin(uuid(id))} inside`)
      : null;

const ofCountry =
  (country: string): Scope =>
  (noun) => {
    if (noun.table === 'charges')
      return sql`charges.legal_case_id in (select legal_cases.id from legal_cases where legal_cases.country = ${country})`;
    if (noun.table === 'detentions') return inCountry(noun)([country]);
    if (noun.table !== 'events') return sql`${column(noun, 'country')} = ${country}`;
    const traded = sql`select event_id from trade_measures where implementing_country = ${country} or affected_country = ${country}`;
    return sql`(${inCountry(noun)([country])} or events.id in (${traded}))`;
  };

/** Of a record that is there for the viewer under this lens; about another one there is nothing. */
const where =
  (table: string, id: string, scope: Scope): Scope =>
  (noun) => {
    if (!isUuid(id.toLowerCase())) return null;
    const inside = scope(noun);
    return inside && sql`(select true from ${raw(table)} here where here.id = ${uuid(id)}) and ${inside}`;
  };

/** @throws DomainError when the scope names nothing. */
export function scopeOf(of: TimelineScope): Scope {
  const {
    person,
    case: file,
    place,
    country,
    all,
  } = of as Record<string, string | null | undefined> & { all?: boolean | null };
  if (person) return where('persons', person, aboutPersons([person]));
  if (file) return where('cases', file, inFile(file));
  if (place) return where('places', place, inPlace(place));
  if (country) return ofCountry(country);
  if (all !== true)
    throw invalid('of', 'Say what the timeline is about: a person, a case, a place, a country, or `all: true`.');
  return () => sql`true`;
}
