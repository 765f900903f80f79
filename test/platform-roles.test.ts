// What each role must not be able to do, tried for real. The tables are this file's own.
import pg from 'pg';
import { withClient } from '../src/db/client.js';
import { createDataSource } from '../src/db/data-source.js';
import { bootstrap } from '../src/db/roles.js';
import { LOGINS, ROLES, withDatabase } from '../src/db/role-urls.js';
import { scramVerifier } from '../src/db/scram.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { testSecret, testServerUrl } from './support/test-server.js';

let db: FreshDatabase;

const codeOf = (url: string, sql: string): Promise<string> =>
  withClient(url, (client) =>
    client.query(sql).then(
      () => 'done',
      (error: pg.DatabaseError) => error.code ?? error.message,
    ),
  );

const ask = <T>(url: string, sql: string): Promise<T[]> =>
  withClient(url, async (client) => (await client.query(sql)).rows as T[]);

beforeAll(async () => {
  db = await freshDatabase('empty');
  await withClient(db.migrateUrl, (client) =>
    client.query(`
      create table notes (id int primary key, text text);
      insert into notes values (1, 'one');
      create function shout() returns text language sql as $$ select 'HO' $$;
      grant select on notes to kualik_reader, kualik_editor;
      grant insert, update on notes to kualik_editor`),
  );
});
afterAll(() => db?.drop());

test('migrations act as the owner, and so everything belongs to kualik_owner', async () => {
  expect(
    await ask(
      db.migrateUrl,
      `select session_user::text as login, current_user::text as acts, tableowner::text as owner from pg_tables where tablename = 'notes'`,
    ),
  ).toEqual([{ login: 'kualik_migrate', acts: 'kualik_owner', owner: 'kualik_owner' }]);
});

const MAY = 'done';
const DENIED = '42501';
const READ_ONLY = '25006';

test.each([
  ['select * from notes', MAY, MAY],
  [`insert into notes values (2, 'two') on conflict do nothing`, READ_ONLY, MAY],
  [`begin read write; insert into notes values (3, 'three')`, DENIED, MAY],
  [`update notes set text = 'x'`, READ_ONLY, MAY],
  [`begin read write; delete from notes`, DENIED, DENIED],
  [`begin read write; truncate notes`, DENIED, DENIED],
  [`begin read write; drop table notes`, DENIED, DENIED],
  [`begin read write; alter table notes add column more int`, DENIED, DENIED],
  [`begin read write; create table mine (id int)`, DENIED, DENIED],
  [`begin read write; create temp table mine (id int)`, DENIED, DENIED],
  [`begin read write; create schema mine`, DENIED, DENIED],
  [`begin read write; create function f() returns int language sql as 'select 1'`, DENIED, DENIED],
  [`begin read write; create extension hstore`, DENIED, DENIED],
  [`begin read write; create role mine`, DENIED, DENIED],
  ['set role kualik_owner', DENIED, DENIED],
  ['set role kualik_migrate', DENIED, DENIED],
  ['set session authorization kualik_owner', DENIED, DENIED],
  [`select set_config('role', 'kualik_owner', false)`, DENIED, DENIED],
  ['select shout()', DENIED, DENIED],
  ['select * from pg_authid', DENIED, DENIED],
  [`select pg_read_file('PG_VERSION')`, DENIED, DENIED],
  [`copy (select 1) to program 'true'`, DENIED, DENIED],
])('%s: reader %s, editor %s', async (sql, reader, editor) => {
  expect([await codeOf(db.readerUrl, sql), await codeOf(db.editorUrl, sql)]).toEqual([reader, editor]);
});

test('who logs in is a member of its own group and of nothing else, and of the groups nobody logs in', async () => {
  const rows = await ask<{ role: string; login: boolean; groups: string[] }>(
    db.adminUrl,
    `select rolname as role, rolcanlogin as login,
       array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1) as groups
     from pg_roles r where rolname like 'kualik\\_%' order by 1`,
  );
  const expected = ROLES.map((role) => ({
    role,
    login: LOGINS.includes(role),
    groups:
      role === 'kualik_migrate'
        ? ['kualik_owner']
        : role === 'kualik_loader'
          ? ['kualik_editor']
          : (/^(kualik_(?:reader|editor))_\d$/.exec(role)?.slice(1) ?? []),
  }));
  expect(rows).toEqual(expected.sort((a, b) => (a.role < b.role ? -1 : 1)));
});

