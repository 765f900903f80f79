// Every field of Mutation runs in the one transaction of its operation, which the first of them opens. A mutation document is
// all or nothing: what one field wrote is undone when another fails (src/server.ts closes the context with the error).
import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import type { Context } from './context.js';
import { refusedBy } from './records/problems.js';

export function writeInOneTransaction(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = field.resolve ?? defaultFieldResolver;
    field.resolve = ((source, args, context: Context, info) =>
      context.write(async ({ known }) => {
        try {
          return await resolve(source, args, context, info);
        } catch (error) {
          throw refusedBy(error, known.rules);
        }
      })) as GraphQLFieldResolver<unknown, unknown>;
  }
  return schema;
}
