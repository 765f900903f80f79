// Events inside persons, organizations and places: a page each, and one statement for all parents of a level.
import { allOf, sql, type Sql } from '../db/sql.js';
import type {
  OrganizationEventsArgs,
  PersonEventsArgs,
  PlaceEventsArgs,
  Resolvers,
} from '../generated/resolvers-types.js';
import { conditions, isOneOf, placesWithin } from '../records/filters.js';
import { nested, PARENT } from '../records/page-by-parent.js';
import { events } from './model.js';

interface Asked {
  role?: readonly string[] | null | undefined;
  kind?: readonly string[] | null | undefined;
}

/** Events in which the parent took part, in any of the roles: of one and the same participation. */
function takenPartIn(who: Sql, { role, kind }: Asked): Sql[] {
  const participation = [sql`${who} = ${PARENT}`, ...(role ? [sql`role = any(${role}::text[])`] : [])];
  return [
    sql`events.id in (select event_id from event_participants where ${allOf(participation)})`,
    ...conditions({ kind }, { kind: isOneOf(events, 'kind') }),
  ];
}

export const nestedEventResolvers: Resolvers = {
  Person: {
    events: nested({
      name: 'Person.events',
      noun: events,
      where: (args: PersonEventsArgs) => takenPartIn(sql`person_id`, args),
    }),
  },
  Organization: {
    events: nested({
      name: 'Organization.events',
      noun: events,
      where: (args: OrganizationEventsArgs) => takenPartIn(sql`organization_id`, args),
    }),
  },
  Place: {
    events: nested({
      name: 'Place.events',
      noun: events,
      where: ({ kind }: PlaceEventsArgs) => [
        sql`events.place_id in ${placesWithin(PARENT)}`,
        ...conditions({ kind }, { kind: isOneOf(events, 'kind') }),
      ],
      within: { property: 'placeId', ids: placesWithin(PARENT) },
    }),
  },
};
