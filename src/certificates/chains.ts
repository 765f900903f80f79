// Documents in their chains. Pure but for the loading of the documents.
import type { QueryCertificateChainArgs } from '../generated/resolvers-types.js';
import type { Loading } from '../records/loaders.js';
import type { StatusDocumentRow } from '../refugees/model.js';
import { documentsOf } from './known.js';

/** What the SDL calls CertificateChain. */
export interface Chain {
  personId: string;
  links: StatusDocumentRow[];
}

export async function chainsOf({ person, ...filter }: QueryCertificateChainArgs, loading: Loading): Promise<Chain[]> {
  const holder = await loading.load.one.persons!.load(person);
  if (!holder) return [];
  return chained(await documentsOf(holder.id, filter, loading)).map((links) => ({ personId: holder.id, links }));
}

/**
 * Each document stands in one chain. A document with several followers (constraints forbid it among equally secret ones)
 * goes on with the first; the others begin chains of their own.
 */
function chained(documents: readonly StatusDocumentRow[]): StatusDocumentRow[][] {
  const ids = new Set(documents.map(({ id }) => id));
  const isHead = ({ predecessorId }: StatusDocumentRow): boolean => predecessorId === null || !ids.has(predecessorId);
  const seen = new Set<string>();
  const chains: StatusDocumentRow[][] = [];
  // What is left after the heads are forks, and rings, which only a lens could show.
  for (const first of [...documents.filter(isHead), ...documents]) {
    const chain: StatusDocumentRow[] = [];
    for (let next: StatusDocumentRow | undefined = first; next && !seen.has(next.id);) {
      const { id }: StatusDocumentRow = next;
      seen.add(id);
      chain.push(next);
      next = documents.find(({ predecessorId }) => predecessorId === id);
    }
    if (chain.length > 0) chains.push(chain);
  }
  return chains;
}
