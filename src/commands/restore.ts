// kualik restore: an embedded database made of a backup, in a data directory that holds none. Every file is checked before
// anything is made, every table counted and hashed again once it is in, and the audit is computed anew. Only a database that
// passed all this gets its name; of any other nothing stays.
import * as fs from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import pg from 'pg';
import type { MigrationInterface } from 'typeorm';
import { migrations as ourMigrations } from '../../migrations/index.js';
import { auditKeyFile, loadSigner, readLastCheckpoint } from '../audit/key-file.js';
import { linesOfDatabase } from '../audit/lines.js';
import { formatVerifier, parseVerifier } from '../audit/note.js';
import { verifyLines } from '../audit/verify.js';
import { compareVersions } from '../audit/versions.js';
import type { Config } from '../config.js';
import { withClient } from '../db/client.js';
import { CopyIn } from '../db/copy.js';
import { embeddedStatus, startEmbedded } from '../db/embedded/index.js';
import { migrate } from '../db/migrate.js';
import { PlainError } from '../db/plain-error.js';
import { withDatabase } from '../db/role-urls.js';
import { bootstrap } from '../db/roles.js';
import { loadSecret } from '../db/secret.js';
import { repeatableDirectory } from '../paths.js';
import { keyPlace, readKeks } from '../sealing/key-file.js';
import {
  checkFiles,
  columnsOf,
  copyOut,
  dataFile,
  listSequences,
  listTables,
  nameOf,
  OWN_SERVER,
  qualified,
  readBackup,
  SAME_TEXT,
  sha256,
  sqlDirectory,
  TRANSIENT,
  type Backup,
  type Manifest,
} from './backup-format.js';
import type { Life } from './life.js';
import { say } from './say.js';

/** Under this name until it is whole. */
const DRAFT = 'kualik_restoring';

export interface RestoreOptions {
  fingerprint?: string;
  key?: string;
}

type MigrationClass = new () => MigrationInterface;
interface Shape {
  migrations: MigrationClass[];
  repeatable: string;
}
const OURS: Shape = { migrations: Object.values(ourMigrations) as MigrationClass[], repeatable: repeatableDirectory };
const nameOfMigration = (migration: MigrationClass): string => new migration().name!;

/** Rows go into the tables that they came from, so the database is first given the shape that it had. */
function shapeOf({ directory, manifest }: Backup, ours: Shape): { then: Shape; same: boolean } {
  const known = ours.migrations.map(nameOfMigration);
  if (manifest.migrations.some((one) => !known.includes(one)))
    throw new PlainError(
      `${directory} was made by a newer Kualik (${manifest.kualik}) than this one. Nothing was changed. Restore it with that one.`,
    );
  const files = fs.readdirSync(ours.repeatable).filter((file) => file.endsWith('.sql'));
  const same =
    manifest.migrations.length === known.length &&
    files.length === Object.keys(manifest.repeatable).length &&
    files.every((file) => manifest.repeatable[file] === sha256(fs.readFileSync(join(ours.repeatable, file))));
  if (same) return { then: ours, same };
  const migrations = ours.migrations.filter((one) => manifest.migrations.includes(nameOfMigration(one)));
  return { then: { migrations, repeatable: sqlDirectory(directory) }, same };
}

function compareShape(tables: Manifest['tables'], here: Awaited<ReturnType<typeof listTables>>): void {
  const written = (list: { schema: string; table: string; columns: string[] }[]): string[] =>
    list.map((table) => `${nameOf(table)} (${[...table.columns].sort().join(', ')})`);
  const [saved, made] = [written(tables), written(here)];
  const [odd] = [...saved.filter((one) => !made.includes(one)), ...made.filter((one) => !saved.includes(one))];
  if (odd !== undefined)
    throw new PlainError(`The backup does not fit the tables that its version makes; first: ${odd}. It was changed, or made of a database that was changed by hand.`); // prettier-ignore
}

