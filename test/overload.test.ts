// Where answers are slow, stuck or too many: the real server over a real PostgreSQL answers each question in words, and nothing that
// nobody waits for goes on. The limits are settings (docs/promises.md, row 10) and compared as such; how long an answer took is
// reported, and what never ends fails by the time that a test has.
import { setTimeout as sleep } from 'node:timers/promises';
import { GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import pg from 'pg';
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { withClient } from '../src/db/client.js';
import { createDataSource } from '../src/db/data-source.js';
import { openSession, type Session } from '../src/db/session.js';
import { Gate } from '../src/http/gate.js';
import { Refusal } from '../src/http/refusal.js';
import { startServer, type RunningServer } from '../src/server.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { promise } from './support/promise.js';

/** Hardening takes pg_sleep away from readers, so that this is how they wait. */
const FOREVER = 'select count(*)::text as said from generate_series(1, 1000000) a, generate_series(1, 1000000) b';
const LOCKED = 'select n::text as said from counters';
const SIZE = 3;

interface TestContext {
  session: Session;
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType<unknown, TestContext>({
    name: 'Query',
    fields: {
      run: {
        type: GraphQLString,
        args: { sql: { type: new GraphQLNonNull(GraphQLString) } },
        resolve: async (_, { sql }, { session }) => (await session.rows<{ said: string }>('run', sql))[0]?.said,
      },
    },
  }),
});

let database: FreshDatabase;
let reader: DataSource;
let server: RunningServer;
let identified = 0;

beforeAll(async () => {
  database = await freshDatabase('empty');
  await withClient(database.migrateUrl, (client) =>
    client.query(
      'create table counters (n int); insert into counters values (7); grant select on counters to kualik_reader',
    ),
  );
  reader = await createDataSource({ url: database.readerUrl, poolSize: SIZE }).initialize();
  server = await startServer<TestContext, undefined>({
    schema,
    identify: () => {
      identified++;
      return Promise.resolve(undefined);
    },
    openContext: ({ signal }) => {
      const session = openSession(reader, { readOnly: true, signal });
      return Promise.resolve({ contextValue: { session }, close: () => session.close() });
    },
    ready: async () => (await reader.query('select 1')).length === 1,
    port: 0,
    host: '127.0.0.1',
    logger: pino({ level: 'silent' }),
    gate: { running: 8, waiting: 4, patience: 5_000 },
  });
});
afterAll(async () => {
  await server?.stop();
  await reader?.destroy();
  await database?.drop();
});

const RUN = 'query ($sql: String!) { run(sql: $sql) }';
/** No limit of the database ends it: what ends it is something else. */
const WITHOUT_LIMIT = `query ($sql: String!) {
  unlimited: run(sql: "select set_config('statement_timeout', '0', true)")
  run(sql: $sql)
}`;

async function ask(sql: string, signal?: AbortSignal, query = RUN) {
  const started = performance.now();
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { sql } }),
    ...(signal ? { signal } : {}),
  });
  const { data, errors } = (await response.json()) as { data?: any; errors?: any[] };
  return { status: response.status, data, error: errors?.[0], seconds: (performance.now() - started) / 1000 };
}

/** What the server's connections are doing, as the superuser sees it. */
const busy = (): Promise<number> =>
  withClient(
    database.adminUrl,
    async (client) =>
      (
        await client.query<{ n: number }>(
          `select count(*)::int as n from pg_stat_activity
           where datname = current_database() and usename like 'kualik_reader%' and state <> 'idle'`,
        )
      ).rows[0]!.n,
  );

/** Another session holds the lock until it is told to let go. */
async function lock(): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: database.adminUrl });
  await holder.connect();
  await holder.query('begin; lock table counters in access exclusive mode');
  return () => holder.end();
}

/** What the connections of readers are told, whoever they read for. */
const setting = async (name: string): Promise<string> =>
  (await ask(`select current_setting('${name}') as said`)).data.run;

test('a statement that takes too long is LIMITED after five seconds, and says to ask for less', async () => {
  expect(await setting('statement_timeout')).toBe('5s');
  const said = await ask(FOREVER);
  expect(said.error.extensions).toMatchObject({ code: 'LIMITED', rule: 'statement-time', retryable: false });
  expect(said.error.message).toMatch(/ask for less/);
  promise(10, `statement without end: LIMITED after ${said.seconds.toFixed(1)} s`);
  expect(await busy()).toBe(0);
}, 20_000);

test('a lock that another holds is a CONFLICT after two seconds, and the same question can be sent again', async () => {
  expect(await setting('lock_timeout')).toBe('2s');
  const unlock = await lock();
  const said = await ask(LOCKED);
  await unlock();
  expect(said.error.extensions).toMatchObject({ code: 'CONFLICT', retryable: true, retryAfter: 1 });
  promise(10, `lock held: CONFLICT after ${said.seconds.toFixed(1)} s`);
  expect((await ask(LOCKED)).data).toEqual({ run: '7' });
});

