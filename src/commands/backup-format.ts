// What a backup is: a directory with one file per table (the text of COPY, zipped) and no SQL, and
// a manifest with the count and the hash of every table, written last. The reasons are in docs/decisions/0020-backup.md.
import { createHash, type Hash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type pg from 'pg';
import { z } from 'zod';
import { CopyOut } from '../db/copy.js';
import { PlainError } from '../db/plain-error.js';

export const FORMAT = 'kualik backup 1';
const MANIFEST = 'manifest.json';

/** What is said instead, where the database is not Kualik's own. */
export const OWN_SERVER = `This database is on a server of your own (DATABASE_URL), which has better tools than Kualik. As a superuser of it, for a database "kualik":
  pg_dump --format=custom --file=kualik.dump kualik
  pg_dumpall --roles-only --no-role-passwords > roles.sql
and to restore, on a server without it:
  psql --file=roles.sql postgres
  createdb kualik && pg_restore --exit-on-error --dbname=kualik kualik.dump
Then, with DATABASE_URL on the restored database: "kualik migrate --again", "kualik audit verify", and docs/guides/operate.md on what else to look at.`;

const name = z.string().regex(/^[a-z_][a-z0-9_]*$/);
const sum = z.string().regex(/^[0-9a-f]{64}$/);
const tableSchema = z.strictObject({
  schema: name,
  table: name,
  columns: z.array(name).min(1),
  rows: z.int().nonnegative(),
  /** Of the text of COPY, in the order of the primary key. */
  sha256: sum,
});
const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** The instant of the snapshot. */
  at: z.string(),
  kualik: z.string(),
  postgres: z.string(),
  migrations: z.array(z.string()),
  /** Names and hashes of the repeatable SQL that the database was furnished with: to be known by, never to be run. */
  repeatable: z.record(z.string().regex(/^[0-9a-z-]+\.sql$/), sum),
  tables: z.array(tableSchema),
  sequences: z.array(z.strictObject({ schema: name, sequence: name, last: z.string(), called: z.boolean() })),
  /** Public: for whoever verifies the audit in the backup and has the key from nowhere else. */
  auditKey: z.string().optional(),
  /** Ids of the keys without which sealed values stay ciphertext. */
  sealKeys: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type TableEntry = z.infer<typeof tableSchema>;
export type Table = Pick<TableEntry, 'schema' | 'table' | 'columns'>;

/** Made anew by whoever restores. */
const MADE_BY_MIGRATE = ['public.schema_migrations', 'public.house_repeatables'];
/** Sessions, links and counters of guesses: nothing that was open when the backup was made is open after a restore. */
export const TRANSIENT = ['auth.sessions', 'auth.flows', 'auth.throttles', 'auth.contexts'];

const OWN_SCHEMAS = `not n.nspname ~ '^pg_' and n.nspname <> 'information_schema'`;

/** Every table of every schema but those above, so that one that a later version adds is in its backups by itself. */
export async function listTables(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select n.nspname as schema, c.relname as table,
       (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and ${OWN_SCHEMAS} and not n.nspname || '.' || c.relname = any ($1)
     order by 1, 2`,
    [[...MADE_BY_MIGRATE, ...TRANSIENT]],
  );
  return rows;
}

export async function listSequences(client: pg.ClientBase): Promise<{ schema: string; sequence: string }[]> {
  const { rows } = await client.query<{ schema: string; sequence: string }>(
    `select n.nspname as schema, c.relname as sequence from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'S' and ${OWN_SCHEMAS} and n.nspname || '.' || c.relname <> 'public.schema_migrations_id_seq' order by 1, 2`,
  );
  return rows;
}

/** The names are checked against a pattern or come from the catalog. */
export const qualified = ({ schema, table }: { schema: string; table: string }): string => `"${schema}"."${table}"`;
export const nameOf = ({ schema, table }: { schema: string; table: string }): string => `${schema}.${table}`;
export const columnsOf = ({ columns }: Table): string => columns.map((column) => `"${column}"`).join(', ');

/** By a key that has no nulls, or else by the whole row; text in the order of its bytes, the same on every server. */
export async function orderOf(client: pg.ClientBase, table: Table): Promise<string> {
  const { rows } = await client.query<{ column: string; text: boolean }>(
    `select a.attname as column, a.attcollation <> 0 as text
     from (select i.indexrelid, i.indrelid, i.indkey from pg_index i
           where i.indrelid = $1::regclass and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
             and not exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey) and not a.attnotnull)
           order by i.indisprimary desc, i.indexrelid limit 1) i
       cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum order by k.place`,
    [qualified(table)],
  );
  if (rows.length === 0) return `row(${columnsOf(table)})::text collate "C"`;
  return rows.map(({ column, text }) => `"${column}"${text ? ' collate "C"' : ''}`).join(', ');
}

/** Settings under which the same value is the same text on every server. */
export const SAME_TEXT = `set datestyle = 'ISO, YMD'; set timezone = 'UTC'; set intervalstyle = 'postgres';
  set bytea_output = 'hex'; set extra_float_digits = 1; set client_encoding = 'UTF8'; set statement_timeout = 0; set lock_timeout = '10s'`;

/** Everything in a table, through `hash`, to `to`. */
export async function copyOut(client: pg.ClientBase, table: Table, to: NodeJS.WritableStream[]): Promise<TableEntry> {
  const hash = createHash('sha256');
  const order = await orderOf(client, table);
  const from = new CopyOut(`copy (select ${columnsOf(table)} from ${qualified(table)} order by ${order}) to stdout`);
  client.query(from);
  await pipeline([from, through(hash), ...(to.length > 0 ? to : [nowhere()])]);
  return { ...table, rows: from.rows, sha256: hash.digest('hex') };
}

export const through = (hash: Hash): Transform =>
  new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
const nowhere = (): Writable => new Writable({ write: (_, __, done) => done() });

export const dataFile = (directory: string, table: Table): string =>
  join(directory, 'data', `${nameOf(table)}.copy.gz`);

export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** @returns its fingerprint: who keeps that elsewhere can tell this backup from one that somebody changed. */
export function writeManifest(directory: string, manifest: Manifest): string {
  const text = `${JSON.stringify(manifest, null, 1)}\n`;
  fs.writeFileSync(join(directory, MANIFEST), text, { mode: 0o600, flag: 'wx', flush: true });
  fs.writeFileSync(join(directory, `${MANIFEST}.sha256`), `${sha256(text)}  ${MANIFEST}\n`, {
    mode: 0o600,
    flag: 'wx',
    flush: true,
  });
  return sha256(text);
}

const refused = (directory: string, what: string): PlainError =>
  new PlainError(`${directory} cannot be restored: ${what} Nothing was changed. Take another backup.`);

export interface Backup {
  directory: string;
  manifest: Manifest;
  fingerprint: string;
}

/** @throws PlainError when the manifest is missing, damaged, or not the one that was expected. */
export function readBackup(directory: string, expected?: string): Backup {
  let text: string;
  let written: string;
  try {
    text = fs.readFileSync(join(directory, MANIFEST), 'utf8');
    written = fs.readFileSync(join(directory, `${MANIFEST}.sha256`), 'utf8');
  } catch (error) {
    throw refused(directory, `it is no whole backup (${(error as Error).message}).`);
  }
  const fingerprint = sha256(text);
  if (!written.startsWith(fingerprint)) throw refused(directory, 'its manifest was changed or damaged.');
  if (expected !== undefined && expected.trim().toLowerCase() !== fingerprint)
    throw refused(directory, `its fingerprint is ${fingerprint}, not the one that you gave.`);
  const read = manifestSchema.safeParse(parsed(text));
  if (!read.success) throw refused(directory, 'it was made by another version of "kualik backup", or changed.');
  return { directory, manifest: read.data, fingerprint };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads every file to its end and compares count and hash, before anything is made of it. */
export async function checkFiles({ directory, manifest }: Backup): Promise<void> {
  for (const table of manifest.tables) {
    const hash = createHash('sha256');
    let lines = 0;
    const counter = new Writable({
      write(chunk: Buffer, _, done) {
        for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
        done();
      },
    });
    try {
      await pipeline(fs.createReadStream(dataFile(directory, table)), createGunzip(), through(hash), counter);
    } catch (error) {
      throw refused(directory, `the file of ${nameOf(table)} cannot be read to its end (${(error as Error).message}).`);
    }
    if (lines !== table.rows || hash.digest('hex') !== table.sha256)
      throw refused(directory, `the file of ${nameOf(table)} is not what was saved.`);
  }
}