/** Triggers and foreign keys sleep: what they would do was done when the rows were first written. */
async function fill(client: pg.Client, { directory, manifest }: Backup, signal?: AbortSignal): Promise<void> {
  await client.query(SAME_TEXT);
  const here = await listTables(client);
  compareShape(manifest.tables, here);
  await client.query('begin');
  await client.query('set local session_replication_role = replica');
  await client.query(`truncate ${[...here.map(qualified), ...TRANSIENT].join(', ')}`);
  for (const table of manifest.tables) {
    signal?.throwIfAborted();
    const into = new CopyIn(`copy ${qualified(table)} (${columnsOf(table)}) from stdin`);
    client.query(into);
    await pipeline(fs.createReadStream(dataFile(directory, table)), createGunzip(), into);
  }
  const known = (await listSequences(client)).map(({ schema, sequence }) => `${schema}.${sequence}`);
  for (const { schema, sequence, last, called } of manifest.sequences) {
    if (!known.includes(`${schema}.${sequence}`)) throw new PlainError(`The backup has a sequence ${schema}.${sequence} that its version does not make.`); // prettier-ignore
    await client.query('select setval($1, $2, $3)', [`"${schema}"."${sequence}"`, last, called]);
  }
  await client.query('analyze');
  for (const table of manifest.tables) {
    signal?.throwIfAborted();
    const { rows, sha256: hash } = await copyOut(client, table, []);
    if (rows !== table.rows || hash !== table.sha256)
      throw new PlainError(`The table ${nameOf(table)} was restored with other contents than were saved.`);
  }
  await beginEra(client);
  await client.query('commit');
}

/**
 * Transactions are counted anew here, so what is recorded from now on stands in a new era (docs/decisions/0014-history.md). The
 * database would notice by itself, but for the one case in which the new count happens to be where the old one was.
 */
async function beginEra(client: pg.Client): Promise<void> {
  await client.query(
    `insert into history.eras (id, timeline, made_by)
     select coalesce(max(id), 0) + 1, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), pg_current_xact_id() from history.eras`,
  );
}

async function verifyAudit(migrateUrl: string, key: string | undefined): Promise<string> {
  return withClient(migrateUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const verdict = await verifyLines(linesOfDatabase(client), key === undefined ? {} : { key: parseVerifier(key) });
    const { versions, faults } = await compareVersions(client);
    const first = [...verdict.faults, ...faults][0];
    if (first) throw new PlainError(`The audit in the backup does not hold; first, entry ${first.seq}: ${first.what}`);
    return `The audit holds: ${verdict.sealed} sealed entries under ${verdict.checkpoints} checkpoints, ${verdict.unsealed} not sealed yet, ${versions} versions in history compared.`;
  });
}

/**
 * Fills the database of an address, which may hold nothing yet, and verifies it.
 * @param adminUrl a superuser.
 * @param ours what this Kualik brings a database to; tests give another.
 * @returns what was verified, in words.
 */
export async function fillDatabase(
  adminUrl: string,
  secret: Buffer,
  backup: Backup,
  { key, signal, ours = OURS }: { key?: string | undefined; signal?: AbortSignal; ours?: Shape } = {},
): Promise<string> {
  const { then, same } = shapeOf(backup, ours);
  const { migrateUrl } = await bootstrap(adminUrl, secret);
  await migrate({ migrateUrl, ...then });
  await withClient(adminUrl, (client) => fill(client, backup, signal));
  const verdict = await verifyAudit(migrateUrl, key ?? backup.manifest.auditKey);
  if (!same) await migrate({ migrateUrl, ...ours, again: true });
  return verdict;
}

/** Keys may lie there already: whoever brings them puts them in first. */
const MAY_BE_THERE = /^(secret|(seal-key|audit-key)(\..*)?)$/;

