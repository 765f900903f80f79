// What is kept for a while only: told without --apply, removed with it, to the row; what is not over its time stays.
import type { DataSource } from 'typeorm';
import { pino } from 'pino';
import { gateOf, type Rows } from '../src/accounts/gate.js';
import { retain, startRetention } from '../src/commands/retention.js';
import { withClient } from '../src/db/client.js';
import { addAccount, openGate } from './support/accounts.js';
import { audited } from './support/auditing.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { sleep } from './support/writers.js';

let database: FreshDatabase;
let gate: DataSource;
let rows: Rows;
beforeAll(async () => {
  database = await freshDatabase('founding');
  gate = await openGate(database);
  rows = gateOf(gate).rows;
});
afterAll(async () => {
  await gate?.destroy();
  await database?.drop();
});

const sql = <T extends object>(text: string): Promise<T[]> =>
  withClient(database.adminUrl, async (client) => (await client.query(text)).rows);

/** One row that stays beside each that goes; the account with its token and session is new. */
async function fill(): Promise<void> {
  const { accountId } = await addAccount(gate, { login: `kept-${Math.random().toString(36).slice(2, 8)}` });
  await sql(`
    insert into auth.sessions (hash, account_id, methods, seen_at, ends_at) values
      (uuid_send(gen_random_uuid()), ${accountId}, '{password}', now() - interval '31 minutes', now() + interval '1 day'),
      (uuid_send(gen_random_uuid()), ${accountId}, '{password}', now(), now() - interval '1 minute');
    insert into auth.flows (hash, kind, expires_at) values
      (uuid_send(gen_random_uuid()), 'passkey', now() - interval '1 minute'), (uuid_send(gen_random_uuid()), 'passkey', now() + interval '1 minute');
    insert into auth.throttles (key, tries, since, until) values
      (uuid_send(gen_random_uuid()), 1, now(), now() - interval '1 minute'), (uuid_send(gen_random_uuid()), 1, now(), now() + interval '1 minute');
    insert into auth.contexts (hash, account_id, credential, level, teams, actor, expires) values
      (uuid_send(gen_random_uuid()), ${accountId}, '\\x00', 0, '{}', 'x', now() - interval '1 minute'),
      (uuid_send(gen_random_uuid()), ${accountId}, '\\x00', 0, '{}', 'x', now() + interval '1 minute');
    insert into auth.tokens (hash, account_id, name, roles, level, created_at, expires_at, revoked_at) values
      (uuid_send(gen_random_uuid()), ${accountId}, 'long over', '{reader}', 0, now() - interval '180 days', now() - interval '91 days', null),
      (uuid_send(gen_random_uuid()), ${accountId}, 'taken back long ago', '{reader}', 0, now() - interval '95 days', now() - interval '10 days', now() - interval '91 days'),
      (uuid_send(gen_random_uuid()), ${accountId}, 'just over', '{reader}', 0, now() - interval '50 days', now() - interval '1 day', null),
      (uuid_send(gen_random_uuid()), ${accountId}, 'in use', '{reader}', 0, now(), now() + interval '1 day', null);
    insert into house.idempotency_keys (actor, key, mutation, digest, record_id, used_at)
      select 'a', age, 'm', 'd', (select id from records limit 1), now() - age::interval
      from unnest('{366 days,364 days}'::text[]) age;
    insert into house.capture_days (actor, day, bytes) select 'a', current_date - age, 1 from unnest('{8,7,0}'::int[]) age`);
}
const clear = (): Promise<object[]> =>
  sql(`delete from auth.accounts; delete from auth.flows; delete from auth.throttles; delete from house.idempotency_keys; delete from house.capture_days`); // prettier-ignore

const EXPECTED = {
  sessions: 2,
  'sign-ins and links that nobody finished': 1,
  'counted tries to sign in': 1,
  'contexts of requests': 1,
  'tokens that ran out or were taken back': 2,
  'idempotency keys': 1,
  'bytes of captures per account and day': 1,
};
const counted = async (apply: boolean): Promise<object> =>
  Object.fromEntries((await retain(rows, apply)).map(({ what, rows: count }) => [what, count]));
const LEFT = `select (select count(*)::int from auth.sessions) as sessions, (select count(*)::int from auth.flows) as flows,
  (select count(*)::int from auth.throttles) as throttles, (select count(*)::int from auth.contexts) as contexts,
  (select array_agg(name order by name) from auth.tokens where name not in ('test', 'token')) as tokens,
  (select array_agg(key) from house.idempotency_keys) as keys, (select count(*)::int from house.capture_days) as days`;

test('it is told first, then removed to the row, and the audit enters the tokens', async () => {
  const log = await audited(database);
  await fill();
  const [before] = await sql(LEFT);
  expect(await counted(false)).toEqual(EXPECTED);
  expect(await sql(LEFT)).toEqual([before]);
  expect(await counted(true)).toEqual(EXPECTED);
  const [after] = await sql<{ tokens: string[] }>(LEFT);
  expect(after).toMatchObject({ sessions: 1, flows: 1, throttles: 1, contexts: 1, keys: ['364 days'], days: 2 });
  expect(after!.tokens).toEqual(expect.arrayContaining(['in use', 'just over']));
  expect(after!.tokens).not.toEqual(expect.arrayContaining(['long over']));
  expect(after!.tokens).not.toEqual(expect.arrayContaining(['taken back long ago']));
  expect(Object.values(await counted(true))).toEqual(Array(7).fill(0));
  const entries = (await log.entries()).filter(({ noun, operation }) => noun === 'tokens' && operation === 'delete');
  expect(entries).toHaveLength(2);
  await log.sealAll();
  expect((await log.verify()).faults).toEqual([]);
  await log.close();
  await clear();
});

test('one at a time: while another one is at work nothing is done', async () => {
  await fill();
  await withClient(database.migrateUrl, async (other) => {
    await other.query('begin');
    await other.query('select * from auth.retention(true)');
    expect(await retain(rows, true)).toEqual([]);
    expect(await retain(rows, false)).toHaveLength(7);
    await other.query('rollback');
  });
  expect(await counted(true)).toEqual(EXPECTED);
  await clear();
});

test('the server does it by itself, says how many, and goes on after a failure', async () => {
  await fill();
  const lines: { msg: string; removed?: object }[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  let failures = 1;
  const job = startRetention({
    gate: () => (failures-- > 0 ? Promise.reject(new Error('no database')) : Promise.resolve(gate)),
    logger,
    firstAfterMs: 1,
    everyMs: 10,
  });
  while (!lines.some(({ msg }) => msg === 'retention')) await sleep(10);
  await job.stop();
  expect(lines.map(({ msg }) => msg)).toEqual(['retention failed; it is tried again tomorrow', 'retention']);
  expect(lines[1]!.removed).toEqual(EXPECTED);
  await clear();
});

test('it is not for who reads or edits', async () => {
  for (const url of [...database.readerUrls, ...database.editorUrls])
    await expect(withClient(url, (client) => client.query('select * from auth.retention(true)'))).rejects.toThrow(
      /permission denied/,
    );
});
