// Any record by its id, whatever its noun.
import { invalid } from '../errors.js';
import type { Resolvers } from '../generated/resolvers-types.js';
import { PAGE_CAP } from './page.js';

export const recordResolvers: Resolvers = {
  Query: {
    node: (_, { id }, { load }) => load.record.load(id),
    nodes: (_, { ids }, { load }) => {
      if (ids.length > PAGE_CAP)
        throw invalid('ids', `At most ${PAGE_CAP} ids are answered at once; send them in parts.`, {
          rule: 'page-size',
        });
      return Promise.all(ids.map((id) => load.record.load(id)));
    },
  },
};
