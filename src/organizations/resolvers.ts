// Organizations: the list with its filter, and what they published.
import { join, sql } from '../db/sql.js';
import type { OrganizationFilter, QueryOrganizationsArgs, Resolvers } from '../generated/resolvers-types.js';
import { atPlace, byNearness, conditions, fromSource, inCase, isOneOf, namedLike, uuid } from '../records/filters.js';
import { listed, recordById } from '../records/list.js';
import type { Noun } from '../records/noun.js';
import { nested, PARENT } from '../records/page-by-parent.js';
import type { SortKey } from '../records/page.js';
import { organizations } from './model.js';

const byName: SortKey[] = [{ property: 'nameKey', type: 'text' }];

const ask = (filter: OrganizationFilter | null | undefined) =>
  conditions(filter, {
    name: (name) =>
      sql`(${join(
        [
          namedLike(organizations)(name),
          sql`lower(organizations.acronym) = lower(${name})`,
          sql`exists (select from unnest(organizations.aliases) alias where strpos(lower(alias), lower(${name})) > 0)`,
        ],
        ' or ',
      )})`,
    kind: isOneOf(organizations, 'kind'),
    country: isOneOf(organizations, 'jurisdiction'),
    place: atPlace(organizations),
    partOf: (id) => sql`organizations.id in (
      with recursive inside(id) as (
        select o.id from organizations o where o.parent_id = ${uuid(id)}
        union select o.id from organizations o join inside on o.parent_id = inside.id) select id from inside)`,
    event: (id) =>
      sql`organizations.id in (select organization_id from event_participants where event_id = ${uuid(id)})`,
    case: inCase(organizations),
    source: fromSource(organizations),
  });

/** Whoever asks for an acronym means that organization, whatever it is called in full. */
function byAcronym(name: string | null | undefined): SortKey[] {
  return byNearness(organizations, name).map((key) => ({
    ...key,
    made: sql`case when lower(organizations.acronym) = lower(${name}) then 0 else ${key.made!} end`,
  }));
}

export const organizationResolvers = ({ sources }: Record<string, Noun>): Resolvers => ({
  Query: {
    organization: recordById('organizations'),
    organizations: listed(
      organizations,
      ({ filter }: QueryOrganizationsArgs) => ask(filter),
      ({ filter }) => [...byAcronym(filter?.name), ...byName],
    ),
  },
  Organization: {
    publishedSources: nested({
      name: 'Organization.publishedSources',
      noun: sources!,
      where: () => [sql`sources.publisher_id = ${PARENT}`],
    }),
  },
});
