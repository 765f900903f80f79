// kualik backup: the embedded database into a directory, while people go on writing. One snapshot of all tables, so that what
// is saved is what the database was at one instant; a half-made backup never has the name of a whole one.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { createGzip } from 'node:zlib';
import type { Command } from 'commander';
import type pg from 'pg';
import { canonical } from '../audit/canonical.js';
import { auditKeyFile, checkpointFile, loadSigner } from '../audit/key-file.js';
import { formatVerifier } from '../audit/note.js';
import type { Config } from '../config.js';
import { withClient } from '../db/client.js';
import { embeddedStatus, startEmbedded } from '../db/embedded/index.js';
import { PlainError } from '../db/plain-error.js';
import { packageRoot, repeatableDirectory } from '../paths.js';
import { keyPlace, nextFile } from '../sealing/key-file.js';
import {
  copyOut,
  dataFile,
  FORMAT,
  listSequences,
  listTables,
  OWN_SERVER,
  qualified,
  SAME_TEXT,
  sha256,
  writeManifest,
  type Manifest,
  type Table,
} from './backup-format.js';
import type { Life } from './life.js';
import { restore, type RestoreOptions } from './restore.js';
import type { Run } from './run.js';
import { say } from './say.js';

const version = (): string =>
  (JSON.parse(fs.readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;

/** The SQL that the database was furnished with; ours, or it could not be restored. */
async function repeatables(client: pg.ClientBase): Promise<Record<string, string>> {
  const { rows } = await client.query<{ file: string; hash: string }>(
    'select file, hash from house_repeatables order by 1',
  );
  const strange = rows.some(({ file, hash }) => {
    const path = join(repeatableDirectory, file);
    return !fs.existsSync(path) || sha256(fs.readFileSync(path)) !== hash;
  });
  if (strange || rows.length === 0)
    throw new PlainError(
      'The database was last brought up to date by another version of Kualik. Make the backup with that version, or run "kualik migrate" first.',
    );
  return Object.fromEntries(rows.map(({ file, hash }) => [file, hash]));
}

/** Locks before the snapshot: a migration between the two would show tables of one time and rows of another. */
async function beginSnapshot(client: pg.ClientBase): Promise<Table[]> {
  await client.query(SAME_TEXT);
  const seen = await listTables(client);
  await client.query('begin isolation level repeatable read read only');
  await client.query(`lock table ${seen.map(qualified).join(', ')} in access share mode`);
  const tables = await listTables(client);
  if (JSON.stringify(tables) !== JSON.stringify(seen))
    throw new PlainError('The database is being migrated at this moment. Make the backup when that is done.');
  return tables;
}

interface CopyOptions {
  /** The public key of the audit, if there is one. */
  auditKey?: string | undefined;
  /** Who is named in the audit. */
  actor?: string;
  /** Whether the keys are copied as well. */
  withKeys?: boolean;
  signal?: AbortSignal;
}

/**
 * Copies a database into an empty directory.
 * @param adminUrl a superuser: row security hides nothing from it.
 * @returns the manifest and its fingerprint.
 */
export async function copyDatabase(
  adminUrl: string,
  directory: string,
  { auditKey, actor = 'kualik backup', withKeys = false, signal }: CopyOptions = {},
): Promise<{ manifest: Manifest; fingerprint: string }> {
  fs.mkdirSync(join(directory, 'data'), { mode: 0o700 });
  return withClient(adminUrl, async (client) => {
    const repeatable = await repeatables(client);
    // Everything leaves the house: that is entered before the snapshot, so that the copy says so too.
    await client.query(`select audit.write('export', 'backup', $1, null, null, null, null, null, null, $2)`, [
      actor,
      canonical({ keys: withKeys }),
    ]);
    const list = await beginSnapshot(client);
    const { rows } = await client.query<{ at: string; postgres: string }>(
      `select to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, current_setting('server_version') as postgres`,
    );
    const migrations = await client.query<{ name: string }>('select name from schema_migrations order by id');
    const sealKeys = await client.query<{ kek: string }>(
      'select kek_id as kek from seal.keys where wrapped is not null union select id from seal.keks where retired_at is null order by 1',
    );
    const tables: Manifest['tables'] = [];
    for (const table of list) {
      signal?.throwIfAborted();
      const file = fs.createWriteStream(dataFile(directory, table), { mode: 0o600, flags: 'wx', flush: true });
      tables.push(await copyOut(client, table, [createGzip({ level: 3 }), file]));
    }
    // After the rows: a sequence knows no snapshot, and one that is ahead of the rows is as good as one that is not.
    const sequences: Manifest['sequences'] = [];
    for (const { schema, sequence } of await listSequences(client)) {
      const { rows: found } = await client.query<{ last: string; called: boolean }>(
        `select last_value::text as last, is_called as called from "${schema}"."${sequence}"`,
      );
      sequences.push({ schema, sequence, ...found[0]! });
    }
    await client.query('commit');
    const manifest: Manifest = {
      format: FORMAT,
      ...rows[0]!,
      kualik: version(),
      migrations: migrations.rows.map((row) => row.name),
      repeatable,
      tables,
      sequences,
      ...(auditKey === undefined ? {} : { auditKey }),
      sealKeys: sealKeys.rows.map(({ kek }) => kek),
    };
    return { manifest, fingerprint: writeManifest(directory, manifest) };
  });
}

interface BackupOptions {
  withKeys?: string;
}

export async function backup(config: Config, life: Life, to: string, { withKeys }: BackupOptions): Promise<void> {
  if (config.databaseUrl) throw new PlainError(OWN_SERVER);
  if (!embeddedStatus(config.dataDir).exists)
    throw new PlainError(`There is no database in ${config.dataDir} yet. Is KUALIK_DATA the right one?`);
  const directory = resolve(to);
  const keys = withKeys === undefined ? undefined : resolve(withKeys);
  for (const place of [directory, keys]) mustBeFree(place);
  if (keys !== undefined && isInside(keys, directory))
    throw new PlainError('The keys must not be in the backup: whoever has both reads everything. Name another place, best on another medium.'); // prettier-ignore
  // Not openDatabase: a backup is made before a migration, too.
  const embedded = await startEmbedded({ dataDir: config.dataDir });
  life.atEnd(embedded.stop);
  const draft = `${directory}.draft-${randomBytes(4).toString('hex')}`;
  fs.mkdirSync(dirname(directory), { recursive: true });
  fs.mkdirSync(draft, { mode: 0o700 });
  try {
    // Before the snapshot: a checkpoint that lags behind what was saved is caught up, one that is ahead looks like a loss.
    const saved = keys === undefined ? [] : copyKeys(config, keys);
    const { manifest, fingerprint } = await copyDatabase(embedded.url, draft, {
      auditKey: publicKey(config),
      actor: `${userInfo().username} (command line)`,
      withKeys: keys !== undefined,
      signal: life.signal,
    });
    if (fs.existsSync(directory)) fs.rmdirSync(directory);
    fs.renameSync(draft, directory);
    report(directory, manifest, fingerprint);
    if (keys !== undefined) sayKeys(keys, saved);
    else sayWithout(config, manifest);
  } catch (error) {
    for (const place of [draft, ...(keys === undefined ? [] : [keys])])
      fs.rmSync(place, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new PlainError(`The disk of ${dirname(directory)} is full; what there was of the backup was removed.`, { cause: error }); // prettier-ignore
    throw error;
  }
}

function mustBeFree(place: string | undefined): void {
  if (place !== undefined && fs.existsSync(place) && (!fs.statSync(place).isDirectory() || fs.readdirSync(place).length > 0))
    throw new PlainError(`${place} is there already. Name a new directory.`); // prettier-ignore
}

const isInside = (inner: string, outer: string): boolean => {
  const path = relative(outer, inner);
  return path === '' || (!path.startsWith('..') && resolve(outer, path) === inner);
};

function publicKey({ dataDir, auditKeyFile: given }: Config): string | undefined {
  const file = auditKeyFile(dataDir, given);
  return fs.existsSync(file) ? formatVerifier(loadSigner(file, false)) : undefined;
}

/** The names that they have in a data directory of their own. */
function keyFiles(config: Config): [from: string, name: string][] {
  const audit = auditKeyFile(config.dataDir, config.auditKeyFile);
  const { file } = keyPlace(config);
  const all: [string, string][] = [
    [join(config.dataDir, 'secret'), 'secret'],
    [file, 'seal-key'],
    [nextFile(file), 'seal-key.new'],
    [audit, 'audit-key'],
    [checkpointFile(audit), 'audit-key.checkpoint'],
  ];
  return all.filter(([from]) => fs.existsSync(from));
}

function copyKeys(config: Config, to: string): string[] {
  fs.mkdirSync(to, { recursive: true, mode: 0o700 });
  return keyFiles(config).map(([from, name]) => {
    fs.writeFileSync(join(to, name), fs.readFileSync(from), { mode: 0o600, flag: 'wx', flush: true });
    return name;
  });
}

function report(directory: string, { at, tables }: Manifest, fingerprint: string): void {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  say(`Saved ${tables.length} tables with ${rows} rows, as they were at ${at}, to ${directory}.`);
  say(`Its fingerprint, to be kept elsewhere: ${fingerprint}`);
  say('All but sealed values is in clear text in it: encrypt it before it leaves this machine, for example with age.');
}

function sayKeys(keys: string, saved: string[]): void {
  say(
    `WARNING: ${saved.join(', ')} were copied to ${keys}. With them and the backup everything can be read, and a log can be forged: keep them apart, on another medium, and tell nobody who has one where the other is.`,
  );
}

function sayWithout(config: Config, { sealKeys }: Manifest): void {
  const named = keyFiles(config).map(([from]) => basename(from));
  say(
    `Not in it: the keys (${named.join(', ') || 'none are here'}). ${sealKeys.length > 0 ? `Sealed values need the key ${sealKeys.join(' and ')}. ` : ''}Keep copies of them apart from it: docs/guides/operate.md.`,
  );
}

export function registerBackup(program: Command, run: Run): void {
  program
    .command('backup')
    .description('save the embedded database to a new directory, also while the server runs and people write')
    .argument('<directory>', 'such as /media/disk/kualik-2026-03-01')
    .option('--with-keys <directory>', 'copy the keys, too, to another place')
    .action((directory: string, options: BackupOptions) =>
      run((config, life) => backup(config, life, directory, options)),
    );
  program
    .command('restore')
    .description('make the embedded database of a backup, in a KUALIK_DATA that holds none, and verify all of it')
    .argument('<directory>', 'what "kualik backup" made')
    .option('--fingerprint <hex>', 'refuse any backup but the one with this fingerprint')
    .option('--key <key>', 'the public key of the audit to believe, rather than the one that the backup names')
    .option(
      '--despite-faults',
      'restore also what its audit does not prove: keeps a list of what is wrong and ends with 1',
    )
    .action((directory: string, options: RestoreOptions) =>
      run((config, life) => restore(config, life, directory, options)),
    );
}
