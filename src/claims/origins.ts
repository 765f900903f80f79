// From sources to the original pieces behind them: copies and relays count once, with what they copy.
import { raw, sql } from '../db/sql.js';
import type { AnyRow, Loading } from '../records/loaders.js';
import type { Plan } from '../records/plan.js';
import type { SourceInterestRow, SourceRow } from '../sources/model.js';
import type { ClaimRow } from './model.js';

/** The sources with these ids that exist and may be seen. */
export async function sourcesOf(ids: Iterable<string>, { load }: Loading): Promise<SourceRow[]> {
  const rows = await Promise.all([...new Set(ids)].map((id) => load.one.sources!.load(id)));
  return rows.filter((row) => row !== null) as unknown as SourceRow[];
}

/**
 * Where a chain of copies begins. A piece that the lens leaves out is as far as it goes; one that the viewer may not see is
 * not there at all. A circle ends where it would begin again.
 */
async function originOf(id: string, { load }: Loading): Promise<string> {
  const passed = new Set([id]);
  let at = id;
  for (;;) {
    const source = (await load.one.sources!.load(at)) as unknown as SourceRow | null;
    const next = source?.originId;
    if (!next || passed.has(next) || !(await load.spine.load(next))) return at;
    passed.add((at = next));
  }
}

/** Each source with its origin, by id. */
export async function originsById(ids: Iterable<string>, loading: Loading): Promise<(id: string) => string> {
  const found = await Promise.all(
    [...new Set(ids)].map(async (id): Promise<[string, string]> => [id, await originOf(id, loading)]),
  );
  const origins = new Map(found);
  return (id) => origins.get(id) ?? id;
}

/** Sign by sign: the collation of a language would put `~` before the digits. */
const inOrder = <T extends string | bigint>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** In order of publication, undated ones last. */
export const byPublication = (a: SourceRow, b: SourceRow): number =>
  inOrder(a.publishedEarliest ?? '~', b.publishedEarliest ?? '~') || inOrder(BigInt(a.sequence), BigInt(b.sequence));

/** The claims that a derived claim rests on, in the order given; hidden ones are left out. */
export async function basesOf(claim: Pick<ClaimRow, 'derivedFrom'>, { load }: Loading): Promise<ClaimRow[]> {
  const rows = await Promise.all(claim.derivedFrom.map((id) => load.one.claims!.load(id)));
  return rows.filter((row) => row !== null) as unknown as ClaimRow[];
}

/** The claims that sources make themselves at the bottom of a claim; itself, when it is not derived. */
async function statedOf(claim: ClaimRow, loading: Loading): Promise<ClaimRow[]> {
  if (claim.derivedFrom.length === 0) return [claim];
  return (await Promise.all((await basesOf(claim, loading)).map((base) => statedOf(base, loading)))).flat();
}

/** An interest concerns a claim when it is that of the whole source, or of whoever told the source. */
export async function interestsOf(claim: ClaimRow, loading: Loading): Promise<SourceInterestRow[]> {
  const stated = await statedOf(claim, loading);
  const concerned = await Promise.all(
    stated.map(async ({ sourceId, informantId }) => {
      const interests = sourceId
        ? ((await loading.load.many('Source', 'interests').load(sourceId)) as unknown as SourceInterestRow[])
        : [];
      return interests.filter(({ partyId }) => partyId === null || partyId === informantId);
    }),
  );
  return [...new Map(concerned.flat().map((interest) => [interest.id, interest])).values()];
}

/** When a claim became public: its own day, else that of its source; a derived one is as late as its latest base. */
export async function publicationOf(claim: ClaimRow, loading: Loading): Promise<{ row: object; field: string } | null> {
  if (claim.published !== null) return { row: claim, field: 'published' };
  if (claim.sourceId)
    return { row: ((await loading.load.one.sources!.load(claim.sourceId)) as AnyRow | null) ?? {}, field: 'published' };
  const [latest] = (await basesOf(claim, loading)).sort((a, b) =>
    inOrder(b.publishedLatest ?? '', a.publishedLatest ?? ''),
  );
  return latest ? publicationOf(latest, loading) : null;
}

