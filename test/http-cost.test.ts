// What lists inside lists cost, priced over the whole schema: a deep nest is refused, every question that the project shows is not.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, Kind, parse, validate, type OperationDefinitionNode } from 'graphql';
import { costOf, type Cost } from '../src/http/cost.js';
import { USUAL_LIST } from '../src/http/page-cost.js';
import { packageRoot } from '../src/paths.js';
import { post, serveHere, type ServedHere } from './support/writers.js';

const schema = buildSchema(readFileSync(join(packageRoot, 'src/generated/schema.graphql'), 'utf8'));

function costsOf(text: string, variables: Record<string, unknown> = {}): Cost[] {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return document.definitions.flatMap((operation) =>
    operation.kind === Kind.OPERATION_DEFINITION ? [costOf({ schema, document, operation, variables })] : [],
  );
}

const nodesOf = (text: string, variables?: Record<string, unknown>): number => costsOf(text, variables)[0]!.nodes;

const L = USUAL_LIST;
const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

test.each<[question: string, nodes: number]>([
  ['{ detention(id: "1") { place { id } } }', 0],
  ['{ person(id: "1") { detentions { id } } }', L],
  ['{ person(id: "1") { detentions { place { id } } } }', L],
  ['{ person(id: "1") { detentions { claims { id } } } }', L * (1 + L)],
  ['{ person(id: "1") { detentions { id } names { id } } }', L + L],
  ['{ persons(first: 50) { nodes { names { id } } } }', 50 * (1 + L)],
  ['{ persons(first: 50) { edges { node { names { id } } } } }', 50 * (1 + L)],
  ['{ persons(first: 50) { ...P } } fragment P on PersonConnection { nodes { names { id } } }', 50 * (1 + L)],
  ['{ changes(first: 50) { nodes { fields { field } } } }', 50 * (1 + L)],
  ['{ companions(person: "1", first: 50) { shared { how } } }', 50 * (1 + L)],
  ['{ nodes(ids: ["1", "2", "3"]) { id } }', 3],
  ['{ nodes(ids: "1") { id } }', 1],
])('%s touches %i nodes', (question, nodes) => {
  expect(nodesOf(question)).toBe(nodes);
});

test('ids count where they come from variables, too', () => {
  const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Person { names { id } } } }';
  expect(nodesOf(query, { ids: ids(200) })).toBe(200 * (1 + L));
});

test('and so does their default', () => {
  const query = `query ($ids: [ID!]! = ${JSON.stringify(ids(90))}) { nodes(ids: $ids) { ... on Person { names { id } } } }`;
  expect(nodesOf(query)).toBe(90 * (1 + L));
  expect(nodesOf(query, { ids: ids(2) })).toBe(2 * (1 + L));
});

test.each(['toString', 'constructor', 'hasOwnProperty', 'n'])('a variable named %s counts by its default', (name) => {
  const query = `query ($${name}: Int = 90) { persons(first: $${name}) { nodes { names { id } } } }`;
  expect(nodesOf(query)).toBe(90 * (1 + L));
  expect(nodesOf(query, { [name]: 3 })).toBe(3 * (1 + L));
});

test('a question is priced anew for other variables', () => {
  const document = parse('query ($n: Int!) { persons(first: $n) { nodes { id } } }');
  const operation = document.definitions[0] as OperationDefinitionNode;
  const price = (n: number): number => costOf({ schema, document, operation, variables: { n } }).nodes;
  expect([price(3), price(90), price(3)]).toEqual([3, 90, 3]);
});

const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8');
const filesIn = (directory: string, end: string): string[] =>
  readdirSync(join(packageRoot, directory), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(end))
    .map((file) => `${directory}/${file}`);

const shown: [file: string, text: string][] = [
  ...['web/explorer', 'test/golden', 'examples']
    .flatMap((directory) => filesIn(directory, '.graphql'))
    .map((file): [string, string] => [file, read(file)]),
  ...['README.md', ...filesIn('docs', '.md')].flatMap((file) =>
    [...read(file).matchAll(/```graphql\n(.*?)```/gs)]
      .map(([, text = '']): [string, string] => [file, text])
      .filter(([, text]) => /^\s*(query|mutation|\{)/.test(text)),
  ),
];

test('there are questions to price', () => expect(shown.length).toBeGreaterThan(30));

test.each(shown)('%s is answered', (_file, text) => {
  expect(() => costsOf(text)).not.toThrow();
});

describe('over HTTP', () => {
  let served: ServedHere;
  beforeAll(async () => {
    served = await serveHere('migrated');
  });
  afterAll(() => served?.close());

  test.each([
    [
      'six deep under one record',
      '{ person(id: "1") { claims { claims { claims { claims { claims { claims { id } } } } } } } }',
    ],
    ['three deep under a hundred', '{ persons(first: 100) { nodes { claims { claims { claims { id } } } } } }'],
    [
      'behind fragments',
      '{ persons(first: 100) { nodes { ...A } } } fragment A on Person { claims { ...B } } ' +
        'fragment B on Claim { claims { claims { id } } }',
    ],
    [
      'many side by side',
      `{ persons(first: 100) { nodes { ${['claims', 'identifiers', 'names', 'detentions']
        .map((list) => `${list} { claims { id } cases { id } links { id } sources { id } sealedValues { id } }`)
        .join(' ')} } } }`,
    ],
  ])('lists inside lists, %s, are refused with what to do', async (_name, query) => {
    const { data, errors } = await post(served.base, query);
    expect(data).toBeNull();
    expect(errors[0]!.extensions).toMatchObject({ code: 'LIMITED', rule: 'page-cost' });
    expect(errors[0]!.message).toMatch(
      /^This asks for up to \d+ nodes; 10000 are answered at once\. Lower `first`, or ask for fewer lists inside lists:/,
    );
  });

  test('and one list fewer is answered', async () => {
    const { data, errors } = await post(served.base, '{ persons(first: 100) { nodes { claims { claims { id } } } } }');
    expect({ data, errors }).toEqual({ data: { persons: { nodes: [] } }, errors: [] });
  });
});
