// Every error a client can meet has a code of the closed list, a sentence for a reader, and nothing from inside the house.
import { GraphQLError } from 'graphql';
import fc from 'fast-check';
import {
  CODES,
  conflict,
  DomainError,
  forbidden,
  invalid,
  invalidAll,
  limited,
  notFound,
  unavailable,
} from '../src/errors.js';
import { documentNestsTooDeep, jsonNestsTooDeep } from '../src/http/brackets.js';
import { answerType } from '../src/http/request.js';
import { translate } from '../src/http/translate.js';

const requestId = 'r-1';
const sentences: Record<string, string> = { ends_after_begins: 'A certificate ends after it begins.' };
const say = (error: unknown) => translate(error, { requestId, constraintMessage: (name) => sentences[name] });
const pg = (code: string, more: object = {}) =>
  Object.assign(new Error('relation "persons", Key (name)=(Amina)'), { code, severity: 'ERROR', ...more });

test.each([
  [
    'invalid',
    invalid('names.2.value', 'Too short.', { rule: 'r' }),
    { code: 'BAD_USER_INPUT', path: ['names', 2, 'value'], rule: 'r', retryable: false },
  ],
  ['not found', notFound(), { code: 'NOT_FOUND' }],
  ['forbidden', forbidden('You may not export.'), { code: 'FORBIDDEN' }],
  ['conflict', conflict('Changed meanwhile.'), { code: 'CONFLICT', retryable: false }],
  ['limited', limited('Too many.', { retryAfter: 30 }), { code: 'LIMITED', retryAfter: 30 }],
  ['unavailable', unavailable(), { code: 'UNAVAILABLE', retryable: true, retryAfter: 1 }],
  [
    'wrapped twice',
    new GraphQLError('x', { originalError: new GraphQLError('y', { originalError: notFound() }) }),
    { code: 'NOT_FOUND' },
  ],
  [
    'a named check',
    pg('23514', { constraint: 'ends_after_begins' }),
    { code: 'BAD_USER_INPUT', rule: 'ends_after_begins' },
    /^A certificate ends/,
  ],
  [
    'a check nobody explained',
    pg('23514', { constraint: 'x' }),
    { code: 'BAD_USER_INPUT', rule: 'x' },
    /^A value does not fit/,
  ],
  ['a foreign key', pg('23503'), { code: 'BAD_USER_INPUT' }, /or you may not see it/],
  ['a unique key', pg('23505'), { code: 'CONFLICT', retryable: false }],
  ['an exclusion', pg('23P01'), { code: 'CONFLICT' }, /overlaps/],
  [
    'TypeORM around pg',
    Object.assign(new Error('q'), { driverError: pg('23505'), query: 'select 1', parameters: ['Amina'] }),
    { code: 'CONFLICT' },
  ],
  ['a value that is none', pg('22P02'), { code: 'BAD_USER_INPUT' }],
  ['a statement that took too long', pg('57014'), { code: 'LIMITED', rule: 'statement-time' }, /ask for less/],
  ['a serialization failure', pg('40001'), { code: 'CONFLICT', retryable: true, retryAfter: 1 }],
  ['a deadlock', pg('40P01'), { code: 'CONFLICT', retryable: true }],
  ['a lock not to be had', pg('55P03'), { code: 'CONFLICT', retryable: true }],
  ['connection lost', pg('08006'), { code: 'UNAVAILABLE', retryable: true }],
  ['server shutting down', pg('57P01'), { code: 'UNAVAILABLE', retryable: true }],
  ['our password changed', pg('28P01', { severity: 'FATAL' }), { code: 'UNAVAILABLE', rule: 'database-sign-in' }],
  ['our role gone', pg('28000', { severity: 'FATAL' }), { code: 'UNAVAILABLE', rule: 'database-sign-in' }],
  ['a sign-in that ended', pg('28000'), { code: 'UNAUTHENTICATED', rule: 'sign-in' }],
  ['disk full', pg('53100'), { code: 'UNAVAILABLE', retryable: true }],
  ['too many connections', pg('53300'), { code: 'UNAVAILABLE', retryable: true }],
  [
    'nobody listens',
    Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:5432'), { code: 'ECONNREFUSED' }),
    { code: 'UNAVAILABLE' },
  ],
  ['the pool is exhausted', new Error('timeout exceeded when trying to connect'), { code: 'UNAVAILABLE' }],
  ['the connection ended', new Error('Connection terminated unexpectedly'), { code: 'UNAVAILABLE' }],
  ['a class named Unavailable', new (class Unavailable extends Error {})('x'), { code: 'UNAVAILABLE' }],
  ['no right on the table', pg('42501'), { code: 'FORBIDDEN' }],
  ['our own bad SQL', pg('42703'), { code: 'INTERNAL' }, /report the request id r-1/],
  ['a division by zero in SQL', pg('22012'), { code: 'INTERNAL' }],
  ['a bug', new TypeError("Cannot read properties of undefined (reading 'secret')"), { code: 'INTERNAL' }],
  ['not even an error', 'Amina', { code: 'INTERNAL' }],
  [
    'a null where none may be',
    new GraphQLError('Cannot return null for non-nullable field Person.name.', {
      path: ['a'],
      originalError: new Error('Cannot return null'),
    }),
    { code: 'INTERNAL' },
  ],
  [
    'a foreign code',
    new GraphQLError('Amina', { path: ['a'], extensions: { code: 'TEAPOT', stacktrace: ['x'] } }),
    { code: 'INTERNAL' },
  ],
] as [string, unknown, Record<string, unknown>, RegExp?][])('%s', (...row) => {
  const [, error, extensions, message] = row;
  const { error: said, code } = say(error);
  expect(said.extensions).toMatchObject({ ...extensions, requestId });
  expect(CODES).toHaveProperty(code);
  expect(said.message).toMatch(message ?? /^.+\.$/);
  expect(JSON.stringify(said)).not.toMatch(/Amina|persons|secret|stack|10\.0\.0\.5|select/);
});

