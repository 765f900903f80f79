// Fields of the root with a plan and without one in one question: statement and resolvers answer together, as the resolvers alone would.
import { getOperationAST, parse } from 'graphql';
import type { Viewer } from '../src/accounts/viewer.js';
import { withClient } from '../src/db/client.js';
import { answerInOne, type Answer } from '../src/planner/answer.js';
import { JsonText } from '../src/planner/json-text.js';
import { buildSchema } from '../src/schema.js';
import { chance } from './support/random.js';
import { openPlace, saidOf, type Place } from './support/random-place.js';
import type { Row } from './support/random-world.js';

const schema = buildSchema();
let place: Place;
let viewer: Viewer;
let person: string;

beforeAll(async () => {
  place = await openPlace(['almaty']);
  const world: Row[] = await place.fill(chance(7));
  viewer = await place.viewer(1, []);
  person = world.find(({ noun, level }) => noun === 'persons' && level < 2)!.id;
}, 120_000);
afterAll(() => place?.close());

interface Told {
  answer: Answer | undefined;
  data: any;
  /** The names of what was asked in the snapshot of the operation. */
  statements: string[];
}

async function askInOne(source: string): Promise<Told> {
  const document = parse(source);
  const { contextValue, session, close } = await place.open(viewer);
  const operation = getOperationAST(document)!;
  const answer = await answerInOne({ schema, document, operation, variables: {} }, contextValue);
  const statements = session().statements.map(({ name }) => name);
  await close();
  const data = answer?.data instanceof JsonText ? JSON.parse(answer.data.text) : answer?.data;
  return { answer, data, statements };
}

const COVERAGE = (from = '2020-01-01'): string =>
  `coverage(person: "${person}", from: "${from}", until: "2021-01-01") { certain { from } possible { until } }`;

test('the parts come in the order of the question, also out of fragments, and share one snapshot', async () => {
  const query = `{ __typename a: person(id: "${person}") { id } ...Rest e: persons(first: 2) { nodes { id } } __schema { queryType { name } } }
    fragment Rest on Query { b: ${COVERAGE()} ... on Query { c: node(id: "${person}") { id } } }`;
  const { answer, data, statements } = await askInOne(query);
  const alone = await place.ask(schema, viewer, query);
  expect(answer!.errors).toBeUndefined();
  expect(JSON.stringify(data)).toBe(JSON.stringify(alone.data));
  expect(Object.keys(data)).toEqual(['__typename', 'a', 'b', 'c', 'e', '__schema']);
  // Both stand in the transaction of the operation; a question that is wholly planned has none.
  expect(statements).toContain('question');
  expect(statements.length).toBeGreaterThan(1);
  expect((await askInOne(`{ person(id: "${person}") { id } }`)).statements).toEqual([]);
});

test('what a resolver refuses has its own place, and the rest is answered where null may stand there', async () => {
  const nullable = `{ a: person(id: "${person}") { id } ...T } fragment T on Query { wrong: temporalCheck(cause: "no id", effect: "${person}") { result } }`;
  const { answer, data } = await askInOne(nullable);
  const alone = await place.ask(schema, viewer, nullable);
  expect(data).toEqual({ a: { id: person }, wrong: null });
  expect(saidOf(answer!.errors)).toEqual(alone.errors);
  expect(answer!.errors!.map(({ path }) => path)).toEqual([['wrong']]);
  const required = `{ a: person(id: "${person}") { id } wrong: ${COVERAGE('2022-01-01')} }`;
  const other = await askInOne(required);
  expect(other.data).toBeNull();
  expect(saidOf(other.answer!.errors)).toEqual((await place.ask(schema, viewer, required)).errors);
});

test('all look through one lens, whoever answers: otherwise the resolvers say which field is wrong', async () => {
  const query = `{ wrong: ${COVERAGE().replace('until:', 'asOf: { publishedBy: "2021-01-01" }, until:')} a: person(id: "${person}") { id } }`;
  expect((await askInOne(query)).answer).toBeUndefined();
});

test('a page inside a record goes on after its cursor', async () => {
  const page = (after: string): string =>
    `{ node: person(id: "${person}") { id } sources(first: 1${after}) { nodes { id } pageInfo { endCursor } } }`;
  const first = await askInOne(page(''));
  expect(first.answer).toBeDefined();
  const place1 = first.data.sources.nodes[0].id as string;
  const source = (after: string): string =>
    `{ source(id: "${place1.toUpperCase()}") { statements(first: 1${after}) { nodes { id } pageInfo { endCursor hasNextPage hasPreviousPage } } } }`;
  let after = '';
  for (let pages = 0; pages < 3; pages++) {
    const { data } = await askInOne(source(after));
    expect(data).toEqual((await place.ask(schema, viewer, source(after))).data);
    const { hasNextPage, endCursor } = data.source.statements.pageInfo;
    if (!hasNextPage) break;
    after = `, after: "${endCursor}"`;
  }
  expect(after).not.toBe('');
});

test('where the statement fails, each of its fields has failed, fragments or not', async () => {
  const query = `{ ...Two b: ${COVERAGE()} } fragment Two on Query { a: place(id: "${person}") { id } ... on Query { c: places { nodes { id } } } }`;
  await withClient(place.database.adminUrl, (client) => client.query('alter table places rename to places_elsewhere'));
  try {
    const { answer, data } = await askInOne(query);
    expect(data).toBeNull();
    expect(answer!.errors!.map(({ path }) => path?.[0])).toEqual(expect.arrayContaining(['a', 'c']));
    const nullable = await askInOne(`{ ...One } fragment One on Query { a: place(id: "${person}") { id } }`);
    expect(nullable.data).toEqual({ a: null });
    expect(nullable.answer!.errors!.map(({ path }) => path)).toEqual([['a']]);
  } finally {
    await withClient(place.database.adminUrl, (client) =>
      client.query('alter table places_elsewhere rename to places'),
    );
  }
});

test('what would be a giant statement is left to the resolvers, whatever its filter', async () => {
  const date = 'edtf earliest latest isOpen';
  const claim = `id field informant isAccepted published { ${date} } date { ${date} } verification`;
  const query = (
    filter: string,
  ): string => `{ persons(first: 1, filter: ${filter}) { nodes { claims { record { ... on Record {
    id verification claims { ${claim} record { ... on Record { id verification } } } } } } } } }`;
  for (const filter of ['{ kind: [INDIVIDUAL] }', '{ nationality: ["KZ"] }'])
    expect((await askInOne(query(filter))).answer).toBeUndefined();
  const { answer } = await askInOne('{ persons(first: 1) { nodes { claims { record { ... on Record { id } } } } } }');
  expect(answer).toBeDefined();
});
