// What was recorded, by whom and why. What a change means stands in versions.ts, how changes are listed in changes.ts.
import { graphNameOfColumn } from '../claims/record-fields.js';
import type { Resolvers } from '../generated/resolvers-types.js';
import type { Noun } from '../records/noun.js';
import { changeFeed, historyOf } from './changes.js';
import { decider, fieldChanges, kindOf } from './versions.js';

export function historyResolvers(nouns: Record<string, Noun>): Resolvers {
  return {
    Query: {
      history: (_, args, context) => historyOf(args, nouns, context),
      changes: (_, args, context) => changeFeed(args, nouns, context),
    },
    Change: {
      recordId: ({ id }) => id,
      noun: ({ noun }) => noun.type,
      record: ({ id }, _, { load }) => load.record.load(id),
      claimOn: ({ claimOn }) => (claimOn ? graphNameOfColumn(claimOn) : null),
      kind: kindOf,
      recordedAt: ({ recordedFrom }) => recordedFrom,
      fields: (change, _, context, { schema }) => fieldChanges(change, schema, context),
    },
    FieldChange: {
      beforeClaim: (change, _, context) => decider(change, 'before', context),
      afterClaim: (change, _, context) => decider(change, 'after', context),
    },
  };
}
