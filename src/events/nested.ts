// Events inside persons, organizations and places: a page each, and one statement for all parents of a level.
import { allOf, sql, type Sql } from '../db/sql.js';
import type { Resolvers } from '../generated/resolvers-types.js';
import { conditions, isOneOf, placesWithin } from '../records/filters.js';
import { pageByParent, PARENT } from '../records/page-by-parent.js';
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
    events: (person, args, context) =>
      pageByParent(context, person, args, {
        name: 'Person.events',
        noun: events,
        where: takenPartIn(sql`person_id`, args),
      }),
  },
  Organization: {
    events: (organization, args, context) =>
      pageByParent(context, organization, args, {
        name: 'Organization.events',
        noun: events,
        where: takenPartIn(sql`organization_id`, args),
      }),
  },
  Place: {
    events: (place, args, context) => {
      const { kind } = args;
      const where = [
        sql`events.place_id in ${placesWithin(PARENT)}`,
        ...conditions({ kind }, { kind: isOneOf(events, 'kind') }),
      ];
      return pageByParent(context, place, args, { name: 'Place.events', noun: events, where });
    },
  },
};
