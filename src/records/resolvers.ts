// Any record by its id, whatever its noun; in the place of a retracted one its tombstone.
import type { Context } from '../context.js';
import { invalid } from '../errors.js';
import { raw, sql } from '../db/sql.js';
import type { AsOf, QueryNodeArgs, QueryNodesArgs, Resolvers } from '../generated/resolvers-types.js';
import type { AnyRow } from './loaders.js';
import { PAGE_CAP } from './page.js';
import { planned, type Plan } from './plan.js';
import { tombstoneOf, TOMBSTONES, type TombstoneRow } from './tombstones.js';

export type NodeRow = AnyRow | TombstoneRow;

async function nodeOf(id: string, asOf: AsOf | null | undefined, context: Context): Promise<NodeRow | null> {
  const record = await context.load.record.load(id);
  // What sources said by a day knows of no retraction; what was recorded by an instant knows those before it.
  if (record || asOf?.publishedBy || asOf?.accordingTo) return record;
  const tombstone = await tombstoneOf(context, id.toLowerCase());
  return tombstone && !(asOf?.recordedBy && tombstone.retractedAt > asOf.recordedBy) ? tombstone : null;
}

function atMostAPage(ids: readonly string[]): readonly string[] {
  if (ids.length <= PAGE_CAP) return ids;
  throw invalid('ids', `At most ${PAGE_CAP} ids are answered at once; send them in parts.`, { rule: 'page-size' });
}

/** As `nodeOf`. */
const nodes = <A extends { asOf?: AsOf | null }>(ids: (args: A) => readonly string[]): Plan => ({
  is: 'nodes',
  ids,
  instead: TOMBSTONES,
  choose: ({ asOf }: A) => {
    if (asOf?.publishedBy || asOf?.accordingTo) return [raw('false')];
    return asOf?.recordedBy ? [sql`tombstones.retracted_at <= ${asOf.recordedBy}::timestamptz`] : [];
  },
});

export const recordResolvers: Resolvers = {
  Query: {
    node: planned(
      (_: unknown, { id, asOf }: QueryNodeArgs, context: Context) => nodeOf(id, asOf, context),
      nodes(({ id }: QueryNodeArgs) => [id]),
    ),
    nodes: planned(
      (_: unknown, { ids, asOf }: QueryNodesArgs, context: Context) =>
        Promise.all(atMostAPage(ids).map((id) => nodeOf(id, asOf, context))),
      nodes(({ ids }: QueryNodesArgs) => atMostAPage(ids)),
    ),
  },
};
