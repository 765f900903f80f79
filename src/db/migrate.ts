// Brings the database to the shape this version of Kualik needs: the migrations not yet run, then the repeatable SQL.
// Any number of processes may call it at once; one works, the others wait and then find nothing to do.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { MigrationInterface } from 'typeorm';
import { withClient } from './client.js';
import { createDataSource, type PoolOptions } from './data-source.js';
import { PlainError } from './plain-error.js';

const LOCK = 7_120_002;
const WAIT_MS = 10 * 60_000;

export interface MigrateOptions {
  /** The address of kualik_migrate; a direct connection, not one through a transaction pooler. */
  migrateUrl: string;
  migrations: NonNullable<PoolOptions['migrations']>;
  /** Directory of idempotent .sql files, run in the order of their names. */
  repeatable?: string;
  /** Run the repeatable files even when nothing changed: heals what was altered by hand. */
  again?: boolean;
  /**
   * For the shape of an earlier time, which is completed by another migrate: repeatable files but these may need what comes only
   * later, and are left out then.
   */
  only?: readonly string[];
}

export interface Migrated {
  /** Names of the migrations that were run now. */
  applied: string[];
  /** Files that were run now: all of them, or none. */
  repeated: string[];
  ms: number;
}

/** Polled, since waiting inside the server would count against lock_timeout. */
async function withMigrationLock<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + WAIT_MS;
  for (;;) {
    const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [LOCK]);
    if (rows[0]?.free) break;
    if (performance.now() > until)
      throw new PlainError(
        'Another process has been migrating this database for ten minutes. Look at what it does, or stop it, then try again.',
      );
    await sleep(50);
  }
  return work(); // the lock ends with the connection
}

async function runMigrations({ migrateUrl, migrations }: MigrateOptions): Promise<string[]> {
  const dataSource = createDataSource({ url: migrateUrl, migrations, poolSize: 1, protocol: 'simple' });
  await dataSource.initialize();
  try {
    return (await dataSource.runMigrations({ transaction: 'each' })).map(({ name }) => name);
  } finally {
    await dataSource.destroy();
  }
}

/** A database that a newer Kualik has changed is left alone: what this one would do to it was never tried. */
async function refuseNewer(client: pg.Client, { migrations }: MigrateOptions): Promise<void> {
  const known = new Set(Object.values(migrations).map((one) => new (one as new () => MigrationInterface)().name));
  const { rows } = await client.query<{ there: boolean }>(
    `select to_regclass('schema_migrations') is not null as there`,
  );
  if (!rows[0]?.there) return;
  const done = await client.query<{ name: string }>('select name from schema_migrations order by id');
  const strange = done.rows.map(({ name }) => name).filter((name) => !known.has(name));
  if (strange.length > 0)
    throw new PlainError(
      `A newer Kualik has worked on this database: it holds changes that this one does not know (${strange.map(shortName).join(', ')}). ` +
        'Nothing was changed. Start the newer Kualik, or one of the same version.',
    );
}

interface SqlFile {
  name: string;
  sql: string;
  hash: string;
}

function readSqlFiles(directory: string): SqlFile[] {
  const names = fs
    .readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name) => {
    const sql = fs.readFileSync(join(directory, name), 'utf8');
    return { name, sql, hash: createHash('sha256').update(sql).digest('hex') };
  });
}

/** Where in the file: the server counts characters, people count lines. */
function explain(file: SqlFile, error: unknown): PlainError {
  const { message, position, where } = error as { message: string; position?: string; where?: string };
  const line = position ? `, line ${file.sql.slice(0, Number(position)).split('\n').length}` : '';
  return new PlainError(`${file.name}${line}: ${message}${where ? `\n${where}` : ''}`, { cause: error });
}

/** A table, a column, a function or a type that is not there. */
const NEEDS_MORE = new Set(['42P01', '42703', '42883', '42704']);

/**
 * All files in one transaction, so that nobody sees half of it. Left out when neither a file nor the tables changed: that
 * is every ordinary start, and replacing functions takes locks that readers would feel.
 */
async function runRepeatables(
  client: pg.Client,
  directory: string,
  force: boolean,
  only?: readonly string[],
): Promise<string[]> {
  const files = readSqlFiles(directory);
  await client.query(
    'create table if not exists house_repeatables (file text primary key, hash text not null, run_at timestamptz not null default now())',
  );
  const { rows } = await client.query<{ file: string; hash: string }>('select file, hash from house_repeatables');
  const known = new Map(rows.map(({ file, hash }) => [file, hash]));
  const same = known.size === files.length && files.every(({ name, hash }) => known.get(name) === hash);
  if (same && !force) return [];
  await client.query('begin');
  try {
    for (const file of files) {
      // Savepoints only where they are needed: what is made below one has another transaction id (history.era()).
      if (only) await client.query('savepoint file');
      await client.query(file.sql).catch(async (error: unknown) => {
        if (!only || only.includes(file.name) || !NEEDS_MORE.has(String((error as pg.DatabaseError).code)))
          throw explain(file, error);
        await client.query('rollback to file');
      });
    }
    await client.query('delete from house_repeatables');
    await client.query('insert into house_repeatables (file, hash) select * from unnest($1::text[], $2::text[])', [
      files.map(({ name }) => name),
      files.map(({ hash }) => hash),
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  return files.map(({ name }) => name);
}

export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const started = performance.now();
  return withClient(options.migrateUrl, (client) =>
    withMigrationLock(client, async () => {
      await refuseNewer(client, options);
      const applied = await runMigrations(options);
      const force = applied.length > 0 || options.again === true;
      const repeated = options.repeatable ? await runRepeatables(client, options.repeatable, force, options.only) : [];
      return { applied, repeated, ms: Math.round(performance.now() - started) };
    }),
  );
}

/** TypeORM wants a timestamp at the end of each name; people do not. */
const shortName = (name: string): string => name.replace(/17\d{11}$/, '');

/** What a migrate did, as one sentence. */
export function describe({ applied, repeated, ms }: Migrated): string {
  if (applied.length === 0 && repeated.length === 0) return `The database is up to date (${ms} ms).`;
  const migrations =
    applied.length === 0
      ? 'no migrations'
      : `${applied.length} migration${applied.length === 1 ? '' : 's'} (${applied.map(shortName).join(', ')})`;
  const files =
    repeated.length === 0 ? '' : ` and ${repeated.length} repeatable file${repeated.length === 1 ? '' : 's'}`;
  return `Ran ${migrations}${files} in ${ms} ms.`;
}