test('a stacked statement is refused by the pools, and runs by the simple protocol: the reason for our client', async () => {
  const stacked = `select 1; commit; update notes set text = 'stacked'`;
  const dataSource = createDataSource({ url: db.editorUrl, poolSize: 1 });
  await dataSource.initialize();
  try {
    await expect(dataSource.query(stacked)).rejects.toMatchObject({ code: '42601' });
    await expect(dataSource.query(stacked, [])).rejects.toMatchObject({ code: '42601' });
    await expect(dataSource.transaction((manager) => manager.query(stacked))).rejects.toMatchObject({ code: '42601' });
    expect(await dataSource.query(`select count(*)::int as n from notes where text = 'stacked'`)).toEqual([{ n: 0 }]);
  } finally {
    await dataSource.destroy();
  }
  expect(await codeOf(db.editorUrl, stacked)).toBe(MAY);
});

test('every login role has its limits, and no role can do more than it should', async () => {
  const roles = await ask<{ role: string; limit: number; settings: string[] }>(
    db.adminUrl,
    `select rolname as role, rolconnlimit as limit, rolconfig as settings from pg_roles
     where rolname like 'kualik\\_%' and not (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication) order by 1`,
  );
  expect(roles.map(({ role }) => role)).toEqual([...ROLES].sort());
  for (const { limit, settings } of roles.filter(({ role }) => LOGINS.includes(role))) {
    expect(limit).toBeGreaterThan(0);
    for (const name of [
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
      'jit',
      'search_path',
    ]) {
      expect(settings).toContainEqual(expect.stringMatching(`^${name}=`));
    }
  }
});

test('what a role planted in its own settings, or its password, is undone at the next start', async () => {
  await ask(db.editorUrl, `alter role kualik_loader set search_path = 'pg_temp'`);
  await ask(db.editorUrl, `alter role kualik_loader set work_mem = '1GB'`);
  await ask(db.editorUrl, `alter role kualik_loader password 'mine'`);
  await expect(ask(db.editorUrl, 'select 1')).rejects.toThrow(/password authentication failed/);
  await bootstrap(db.adminUrl, testSecret());
  expect(
    await ask(db.editorUrl, `select current_setting('search_path') as path, current_setting('work_mem') as memory`),
  ).toEqual([{ path: 'public', memory: '4MB' }]);
});

test('the server never sees a clear password, and our verifier is the one it would make', async () => {
  const [row] = await ask<{ secret: string }>(
    db.adminUrl,
    `select rolpassword as secret from pg_authid where rolname = 'kualik_reader_3'`,
  );
  const [, salt] = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(row!.secret)!;
  const { rolePassword } = await import('../src/db/secret.js');
  expect(scramVerifier(rolePassword(testSecret(), 'kualik_reader_3'), Buffer.from(salt!, 'base64'))).toBe(row!.secret);
});

test('eight set-ups at once, in two databases, all succeed', async () => {
  const other = await freshDatabase('empty');
  try {
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => bootstrap(index % 2 ? db.adminUrl : other.adminUrl, testSecret())),
    );
  } finally {
    await other.drop();
  }
});

describe('an account that is no superuser', () => {
  const SECRET = Buffer.alloc(32, 1);
  const installer = `kualik_test_installer_${process.pid}`;
  const database = `kualik_test_own_${process.pid}`;
  const admin = (sql: string): Promise<unknown> => ask(testServerUrl(), sql);
  let url: string;

  beforeAll(async () => {
    await admin(`create role ${installer} login password 'x'`);
    await admin(`create database ${database}`);
    const address = new URL(withDatabase(testServerUrl(), database));
    Object.assign(address, { username: installer, password: 'x' });
    url = address.href;
  });
  afterAll(async () => {
    await admin(`drop database if exists ${database} with (force)`);
    await admin(`drop role if exists ${installer}`);
  });

  test('is told which SQL an administrator has to run, and that SQL is enough to pass the check', async () => {
    const told = await bootstrap(url, SECRET).catch((error: Error) => error.message);
    const lines = String(told)
      .split('\n')
      .filter((line) => line.startsWith('  '));
    expect(lines).toEqual([
      `  ALTER ROLE "${installer}" CREATEROLE;`,
      `  ALTER DATABASE "${database}" OWNER TO "${installer}";`,
    ]);
    for (const line of lines) await admin(line);
    // Here the roles were made by the superuser of the test server, so on 16 and newer another account may not touch them.
    const [{ version }] = (await ask<{ version: number }>(
      url,
      `select current_setting('server_version_num')::int / 10000 as version`,
    )) as [{ version: number }];
    if (version >= 16) await expect(bootstrap(url, SECRET)).rejects.toThrow(/may not change the roles of Kualik/);
  });

  test('a database with tables of somebody else is left alone', async () => {
    await ask(withDatabase(testServerUrl(), database), 'create table invoices (id int)');
    await expect(bootstrap(withDatabase(testServerUrl(), database), testSecret())).rejects.toThrow(
      /already holds tables that are not Kualik's \(invoices\)/,
    );
  });
});
