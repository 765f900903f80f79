// Events with their participants, and the links between dated records with who says what about them.
import { claimsOf } from '../claims/record-fields.js';
import type {
  EventFilter,
  EventLinkFilter,
  QueryEventLinksArgs,
  QueryEventsArgs,
  Resolvers,
} from '../generated/resolvers-types.js';
import { allOf, sql, type Sql } from '../db/sql.js';
import { reading } from '../errors.js';
import { periodValue } from '../records/dates.js';
import {
  atPlace,
  conditions,
  fromSource,
  holdsText,
  inCase,
  inCountry,
  is,
  isOneOf,
  membersOf,
  uuid,
  whenValid,
} from '../records/filters.js';
import { listed, recordById } from '../records/list.js';
import type { Loading } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { fromRow } from '../records/plan.js';
import { parseUuid } from '../values/identifier.js';
import { duringEvent, eventOn, temporalResultOf, withParticipants } from './filters.js';
import { eventLinks, events, type EventParticipantRow, type EventRow } from './model.js';
import { sidesOf } from './rules.js';
import { checkBetween, happensOf } from './temporal-check.js';

const ask = ({ person, organization, role, ...filter }: EventFilter): Sql[] => [
  ...withParticipants({ person, organization, role }),
  ...conditions(filter, {
    kind: isOneOf(events, 'kind'),
    stateAct: isOneOf(events, 'stateAct'),
    context: isOneOf(events, 'context'),
    place: atPlace(events),
    country: inCountry(events),
    case: inCase(events),
    source: fromSource(events),
    text: holdsText(events, 'title', 'description'),
    during: duringEvent,
  }),
];

/** A claim on the link of this source, or one that it exists with any of these stances; both of one and the same claim. */
function said({ source, stance }: Pick<EventLinkFilter, 'source' | 'stance'>): Sql[] {
  const asked = conditions(
    { source, stance },
    {
      source: (id) => sql`source_id = ${uuid(id)}`,
      stance: (stances) => sql`field = '' and rank <> 'DEPRECATED' and stance = any(${stances}::text[])`,
    },
  );
  return asked.length > 0 ? [sql`event_links.id in (select record_id from claims where ${allOf(asked)})`] : [];
}

const askLinks = (nouns: Record<string, Noun>, { source, stance, ...filter }: EventLinkFilter): Sql[] => [
  ...said({ source, stance }),
  ...conditions(filter, {
    kind: isOneOf(eventLinks, 'kind'),
    assessment: isOneOf(eventLinks, 'assessment'),
    temporalCheck: (results) => sql`${temporalResultOf(nouns, 'event_links')} = any(${results}::text[])`,
    from: is(eventLinks, 'fromId'),
    to: is(eventLinks, 'toId'),
    record: (id) => sql`(event_links.from_id = ${uuid(id)} or event_links.to_id = ${uuid(id)})`,
    case: (id) =>
      sql`(event_links.id in ${membersOf(id)} or event_links.from_id in ${membersOf(id)} or event_links.to_id in ${membersOf(id)})`,
  }),
];

/** A moment ends on the day it starts. */
function lastingOf(event: EventRow) {
  if (event.extent !== 'MOMENT') return event;
  return { ...event, ends: event.starts, endsEarliest: event.startsEarliest, endsLatest: event.startsLatest };
}

const participantsOf = (event: { id: string }, { load }: Loading) =>
  load.many('Event', 'participants').load(event.id) as unknown as Promise<EventParticipantRow[]>;

/** In the order of the events they belong to; those of hidden and undated events last. */
async function inOrderOfTime(type: string, id: string, { load }: Loading): Promise<EventParticipantRow[]> {
  const rows = (await load.many(type, 'participations').load(id)) as unknown as EventParticipantRow[];
  const found = await Promise.all(rows.map((row) => load.one.events!.load(row.eventId)));
  const days = new Map(
    found.flatMap((event) => (event ? [[event.id, (event as unknown as EventRow).startsEarliest]] : [])),
  );
  const key = (row: EventParticipantRow): string => `${days.get(row.eventId) ?? '~'} ${row.sequence.padStart(20, '0')}`;
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function eventResolvers(nouns: Record<string, Noun>): Resolvers {
  const happens = happensOf(nouns);
  return {
    Query: {
      event: recordById('events'),
      events: listed(events, ({ filter, asOf }: QueryEventsArgs) => [
        ...ask(filter ?? {}),
        ...whenValid(asOf, eventOn),
      ]),
      eventLink: recordById('event_links'),
      eventLinks: listed(eventLinks, ({ filter }: QueryEventLinksArgs) => askLinks(nouns, filter ?? {})),
      temporalCheck: async (_, { cause, effect }, context) => {
        const sides = {
          cause: reading('cause', () => parseUuid(cause)),
          effect: reading('effect', () => parseUuid(effect)),
        };
        const check = await checkBetween(sides, happens, context);
        return check.cause && check.effect ? check : null;
      },
    },
    Event: {
      period: fromRow(['extent', 'starts', 'ends'], (event: EventRow) =>
        periodValue(lastingOf(event), 'starts', 'ends'),
      ),
      persons: async (event, { role }, context) => {
        const taking = (await participantsOf(event, context)).filter(
          (row) => !role || role.some((wanted) => wanted === row.role),
        );
        const ids = new Set(taking.flatMap((row) => row.personId ?? []));
        return (await Promise.all([...ids].map((id) => context.load.one.persons.load(id)))).filter(
          (person) => person !== null,
        );
      },
    },
    EventLink: {
      stances: async (link, _, context) =>
        (await claimsOf(link, context)).filter((claim) => claim.field === '' && claim.rank !== 'DEPRECATED'),
      temporalCheck: (link, _, context) => checkBetween(sidesOf(link), happens, context),
    },
    LinkStance: {
      source: (claim, _, { load }) => (claim.sourceId ? load.one.sources.load(claim.sourceId) : null),
      informantRecord: (claim, _, { load }) => (claim.informantId ? load.record.load(claim.informantId) : null),
      claim: (claim) => claim,
    },
    Person: { participations: (person, _, context) => inOrderOfTime('Person', person.id, context) },
    Organization: {
      participations: (organization, _, context) => inOrderOfTime('Organization', organization.id, context),
    },
  };
}
