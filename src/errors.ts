// The errors this house throws on purpose: a closed list of codes, and one class that carries them.
// Nouns throw DomainError and never import graphql; src/http/translate.ts is the only place that turns an error into an answer.
import { InvalidValue } from './values/invalid-value.js';

/**
 * Every code a client can meet, what it means and what to do about it. Nothing else is ever sent.
 * `status` is the HTTP status when the whole request failed and the client reads application/graphql-response+json;
 * `retryable` says whether the very same request can succeed later without being changed.
 */
export const CODES = {
  UNAUTHENTICATED: { status: 401, retryable: false, todo: 'Log in, or send a valid token.' },
  FORBIDDEN: { status: 403, retryable: false, todo: 'Ask an administrator for the role that may do this.' },
  BAD_USER_INPUT: { status: 400, retryable: false, todo: 'Correct what the message and `path` name, then send again.' },
  NOT_FOUND: { status: 404, retryable: false, todo: 'Check the id; what you may not see is answered the same way.' },
  CONFLICT: { status: 409, retryable: false, todo: 'Read the record again, then repeat the change on what it is now.' },
  LIMITED: { status: 429, retryable: false, todo: 'Ask for less, or wait `retryAfter` seconds if it is given.' },
  UNAVAILABLE: { status: 503, retryable: true, todo: 'Send the same request again after `retryAfter` seconds.' },
  INTERNAL: { status: 500, retryable: false, todo: 'Report the `requestId`; the log of the server has the rest.' },
  GRAPHQL_PARSE_FAILED: { status: 400, retryable: false, todo: 'Correct the syntax of the document.' },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    retryable: false,
    todo: 'Correct the document; the schema says what exists.',
  },
} as const satisfies Record<string, { status: number; retryable: boolean; todo: string }>;

export type Code = keyof typeof CODES;

/** Where in the input a problem is: `['input', 'names', 2, 'value']`. */
export type InputPath = readonly (string | number)[];

/** One problem of an input; an error may carry several, so that a form can show all of them at once. */
export interface Problem {
  message: string;
  path?: InputPath;
  rule?: string;
}

export interface ErrorDetails {
  /** Shorthand for `path`: 'validUntil', or 'names.2.value'. */
  field?: string;
  path?: InputPath;
  /** The name of the broken rule, mostly that of a database constraint; stable, for programs. */
  rule?: string;
  retryable?: boolean;
  /** Seconds. */
  retryAfter?: number;
  problems?: readonly Problem[];
  /** More for programs, under names of its own in `extensions`. */
  more?: Readonly<Record<string, unknown>>;
  /** For the log only, never for the client. */
  cause?: unknown;
}

/** An error whose message is written for the reader of the answer: one sentence, no internals, says what to do next. */
export class DomainError extends Error {
  readonly code: Code;
  /** Not named `path`: graphql-js takes any error with a `path` for one that it has placed already. */
  readonly inputPath: InputPath | undefined;
  readonly rule: string | undefined;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly problems: readonly Problem[] | undefined;
  readonly more: Readonly<Record<string, unknown>> | undefined;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'DomainError';
    this.code = code;
    this.inputPath = details.path ?? (details.field === undefined ? undefined : pathOf(details.field));
    this.rule = details.rule;
    this.retryable = details.retryable ?? CODES[code].retryable;
    this.retryAfter = details.retryAfter;
    this.problems = details.problems;
    this.more = details.more;
  }
}

export const unauthenticated = (message = 'Log in first: this needs a viewer.', details?: ErrorDetails) =>
  new DomainError('UNAUTHENTICATED', message, details);

/** Names the verb, never the object: whether an object exists is itself a secret. */
export const forbidden = (message: string, details?: ErrorDetails) => new DomainError('FORBIDDEN', message, details);

export const invalid = (field: string, sentence: string, details?: ErrorDetails) =>
  new DomainError('BAD_USER_INPUT', sentence, { field, ...details });

/** What `read` gives. A value that src/values cannot accept is refused in its own sentence, at this field of the input. */
export function reading<T>(field: string, read: () => T, details?: ErrorDetails): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof InvalidValue ? invalid(field, error.message, details) : error;
  }
}

/** Every problem of one input in one error; the first one is the message. */
export function invalidAll(problems: readonly [Problem, ...Problem[]]): DomainError {
  const [first] = problems;
  return new DomainError('BAD_USER_INPUT', first.message, { path: first.path, rule: first.rule, problems });
}

/** Hidden and absent records answer alike, so there is one sentence for both. */
export const notFound = (message = 'No such record, or you may not see it.', details?: ErrorDetails) =>
  new DomainError('NOT_FOUND', message, details);

export const conflict = (message: string, details?: ErrorDetails) => new DomainError('CONFLICT', message, details);

export const limited = (message: string, details?: ErrorDetails) => new DomainError('LIMITED', message, details);

export const unavailable = (
  message = 'The database cannot be reached now; try again in a moment.',
  details?: ErrorDetails,
) => new DomainError('UNAVAILABLE', message, { retryAfter: 1, ...details });

function pathOf(field: string): InputPath {
  return field.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
