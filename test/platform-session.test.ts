// Sessions and transactions on real connections: one snapshot, given back clean, cancelled when the client is gone.
import type { DataSource } from 'typeorm';
import { withClient } from '../src/db/client.js';
import { createDataSource } from '../src/db/data-source.js';
import { askOnce, openSession, openWriteSession } from '../src/db/session.js';
import { holdConnection } from '../src/db/held-connection.js';
import { Unavailable } from '../src/db/unavailable.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

/** Longer than any limit; hardening takes pg_sleep away from readers. */
const LONG = 'select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b';
let db: FreshDatabase;
let reader: DataSource;
let editor: DataSource;

const open = (options = {}) => openSession(reader, { readOnly: true, ...options });
const admin = <T>(sql: string): Promise<T[]> =>
  withClient(db.adminUrl, async (client) => (await client.query(sql)).rows as T[]);
const backends = async (role: string): Promise<number> =>
  (
    await admin<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and usename = '${role}' and state <> 'idle'`,
    )
  )[0]!.n;
const killAll = (role: string): Promise<unknown> =>
  admin(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = '${role}'`,
  );

beforeAll(async () => {
  db = await freshDatabase('empty');
  await withClient(db.migrateUrl, (client) =>
    client.query(`
      create table counters (id int primary key, n int not null, born date, seen timestamptz, price numeric(10, 2), many bigint);
      insert into counters values (1, 0, '0999-12-31', '2021-10-14 08:30:00.123456+02', 1.50, 9007199254740993);
      grant select on counters to kualik_reader, kualik_editor;
      grant insert, update on counters to kualik_editor`),
  );
  // One connection each: whatever holds one while it waits for a second hangs here.
  reader = createDataSource({ url: db.readerUrl, poolSize: 1 });
  editor = createDataSource({ url: db.editorUrl, poolSize: 2 });
  await reader.initialize();
  await editor.initialize();
});
afterAll(async () => {
  await reader?.destroy();
  await editor?.destroy();
  await db?.drop();
});

test('values arrive as text wherever JavaScript would lose something', async () => {
  const session = open();
  const rows = await session.rows(
    'types',
    `select born, seen, price, many, array[born, null] as days, array[seen] as times, array[price] as prices, array[many] as bigs from counters`,
  );
  await session.close();
  expect(rows).toEqual([
    {
      ...{ born: '0999-12-31', seen: '2021-10-14T06:30:00.123456Z', price: '1.50', many: '9007199254740993' },
      ...{
        days: ['0999-12-31', null],
        times: ['2021-10-14T06:30:00.123456Z'],
        prices: ['1.50'],
        bigs: ['9007199254740993'],
      },
    },
  ]);
});

test('a session is one snapshot, read only, and asks in turn what is asked at once', async () => {
  const session = open();
  const read = () => session.rows<{ n: number }>('counter', 'select n from counters where id = $1', [1]);
  const [[before]] = await Promise.all([read(), read(), read()]);
  await admin('update counters set n = n + 1');
  expect((await read())[0]).toEqual(before);
  expect(
    await session.rows(
      'mode',
      `select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as readonly, current_setting('plan_cache_mode') as plan`,
    ),
  ).toEqual([{ level: 'repeatable read', readonly: 'on', plan: 'force_generic_plan' }]);
  expect(session.statements.map(({ name }) => name)).toEqual(['counter', 'counter', 'counter', 'counter', 'mode']);
  await session.close();
  const next = open();
  expect((await next.rows<{ n: number }>('counter', 'select n from counters where id = $1', [1]))[0]!.n).toBe(
    before!.n + 1,
  );
  await next.close();
});

test('a session takes no connection before its first statement, may be closed twice, and is closed for good', async () => {
  const idle = open();
  const session = open();
  await session.rows('one', 'select 1');
  await Promise.all([session.close(), session.close()]);
  await session.close();
  await expect(session.rows('late', 'select 1')).rejects.toThrow(/"late" came too late/);
  await idle.close();
});

