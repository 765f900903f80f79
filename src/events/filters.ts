// Conditions on events and on links that their lists share with the views built on them.
import { allOf, raw, sql, type Sql } from '../db/sql.js';
import { conditions, duringPeriod, onDay, uuid, type Range } from '../records/filters.js';
import { snake, type Noun } from '../records/noun.js';
import { events } from './model.js';
import { LINK_ORDER } from './rules.js';

/** A moment is found by its own day, what lasted by its period; what nobody dated at all is found by no date. */
export function duringEvent(range: Range): Sql {
  const lasted = sql`(events.starts is not null or events.ends is not null) and ${duringPeriod(events, 'starts', 'ends')(range)}`;
  return sql`case events.extent when 'MOMENT' then ${onDay(events, 'starts')(range)} else ${lasted} end`;
}

/** Took place or went on that day, possibly: `asOf.validOn` of lists of events. */
export const eventOn = (day: string): Sql => duringEvent({ from: day, until: day });

interface Taking {
  person?: string | null | undefined;
  organization?: string | null | undefined;
  role?: readonly string[] | null | undefined;
}

/** Who took part: the role is that of the person and of the organization, or else of anyone. */
export function withParticipants({ person, organization, role }: Taking): Sql[] {
  const inRole = role ? [sql`role = any(${role}::text[])`] : [];
  const taking = (who: Sql[]): Sql =>
    sql`events.id in (select event_id from event_participants where ${allOf([...who, ...inRole])})`;
  const asked = conditions(
    { person, organization },
    {
      person: (id) => taking([sql`person_id = ${uuid(id)}`]),
      organization: (id) => taking([sql`organization_id = ${uuid(id)}`]),
    },
  );
  return asked.length > 0 || !role ? asked : [taking([])];
}

const kindsThat = (order: 'FROM_FIRST' | 'TO_FIRST'): string =>
  Object.entries(LINK_ORDER)
    .flatMap(([kind, first]) => (first === order ? [`'${kind}'`] : []))
    .join(', ');

/** The bounds of when a record took place, looked up by its id in every table that is dated. */
function happened(nouns: Record<string, Noun>, id: string): string {
  const dated = Object.values(nouns).flatMap(({ table, happens }) => {
    const [earliest, latest] = [`${table}.${snake(`${happens}Earliest`)}`, `${table}.${snake(`${happens}Latest`)}`];
    return happens
      ? [`select ${earliest} as earliest, ${latest} as latest from ${table} where ${table}.id = ${id}`]
      : [];
  });
  return `(${dated.join(' union all ')})`;
}

const side = (table: string, first: string, second: string): string =>
  `case when ${table}.kind in (${kindsThat('FROM_FIRST')}) then ${table}.${first} when ${table}.kind in (${kindsThat('TO_FIRST')}) then ${table}.${second} end`;
/** The side of a link that must come first, and the one that must follow; null where its kind orders nothing. */
export const causeOf = (table: string): string => side(table, 'from_id', 'to_id');
export const effectOf = (table: string): string => side(table, 'to_id', 'from_id');

/**
 * What time says about a link by the accepted dates, as rules.ts does; a test compares the two. The reader may call no
 * functions of the house, and plain look-ups are faster than house.temporal_check besides.
 */
export function temporalResultOf(nouns: Record<string, Noun>, table: string): Sql {
  return raw(`coalesce((
    select case when effect.latest < cause.earliest then 'IMPOSSIBLE' when effect.earliest > cause.latest then 'CONSISTENT' end
    from ${happened(nouns, causeOf(table))} cause, ${happened(nouns, effectOf(table))} effect), 'UNDETERMINED')`);
}
