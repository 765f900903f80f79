// From sources to the original pieces behind them: copies and relays count once, with what they copy.
import type { AnyRow, Loading } from '../records/loaders.js';
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
    (a.publishedLatest ?? '') < (b.publishedLatest ?? '') ? 1 : -1,
  );
  return latest ? publicationOf(latest, loading) : null;
}

/** Levels of records by id, from the spine. */
export const levelOf = async (id: string, { load }: Loading): Promise<number> =>
  (await load.spine.load(id))?.sensitivity ?? 0;