test('statements are prepared once per text and search path, and survive the release', async () => {
  const names = async (): Promise<number> => {
    const session = open();
    const [row] = await session.rows<{ n: number }>(
      'names',
      `select count(*)::int as n from pg_prepared_statements where statement like 'select n + %'`,
    );
    await session.close();
    return row!.n;
  };
  for (const settings of [{}, {}, { search_path: 'public, pg_catalog' }]) {
    const session = open({ settings });
    await session.rows('plus', 'select n + $1::int as n from counters', [1]);
    await session.close();
  }
  expect(await names()).toBe(2);
});

test('what is asked once is not kept by the connection, and a connection that keeps too much is given up', async () => {
  const pidAfter = async (statements: number, unnamed: boolean): Promise<[pid: number, kept: number]> => {
    const session = open();
    for (let n = 0; n < statements; n++) await session.rows('one of many', `select ${n} as "${unnamed}"`, [], unnamed);
    const [row] = await session.rows<{ pid: number; kept: number }>(
      'who',
      `select pg_backend_pid() as pid, (select count(*)::int from pg_prepared_statements where statement ~ 'as "(true|false)"$') as kept`,
    );
    await session.close();
    return [row!.pid, row!.kept];
  };
  const [first, nothing] = await pidAfter(600, true);
  expect(nothing).toBe(0);
  const [same, kept] = await pidAfter(600, false);
  expect([same, kept]).toEqual([first, 600]);
  expect((await pidAfter(0, true))[0]).not.toBe(first);
});

test('settings last for the session; what is planted for longer is gone with the release', async () => {
  const session = open({ settings: { 'kualik.published_by': '2021-10-20' } });
  await session.rows(
    'plant',
    `select set_config('kualik.planted', 'x', false), set_config('search_path', 'pg_temp', false)`,
  );
  expect(await session.rows('see', `select current_setting('kualik.published_by') as p`)).toEqual([
    { p: '2021-10-20' },
  ]);
  await session.close();
  const next = open();
  expect(
    await next.rows(
      'see',
      `select nullif(current_setting('kualik.planted', true), '') as a, nullif(current_setting('kualik.published_by', true), '') as p, current_setting('search_path') as path`,
    ),
  ).toEqual([{ a: null, p: null, path: 'public' }]);
  await next.close();
});

test('an error in SQL is thrown as it is, and the connection is used again', async () => {
  const session = open();
  await expect(session.rows('broken', 'select 1/0')).rejects.toMatchObject({ code: '22012' });
  await expect(session.rows('after', 'select 1')).rejects.toMatchObject({ code: '25P02' });
  await session.close();
  const first = open();
  await expect(first.rows('write', 'update counters set n = 1')).rejects.toMatchObject({ code: '25006' });
  await expect(first.rows('stacked', 'select 1; select 2')).rejects.toMatchObject({ code: '42601' });
  await first.close();
  for (const unnamed of [false, true]) {
    const once = { name: 'stacked', sql: 'select 1; select 2', values: [], unnamed };
    await expect(askOnce(reader, once)).rejects.toMatchObject({ code: '42601' });
  }
  const held = await holdConnection(reader);
  await expect(held.send('select 1; select 2')).rejects.toMatchObject({ code: '42601' });
  await held.release();
});

