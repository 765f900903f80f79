// The links of a trade incident: those that meet the conditions of a list, and those that say it answers a record.
import { allOf, compile, raw, sql, type Sql } from '../db/sql.js';
import { temporalResultOf } from '../events/filters.js';
import { eventLinks, type EventLinkRow } from '../events/model.js';
import type { TradeIncidentFilter } from '../generated/resolvers-types.js';
import { conditions, uuid } from '../records/filters.js';
import type { Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { columnsOf } from '../records/select.js';

export type LinkFilter = Pick<
  TradeIncidentFilter,
  'linkedTo' | 'linkedToPerson' | 'linkKind' | 'assessment' | 'temporalCheck'
>;

/** Every link twice, once from each of its sides. */
const SIDES = raw(
  `(select id, kind, assessment, from_id, to_id, from_id as incident_id, to_id as other_id from event_links
    union all select id, kind, assessment, from_id, to_id, to_id, from_id from event_links) sides`,
);

/** Records that are about a person. */
const about = (person: Sql): Sql => sql`(
  select id from status_decisions where person_id = ${person}
  union all select id from status_documents where person_id = ${person}
  union all select id from refugee_statuses where person_id = ${person}
  union all select id from detentions where person_id = ${person}
  union all select id from charges where person_id = ${person}
  union all select event_id from event_participants where person_id = ${person})`;

/** Empty when nothing is asked about links. */
export const askSides = (
  nouns: Record<string, Noun>,
  { linkedTo, linkedToPerson, linkKind, assessment, temporalCheck }: LinkFilter,
  at?: string,
): Sql[] =>
  conditions<LinkFilter>(
    { linkedTo, linkedToPerson, linkKind, assessment, temporalCheck },
    {
      linkedTo: (id) => sql`sides.other_id = ${uuid(id)}`,
      linkedToPerson: (id) => sql`sides.other_id in ${about(uuid(id))}`,
      linkKind: (kinds) => sql`sides.kind = any(${kinds}::text[])`,
      assessment: (assessments) => sql`sides.assessment = any(${assessments}::text[])`,
      temporalCheck: (results) => sql`${temporalResultOf(nouns, 'sides')} = any(${results}::text[])`,
    },
    at,
  );

/** Events with at least one such link. */
export const linkedBy = (asked: readonly Sql[]): Sql =>
  sql`events.id in (select sides.incident_id from ${SIDES} where ${allOf(asked)})`;

/** Ids of such links of the event of a row, in the order of `linksMeeting`. */
export const linkIdsMeeting = (asked: readonly Sql[]): Sql =>
  sql`(select array_agg(l.id order by l.kind, l.sequence, l.id) from ${SIDES} join event_links l on l.id = sides.id
    where ${allOf([raw('sides.incident_id = events.id'), ...asked])})`;

/** Such links of several events, in one statement. */
export async function linksMeeting(
  db: Rows,
  eventIds: readonly string[],
  asked: readonly Sql[],
): Promise<Map<string, EventLinkRow[]>> {
  const { text, values } = compile(
    sql`select sides.incident_id as "incidentId", ${raw(columnsOf(eventLinks))} from ${SIDES} join event_links on event_links.id = sides.id
      where ${allOf([sql`sides.incident_id = any(${eventIds}::uuid[])`, ...asked])} order by event_links.kind, event_links.sequence, event_links.id`,
  );
  const rows = await db.rows<EventLinkRow & { incidentId: string }>('links of trade incidents', text, values);
  const found = new Map<string, EventLinkRow[]>();
  for (const row of rows) found.set(row.incidentId, [...(found.get(row.incidentId) ?? []), row]);
  return found;
}

/** The other side of a link, where it is said to answer the record; undefined for any other link. */
export function answerTo(record: { id: string }, link: EventLinkRow): string | undefined {
  if (link.toId === record.id && (link.kind === 'RETALIATION_FOR' || link.kind === 'RESPONSE_TO')) return link.fromId;
  if (link.fromId === record.id && link.kind === 'CAUSES') return link.toId;
  return undefined;
}
