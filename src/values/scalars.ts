// The GraphQL scalars of this house. Each accepts text only, from variables and from literals alike, and hands the
// parser's sentence to the client: the parsers of this folder are the one place where a value is judged. What a scalar
// means stands in schema/base.graphql alone.
import { GraphQLError, GraphQLScalarType, Kind, print, type ASTNode } from 'graphql';
import { parseCountry } from './country.js';
import { parseDecimal } from './decimal.js';
import { formatDuration, parseDuration } from './duration.js';
import { parseEdtf } from './edtf.js';
import { formatInstant, parseInstant } from './instant.js';
import { InvalidValue } from './invalid-value.js';
import { parseLocalDate } from './local-date.js';

interface TextScalar {
  name: string;
  /** Judges what comes in and gives the text the house keeps; throws InvalidValue. */
  parse: (text: string) => string;
  /** Text of the house to text of the wire; left out where they are the same. */
  format?: (text: string) => string;
}

/** By their names in the SDL. */
export const scalars = {
  EDTF: textScalar({ name: 'EDTF', parse: (text) => parseEdtf(text).text }),
  LocalDate: textScalar({ name: 'LocalDate', parse: parseLocalDate }),
  DateTime: textScalar({ name: 'DateTime', parse: parseInstant, format: formatInstant }),
  Duration: textScalar({ name: 'Duration', parse: (text) => formatDuration(parseDuration(text)) }),
  Decimal: textScalar({ name: 'Decimal', parse: parseDecimal }),
  CountryCode: textScalar({ name: 'CountryCode', parse: parseCountry }),
};

function textScalar({ name, parse, format }: TextScalar): GraphQLScalarType<string, string> {
  const read = (value: unknown, shown: string, node?: ASTNode): string => {
    if (typeof value !== 'string') throw refused(`${name} is written as text in quotes; ${shown} is not.`, node);
    try {
      return parse(value);
    } catch (error) {
      throw error instanceof InvalidValue ? refused(error.message, node) : error;
    }
  };
  return new GraphQLScalarType<string, string>({
    name,
    parseValue: (value) => read(value, String(JSON.stringify(value)).slice(0, 40)),
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : undefined, print(node).slice(0, 40), node),
    // What leaves was judged when it came in. Something else than text here is our mistake, not the client's.
    serialize: (value) => {
      if (typeof value !== 'string') throw new TypeError(`${name} holds text, not ${typeof value}.`);
      return format ? format(value) : value;
    },
  });
}

function refused(sentence: string, node?: ASTNode): GraphQLError {
  return new GraphQLError(sentence, { nodes: node, extensions: { code: 'BAD_USER_INPUT' } });
}
