// kualik restore: an embedded database made of a backup, in a data directory that holds none. A backup is rows and nothing else:
// the shape they go into is made by the SQL of this program, and they go in as the owner of the tables, never as a superuser.
// Every file is checked before anything is made, every table counted and hashed again once it is in, and the audit is computed
// anew. Only a database that passed all this gets its name; of any other nothing stays.
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
import { verifyLines, type Fault } from '../audit/verify.js';
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
  TRANSIENT,
  type Backup,
  type Manifest,
  type Table,
} from './backup-format.js';
import type { Life } from './life.js';
import { say } from './say.js';

/** Under this name until it is whole. */
const DRAFT = 'kualik_restoring';

export interface RestoreOptions {
  fingerprint?: string;
  key?: string;
  despiteFaults?: boolean;
}

type MigrationClass = new () => MigrationInterface;
interface Shape {
  migrations: MigrationClass[];
  repeatable: string;
}
const OURS: Shape = { migrations: Object.values(ourMigrations) as MigrationClass[], repeatable: repeatableDirectory };
const nameOfMigration = (migration: MigrationClass): string => new migration().name!;

/**
 * Rows go into the tables that they came from, so the database is first given the shape that it had: by our own migrations up to
 * the last one that the backup names, and our own repeatable SQL. SQL that a backup brings is never run.
 */
function shapeOf({ directory, manifest }: Backup, ours: Shape): { then: Shape; same: boolean } {
  const known = ours.migrations.map(nameOfMigration);
  const { migrations: named, kualik } = manifest;
  if (named.some((one) => !known.includes(one)))
    throw new PlainError(
      `${directory} was made by a newer Kualik (${kualik}) than this one. Nothing was changed. Restore it with that one.`,
    );
  if (named.length === 0 || named.some((one, i) => one !== known[i]))
    throw new PlainError(
      `${directory} names migrations that no Kualik has run in this way: it was changed. Nothing was changed here.`,
    );
  return { then: { ...ours, migrations: ours.migrations.slice(0, named.length) }, same: named.length === known.length };
}

/** Repeatable SQL that makes tables, or that the proof needs; of the rest only what runs on tables of an earlier time. */
const MAKE_TABLES = ['40-history.sql', '75-audit.sql'];

/** Of an older version our own SQL can make the tables as long as what makes them needs nothing that came later. */
function otherShape({ directory, manifest }: Backup, cause: unknown): PlainError {
  const said = (cause as Error).message.split('\n')[0]!;
  return new PlainError(
    `${directory} was made by another Kualik (${manifest.kualik}), whose tables this one cannot make any more (${said}). ` +
      'Nothing was changed. Restore it with the version that made it, then upgrade: docs/guides/operate.md.',
    { cause },
  );
}

function compareShape(tables: Manifest['tables'], here: Awaited<ReturnType<typeof listTables>>): void {
  const written = (list: { schema: string; table: string; columns: string[] }[]): string[] =>
    list.map((table) => `${nameOf(table)} (${[...table.columns].sort().join(', ')})`);
  const [saved, made] = [written(tables), written(here)];
  const [odd] = [...saved.filter((one) => !made.includes(one)), ...made.filter((one) => !saved.includes(one))];
  if (odd !== undefined)
    throw new PlainError(`The backup does not fit the tables that its version makes; first: ${odd}. It was changed, or made of a database that was changed by hand.`); // prettier-ignore
}

const TABLES = `
  select c.oid::regclass::text as name, c.relforcerowsecurity as forced from pg_class c
  where c.oid = any ($1::text[]::regclass[])`;

/**
 * Triggers and foreign keys sleep meanwhile: what they would do was done when the rows were first written. Only a superuser can put
 * foreign keys to sleep, and this is all that is done as one; COPY into a table needs its owner not to be bound by its policies.
 */
async function asleep<T>(adminUrl: string, tables: string[], work: () => Promise<T>): Promise<T> {
  const alter = (statement: (table: { name: string; forced: boolean }) => string): Promise<unknown> =>
    withClient(adminUrl, async (client) => {
      await client.query('begin');
      for (const table of known) await client.query(statement(table));
      await client.query('commit');
    });
  const known = await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string; forced: boolean }>(TABLES, [tables]);
    return rows;
  });
  await alter(({ name }) => `alter table ${name} disable trigger all, no force row level security`);
  const done = await work();
  await alter(({ name, forced }) => `alter table ${name} enable trigger all${forced ? ', force row level security' : ''}`); // prettier-ignore
  return done;
}

/** Names of tables and columns in it become names in SQL that is composed: it is what our own migrations say, to the byte. */
const COMPOSED = 'house.adopted';

