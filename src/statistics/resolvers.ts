// Counts by time, country and kind, with the unit said in the answer.
import { isEnumType, type GraphQLSchema } from 'graphql';
import type { Resolvers } from '../generated/resolvers-types.js';
import { statistics, type Vocabularies } from './query.js';

const wordsIn =
  (schema: GraphQLSchema): Vocabularies =>
  (name) => {
    const type = schema.getType(name);
    return isEnumType(type) ? type.getValues().map((value) => value.name) : [];
  };

export const statisticsResolvers: Resolvers = {
  Query: { statistics: (_, args, { db }, { schema }) => statistics(args, db, wordsIn(schema)) },
};