test('all connections held: UNAVAILABLE after two and a half seconds, each of them, and answered as soon as one is free', async () => {
  expect(reader.options).toMatchObject({ extra: { connectionTimeoutMillis: 2_500 } });
  const held = await Promise.all(
    Array.from({ length: SIZE }, async () => {
      const runner = reader.createQueryRunner();
      await runner.connect();
      return runner;
    }),
  );
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(LOCKED)));
  const slowest = Math.max(...answers.map(({ seconds }) => seconds));
  for (const { status, error } of answers) {
    expect(error.extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfter: 1 });
    expect(status).toBe(200); // application/json: the document was read
  }
  promise(10, `all connections held: UNAVAILABLE after ${slowest.toFixed(1)} s`);
  const waiting = ask(LOCKED);
  await sleep(100);
  await held[0]!.release();
  expect((await waiting).data).toEqual({ run: '7' });
  await Promise.all(held.slice(1).map((runner) => runner.release()));
}, 20_000);

test('when the client is gone, its statement is gone from the database', async () => {
  const leaving = new AbortController();
  const asked = ask(FOREVER, leaving.signal, WITHOUT_LIMIT).catch(() => 'gone');
  while ((await busy()) === 0) await sleep(10);
  const started = performance.now();
  leaving.abort();
  expect(await asked).toBe('gone');
  while ((await busy()) > 0) await sleep(10);
  const seconds = (performance.now() - started) / 1000;
  promise(10, `client gone: its statement gone after ${seconds.toFixed(2)} s`);
  expect((await ask(LOCKED)).data).toEqual({ run: '7' });
});

test('a client that leaves the line is not asked for', async () => {
  const unlock = await lock();
  const running = Array.from({ length: 8 }, () => ask(LOCKED));
  await sleep(200);
  const leaving = new AbortController();
  const left = Array.from({ length: 4 }, () => ask(LOCKED, leaving.signal).catch(() => 'gone'));
  await sleep(200);
  leaving.abort();
  expect(await Promise.all(left)).toEqual(Array(4).fill('gone'));
  await sleep(200);
  const after = Array.from({ length: 4 }, () => ask(LOCKED));
  await sleep(200);
  await unlock();
  for (const { data } of await Promise.all([...running, ...after])) expect(data).toEqual({ run: '7' });
});

test('too many: the rest is refused before anybody asks who they are or reads what they sent, and health is still answered', async () => {
  const unlock = await lock();
  const admitted = Array.from({ length: 12 }, () => ask(LOCKED));
  await sleep(300);
  const before = identified;
  const refused = await Promise.all(Array.from({ length: 100 }, () => ask('{ this is no SQL')));
  for (const { status, error } of refused) {
    expect(status).toBe(503);
    expect(error.extensions).toMatchObject({ code: 'UNAVAILABLE', rule: 'overload', retryable: true, retryAfter: 1 });
  }
  expect(identified).toBe(before);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  await unlock();
  for (const { data } of await Promise.all(admitted)) expect(data).toEqual({ run: '7' });
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
}, 20_000);

describe('the gate', () => {
  const open = (): AbortSignal => new AbortController().signal;

  test('where answers take long the line is short: who would wait in vain is refused at once', async () => {
    const gate = new Gate({ running: 1, waiting: 100, patience: 200 });
    const admitted: number[] = [];
    let refused = 0;
    const one = async (n: number) => {
      try {
        await gate.through(open(), async () => {
          await sleep(20);
          admitted.push(n);
        });
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
        refused++;
      }
    };
    // Answers take 20 ms, so ten can be given within the patience of 200; it takes some to find that out.
    await Promise.all(Array.from({ length: 80 }, (_, n) => sleep(n * 5).then(() => one(n))));
    const early = refused;
    expect(early).toBeGreaterThan(20);
    await Promise.all(Array.from({ length: 101 }, (_, n) => one(n)));
    expect(refused - early).toBeGreaterThan(80);
    // A quiet moment, and the next one is answered.
    await gate.through(open(), () => Promise.resolve(admitted.push(-1)));
    expect(admitted.at(-1)).toBe(-1);
    await gate.empty();
  });

  test('gives every place back, whatever the work comes to', async () => {
    const gate = new Gate({ running: 1, waiting: 1, patience: 1_000 });
    await expect(gate.through(open(), () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await gate.through(open(), () => Promise.resolve('done'))).toBe('done');
    await expect(gate.through(AbortSignal.abort(), () => Promise.resolve())).rejects.toThrow();
    await gate.empty();
  });
});
