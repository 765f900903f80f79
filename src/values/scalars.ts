// The GraphQL scalars of this house. Each accepts text only, from variables and from literals alike, and hands the
// parser's sentence to the client: the parsers of this folder are the one place where a value is judged.
import { GraphQLError, GraphQLScalarType, Kind, print, type ASTNode } from 'graphql';
import { parseDecimal } from './decimal.js';
import { formatDuration, parseDuration } from './duration.js';
import { parseEdtf } from './edtf.js';
import { formatInstant, parseInstant } from './instant.js';
import { InvalidValue } from './invalid-value.js';
import { parseLocalDate } from './local-date.js';

interface TextScalar {
  name: string;
  description: string;
  standard?: string;
  /** Judges what comes in and gives the text the house keeps; throws InvalidValue. */
  parse: (text: string) => string;
  /** Text of the house to text of the wire; left out where they are the same. */
  format?: (text: string) => string;
}

export const EDTF = textScalar({
  name: 'EDTF',
  description:
    'A date that may be known only in part, in the Extended Date/Time Format (EDTF, ISO 8601-2), levels 0 and 1 and ' +
    'one-of sets: `2019`, `2019-05`, `2019-05-12`, `2019-05~` (approximate), `2019?` (uncertain), `2019%` (both), ' +
    '`199X`, `2019-21` (spring), `[2019,2021]`, `[..2019-05-12]`, `2018/2019-05`, `2018/..` (still so), `2018/` ' +
    '(end unknown). Years 0001 to 9999, at most 200 characters, kept exactly as written.',
  standard: 'https://www.loc.gov/standards/datetime/',
  parse: (text) => parseEdtf(text).text,
});

export const LocalDate = textScalar({
  name: 'LocalDate',
  description: 'A calendar day `YYYY-MM-DD` (ISO 8601-1), years 0001 to 9999, without time and time zone.',
  standard: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  parse: parseLocalDate,
});

export const DateTime = textScalar({
  name: 'DateTime',
  description:
    'A moment in time (RFC 3339) in UTC: `2024-03-10T09:30:00Z`. Other offsets are accepted and answered in UTC.',
  standard: 'https://www.rfc-editor.org/rfc/rfc3339',
  parse: parseInstant,
  format: formatInstant,
});

export const Duration = textScalar({
  name: 'Duration',
  description:
    'A length of calendar time (ISO 8601-1) in years, months, weeks and days: `P90D`, `P2W`, `P1Y6M`; at most `P200Y`.',
  parse: (text) => formatDuration(parseDuration(text)),
});

export const Decimal = textScalar({
  name: 'Decimal',
  description:
    'An exact decimal number as text, so that no digit is lost: `"1250.50"`; at most 40 digits, no exponent.',
  parse: parseDecimal,
});

/** For the resolver map: `{ ...scalars, Query: ... }`. */
export const scalars = { EDTF, LocalDate, DateTime, Duration, Decimal };

function textScalar({ name, description, standard, parse, format }: TextScalar): GraphQLScalarType<string, string> {
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
    description,
    specifiedByURL: standard,
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