test('every problem of an input at once, the first as the message', () => {
  const error = invalidAll([
    { message: 'Ends before it starts.', path: ['ends'], rule: 'ends_after_starts' },
    { message: 'No such place.', path: ['placeId'] },
  ]);
  expect(say(error).error).toMatchObject({
    message: 'Ends before it starts.',
    extensions: {
      path: ['ends'],
      problems: [{ code: 'BAD_USER_INPUT', rule: 'ends_after_starts' }, { path: ['placeId'] }],
    },
  });
});

test('messages are cut at 300 characters and hold no control characters or direction marks', () => {
  const { message } = say(new DomainError('NOT_FOUND', `a\u202eb\n${'x'.repeat(1000)}😀`)).error;
  expect([...message]).toHaveLength(300);
  expect(message).toMatch(/^a b x+…$/);
});

describe('the bracket scan', () => {
  test('agrees with counting, whatever strings and comments say', () => {
    const noise = fc.constantFrom('"[[["', '#[[[\n', '"""[[["""', '"\\"["', '""', '""""""', 'a', ' ', ',', '\\');
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 10 }), fc.integer({ min: 0, max: 12 }), (parts, depth) => {
        const text = `${parts.filter((part) => part !== '\\').join(' ')} ${'['.repeat(depth)}`;
        expect(documentNestsTooDeep(text, 5)).toBe(depth > 5);
      }),
    );
  });

  test.each<[text: string, tooDeep: boolean]>([
    ['{[(', true],
    ['{}[](){}[]()', false],
    ['}}}}{{', false],
    ['"{{{', false],
    ['"\n{{{', true],
    ['"""\\"""{{{"""', false],
    ['"""a"""{{{', true],
    ['#\r{{{', true],
  ])('%j at a limit of 2: %s', (text, tooDeep) => {
    expect(documentNestsTooDeep(text, 2)).toBe(tooDeep);
  });

  test('JSON has no comments and no block strings', () => {
    expect(jsonNestsTooDeep('#[[[', 2)).toBe(true);
    expect(jsonNestsTooDeep('"\\"[[["', 2)).toBe(false);
  });
});

test.each<[accept: string | undefined, type: string | 'refused']>([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ['application/graphql-response+json, application/json', 'application/graphql-response+json'],
  ['application/json, application/graphql-response+json', 'application/json'],
  ['application/graphql-response+json;q=0.9, application/json;q=0.8', 'application/graphql-response+json'],
  ['text/html, */*;q=0.1', 'application/json'],
  ['text/html', 'refused'],
  ['application/json;q=0', 'refused'],
])('accept %s: %s', (accept, type) => {
  const answer = () => {
    try {
      return answerType(accept);
    } catch {
      return 'refused';
    }
  };
  expect(answer()).toBe(type);
});
