// Decisions and trade incidents side by side in time. One statement finds the pairs of a page; no cause is claimed.
import { linksOf } from '../claims/record-fields.js';
import { allOf, compile, raw, sql, type Sql } from '../db/sql.js';
import type { EventLinkRow, EventRow } from '../events/model.js';
import type { QueryCoincidencesArgs, RequireFields } from '../generated/resolvers-types.js';
import type { Loading } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { countOf, listOf, opened, pageSize, type List, type PageContext } from '../records/page.js';
import type { StatusDecisionRow } from '../refugees/model.js';
import { askDecisions } from '../refugees/filters.js';
import { sealCursor, type CursorValues } from '../values/cursor.js';
import type { DateBound } from '../values/local-date.js';
import { askIncidents, type TradeIncidentValue } from './incidents.js';
import { fewestDaysApart, follows, mostDaysApart, type Days } from './rules.js';

interface Pair {
  decisionId: string;
  decidedEarliest: DateBound;
  decidedLatest: DateBound;
  decisionSequence: string;
  eventId: string;
  startsEarliest: DateBound;
  startsLatest: DateBound;
  eventSequence: string;
  certain: boolean;
}

export type CoincidenceList = List<CoincidenceValue>;

type CoincidencesArgs = RequireFields<QueryCoincidencesArgs, 'within' | 'certainty'>;

/** What the SDL calls Coincidence. */
export interface CoincidenceValue {
  pair: Pair;
  decision: (args: unknown, context: Loading) => Promise<StatusDecisionRow>;
  incident: (args: unknown, context: Loading) => Promise<TradeIncidentValue>;
  certainty: 'CERTAIN' | 'POSSIBLE';
  minimumDaysApart: number;
  maximumDaysApart: number | null;
  incidentFollows: 'CERTAIN' | 'POSSIBLE' | 'NO';
  isLinked: (args: unknown, context: Loading) => Promise<boolean>;
  links: (args: unknown, context: Loading) => Promise<EventLinkRow[]>;
}

const possiblyWithin = (within: string): Sql =>
  sql`events.starts_earliest <= status_decisions.decided_latest + ${within}::interval
    and status_decisions.decided_earliest <= events.starts_latest + ${within}::interval`;
const certainlyWithin = (within: string): Sql =>
  sql`events.starts_latest <= status_decisions.decided_earliest + ${within}::interval
    and status_decisions.decided_latest <= events.starts_earliest + ${within}::interval`;

// All are known in every pair, so one comparison of rows finds where a page goes on. Ties go by the order of recording.
const ORDER = raw(`status_decisions.decided_earliest, status_decisions.sequence, status_decisions.id,
  events.starts_earliest, events.sequence, events.id`);
const beyond = ([decided, nth, decision, starts, mth, event]: CursorValues): Sql =>
  sql`(${ORDER}) > (${decided}::date, ${nth}::bigint, ${decision}::uuid, ${starts}::date, ${mth}::bigint, ${event}::uuid)`;

export async function listCoincidences(
  nouns: Record<string, Noun>,
  args: CoincidencesArgs,
  { db, cursorKey }: PageContext,
): Promise<CoincidenceList> {
  const { decisions, incidents, within, certainty } = args;
  const size = pageSize(args.first);
  const scope = JSON.stringify(['coincidences', decisions ?? null, incidents ?? null, within, certainty]);
  const from = opened(cursorKey, scope, args.after);
  const where = [
    ...askDecisions(decisions, 'decisions'),
    ...askIncidents(nouns, incidents ?? {}, 'incidents'),
    possiblyWithin(within),
    ...(certainty === 'CERTAIN' ? [certainlyWithin(within)] : []),
  ];
  const statement = compile(sql`
    select status_decisions.id as "decisionId", status_decisions.decided_earliest as "decidedEarliest",
      status_decisions.decided_latest as "decidedLatest", events.id as "eventId", events.starts_earliest as "startsEarliest",
      events.starts_latest as "startsLatest",
      status_decisions.sequence::text as "decisionSequence", events.sequence::text as "eventSequence", (${certainlyWithin(within)}) as certain
    from status_decisions cross join events
    where ${allOf([...where, ...(from ? [beyond(from)] : [])])} order by ${ORDER} limit ${size + 1}`);
  const rows = (await db.rows<Pair>('coincidences', statement.text, statement.values)).map(coincidence);
  return listOf({
    rows,
    size,
    hasPreviousPage: from !== null,
    cursorOf: ({ pair }) =>
      sealCursor(cursorKey, scope, [
        pair.decidedEarliest,
        pair.decisionSequence,
        pair.decisionId,
        pair.startsEarliest,
        pair.eventSequence,
        pair.eventId,
      ]),
    totalCount: () =>
      countOf(db, 'coincidences count', sql`select 1 from status_decisions cross join events where ${allOf(where)}`),
  });
}

function coincidence(pair: Pair): CoincidenceValue {
  const decided: Days = { earliest: pair.decidedEarliest, latest: pair.decidedLatest };
  const starts: Days = { earliest: pair.startsEarliest, latest: pair.startsLatest };
  const links = async (_: unknown, loading: Loading): Promise<EventLinkRow[]> =>
    (await linksOf({ id: pair.decisionId }, loading)).filter(
      (link) => link.fromId === pair.eventId || link.toId === pair.eventId,
    );
  // Both were seen on this very snapshot, so neither can be missing.
  return {
    pair,
    decision: async (_, { load }) =>
      (await load.one.status_decisions!.load(pair.decisionId)) as unknown as StatusDecisionRow,
    incident: async (_, { load }) => ({
      event: (await load.one.events!.load(pair.eventId)) as unknown as EventRow,
      links,
    }),
    certainty: pair.certain ? 'CERTAIN' : 'POSSIBLE',
    minimumDaysApart: fewestDaysApart(decided, starts),
    maximumDaysApart: mostDaysApart(decided, starts),
    incidentFollows: follows(decided, starts),
    isLinked: async (args, context) => (await links(args, context)).length > 0,
    links,
  };
}
