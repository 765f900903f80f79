// The one translator: whatever was thrown becomes an error a client may read, with a code of the closed list in errors.ts.
// The rule of this file: a text leaves the house only if somebody wrote it for a reader. Everything else is INTERNAL.
import { GraphQLError, Kind, print, type GraphQLFormattedError, type VariableDefinitionNode } from 'graphql';
import { CODES, DomainError, type Code, type InputPath, type Problem } from '../errors.js';
import { originOf } from './origin.js';
import { fromDatabase } from './sqlstate.js';

export interface TranslateOptions {
  requestId: string;
  /** The comment of a named database constraint: the sentence its author wrote for the user. */
  constraintMessage?: (name: string) => string | undefined;
}

export interface Translated {
  error: GraphQLFormattedError;
  code: Code;
  status: number;
  retryAfter: number | undefined;
  /** The fault is ours: the log needs the whole error. */
  unexpected: boolean;
}

/** What is said about an error, before it gets its place in the answer. */
interface Verdict {
  code: Code;
  message: string;
  path?: InputPath;
  rule?: string;
  retryable?: boolean;
  retryAfter?: number;
  problems?: readonly Problem[];
  more?: Readonly<Record<string, unknown>>;
}

const MESSAGE_LIMIT = 300;

export function translate(error: unknown, options: TranslateOptions): Translated {
  const verdict = fromGraphQL(error) ?? fromHouse(error, options);
  const { code, message, path, rule, retryAfter, problems, more } = verdict ?? internal(options.requestId);
  const place = error instanceof GraphQLError ? { locations: error.locations, path: error.path } : {};
  const retryable = verdict?.retryable ?? CODES[code].retryable;
  return {
    error: {
      message: readable(message),
      ...(place.locations ? { locations: place.locations } : {}),
      ...(place.path ? { path: place.path } : {}),
      extensions: {
        ...more,
        code,
        retryable,
        ...(retryAfter === undefined ? {} : { retryAfter }),
        ...(path === undefined ? {} : { path }),
        ...(rule === undefined ? {} : { rule }),
        ...(problems === undefined ? {} : { problems: problems.map((problem) => ({ code, ...problem })) }),
        requestId: options.requestId,
      },
    },
    code,
    status: statusOf(code, retryAfter),
    retryAfter,
    unexpected: verdict === undefined,
  };
}

/** LIMITED says "too many requests" only where waiting helps; a question that is too large is a bad request. */
function statusOf(code: Code, retryAfter: number | undefined): number {
  return code === 'LIMITED' && retryAfter === undefined ? 400 : CODES[code].status;
}

function internal(requestId: string): Verdict {
  return { code: 'INTERNAL', message: `Something went wrong on our side; report the request id ${requestId}.` };
}

/**
 * Errors that graphql-js and Apollo write about the request itself. They have a nice property: they hold the client's own
 * text and the public schema, nothing else. Errors of resolvers come back undefined.
 */
function fromGraphQL(error: unknown): Verdict | undefined {
  if (!(error instanceof GraphQLError)) return undefined;
  switch (error.extensions.code) {
    case 'GRAPHQL_PARSE_FAILED':
      return fromParser(error);
    case 'GRAPHQL_VALIDATION_FAILED':
      return fromValidation(error);
    case 'OPERATION_RESOLUTION_FAILURE':
      return operationMissing();
    case 'BAD_REQUEST':
      return { code: 'BAD_USER_INPUT', message: error.message };
  }
  const origin = originOf(error);
  // A variable that does not fit its type: the wrapper says which one, and a scalar's own sentence stands in it.
  if (error.nodes?.length === 1 && error.nodes[0]!.kind === Kind.VARIABLE_DEFINITION && error.path === undefined) {
    const path = variablePath(error);
    const type = print((error.nodes[0] as VariableDefinitionNode).type);
    const message = SECRET.test(type) ? misfit(path) : withoutHints(error.message);
    return { code: 'BAD_USER_INPUT', message, path };
  }
  if (!(origin instanceof GraphQLError)) return undefined;
  // Request errors of graphql-js have no path in the answer; the one with a path that is the client's is a bad argument.
  if (error.path === undefined && error.nodes === undefined) {
    return { code: 'BAD_USER_INPUT', message: withoutHints(origin.message) };
  }
  if (origin.message.startsWith('Argument "')) return { code: 'BAD_USER_INPUT', message: withoutHints(origin.message) };
  return undefined;
}

function fromParser(error: GraphQLError): Verdict {
  const limit = /more tha[tn] (\d+) (tokens|comments|UTF-16 code units)/.exec(error.message);
  if (!limit) return { code: 'GRAPHQL_PARSE_FAILED', message: error.message };
  return {
    code: 'LIMITED',
    message: `A document may hold ${limit[1]} ${limit[2]}; split it, or use variables for data.`,
    rule: limit[2] === 'tokens' ? 'document-tokens' : limit[2] === 'comments' ? 'document-comments' : 'document-length',
  };
}

/** Our own rules mark their errors with a code or a rule; Apollo keeps them as the original of its own. */
function fromValidation(error: GraphQLError): Verdict {
  const origin = originOf(error);
  const marks = origin instanceof GraphQLError ? origin.extensions : {};
  return {
    code: marks.code === 'LIMITED' ? 'LIMITED' : 'GRAPHQL_VALIDATION_FAILED',
    message: withoutHints(error.message),
    ...(typeof marks.rule === 'string' ? { rule: marks.rule } : {}),
  };
}

function operationMissing(): Verdict {
  return {
    code: 'BAD_USER_INPUT',
    message: 'Say in operationName which operation of the document to run; it must be one of them.',
    rule: 'operation-name',
  };
}

/** Inputs that hold what is to be sealed; graphql-js would repeat all of it. */
const SECRET = /^SaveSealedValueInput\b/;
const misfit = (path: InputPath | undefined): string =>
  `What is sent as ${path?.join('.') ?? 'this variable'} does not fit the schema; its fields and their types are in the explorer.`;

/** `Variable "$input" got invalid value 5 at "input.names[2].value"; ...` becomes ['input', 'names', 2, 'value']. */
function variablePath(error: GraphQLError): InputPath | undefined {
  const place = /^Variable "\$(\w+)"(?:.*? at "([\w.[\]]+)";)?/s.exec(error.message);
  if (!place) return undefined;
  return (place[2] ?? place[1]!)
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function fromHouse(error: unknown, options: TranslateOptions): Verdict | undefined {
  const origin = originOf(error);
  if (origin instanceof DomainError) {
    const { code, message, inputPath, rule, retryable, retryAfter, problems, more } = origin;
    return { code, message, path: inputPath, rule, retryable, retryAfter, problems, more };
  }
  return fromDatabase(origin, options.constraintMessage);
}

/** graphql-js proposes names of the schema; they are public here, but a long list of them helps nobody. */
const withoutHints = (message: string) => message.replace(/ ?Did you mean (.+?)\?$/, '');

/** One line, no control characters and no direction marks (both can make a log or a screen lie), at most 300 characters. */
function readable(message: string): string {
  const clean = message.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  const characters = [...clean.slice(0, MESSAGE_LIMIT * 2)];
  return characters.length <= MESSAGE_LIMIT && clean.length <= MESSAGE_LIMIT * 2
    ? clean
    : `${characters.slice(0, MESSAGE_LIMIT - 1).join('')}…`;
}
