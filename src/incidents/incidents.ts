// A trade incident as one sees it: an event, its measure, and the links that say what it answers.
import { linksOf } from '../claims/record-fields.js';
import { allOf, sql, type Sql } from '../db/sql.js';
import { duringEvent, eventOn } from '../events/filters.js';
import { events, type EventLinkRow, type EventRow } from '../events/model.js';
import type { AsOf, TradeIncidentFilter } from '../generated/resolvers-types.js';
import { atPlace, conditions, fromSource, holdsText, inCase, isOneOf, whenValid } from '../records/filters.js';
import { list } from '../records/list.js';
import type { Loading } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { mapList, type List, type PageArgs, type PageContext } from '../records/page.js';
import { tradeGoods, tradeMeasures } from '../trade/model.js';
import { answerTo, askSides, linkedBy, linksMeeting } from './links.js';

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

export async function listIncidents(
  nouns: Record<string, Noun>,
  args: PageArgs & { filter?: TradeIncidentFilter | null; asOf?: AsOf | null },
  context: PageContext,
): Promise<TradeIncidentList> {
  const filter = args.filter ?? {};
  const byLink = askSides(nouns, filter);
  const found = await list<EventRow>(events, args, context, [
    ...askIncidents(nouns, filter),
    ...whenValid(args.asOf, eventOn),
  ]);
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

/** Trade incidents that are said to answer a record, in the order of time. */
export async function incidentsAnswering(record: { id: string }, loading: Loading): Promise<TradeIncidentValue[]> {
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
