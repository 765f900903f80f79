// Migrations and repeatable files: run once, all or nothing, and again only when something changed.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { withClient } from '../src/db/client.js';
import { describe as inWords, migrate } from '../src/db/migrate.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

class First1700000000001 implements MigrationInterface {
  name = 'First1700000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table things (id int primary key)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table things');
  }
}
class Broken1700000000002 implements MigrationInterface {
  name = 'Broken1700000000002';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table half (id int)');
    await runner.query('create table things (id int)');
  }
  async down(): Promise<void> {}
}

let db: FreshDatabase;
let repeatable: string;
const migrations = [First1700000000001];
const write = (name: string, sql: string): void => fs.writeFileSync(join(repeatable, name), sql);
const ask = <T>(sql: string): Promise<T[]> =>
  withClient(db.adminUrl, async (client) => (await client.query(sql)).rows as T[]);

beforeEach(async () => {
  db = await freshDatabase('empty');
  repeatable = fs.mkdtempSync(join(tmpdir(), 'kualik-migrate-'));
  write('20-uses.sql', 'create or replace function twice() returns int language sql as $$ select once() * 2 $$;');
  write('10-makes.sql', 'create or replace function once() returns int language sql as $$ select 21 $$;');
});
afterEach(async () => {
  await db.drop();
  fs.rmSync(repeatable, { recursive: true });
});

const run = (more = {}) => migrate({ migrateUrl: db.migrateUrl, migrations, repeatable, ...more });

test('runs what is missing, then the repeatable files in order, and says so', async () => {
  const done = await run();
  expect(done).toMatchObject({ applied: ['First1700000000001'], repeated: ['10-makes.sql', '20-uses.sql'] });
  expect(inWords(done)).toMatch(/^Ran 1 migration \(First\) and 2 repeatable files in \d+ ms\.$/);
  expect(await ask('select twice()')).toEqual([{ twice: 42 }]);
  expect(inWords(await run())).toMatch(/^The database is up to date/);
});

test('the repeatable files run again when one changed, appeared or went, or when asked', async () => {
  await run();
  write('10-makes.sql', 'create or replace function once() returns int language sql as $$ select 1 $$;');
  expect((await run()).repeated).toHaveLength(2);
  expect(await ask('select twice()')).toEqual([{ twice: 2 }]);
  fs.rmSync(join(repeatable, '20-uses.sql'));
  expect((await run()).repeated).toEqual(['10-makes.sql']);
  expect((await run()).repeated).toEqual([]);
  expect((await run({ again: true })).repeated).toEqual(['10-makes.sql']);
});

test('a mistake in a repeatable file names file and line, and undoes all of them', async () => {
  await run();
  write('10-makes.sql', 'create or replace function once() returns int language sql as $$ select 5 $$;');
  write('20-uses.sql', 'select 1;\nselect nonsense;\n');
  await expect(run()).rejects.toThrow(/20-uses\.sql, line 2: column "nonsense" does not exist/);
  expect(await ask('select once()')).toEqual([{ once: 21 }]);
});

test('a migration that fails leaves nothing of itself and everything before it', async () => {
  await expect(run({ migrations: [First1700000000001, Broken1700000000002] })).rejects.toThrow(/things/);
  expect(
    await ask(
      `select table_name from information_schema.tables where table_schema = 'public' and table_name in ('things', 'half')`,
    ),
  ).toEqual([{ table_name: 'things' }]);
  expect(await ask('select name from schema_migrations')).toEqual([{ name: 'First1700000000001' }]);
});

test('of several that start together one works and the others find nothing to do', async () => {
  const all = await Promise.all([run(), run(), run()]);
  expect(all.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 1]);
  expect(all.map(({ repeated }) => repeated.length).sort()).toEqual([0, 0, 2]);
});

test('a database on which a newer Kualik has worked is refused in words, and left alone', async () => {
  await run();
  await ask(`insert into schema_migrations (timestamp, name) values (1800000000000, 'Holograms1790000000099')`);
  write('10-makes.sql', 'create or replace function once() returns int language sql as $$ select 5 $$;');
  await expect(run()).rejects.toThrow(/A newer Kualik has worked on this database: .*\(Holograms\)/);
  expect(await ask('select once()')).toEqual([{ once: 21 }]);
});
