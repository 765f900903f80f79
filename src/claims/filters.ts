// Conditions on claims (which of them decide, rest on an interest, or stand on one origin alone) and the order of their lists.
import { raw, sql, type Sql } from '../db/sql.js';
import type { ClaimFilter } from '../generated/resolvers-types.js';
import { conditions, inCaseOrBelonging, is, isOneOf, onDay, uuid, whether } from '../records/filters.js';
import { snake, type Noun } from '../records/noun.js';
import type { SortKey } from '../records/page.js';
import { didYouMean } from '../values/did-you-mean.js';
import { InvalidValue, quoted } from '../values/invalid-value.js';
import { claims } from './model.js';

/** The claims of a record stand together, those of a field in the order that decides. */
export const byRecord: SortKey[] = [
  { property: 'recordId', type: 'uuid' },
  { property: 'field', type: 'text' },
  { property: 'preference', type: 'bigint' },
];

/** The name that a field has in the graph, as the columns it may be: `place` is place_id, `starts` is starts. */
export function columnsNamed(field: string, nouns: Record<string, Noun>): string[] {
  if (field === '') return [''];
  const known = new Set(Object.values(nouns).flatMap(claimedNames));
  if (!known.has(field))
    throw new InvalidValue(`${quoted(field)} is not a field that claims decide.${didYouMean(field, known)}`);
  return [snake(field), `${snake(field)}_id`];
}

const claimedNames = ({ fields }: Noun): string[] =>
  Object.entries(fields).flatMap(([name, { claimed }]) => (claimed ? [name.replace(/Id$/, '')] : []));

/** Made by the source, or derived from claims it made. Written apart, so that each half has its index. */
export const restsOn = (source: Sql): Sql =>
  sql`claims.id in (
    select c.id from claims c where c.source_id = ${source}
    union all select c.id from claims c where c.source_id is null and c.roots @> array[${source}])`;

/** As `deciding` in rules.ts. */
const ACCEPTED =
  raw(`claims.bears and claims.level <= (select r.sensitivity from records r where r.id = claims.record_id)
  and not exists (select from claims o where o.record_id = claims.record_id and o.field = claims.field and o.bears
    and o.level <= (select r.sensitivity from records r where r.id = claims.record_id) and o.preference < claims.preference)`);

/** As `interestsOf` in origins.ts: of the whole source or of the informant, at the bottom of what the claim is derived from.
 * Sources with an interest are few: the first half keeps the second from being asked of every claim. */
const INTERESTED = raw(`exists (
  select from unnest(claims.roots) root where root in (select i.source_id from source_interests i)) and exists (
  with recursive beneath(source_id, informant_id, derived_from) as (
    select claims.source_id, claims.informant_id, claims.derived_from
    union select b.source_id, b.informant_id, b.derived_from from claims b join beneath on b.id = any(beneath.derived_from))
  select from beneath join source_interests i on i.source_id = beneath.source_id
  where i.party_id is null or i.party_id = beneath.informant_id)`);

/** As `originOf` in origins.ts: each root of each bearing claim on the field is followed to where its chain of copies begins, as far as it may be seen. */
const SINGLE_ORIGIN = raw(`1 = (
  select count(distinct origin.id) from claims b cross join unnest(b.roots) root(id) cross join lateral (
    with recursive upwards(id) as (
      select root.id union select o.id from sources s join upwards on s.id = upwards.id join records o on o.id = s.origin_id)
    select upwards.id from upwards where not exists (
      select from sources s join records o on o.id = s.origin_id where s.id = upwards.id)
  ) origin where b.record_id = claims.record_id and b.field = claims.field and b.bears)`);

export const askClaims = (filter: ClaimFilter | null | undefined, nouns: Record<string, Noun>): Sql[] =>
  conditions(filter, {
    record: is(claims, 'recordId'),
    case: (id) => sql`claims.record_id in ${inCaseOrBelonging(nouns, id)}`,
    field: (field) => sql`claims.field = any(${columnsNamed(field, nouns)}::text[])`,
    reference: is(claims, 'reference'),
    source: (id) => restsOn(uuid(id)),
    informant: is(claims, 'informantId'),
    stance: isOneOf(claims, 'stance'),
    basis: isOneOf(claims, 'basis'),
    rank: isOneOf(claims, 'rank'),
    interested: whether(INTERESTED),
    singleOrigin: whether(SINGLE_ORIGIN),
    accepted: whether(ACCEPTED),
    published: onDay(claims, 'published'),
  });
