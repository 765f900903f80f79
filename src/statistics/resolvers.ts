// Counts by time, country and kind, with the unit said in the answer.
import type { Resolvers } from '../generated/resolvers-types.js';
import { statistics } from './query.js';

export const statisticsResolvers: Resolvers = {
  Query: { statistics: (_, args, { db }) => statistics(args, db) },
};
