// Conditions on events and on links that their lists share with the views built on them.
import { allOf, join, raw, sql, type Sql } from '../db/sql.js';
import { column, duringPeriod, onDay, type Range } from '../records/filters.js';
import type { Noun } from '../records/noun.js';
import { events } from './model.js';

/** A moment is found by its own day, what lasted by its period; what nobody dated at all is found by no date. */
export function duringEvent(range: Range): Sql {
  const lasted = sql`(events.starts is not null or events.ends is not null) and ${duringPeriod(events, 'starts', 'ends')(range)}`;
  return sql`case events.extent when 'MOMENT' then ${onDay(events, 'starts')(range)} else ${lasted} end`;
}

/** Any of these texts holds what was asked for, whatever the case; signs of LIKE mean themselves. */
export function holdsText(noun: Noun, ...properties: string[]) {
  return (text: string): Sql => {
    const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    return sql`(${join(properties.map((property) => sql`${column(noun, property)} ilike ${pattern}`), ' or ')})`;
  };
}

interface Taking {
  person?: string | null | undefined;
  organization?: string | null | undefined;
  role?: readonly string[] | null | undefined;
}

/** Who took part: the role is that of the person and of the organization, or else of anyone. */
export function withParticipants({ person, organization, role }: Taking): Sql[] {
  const inRole = role ? [sql`role = any(${role}::text[])`] : [];
  const taking = (who: Sql[]): Sql => sql`events.id in (select event_id from event_participants where ${allOf([...who, ...inRole])})`;
  if (!person && !organization) return role ? [taking([])] : [];
  return [
    ...(person ? [taking([sql`person_id = ${person}::uuid`])] : []),
    ...(organization ? [taking([sql`organization_id = ${organization}::uuid`])] : []),
  ];
}

/** What time says about a link by the accepted dates; SQL and src/events/rules.ts agree by test. */
export const temporalResultOf = (table: string): Sql => raw(`house.temporal_check(${table}.from_id, ${table}.to_id, ${table}.kind)`);
