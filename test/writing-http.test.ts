// Writing over HTTP: the commit comes before the answer, and nobody writes where anybody could.
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../src/db/data-source.js';
import type { Config } from '../src/config.js';
import { entities } from '../src/model.js';
import { parts } from '../src/wiring.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

let database: FreshDatabase;
let reader: DataSource;
let editor: DataSource;
const running: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  database = await freshDatabase();
  reader = await createDataSource({ url: database.readerUrl, entities, poolSize: 1 }).initialize();
  editor = await createDataSource({ url: database.editorUrl, entities, poolSize: 1 }).initialize();
});
afterAll(async () => {
  for (const server of running) await server.stop();
  await reader?.destroy();
  await editor?.destroy();
  await database?.drop();
});

async function serve(host: string, write = true) {
  const config = { host, port: 0, dataDir: '', databaseUrl: undefined, secret: undefined, logLevel: 'silent' };
  const server = await parts.startServer({
    config: config as unknown as Config,
    secret: Buffer.alloc(32, 1),
    reader,
    ...(write ? { editor } : {}),
    logger: pino({ level: 'silent' }),
  });
  running.push(server);
  const url = `${server.url.replace('0.0.0.0', '127.0.0.1')}/graphql`;
  return async (query: string): Promise<any> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query }),
    });
    return { status: response.status, ...((await response.json()) as object) };
  };
}

test('one connection is enough to write and to read in the same operation; a query sees it afterwards', async () => {
  const ask = await serve('127.0.0.1');
  const { data } = await ask('mutation { saveCase(input: { title: "A file" }) { id title members { nodes { id } } } }');
  expect(data.saveCase.title).toBe('A file');
  expect((await ask(`{ case(id: "${data.saveCase.id}") { title } }`)).data.case.title).toBe('A file');
});

test('what only the commit refuses is the answer, in the words of the rule', async () => {
  const ask = await serve('127.0.0.1');
  const { data } = await ask(`mutation {
    early: saveEvent(input: { kind: THREAT, starts: "2019" }) { id } late: saveEvent(input: { kind: THREAT, starts: "2021" }) { id } }`);
  await ask(
    `mutation { saveEventLink(input: { from: "${data.late.id}", to: "${data.early.id}", kind: RESPONSE_TO, assessment: SUPPORTED }) { id } }`,
  );
  const moved = await ask(
    `mutation { saveEvent(input: { id: "${data.late.id}", expectedVersion: 1, starts: "2018" }) { id } }`,
  );
  expect(moved.data ?? null).toBeNull();
  expect(moved.status).toBe(400);
  expect(moved.errors[0]).toMatchObject({
    message: expect.stringMatching(/^The dates make this link impossible/),
    extensions: { code: 'BAD_USER_INPUT', rule: 'impossible_link_is_not_supported' },
  });
});

test('a refused part takes the whole document back', async () => {
  const ask = await serve('127.0.0.1');
  const refused = await ask(
    'mutation { one: saveCase(input: { title: "Half" }) { id } two: saveCase(input: {}) { id } }',
  );
  expect(refused.data ?? null).toBeNull();
  expect(refused.errors[0].extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    problems: [{ path: ['input', 'title'], rule: 'required' }],
  });
  const { data } = await ask('{ cases { nodes { title } } }');
  expect(data.cases.nodes).not.toContainEqual({ title: 'Half' });
});

test.each([
  ['elsewhere than on loopback nobody writes', '0.0.0.0', true, /takes changes only while it listens on this computer/],
  ['without an editor nobody writes', '127.0.0.1', false, /only reads/],
])('%s', async (_, host, write, sentence) => {
  const ask = await serve(host, write);
  const { errors } = await ask('mutation { saveCase(input: { title: "A file" }) { id } }');
  expect(errors[0]).toMatchObject({ message: expect.stringMatching(sentence), extensions: { code: 'FORBIDDEN' } });
  expect((await ask('{ cases { nodes { id } } }')).errors).toBeUndefined();
});
