// What a timeline is about, as a condition on each noun. What names a record that is absent or hidden is about nothing.
import { compile, raw, sql, type Sql } from '../db/sql.js';
import { invalid } from '../errors.js';
import type { TimelineScope } from '../generated/resolvers-types.js';
import { column, inCountry, membersOf, placesWithin, uuid, uuids } from '../records/filters.js';
import type { Loading, Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';

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

const inPlaces =
  (ids: readonly string[]): Scope =>
  (noun) =>
    'placeId' in noun.fields ? sql`${column(noun, 'placeId')} = any(${uuids(ids)})` : null;

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

/** Null when there is no such record. */
export async function scopeOf(of: TimelineScope, { db, load }: Reading): Promise<Scope | null> {
  const {
    person,
    case: file,
    place,
    country,
    all,
  } = of as Record<string, string | null | undefined> & { all?: boolean | null };
  if (person) return (await load.one.persons!.load(person)) && aboutPersons([person]);
  if (file) return (await load.one.cases!.load(file)) && inFile(file);
  if (place) {
    if (!(await load.one.places!.load(place))) return null;
    const { text, values } = compile(sql`select inside.id from unnest(array${placesWithin(uuid(place))}) inside(id)`);
    const rows = await db.rows<{ id: string }>('places within', text, values);
    return inPlaces(rows.map(({ id }) => id));
  }
  if (country) return ofCountry(country);
  if (all !== true)
    throw invalid('of', 'Say what the timeline is about: a person, a case, a place, a country, or `all: true`.');
  return () => sql`true`;
}