test('a terminated backend is Unavailable, idle, between or within statements, and the next session works', async () => {
  const check = async () => {
    const session = open();
    expect(await session.rows('check', 'select 1 as n')).toEqual([{ n: 1 }]);
    await session.close();
  };
  await check();
  await killAll('kualik_reader_1'); // idle in the pool
  await new Promise((resolve) => setTimeout(resolve, 50));
  await check();

  const between = open();
  await between.rows('one', 'select 1');
  await killAll('kualik_reader_1');
  await expect(between.rows('two', 'select 2')).rejects.toBeInstanceOf(Unavailable);
  await between.close();
  await check();

  const within = open();
  const sleeping = within.rows('sleep', LONG);
  sleeping.catch(() => undefined);
  while ((await backends('kualik_reader_1')) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await killAll('kualik_reader_1');
  await expect(sleeping).rejects.toMatchObject({ name: 'Unavailable', code: 'UNAVAILABLE', retryable: true });
  await within.close();
  await check();
});

test('a pool that is all in use is Unavailable, not a hang', async () => {
  const holding = open();
  await holding.rows('hold', 'select 1');
  const waiting = open();
  await expect(waiting.rows('wait', 'select 1')).rejects.toBeInstanceOf(Unavailable);
  await waiting.close();
  await holding.close();
});

test('a statement that takes too long is ended by the server', async () => {
  const session = open();
  await expect(session.rows('slow', LONG)).rejects.toMatchObject({ code: '57014' });
  await session.close();
}, 10_000);

test('when the client is gone the statement is cancelled, and the next session is not hit by it', async () => {
  const client = new AbortController();
  // Without a limit of its own, so that only the cancelling ends it.
  const session = open({ signal: client.signal, settings: { statement_timeout: '0' } });
  const sleeping = session.rows('sleep', LONG);
  sleeping.catch(() => undefined);
  while ((await backends('kualik_reader_1')) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  client.abort(new Error('client gone'));
  await expect(sleeping).rejects.toThrow('client gone');
  await expect(session.rows('more', 'select 1')).rejects.toThrow('client gone');
  await session.close();
  expect(await backends('kualik_reader_1')).toBe(0);
  for (let round = 0; round < 20; round++) {
    const next = open();
    await next.rows('one', 'select 1');
    await next.close();
  }
  const early = open({ signal: AbortSignal.abort(new Error('never asked')) });
  await expect(early.rows('none', 'select 1')).rejects.toThrow('never asked');
  await early.close();
});

describe('a write session', () => {
  const count = async (): Promise<number> => (await admin<{ n: number }>('select n from counters where id = 1'))[0]!.n;
  const ADD = 'update counters set n = n + $1 where id = 1';

  test('is all or nothing, serializable, and reads what it wrote', async () => {
    const before = await count();
    const kept = await openWriteSession(editor);
    await Promise.all([kept.rows('one', ADD, [1]), kept.rows('two', ADD, [2])]);
    expect(await kept.rows('read', 'select n from counters where id = 1')).toEqual([{ n: before + 3 }]);
    expect(await kept.rows('level', `select current_setting('transaction_isolation') as level`)).toEqual([
      { level: 'serializable' },
    ]);
    expect(await count()).toBe(before);
    await kept.close();
    expect(await count()).toBe(before + 3);
    const lost = await openWriteSession(editor);
    await lost.rows('lost', ADD, [100]);
    await lost.close(new Error('changed my mind'));
    expect(await count()).toBe(before + 3);
    await expect(lost.rows('late', ADD, [100])).rejects.toThrow('came too late');
  });

  test('of two that read the same row and write it, the second is told that it lost the race', async () => {
    const before = await count();
    const [first, second] = [await openWriteSession(editor), await openWriteSession(editor)];
    for (const session of [first, second]) await session.rows('read', 'select n from counters where id = 1');
    await first.rows('write', ADD, [1]);
    await first.close();
    const error: unknown = await second.rows('write', ADD, [1]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: '40001' });
    await second.close(error);
    expect(await count()).toBe(before + 1);
  });

  test('a lost connection is Unavailable, also at the commit, and the next one works', async () => {
    const before = await count();
    const within = await openWriteSession(editor);
    await within.rows('one', ADD, [1]);
    await killAll('kualik_loader');
    const error: unknown = await within.rows('two', ADD, [1]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unavailable);
    await within.close(error);
    const atCommit = await openWriteSession(editor);
    await atCommit.rows('one', ADD, [1]);
    await killAll('kualik_loader');
    await expect(atCommit.close()).rejects.toBeInstanceOf(Unavailable);
    const next = await openWriteSession(editor);
    expect(await next.rows('one', 'select 1 as n')).toEqual([{ n: 1 }]);
    await next.close();
    expect(await count()).toBe(before);
  });
});

test('a server that is not there is Unavailable', async () => {
  const nowhere = new URL(db.readerUrl);
  nowhere.port = '1';
  const away = createDataSource({ url: nowhere.href });
  await expect(away.initialize()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
