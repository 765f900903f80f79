// A question that was asked before goes a shorter way; whatever it is asked with, its answer must be what the long way gives.
// A comment makes the same question a new one.
import { JsonText, stringifyResult } from '../src/planner/json-text.js';
import { QuestionsAskedBefore } from '../src/http/asked-before.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

let database: FreshDatabase;
let serving: Serving;
let salt = 0;

beforeAll(async () => {
  database = await freshDatabase('founding');
  serving = await serveOn(database);
}, 60_000);
afterAll(async () => {
  await serving?.stop();
  await database?.drop();
});

interface Given {
  query: string;
  operationName?: string;
  variables?: Record<string, unknown>;
}

async function ask(body: Given, headers: Record<string, string> = {}) {
  const response = await fetch(`${serving.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-explain-cost': '1', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const told = [...response.headers].filter(
    ([name]) => !/^(date|x-request-id|ratelimit|content-length|keep-alive)/.test(name),
  );
  // What an answer says of its own making differs from time to time.
  const bare = text
    .replace(/"requestId":"[^"]*"/g, '"requestId":""')
    .replace(/"(\w*[mM]s|milliseconds)":[\d.]+/g, '"$1":0');
  return { status: response.status, headers: Object.fromEntries(told), text: bare };
}

const asNew = (body: Given): Given => ({ ...body, query: `${body.query} # ${++salt}` });

const PERSONS = `query Persons($first: Int, $after: String, $names: Boolean = true, $asOf: AsOf) {
  persons(first: $first, after: $after, asOf: $asOf) { nodes { id name names @include(if: $names) { value } } pageInfo { endCursor } } }`;
const TWO = `query One { persons(first: 1) { totalCount { value } } } query Two { events(first: 2) { nodes { title } } }`;

const QUESTIONS: [string, Given][] = [
  ['with variables', { query: PERSONS, variables: { first: 3 } }],
  ['with other variables', { query: PERSONS, variables: { first: 2, names: false } }],
  ['with none', { query: PERSONS }],
  ['with a variable of the wrong type', { query: PERSONS, variables: { first: 'three' } }],
  ['with a page that is too long', { query: PERSONS, variables: { first: 1_000_000 } }],
  ['with a page that is refused', { query: PERSONS, variables: { first: -1 } }],
  ['with a cursor of nobody', { query: PERSONS, variables: { after: 'nobody' } }],
  ['through a lens', { query: PERSONS, variables: { asOf: { publishedBy: '2021-10-19' } } }],
  ['through a lens of the future', { query: PERSONS, variables: { asOf: { recordedBy: '2999-01-01T00:00:00Z' } } }],
  ['with a variable nobody asked for', { query: PERSONS, variables: { first: 1, more: 1 } }],
  ['by one name', { query: TWO, operationName: 'One' }],
  ['by the other name', { query: TWO, operationName: 'Two' }],
  ['by no name', { query: TWO }],
  ['with its name before its text', { query: `One\n${TWO}` }],
  ['by a name that is not there', { query: TWO, operationName: 'Three' }],
];

test.each(QUESTIONS)('a question asked before, %s, has the answer of a new one', async (_, body) => {
  for (const warm of QUESTIONS.slice(0, 3).map(([, known]) => known)) await ask(warm);
  for (const operationName of ['One', 'Two']) await ask({ query: TWO, operationName });
  expect(await ask(body)).toEqual(await ask(asNew(body)));
  expect(await ask(body)).toEqual(await ask(asNew(body)));
});

test.each([
  ['of several, none is named', { query: TWO }],
  ['the one that is named is not there', { query: TWO, operationName: 'Three' }],
])('where %s, the question is at fault', async (_, body) => {
  const { status, text } = await ask(body, { accept: 'application/graphql-response+json' });
  expect(status).toBe(400);
  expect(JSON.parse(text).errors[0].extensions.code).toBe('BAD_USER_INPUT');
});

test('errors come first where Apollo has them first, so the order tells nobody what was asked before', () => {
  expect(stringifyResult({ data: null, errors: [] })).toBe('{"errors":[],"data":null}');
  expect(stringifyResult({ data: { a: 1 } })).toBe('{"data":{"a":1}}');
  expect(stringifyResult({ data: new JsonText('{"a":1}'), extensions: {} })).toBe('{"data":{"a":1},"extensions":{}}');
});

test('the type of the answer, and who may ask, are decided each time', async () => {
  const body = { query: PERSONS, variables: { first: 1 } };
  await ask(body);
  for (const headers of [
    { accept: 'application/graphql-response+json' },
    { authorization: 'Bearer kua_nobody' },
    { accept: 'text/html' },
    serving.analyst.byToken,
  ] as Record<string, string>[])
    expect(await ask(body, headers)).toEqual(await ask(asNew(body), headers));
});

test('a change is never one of them: the same one twice has two effects', async () => {
  const body = { query: 'mutation { saveEvent(input: { kind: PROTEST, title: "Twice" }) { id } }' };
  const first = await ask(body, serving.analyst.byToken);
  const second = await ask(body, serving.analyst.byToken);
  expect(first.text).toMatch(/"saveEvent"/);
  expect(second.text).not.toBe(first.text);
});

test('what is kept of them is bounded, and forgotten from its oldest', () => {
  const before = new QuestionsAskedBefore();
  const asked = {} as never;
  const query = (n: number): string => `query { a${n} }`.padEnd(1_000, ' ');
  for (let n = 0; n < 600; n++) before.keep({ query: query(n) }, asked);
  const kept = Array.from({ length: 600 }, (_, n) => before.find({ query: query(n) }) !== undefined);
  expect(kept.filter(Boolean)).toHaveLength(250);
  expect(kept.slice(0, 350).some(Boolean)).toBe(false);
  expect(before.find({ query: query(599), operationName: 'A' })).toBeUndefined();
});
