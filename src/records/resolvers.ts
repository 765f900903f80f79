// Any record by its id, whatever its noun; in the place of a retracted one its tombstone.
import type { Context } from '../context.js';
import { invalid } from '../errors.js';
import type { AsOf, Resolvers } from '../generated/resolvers-types.js';
import type { AnyRow } from './loaders.js';
import { PAGE_CAP } from './page.js';
import { tombstoneOf, type TombstoneRow } from './tombstones.js';

export type NodeRow = AnyRow | TombstoneRow;

async function nodeOf(id: string, asOf: AsOf | null | undefined, context: Context): Promise<NodeRow | null> {
  const record = await context.load.record.load(id);
  // What sources said by a day knows of no retraction; what was recorded by an instant knows those before it.
  if (record || asOf?.publishedBy || asOf?.accordingTo) return record;
  const tombstone = await tombstoneOf(context, id.toLowerCase());
  return tombstone && !(asOf?.recordedBy && tombstone.retractedAt > asOf.recordedBy) ? tombstone : null;
}

export const recordResolvers: Resolvers = {
  Query: {
    node: (_, { id, asOf }, context) => nodeOf(id, asOf, context),
    nodes: (_, { ids, asOf }, context) => {
      if (ids.length > PAGE_CAP)
        throw invalid('ids', `At most ${PAGE_CAP} ids are answered at once; send them in parts.`, {
          rule: 'page-size',
        });
      return Promise.all(ids.map((id) => nodeOf(id, asOf, context)));
    },
  },
};
