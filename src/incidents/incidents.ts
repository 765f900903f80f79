// A trade incident as one sees it: an event, its measure, and the links that say what it answers.
import { linksOf } from '../claims/record-fields.js';
import { allOf, raw, sql, type Sql } from '../db/sql.js';
import { duringEvent, eventOn } from '../events/filters.js';
import { events, type EventLinkRow, type EventRow } from '../events/model.js';
import type { AsOf, TradeIncidentFilter } from '../generated/resolvers-types.js';
import { atPlace, conditions, fromSource, holdsText, inCase, isOneOf, whenValid } from '../records/filters.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import { byDay, list, scopeOf } from '../records/list.js';
import type { Loading } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { mapList, scopeOfList, type List, type PageArgs, type PageContext } from '../records/page.js';
import { planned, type Rows } from '../records/plan.js';
import { tradeGoods, tradeLinks, tradeMeasures, type TradeMeasureRow } from '../trade/model.js';
import { answerTo, askSides, linkedBy, linkIdsMeeting, linksMeeting } from './links.js';

/** What the SDL calls TradeIncident. */
export interface TradeIncidentValue {
  event: EventRow;
  /** Only those that the list or the record behind it asked for. */
  links: (args: unknown, context: Loading) => Promise<EventLinkRow[]>;
}

export type TradeIncidentList = List<TradeIncidentValue>;

const withGoods = (text: string): Sql =>
  sql`trade_measures.id in (select trade_goods.measure_id from trade_goods
    where ${holdsText(tradeGoods, 'label')(text)} or starts_with(trade_goods.hs_code, ${text}))`;

/** Conditions on events: that they are trade incidents, and such ones. */
export function askIncidents(
  nouns: Record<string, Noun>,
  { during, place, case: file, source, ...filter }: TradeIncidentFilter,
  at?: string,
): Sql[] {
  const { linkedTo: _a, linkedToPerson: _b, linkKind: _c, assessment: _d, temporalCheck: _e, ...measure } = filter;
  const byLink = askSides(nouns, filter, at);
  const ofMeasure = conditions(measure, {
    implementingCountry: isOneOf(tradeMeasures, 'implementingCountry'),
    affectedCountry: isOneOf(tradeMeasures, 'affectedCountry'),
    flow: isOneOf(tradeMeasures, 'flow'),
    transport: isOneOf(tradeMeasures, 'transport'),
    mastChapter: isOneOf(tradeMeasures, 'mastChapter'),
    formality: isOneOf(tradeMeasures, 'formality'),
    goods: withGoods,
  });
  return [
    sql`events.id in (select trade_measures.event_id from trade_measures where ${allOf(ofMeasure)})`,
    ...conditions<Pick<TradeIncidentFilter, 'during' | 'place' | 'case' | 'source'>>(
      { during, place, case: file, source },
      {
        during: duringEvent,
        place: atPlace(events),
        case: inCase(events),
        source: (id) =>
          sql`(${fromSource(events)(id)} or events.id in (select trade_measures.event_id from trade_measures where ${fromSource(tradeMeasures)(id)}))`,
      },
      at,
    ),
    ...(byLink.length > 0 ? [linkedBy(byLink)] : []),
  ];
}

interface IncidentArgs extends PageArgs {
  filter?: TradeIncidentFilter | null;
  asOf?: AsOf | null;
}

const asked = (nouns: Record<string, Noun>, { filter, asOf }: IncidentArgs): Sql[] => [
  ...askIncidents(nouns, filter ?? {}),
  ...whenValid(asOf, eventOn),
];

/** All links of an event, in the order of `linksOf`. */
const ALL_LINKS = raw(`(select array_agg(l.id order by (l.from_id = events.id) desc, l.kind, l.sequence, l.id)
  from event_links l where l.from_id = events.id or l.to_id = events.id)`);

