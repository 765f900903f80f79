// A crowd that tries to sign in leaves connections to those who read; and a database that no longer takes our own password is told as
// such, to who asks and to the operator.
import type { DataSource } from 'typeorm';
import pg from 'pg';
import { openAccounts } from '../src/accounts/accounts.js';
import { authRoutes } from '../src/http/auth/routes.js';
import { createDataSource } from '../src/db/data-source.js';
import { addAccount } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { testServer } from './support/http.js';
import { Page } from './support/page.js';
import { serveOn } from './support/serving.js';
import { outcome, passwords, SECRET } from './support/signing-in.js';

let database: FreshDatabase;
let gate: DataSource;
beforeAll(async () => {
  database = await freshDatabase();
  // As many connections as a server has.
  gate = await createDataSource({ url: database.gateUrl, poolSize: 8 }).initialize();
});
afterAll(async () => {
  await gate?.destroy();
  await database?.drop();
});

test('however many try to sign in, who asks a question is found out meanwhile', async () => {
  const reader = await addAccount(gate, { login: 'reader' });
  const accounts = openAccounts({ gate, secret: SECRET, anonymous: () => Promise.resolve(false), passwords });
  const server = await testServer({ routes: authRoutes(accounts) });
  const page = new Page(`http://localhost:${server.port}`);
  const holder = new pg.Client({ connectionString: database.adminUrl });
  await holder.connect();
  await holder.query('begin; lock table auth.throttles in access exclusive mode');
  const waiting = async (): Promise<number> =>
    (
      await holder.query<{ n: number }>(
        `select count(*)::int as n from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())`,
      )
    ).rows[0]!.n;
  const tries = Array.from({ length: 30 }, () => page.post('password', { login: 'nobody', password: 'wrong wrong' }));
  while ((await waiting()) < 4) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let again = 0; again < 20; again++)
    expect(await accounts.viewerOf({ headers: reader.byToken })).toMatchObject({ login: 'reader' });
  expect(await waiting()).toBe(4);
  await holder.end();
  expect(outcome(await Promise.all(tries))).toEqual({ '401 wrong-password': 10, '429 too-many-tries': 20 });
  await server.stop();
}, 30_000);

test('a password of ours that was changed behind our back is UNAVAILABLE, with a sentence for the operator', async () => {
  const wrong = new URL(database.readerUrls[3]!);
  wrong.password = 'changed';
  const [zero, one, two] = database.readerUrls;
  const readerUrls = [zero, one, two, wrong.href] as const;
  const server = await serveOn({ ...database, readerUrls });
  const boss = await addAccount(gate, { login: 'boss', level: 3 });
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`${server.base}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
      body: JSON.stringify({ query: '{ persons(first: 1) { nodes { id } } }' }),
    });
    return { status: response.status, json: (await response.json()) as any };
  };
  const said = await ask(boss.byToken);
  expect(said).toMatchObject({
    status: 503,
    json: {
      errors: [
        {
          message: expect.stringMatching(/refuses the sign-in of this server.*starts Kualik again/) as string,
          extensions: { code: 'UNAVAILABLE', rule: 'database-sign-in', retryable: true },
        },
      ],
    },
  });
  expect((await ask(server.analyst.byToken)).status).toBe(200);
  await server.stop();
});
