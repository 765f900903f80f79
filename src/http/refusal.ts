// A request that is refused before GraphQL looks at it: a DomainError that also knows its HTTP status and headers.
import { DomainError, type Code, type ErrorDetails } from '../errors.js';

export class Refusal extends DomainError {
  constructor(
    readonly status: number,
    code: Code,
    rule: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    details: ErrorDetails = {},
  ) {
    super(code, message, { rule, ...details });
  }
}

const badInput = (status: number, rule: string, message: string, headers?: Record<string, string>) =>
  new Refusal(status, 'BAD_USER_INPUT', rule, message, headers);

export const refuse = {
  method: (allow: string) => badInput(405, 'method', `This address answers ${allow} only.`, { allow }),
  address: () => new Refusal(404, 'NOT_FOUND', 'address', 'Nothing lives at this address; GraphQL is at /graphql.'),
  host: () =>
    new Refusal(
      403,
      'FORBIDDEN',
      'host',
      'This server does not answer under that host name; add it to the allowed hosts.',
    ),
  origin: () =>
    new Refusal(
      403,
      'FORBIDDEN',
      'origin',
      'Pages of other sites may not ask this server; call it from its own pages.',
    ),
  contentType: () =>
    badInput(415, 'content-type', 'Send the request as content-type: application/json.', {
      'accept-post': 'application/json',
    }),
  charset: () => badInput(415, 'charset', 'Send the request in UTF-8.'),
  encoding: () =>
    badInput(415, 'content-encoding', 'Send the body uncompressed, without content-encoding.', {
      'accept-encoding': 'identity',
    }),
  expectation: () => badInput(417, 'expect', 'The only expectation this server knows is 100-continue.'),
  accept: () =>
    badInput(
      406,
      'accept',
      'Answers come as application/graphql-response+json or application/json; accept one of them.',
    ),
  acceptLines: () => badInput(406, 'accept', 'An export comes as application/x-ndjson; accept that.'),
  notExported: (message: string) => badInput(400, 'export', message),
  exportsAtOnce: (message: string) =>
    new Refusal(503, 'UNAVAILABLE', 'exports-at-once', message, {}, { retryAfter: 30 }),
  rightsChanged: () =>
    new Refusal(403, 'FORBIDDEN', 'rights-changed', 'What your account may see has changed; export anew.'),
  bodyTooLarge: (limit: number) =>
    new Refusal(413, 'LIMITED', 'body-size', `A request may hold ${limit} bytes at most; send less at a time.`),
  notUtf8: () => badInput(400, 'utf-8', 'The body is not valid UTF-8.'),
  notJson: () => badInput(400, 'json', 'The body is not valid JSON.'),
  jsonDepth: () =>
    new Refusal(400, 'LIMITED', 'json-depth', 'The JSON of the request nests deeper than 100 levels; flatten it.'),
  characters: () =>
    badInput(400, 'characters', 'A text of the request holds a NUL character or half a surrogate pair; remove it.'),
  batch: () => badInput(400, 'batch', 'Send one operation per request; lists of operations are not answered.'),
  shape: (message: string) => badInput(400, 'shape', message),
  documentDepth: () =>
    new Refusal(
      400,
      'LIMITED',
      'bracket-depth',
      'The brackets of the document nest deeper than 100 levels; ask in smaller parts.',
    ),
  documentLength: (limit: number) =>
    new Refusal(
      400,
      'LIMITED',
      'document-length',
      `A document may be ${limit} characters long; use variables for data.`,
    ),
  headers: () =>
    new Refusal(431, 'LIMITED', 'header-size', 'The headers of the request are too large; 16 kB are read.'),
  late: () => new Refusal(408, 'LIMITED', 'request-time', 'The request did not arrive in time; send it in one go.'),
  broken: () => badInput(400, 'http', 'This is not a valid HTTP request.'),
  overload: (message: string) => new Refusal(503, 'UNAVAILABLE', 'overload', message, {}, { retryAfter: 1 }),
  stopping: () =>
    new Refusal(
      503,
      'UNAVAILABLE',
      'stopping',
      'This server is shutting down; try again in a moment.',
      {},
      { retryAfter: 1 },
    ),
};
