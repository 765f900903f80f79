// The scalars of the SDL, as the graph runs them. ISO country codes and JSON are small enough to stand here.
import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql';
import { parseCountry } from '../values/country.js';
import { InvalidValue } from '../values/invalid-value.js';
import { scalars } from '../values/scalars.js';

function country(value: unknown): string {
  try {
    return parseCountry(value);
  } catch (error) {
    if (error instanceof InvalidValue)
      throw new GraphQLError(error.message, { extensions: { code: 'BAD_USER_INPUT' } });
    throw error;
  }
}

const CountryCode = new GraphQLScalarType({
  name: 'CountryCode',
  parseValue: country,
  parseLiteral: (node) => country(node.kind === Kind.STRING ? node.value : undefined),
});

const JSONScalar = new GraphQLScalarType({
  name: 'JSON',
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

export const scalarResolvers = { ...scalars, CountryCode, JSON: JSONScalar };