export const tradeIncidents = (nouns: Record<string, Noun>) =>
  planned((_: unknown, args: IncidentArgs, context: PageContext) => listIncidents(nouns, args, context), {
    is: 'page',
    noun: events,
    page: (args: IncidentArgs) => {
      const byLink = askSides(nouns, args.filter ?? {});
      return {
        where: asked(nouns, args),
        orderBy: byDay(events),
        scope: () => scopeOfList(events, scopeOf(args)),
        carry: { link_ids: byLink.length > 0 ? linkIdsMeeting(byLink) : ALL_LINKS },
      };
    },
  });

async function listIncidents(
  nouns: Record<string, Noun>,
  args: IncidentArgs,
  context: PageContext,
): Promise<TradeIncidentList> {
  const byLink = askSides(nouns, args.filter ?? {});
  const found = await list<EventRow>(events, args, context, asked(nouns, args));
  let meeting: ReturnType<typeof linksMeeting> | undefined;
  const linksAsked = async ({ id }: EventRow): Promise<EventLinkRow[]> => {
    const ids = found.nodes.map((event) => event.id);
    meeting ??= linksMeeting(context.db, ids, byLink);
    return (await meeting).get(id) ?? [];
  };
  return mapList(found, (event) => ({
    event,
    links: byLink.length > 0 ? () => linksAsked(event) : (_, loading) => linksOf(event, loading),
  }));
}

/** The resolvers of TradeIncident; its rows are those of the event, with the ids of the links to show in their order. */
export const incidentFields = {
  event: planned(({ event }: TradeIncidentValue) => event, { is: 'own' }),
  measure: planned(
    async ({ event }: TradeIncidentValue, _: unknown, { load }: Loading) =>
      (await load.many('Event', 'measures').load(event.id))[0] as unknown as TradeMeasureRow,
    { is: 'first', rows: rowsOfLink(tradeLinks.Event!.measures!) },
  ),
  links: planned(({ links }: TradeIncidentValue, args: unknown, loading: Loading) => links(args, loading), {
    is: 'rows',
    rows: {
      noun: 'event_links',
      where: raw('event_links.id = any(parent.link_ids)'),
      orderBy: raw('array_position(parent.link_ids, event_links.id)'),
    },
  }),
};

/** As `incidentsAnswering`. */
const ANSWERING: Rows = {
  noun: { ...events, table: 'incidents' },
  from: raw(`select e.*, answers.link_ids from (
      select said.event_id, array_agg(said.id order by said.place, said.kind, said.sequence, said.id) as link_ids from (
        select l.to_id as event_id, 0 as place, l.kind, l.sequence, l.id from event_links l
          where l.from_id = parent.id and l.kind = 'CAUSES'
        union all
        select l.from_id, 1, l.kind, l.sequence, l.id from event_links l
          where l.to_id = parent.id and l.kind in ('RETALIATION_FOR', 'RESPONSE_TO')) said
      group by said.event_id) answers join events e on e.id = answers.event_id
    where exists (select from trade_measures m where m.event_id = e.id)`),
  where: raw('true'),
  orderBy: raw('incidents.starts_earliest nulls last, incidents.id'),
};

/** The resolver of `tradeIncidents` of a record. */
export const incidentsOfRecord = planned(
  (record: { id: string }, _: unknown, loading: Loading) => incidentsAnswering(record, loading),
  { is: 'rows', rows: ANSWERING },
);

/** Trade incidents that are said to answer a record, in the order of time. */
async function incidentsAnswering(record: { id: string }, loading: Loading): Promise<TradeIncidentValue[]> {
  const { load } = loading;
  const links = await linksOf(record, loading);
  const ids = [...new Set(links.flatMap((link) => answerTo(record, link) ?? []))];
  const found = await Promise.all(
    ids.map(async (id) =>
      (await load.many('Event', 'measures').load(id)).length > 0 ? load.one.events!.load(id) : null,
    ),
  );
  const key = (event: EventRow): string => `${event.startsEarliest ?? '~'} ${event.id}`;
  return (found.filter((event) => event !== null) as unknown as EventRow[])
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
    .map((event) => ({
      event,
      links: () => Promise.resolve(links.filter((link) => answerTo(record, link) === event.id)),
    }));
}
