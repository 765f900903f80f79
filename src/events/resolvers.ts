// Events with their participants, and the links between dated records with who says what about them.
import { claimLinks, type ClaimRow } from '../claims/model.js';
import { claimsOf } from '../claims/record-fields.js';
import type {
  EventFilter,
  EventLinkFilter,
  EventPersonsArgs,
  QueryEventLinksArgs,
  QueryEventsArgs,
  Resolvers,
} from '../generated/resolvers-types.js';
import { allOf, raw, sql, type Sql } from '../db/sql.js';
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
  withinPlace,
} from '../records/filters.js';
import { refResolver, rowsOfLink } from '../records/link-resolvers.js';
import { byDay, listed, recordById } from '../records/list.js';
import type { Loading } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { PARENT } from '../records/page-by-parent.js';
import type { PersonRow } from '../persons/model.js';
import { fromRow, planned } from '../records/plan.js';
import { parseUuid } from '../values/identifier.js';
import { duringEvent, eventOn, temporalResultOf, withParticipants } from './filters.js';
import {
  eventLinkLinks,
  eventLinks,
  events,
  type EventLinkRow,
  type EventParticipantRow,
  type EventRow,
} from './model.js';
import { sidesOf } from './rules.js';
import { checkBetween, checkFields, checkOfLink, happensOf } from './temporal-check.js';

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

/** The resolver of `participations`. */
const participationsOf = (type: 'Person' | 'Organization') =>
  planned((row: { id: string }, _: unknown, loading: Loading) => inOrderOfTime(type, row.id, loading), {
    is: 'rows',
    rows: {
      ...rowsOfLink(eventLinkLinks[type]!.participations!),
      orderBy: raw(`(select e.starts_earliest from events e where e.id = event_participants.event_id) nulls last,
        event_participants.sequence, event_participants.id`),
    },
  });

/** People in the order of the participants, each once. */
const personsOfEvent = planned(
  async (event: EventRow, { role }: EventPersonsArgs, { load }: Loading) => {
    const taking = (await participantsOf(event, { load })).filter(
      (row) => !role || role.some((wanted) => wanted === row.role),
    );
    const ids = new Set(taking.flatMap((row) => row.personId ?? []));
    const found = await Promise.all([...ids].map((id) => load.one.persons!.load(id)));
    return found.filter((person) => person !== null) as unknown as PersonRow[];
  },
  {
    is: 'rows',
    rows: { noun: 'persons', where: raw('true'), orderBy: raw('persons.id') },
    choose: ({ role }: EventPersonsArgs) => [sql`persons.id = any(array(${takingPart(role)}))`],
    order: ({ role }: EventPersonsArgs) =>
      sql`array_position(array(${takingPart(role)} order by p.role nulls last, p.sequence, p.id), persons.id)`,
  },
);

const takingPart = (role: EventPersonsArgs['role']): Sql =>
  sql`select p.person_id from event_participants p where p.event_id = ${PARENT} and p.person_id is not null${role ? sql` and p.role = any(${role}::text[])` : raw('')}`;

/** Who says what of a link: the claims that it exists. */
const stances = planned(
  async (link: { id: string }, _: unknown, loading: Loading): Promise<ClaimRow[]> =>
    (await claimsOf(link, loading)).filter((claim) => claim.field === '' && claim.rank !== 'DEPRECATED'),
  {
    is: 'rows',
    rows: rowsOfLink(claimLinks.Record!.claims!),
    choose: () => [raw(`claims.field = '' and claims.rank <> 'DEPRECATED'`)],
  },
);

export function eventResolvers(nouns: Record<string, Noun>): Resolvers {
  const happens = happensOf(nouns);
  return {
    Query: {
      event: recordById('events'),
      events: listed(
        events,
        ({ filter, asOf }: QueryEventsArgs) => [...ask(filter ?? {}), ...whenValid(asOf, eventOn)],
        () => byDay(events),
        ({ filter }) => withinPlace(filter),
      ),
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
      persons: personsOfEvent,
    },
    EventLink: {
      stances,
      temporalCheck: planned(
        (link: EventLinkRow, _: unknown, loading: Loading) => checkBetween(sidesOf(link), happens, loading),
        checkOfLink(nouns),
      ),
    },
    TemporalCheck: checkFields,
    LinkStance: {
      source: refResolver('sourceId', 'sources'),
      informantRecord: refResolver('informantId', 'records'),
      claim: planned((claim: ClaimRow) => claim, { is: 'own' }),
    },
    Person: { participations: participationsOf('Person') },
    Organization: { participations: participationsOf('Organization') },
  };
}
