// The scalars of the SDL, as the graph runs them: what they do, and nothing of what they mean. A description given here,
// or one that is missing here, would take the place of that in the SDL.
import { GraphQLScalarType, valueFromASTUntyped } from 'graphql';
import { scalars } from '../values/scalars.js';

const JSONScalar = new GraphQLScalarType({
  name: 'JSON',
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

export const scalarResolvers = Object.fromEntries(
  Object.entries({ ...scalars, JSON: JSONScalar }).map(([name, { serialize, parseValue, parseLiteral }]) => [
    name,
    { serialize, parseValue, parseLiteral },
  ]),
);