function mustHoldNothing({ dataDir }: Config): void {
  const { exists, cluster } = embeddedStatus(dataDir);
  const found = fs.existsSync(dataDir) ? fs.readdirSync(dataDir).filter((entry) => !MAY_BE_THERE.test(entry)) : [];
  if (exists || found.length > 0)
    throw new PlainError(
      `${exists ? cluster : join(dataDir, found[0]!)} is there already, and a restore overwrites nothing. Set KUALIK_DATA to a new directory, or move the old one away.`,
    );
}

export async function restore(config: Config, life: Life, from: string, options: RestoreOptions): Promise<void> {
  if (config.databaseUrl) throw new PlainError(OWN_SERVER);
  mustHoldNothing(config);
  if (options.key !== undefined && !parseVerifier(options.key)) throw new PlainError('--key is no public key of an audit; "kualik audit key" prints one.'); // prettier-ignore
  const backup = readBackup(resolve(from), options.fingerprint);
  shapeOf(backup, OURS); // before anything is made
  say(`Checking the files of ${backup.directory}, made at ${backup.manifest.at} by Kualik ${backup.manifest.kualik}.`);
  await checkFiles(backup);
  life.signal.throwIfAborted();
  const ownKey = ownAuditKey(config);
  const embedded = await startEmbedded({ dataDir: config.dataDir, database: DRAFT });
  let done = false;
  life.atEnd(async () => {
    await embedded.stop();
    // It was not there before, and is no database that anybody may use.
    if (!done) for (const made of [embedded.cluster, `${embedded.cluster}.run`]) fs.rmSync(made, { recursive: true, force: true, maxRetries: 5 }); // prettier-ignore
  });
  const secret = loadSecret(config.dataDir, config.secret);
  const verdict = await fillDatabase(embedded.url, secret, backup, {
    key: options.key ?? ownKey,
    signal: life.signal,
  });
  await withClient(withDatabase(embedded.url, 'postgres'), (client) =>
    client.query(`alter database ${pg.escapeIdentifier(DRAFT)} rename to kualik`),
  );
  done = true;
  sayWhatIs(backup, verdict, options.key === undefined && ownKey === undefined);
  sayWhatIsLeft(config, backup);
}

const ownAuditKey = (config: Config): string | undefined => {
  const file = auditKeyFile(config.dataDir, config.auditKeyFile);
  return fs.existsSync(file) ? formatVerifier(loadSigner(file, false)) : undefined;
};

function sayWhatIs({ manifest, fingerprint }: Backup, verdict: string, onlyClaimed: boolean): void {
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  say(`Restored ${manifest.tables.length} tables with ${rows} rows; all counts and hashes are those of the backup (${fingerprint}).`); // prettier-ignore
  say(verdict);
  if (onlyClaimed && manifest.auditKey !== undefined)
    say(
      `It was signed with ${manifest.auditKey}, as the backup itself says: compare it with the key you keep elsewhere.`,
    );
}

function sayWhatIsLeft(config: Config, { manifest }: Backup): void {
  const here = readKeks(keyPlace(config).file).map(({ id }) => id);
  const missing = manifest.sealKeys.filter((id) => !here.includes(id));
  if (missing.length > 0) say(`Sealed values cannot be read until the key ${missing.join(' and ')} is at ${keyPlace(config).file}.`); // prettier-ignore
  const auditKey = auditKeyFile(config.dataDir, config.auditKeyFile);
  if (!fs.existsSync(auditKey) && manifest.auditKey !== undefined) say(`Put the audit key back at ${auditKey} before "kualik serve": with a new one nothing more is sealed.`); // prettier-ignore
  else if (readLastCheckpoint(auditKey)) say('If "kualik serve" says that sealed entries are missing: "kualik audit resume --reason ..." enters that they were lost.'); // prettier-ignore
  say('Whatever was taken away after the backup is back: look through "kualik user list" and "kualik token list". All sessions and links have ended.'); // prettier-ignore
}