/** Levels of records by id, from the spine. */
export const levelOf = async (id: string, { load }: Loading): Promise<number> =>
  (await load.spine.load(id))?.sensitivity ?? 0;

/** As `byPublication` sorts them. */
export const BY_PUBLICATION = raw('sources.published_earliest nulls last, sources.sequence, sources.id');

/** As `basesOf`. */
export const BASES: Plan = {
  is: 'rows',
  rows: {
    noun: 'claims',
    where: raw('claims.id = any(parent.derived_from)'),
    orderBy: raw('array_position(parent.derived_from, claims.id)'),
  },
};

/** Where the chain of copies of each root of a claim begins, as `originOf`. */
export const ORIGINS: Plan = {
  is: 'rows',
  rows: {
    noun: 'sources',
    where: sql`sources.id = any(array(select (
      with recursive upwards(id, passed) as (
        select root, array[root]
        union all select o.id, upwards.passed || o.id from upwards
          join sources s on s.id = upwards.id join records o on o.id = s.origin_id where o.id <> all(upwards.passed))
      select upwards.id from upwards order by cardinality(upwards.passed) desc limit 1) from unnest(parent.roots) root))`,
    orderBy: BY_PUBLICATION,
  },
};

/** As `interestsOf`: in the order in which the claims beneath are reached, base by base. */
const BENEATH = `with recursive beneath(id, source_id, informant_id, derived_from, path) as (
    select parent.id, parent.source_id, parent.informant_id, parent.derived_from, '{}'::bigint[]
    union all
    select b.id, b.source_id, b.informant_id, b.derived_from, beneath.path || base.place from beneath
      cross join lateral unnest(beneath.derived_from) with ordinality base(id, place) join claims b on b.id = base.id)`;
const CONCERNS = `i.source_id = beneath.source_id and cardinality(beneath.derived_from) = 0
    and (i.party_id is null or i.party_id = beneath.informant_id)`;

export const INTERESTS: Plan = {
  is: 'rows',
  rows: {
    noun: 'source_interests',
    where: raw(`source_interests.id = any(array(
      ${BENEATH} select i.id from beneath join source_interests i on ${CONCERNS}))`),
    orderBy:
      raw(`(${BENEATH} select min(beneath.path) from beneath join source_interests i on i.id = source_interests.id and ${CONCERNS}),
      source_interests.sequence, source_interests.id`),
  },
};

/** As `publicationOf`: from a derived claim to its latest base, and so on. */
export const PUBLICATION: Plan = {
  is: 'through',
  madeOf: (row) =>
    raw(`with recursive latest(id, source_id, derived_from, published) as (
        select ${row}.id, ${row}.source_id, ${row}.derived_from, ${row}.published
        union all
        select b.id, b.source_id, b.derived_from, b.published from latest join claims b on b.id = any(latest.derived_from)
        where latest.published is null and latest.source_id is null)
      select unnest(array[latest.id, latest.source_id]) from latest`),
  row: (row) =>
    raw(`with recursive latest(source_id, derived_from, published, published_earliest, published_latest) as (
        select ${row}.source_id, ${row}.derived_from, ${row}.published, ${row}.published_earliest, ${row}.published_latest
        union all
        select next.* from latest cross join lateral (
          select b.source_id, b.derived_from, b.published, b.published_earliest, b.published_latest
          from claims b where b.id = any(latest.derived_from)
          order by b.published_latest desc nulls last, array_position(latest.derived_from, b.id) limit 1) next
        where latest.published is null and latest.source_id is null)
      select coalesce(c.published, s.published) as published,
        case when c.published is null then s.published_earliest else c.published_earliest end as published_earliest,
        case when c.published is null then s.published_latest else c.published_latest end as published_latest
      from latest c left join sources s on s.id = c.source_id where c.published is not null or c.source_id is not null`),
  then: { is: 'date', property: 'published' },
};
