// What a resolver threw, out of the wrapping that GraphQL gives it.
import { GraphQLError } from 'graphql';

/** GraphQL wraps what resolvers throw, sometimes twice; the innermost knows most. */
export function originOf(error: unknown): unknown {
  let at = error;
  for (let step = 0; step < 8 && at instanceof GraphQLError && at.originalError !== undefined; step++)
    at = at.originalError;
  return at;
}
