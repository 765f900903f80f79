// Answers that nobody reads to the end: only a count is selected, a sibling fails, or the client leaves. Whatever a field had
// begun by then must end without harm: no promise ends the process (jest fails the test in which one is left unhandled), no
// snapshot stays open, and the server still answers. For every root field, with whatever arguments it needs.
import { connect } from 'node:net';
import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  type GraphQLField,
  type GraphQLInputType,
} from 'graphql';
import { withClient } from '../src/db/client.js';
import { nouns } from '../src/model.js';
import type { Noun } from '../src/records/noun.js';
import { buildSchema } from '../src/schema.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';
import { sleep } from './support/writers.js';

let database: FreshDatabase;
let server: Serving;
/** The id of some record of each table. */
let ids: Map<string, string>;
beforeAll(async () => {
  database = await freshDatabase('founding');
  server = await serveOn(database);
  ids = await withClient(database.adminUrl, async (client) => {
    const { rows } = await client.query<{ noun: string; id: string }>(
      'select distinct on (noun) noun, id from records order by noun, id',
    );
    return new Map(rows.map(({ noun, id }) => [noun, id]));
  });
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

const VALUES: Record<string, unknown> = {
  LocalDate: '2021-12-01',
  Duration: 'P60D',
  CountryCode: 'KZ',
  Boolean: true,
  Int: 1,
  String: 'x',
};

/** A value of a type; an id is that of a record of the table, or of another where it has none. */
function valueOf(type: GraphQLInputType, table: string): unknown {
  const plain = getNullableType(type);
  if (isListType(plain)) return [valueOf(plain.ofType, table)];
  if (isEnumType(plain)) return plain.getValues()[0]!.name;
  if (!isInputObjectType(plain))
    return plain.name === 'ID' ? (ids.get(table) ?? ids.get('persons')) : VALUES[plain.name];
  const fields = Object.values(plain.getFields());
  const given = plain.isOneOf ? fields.slice(0, 1) : fields.filter((field) => isNonNullType(field.type));
  return Object.fromEntries(given.map((field) => [field.name, valueOf(field.type, tableOf(field.name, ''))]));
}

/** What the arguments are about whose name is not that of a noun. */
const ABOUT: Record<string, string> = { cause: 'events', effect: 'detentions', record: 'detentions' };

/** The table of a noun, by the name of an argument (`person`) or of the type that is answered (`Person`). */
function tableOf(argument: string, answered: string): string {
  const named = (name: string) =>
    Object.values<Noun>(nouns).find(({ type }) => type.toLowerCase() === name.toLowerCase())?.table;
  return named(argument) ?? named(answered) ?? ABOUT[argument] ?? 'persons';
}

const literal = (value: unknown, type: GraphQLInputType): string => {
  const plain = getNullableType(type);
  if (isListType(plain)) return `[${(value as unknown[]).map((item) => literal(item, plain.ofType)).join(', ')}]`;
  if (isEnumType(plain)) return String(value);
  if (!isInputObjectType(plain)) return JSON.stringify(value);
  return `{ ${Object.entries(value as object).map(([name, item]) => `${name}: ${literal(item, plain.getFields()[name]!.type)}`).join(', ')} }`; // prettier-ignore
};

type Root = GraphQLField<unknown, unknown>;
const roots = Object.values(buildSchema().getQueryType()!.getFields());

/** The field with the arguments that it needs, selecting as little as can be: the count where there is one. */
function asked(field: Root): string {
  const answered = getNamedType(field.type);
  const given = field.args
    .filter(isRequiredArgument)
    .map(({ name, type }) => `${name}: ${literal(valueOf(type, tableOf(name, answered.name)), type)}`);
  const selected =
    'getFields' in answered && 'totalCount' in answered.getFields() ? '__typename totalCount { value }' : '__typename';
  return `${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''} { ${selected} }`;
}

const FAILING = 'bad: persons(after: "zz") { nodes { id } }';

async function ask(query: string): Promise<{ data?: any; errors?: { message: string; path?: unknown[] }[] }> {
  const response = await fetch(`${server.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...server.analyst.byToken },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as object;
}

/** Sends the whole question and is gone before the answer. */
const leave = (query: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({ query });
    const { port } = new URL(server.base);
    const headers = Object.entries({
      host: `127.0.0.1:${port}`,
      'content-type': 'application/json',
      ...server.analyst.byToken,
    });
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', reject).on('close', () => resolve());
    socket.write(
      `POST /graphql HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      () => socket.destroy(),
    );
  });

/** What still holds a snapshot once everything that was begun had time to end. */
async function leftOpen(): Promise<string[]> {
  return withClient(database.adminUrl, async (client) => {
    for (let attempt = 1; ; attempt++) {
      const { rows } = await client.query<{ query: string }>(
        `select usename || ': ' || query as query from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and state like 'idle in transaction%'`,
      );
      if (rows.length === 0 || attempt === 50) return rows.map(({ query }) => query);
      await sleep(100);
    }
  });
}

async function noHarmWasDone(): Promise<void> {
  // One turn for promises that were left, so that they are this test's and not the next one's.
  await sleep(20);
  expect(await leftOpen()).toEqual([]);
  const { data } = await ask('{ persons(first: 1) { nodes { id } } }');
  expect(data.persons.nodes).toHaveLength(1);
}

test('every root field is asked for', () => {
  expect(roots.length).toBeGreaterThan(45);
});

describe.each(roots.map((field): [string, Root] => [field.name, field]))('%s', (_, field) => {
  test('with nothing but its count or type selected', async () => {
    const { data, errors } = await ask(`{ ${asked(field)} }`);
    expect(errors).toBeUndefined();
    expect(data).toHaveProperty(field.name);
    await noHarmWasDone();
  });

  test('beside one that fails', async () => {
    for (const query of [`{ ${asked(field)} ${FAILING} }`, `{ ${FAILING} ${asked(field)} }`]) {
      const { errors } = await ask(query);
      expect(errors?.map(({ path }) => path?.[0])).toEqual(['bad']);
    }
    await noHarmWasDone();
  });

  test('when the client leaves at once', async () => {
    for (let n = 0; n < 3; n++) await leave(`{ ${asked(field)} }`);
    await leave(`{ ${asked(field)} ${FAILING} }`);
    await noHarmWasDone();
  });
});

test('what is below an event, begun when its sibling has failed already, fifty times', async () => {
  const query = `{ event(id: "${ids.get('events')}") { sources { title } links { kind } verification } ${FAILING} }`;
  for (let n = 0; n < 50; n++) {
    const { errors } = await ask(query);
    expect(errors).toHaveLength(1);
  }
  await noHarmWasDone();
});

test('holders of certificates of whom only the number is read, while what is behind them fails', async () => {
  const query = `{ certificateHolders(on: "2021-12-01") { totalCount { value } } ${FAILING} }`;
  for (let n = 0; n < 10; n++) await ask(query);
  for (let n = 0; n < 10; n++) await leave(query);
  await noHarmWasDone();
});
