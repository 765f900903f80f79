// Sealed values in the graph: of any record, opened only for those who may read them.
import type { Context } from '../context.js';
import { DomainError } from '../errors.js';
import type { Resolvers } from '../generated/resolvers-types.js';
import type { AnyRow } from '../records/loaders.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import { planned } from '../records/plan.js';
import type { Noun } from '../records/noun.js';
import { sealedLinks, sealedValues } from './model.js';
import { openSealed } from './reading.js';

const ofRecord = planned(
  ({ id }: AnyRow, _args: unknown, { load }: Context) => load.many('Record', 'sealedValues').load(id),
  { is: 'rows', rows: rowsOfLink(sealedLinks.Record!.sealedValues!) },
);

export const sealedResolvers = (nouns: Record<string, Noun>): Resolvers => ({
  ...(Object.fromEntries(
    Object.values(nouns)
      .filter(({ table }) => table !== sealedValues.table)
      .map(({ type }) => [type, { sealedValues: ofRecord }]),
  ) as object),
  SealedValue: {
    value: async (row, _, context) => {
      const opened = await openSealed(row, context);
      if ('value' in opened) return opened.value;
      if (opened.redacted !== 'DAMAGED') return null;
      throw new DomainError(
        'INTERNAL',
        'This sealed value was altered or moved since it was written, so it is not shown; its history has the earlier ones.',
        { rule: 'sealed_value_is_intact' },
      );
    },
    redacted: async (row, _, context) => {
      const opened = await openSealed(row, context);
      return 'redacted' in opened ? opened.redacted : null;
    },
  },
});