/** Into tables that sleep, as their owner. */
async function fill(
  client: pg.Client,
  { directory, manifest }: Backup,
  here: Table[],
  signal?: AbortSignal,
): Promise<void> {
  await client.query(`${SAME_TEXT}; set idle_in_transaction_session_timeout = 0`);
  await client.query('begin');
  const composed = await copyOut(
    client,
    here.find((table) => nameOf(table) === COMPOSED)!,
    [],
  );
  const saved = manifest.tables.find((table) => nameOf(table) === COMPOSED);
  if (saved?.sha256 !== composed.sha256)
    throw new PlainError(
      `The table ${COMPOSED} of the backup is not what the migrations make: the backup was changed.`,
    );
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
  await client.query(`analyze ${here.map(qualified).join(', ')}`);
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

interface Verified {
  /** What was verified, in words. */
  said: string;
  /** What does not hold, in words; empty unless that was asked for. */
  faults: string[];
}

const inWords = ({ seq, what }: Fault): string => (seq === 0 ? what : `entry ${seq}: ${what}`);

async function verifyAudit(migrateUrl: string, key: string | undefined): Promise<Verified> {
  return withClient(migrateUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const verdict = await verifyLines(linesOfDatabase(client), key === undefined ? {} : { key: parseVerifier(key) });
    const { versions, faults } = await compareVersions(client);
    const found = [...verdict.faults, ...faults].map(inWords);
    const counted = `${verdict.sealed} sealed entries under ${verdict.checkpoints} checkpoints, ${verdict.unsealed} not sealed yet, ${versions} versions in history compared.`;
    return { said: `The audit ${found.length === 0 ? 'holds' : 'DOES NOT HOLD'}: ${counted}`, faults: found };
  });
}

export interface FillOptions {
  key?: string | undefined;
  /** Whether a database whose audit does not hold is better than none. */
  despiteFaults?: boolean | undefined;
  signal?: AbortSignal;
  /** What this Kualik brings a database to; tests give another. */
  ours?: Shape;
}

/**
 * Fills the database of an address, which may hold nothing yet, and verifies it.
 * @param adminUrl a superuser.
 * @throws PlainError when anything does not hold.
 */
export async function fillDatabase(
  adminUrl: string,
  secret: Buffer,
  backup: Backup,
  { key, despiteFaults = false, signal, ours = OURS }: FillOptions = {},
): Promise<Verified> {
  const { then, same } = shapeOf(backup, ours);
  const { migrateUrl } = await bootstrap(adminUrl, secret);
  const orElse = (error: unknown): never => {
    throw same ? error : otherShape(backup, error);
  };
  const here = await shaped(migrateUrl, backup, then, same).catch(orElse);
  await asleep(adminUrl, [...here.map(qualified), ...TRANSIENT], () =>
    withClient(migrateUrl, (client) => fill(client, backup, here, signal)),
  );
  if (!same) await migrate({ migrateUrl, ...ours, again: true }).catch(orElse);
  const verified = await verifyAudit(migrateUrl, key ?? backup.manifest.auditKey);
  if (verified.faults.length > 0 && !despiteFaults)
    throw new PlainError(
      `The audit in the backup does not hold; first, ${verified.faults[0]!} Somebody may have changed it: compare the fingerprint, take another backup. ` +
        'If there is no better one, "--despite-faults" restores it all the same and keeps the list of what does not hold.',
    );
  return verified;
}

/** @returns the tables, empty as yet, once they are those of the backup. */
async function shaped(migrateUrl: string, { manifest }: Backup, then: Shape, same: boolean): Promise<Table[]> {
  await migrate({ migrateUrl, ...then, ...(same ? {} : { only: MAKE_TABLES }) });
  return withClient(migrateUrl, async (client) => {
    const here = await listTables(client);
    compareShape(manifest.tables, here);
    return here;
  });
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
  const verified = await fillDatabase(embedded.url, secret, backup, {
    key: options.key ?? ownKey,
    despiteFaults: options.despiteFaults,
    signal: life.signal,
  });
  const list = verified.faults.length > 0 ? writeFaults(config, backup, verified) : undefined;
  await withClient(withDatabase(embedded.url, 'postgres'), (client) =>
    client.query(`alter database ${pg.escapeIdentifier(DRAFT)} rename to kualik`),
  );
  done = true;
  sayWhatIs(backup, verified.said, options.key === undefined && ownKey === undefined);
  sayWhatIsLeft(config, backup);
  if (list !== undefined)
    throw new PlainError(
      `The database is restored, but ITS AUDIT DOES NOT HOLD, and none of what it holds is proved. First, ${verified.faults[0]!} ` +
        `All that was found (${verified.faults.length}) is in ${list}; keep it with the backup, and see docs/guides/operate.md.`,
    );
}

/** Kept beside the database that it is about. */
function writeFaults({ dataDir }: Config, { directory, fingerprint }: Backup, { said, faults }: Verified): string {
  const file = join(dataDir, `restore-faults-${fingerprint.slice(0, 12)}.txt`);
  const text = [`Restored from ${directory} (${fingerprint}), although its audit does not hold.`, said, ...faults];
  fs.writeFileSync(file, `${text.join('\n')}\n`, { mode: 0o600, flush: true });
  return file;
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
