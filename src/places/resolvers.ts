// Places: the list with its filter, and the organizations that have their seat there.
import { raw, sql } from '../db/sql.js';
import type { PlaceFilter, QueryPlacesArgs, Resolvers } from '../generated/resolvers-types.js';
import {
  byNearness,
  conditions,
  fromSource,
  isOneOf,
  membersOf,
  namedLike,
  placesWithin,
  uuid,
} from '../records/filters.js';
import { listed, recordById } from '../records/list.js';
import type { Noun } from '../records/noun.js';
import { nested, PARENT } from '../records/page-by-parent.js';
import type { SortKey } from '../records/page.js';
import { places } from './model.js';

const byName: SortKey[] = [{ property: 'nameKey', type: 'text' }];

/** Tables whose records are at a place, with the column that says where. */
const AT_A_PLACE = {
  persons: 'residence_id',
  organizations: 'place_id',
  events: 'place_id',
  detentions: 'place_id',
  status_decisions: 'place_id',
};
const placesOfMembers = Object.entries(AT_A_PLACE)
  .map(([table, column]) => `select ${table}.${column} from ${table} join members on members.id = ${table}.id`)
  .join(' union all ');

const ask = (filter: PlaceFilter | null | undefined) =>
  conditions(filter, {
    name: namedLike(places),
    kind: isOneOf(places, 'kind'),
    country: isOneOf(places, 'country'),
    partOf: (id) => sql`places.id <> ${uuid(id)} and places.id in ${placesWithin(uuid(id))}`,
    case: (id) => sql`places.id in (
      with members(id) as ${membersOf(id)}
      select id from members union all ${raw(placesOfMembers)})`,
    source: fromSource(places),
  });

export const placeResolvers = ({ organizations }: Record<string, Noun>): Resolvers => ({
  Query: {
    place: recordById('places'),
    places: listed(
      places,
      ({ filter }: QueryPlacesArgs) => ask(filter),
      ({ filter }) => [...byNearness(places, filter?.name), ...byName],
    ),
  },
  Place: {
    organizations: nested({
      name: 'Place.organizations',
      noun: organizations!,
      where: () => [sql`organizations.place_id in ${placesWithin(PARENT)}`],
      orderBy: byName,
    }),
  },
});
