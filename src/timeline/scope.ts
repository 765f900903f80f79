// What a timeline is about, as a condition on each noun. What names a record that is absent or hidden is about nothing.
import { join, raw, sql, type Sql } from '../db/sql.js';
import { invalid } from '../errors.js';
import type { TimelineScope } from '../generated/resolvers-types.js';
import { column, inCountry, membersOf, placesWithin, uuid, uuids } from '../records/filters.js';
import type { Loading, Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { isUuid } from '../values/identifier.js';

export interface Reading extends Loading {
  db: Rows;
}

/** Which records a timeline is about. */
export interface Scope {
  /** The condition for a noun; null where the scope has no records of it. */
  where: (noun: Noun) => Sql | null;
  /**
   * Common table expressions that the conditions name, where the records of the scope are few: gathered once, and all of their
   * entries sorted. Elsewhere each kind of entry is read in the order of time, as far as the page goes.
   */
  gathered?: Sql;
}

/** Arrays in place of `in (select ...)`, which PostgreSQL would plan as if it found far more. */
const PERSONS = raw('(select ids from told_persons)::uuid[]');
const RECORDS = raw('(select ids from told_records)::uuid[]');
const EVENTS = raw('(select ids from told_events)::uuid[]');
const gather = (name: string, ids: Sql): Sql => sql`${raw(name)}(ids) as materialized (select array(${ids}))`;
const TAKING_PART = sql`select event_id from event_participants where person_id = any(${PERSONS})`;

const aboutThese = (ids: Sql): Scope => ({
  gathered: sql`${gather('told_persons', ids)}, ${gather('told_events', TAKING_PART)}`,
  where: (noun) =>
    noun.table === 'events' ? sql`events.id = any(${EVENTS})` : sql`${column(noun, 'personId')} = any(${PERSONS})`,
});

/** Records about any of these people. */
export const aboutPersons = (ids: readonly string[]): Scope => aboutThese(sql`select unnest(${uuids(ids)})`);

/** The records that a case file holds, and those about the people it holds. */
const inFile = (id: string): Scope => ({
  gathered: join(
    [
      gather('told_records', sql`select record_id from ${membersOf(id)} members`),
      gather('told_persons', sql`select unnest(${RECORDS})`),
      gather('told_events', sql`select unnest(${RECORDS}) union ${TAKING_PART}`),
    ],
    ', ',
  ),
  where: (noun) => {
    if (noun.table === 'events') return sql`events.id = any(${EVENTS})`;
    const about = ['id', 'personId', ...(noun.table === 'charges' ? ['legalCaseId'] : [])];
    return sql`(${join(
      about.map((property) => sql`${column(noun, property)} = any(${RECORDS})`),
      ' or ',
    )})`;
  },
});

/** Each kind in the order of time, whatever it finds. */
const each = (where: Scope['where']): Scope => ({ where });

const inPlace = (id: string): Scope =>
  each((noun) =>
    'placeId' in noun.fields
      ? sql`(select true from places here where here.id = ${uuid(id)})
          and ${column(noun, 'placeId')} = any(array(select inside.id from ${placesWithin(uuid(id))} inside))`
      : null,
  );

const ofCountry = (country: string): Scope =>
  each((noun) => {
    if (noun.table === 'charges')
      return sql`charges.legal_case_id in (select legal_cases.id from legal_cases where legal_cases.country = ${country})`;
    if (noun.table === 'detentions') return inCountry(noun)([country]);
    if (noun.table !== 'events') return sql`${column(noun, 'country')} = ${country}`;
    const traded = sql`select event_id from trade_measures where implementing_country = ${country} or affected_country = ${country}`;
    return sql`(${inCountry(noun)([country])} or events.id in (${traded}))`;
  });

/** Of whom nobody may know there is nothing. */
const ofPerson = (id: string): Scope => aboutThese(sql`select persons.id from persons where persons.id = ${uuid(id)}`);

/** What is no id is about nothing, like an id of no record. */
const ofRecord = (id: string, scope: (id: string) => Scope): Scope =>
  isUuid(id.toLowerCase()) ? scope(id) : each(() => null);

/** @throws DomainError when the scope names nothing. */
export function scopeOf(of: TimelineScope): Scope {
  const {
    person,
    case: file,
    place,
    country,
    all,
  } = of as Record<string, string | null | undefined> & { all?: boolean | null };
  if (person) return ofRecord(person, ofPerson);
  if (file) return ofRecord(file, inFile);
  if (place) return ofRecord(place, inPlace);
  if (country) return ofCountry(country);
  if (all !== true)
    throw invalid('of', 'Say what the timeline is about: a person, a case, a place, a country, or `all: true`.');
  return each(() => sql`true`);
}
