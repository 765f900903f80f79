// The spine as a noun that lists can page through: records of any kind, in the order of recording. Each is then loaded as what it is.
import type { AnyRow, Load } from './loaders.js';
import type { Noun } from './noun.js';
import type { List } from './page.js';

export const spine: Noun = {
  table: 'records',
  type: 'Record',
  fields: {},
  columns: [
    { property: 'id', name: 'id', sqlType: 'uuid', nullable: false },
    { property: 'sequence', name: 'sequence', sqlType: 'bigint', nullable: false },
    { property: 'noun', name: 'noun', sqlType: 'text', nullable: false },
  ],
};

/** The records of a page of the spine; hidden ones are left out. */
export async function recordsOf(list: List<AnyRow>, { record }: Pick<Load<never>, 'record'>): Promise<List<AnyRow>> {
  const found = await Promise.all(
    list.edges.map(async ({ cursor, node }) => ({ cursor, node: await record.load(node.id) })),
  );
  const edges = found.filter((edge): edge is { cursor: string; node: AnyRow } => edge.node !== null);
  return { ...list, edges, nodes: edges.map((edge) => edge.node) };
}
