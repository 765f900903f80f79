// The running server of one cluster: found again after our own process was killed, started, and stopped.
import * as fs from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PlainError } from '../plain-error.js';
import { giveTo, type Account } from './account.js';
import type { Binaries } from './binaries.js';
import { SETTINGS_FILE, SUPERUSER } from './cluster.js';
import { isAlive } from './process-identity.js';

const LOOPBACK = '127.0.0.1';
const LOG_LIMIT = 20 * 1024 * 1024;
const START_WITHIN_MS = 20_000;
/** Seconds, for each way to stop in its turn. */
const STOP_WITHIN = { fast: '15', immediate: '15' };
/** Reasons that pass by themselves: a killed server not yet gone, or another program that took the free port first. */
const PASSING =
  /pre-existing shared memory block|lock file "postmaster\.pid" already exists|could not bind|could not create any TCP\/IP sockets|Address already in use/;

const SETTINGS: Record<string, string> = {
  listen_addresses: LOOPBACK,
  max_connections: '150',
  timezone: 'UTC',
  log_timezone: 'UTC',
  password_encryption: 'scram-sha-256',
  // Refused statements and their values may name people: they stay out of the log.
  log_min_error_statement: 'panic',
  log_parameter_max_length_on_error: '0',
  log_statement: 'none',
};

/** A disk that knows no sockets, such as one that a virtual machine shares: then there is the port alone. */
const NO_SOCKET = /Unix-domain socket|Unix socket/;

/** Bytes of the longest name that a socket has everywhere. */
const LONGEST_SOCKET = 100;

/**
 * Where the server has its socket, beside the cluster and closed to all but its account (and root). Undefined where there can be
 * none: on Windows, where the name would be too long, or where PostgreSQL would read it as several.
 */
function socketDirectory(cluster: string): string | undefined {
  const directory = `${cluster}.socket`;
  const isFit = Buffer.byteLength(socketFile(directory, 65_535)) <= LONGEST_SOCKET && !/[,"'\\]/.test(directory);
  return process.platform !== 'win32' && isFit ? directory : undefined;
}

const socketFile = (directory: string, port: number): string => join(directory, `.s.PGSQL.${port}`);

/** The directory of the socket of a server that runs, if it has one. */
export function findSocket(cluster: string, port: number): string | undefined {
  const directory = socketDirectory(cluster);
  return directory !== undefined && fs.existsSync(socketFile(directory, port)) ? directory : undefined;
}

/** Anew at each start: what a killed server left there would keep its number from being used by anybody else. */
function makeSocketDirectory(cluster: string, account: Account): string {
  const directory = socketDirectory(cluster);
  if (directory === undefined) return '';
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { mode: 0o700 });
  giveTo(account, directory);
  return directory;
}

export const logFile = (cluster: string): string => join(cluster, 'server.log');
export const superuserUrl = (port: number, password: string, database = 'postgres'): string =>
  `postgres://${SUPERUSER}:${password}@${LOOPBACK}:${port}/${encodeURIComponent(database)}`;

interface PidFile {
  pid: number;
  /** 0 while the server has not written it yet. */
  port: number;
}

function readPidFile(cluster: string): PidFile | undefined {
  try {
    const lines = fs.readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3] ?? 0) };
  } catch {
    return undefined;
  }
}

/** A server changes into its data directory, which tells it from a stranger that inherited its process number. */
function isServerOf(pid: number, cluster: string): 'yes' | 'no' | 'perhaps' {
  if (!isAlive(pid)) return 'no';
  if (process.platform !== 'linux') return 'perhaps';
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`) === fs.realpathSync(cluster) ? 'yes' : 'no';
  } catch {
    return isAlive(pid) ? 'perhaps' : 'no';
  }
}

/** Connects, and makes sure that it is the server of this very directory. */
async function answers(url: string, cluster: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return fs.realpathSync(rows[0]?.data_directory ?? '') === fs.realpathSync(cluster);
  } catch (error) {
    if ((error as { code?: string }).code === '28P01')
      throw new PlainError(
        `A database server runs on ${cluster}, but refuses the password kept there. Stop that server, then start Kualik again.`,
      );
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The port of the server that already runs on this cluster, if one does. */
export async function findRunning(cluster: string, password: string): Promise<number | undefined> {
  const until = performance.now() + 30_000;
  const doubtUntil = performance.now() + 5_000;
  for (;;) {
    const found = readPidFile(cluster);
    if (!found) return undefined;
    const is = isServerOf(found.pid, cluster);
    if (is === 'no') {
      // PostgreSQL removes the file of a dead server itself, but not when its number now belongs to somebody else (or
      // to a zombie). Two servers on one directory stay impossible: the shared memory block is checked as well.
      if (isNumberTaken(found.pid)) fs.rmSync(join(cluster, 'postmaster.pid'), { force: true });
      return undefined;
    }
    if (found.port && (await answers(superuserUrl(found.port, password), cluster))) return found.port;
    if (performance.now() > (is === 'yes' ? until : doubtUntil)) return undefined;
    await sleep(100); // starting up, recovering or shutting down
  }
}

function isNumberTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Says whether a server runs, without touching anything. */
export function runningProcess(cluster: string): PidFile | undefined {
  const found = readPidFile(cluster);
  return found && isServerOf(found.pid, cluster) !== 'no' ? found : undefined;
}

const probe = (wanted: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const listener = createServer().once('error', reject);
    listener.listen(wanted, LOOPBACK, () => {
      const { port } = listener.address() as AddressInfo;
      listener.close(() => resolve(port));
    });
  });

/** The last one if it is free, since another process may still wait for the server there; else any. */
async function freePort(cluster: string): Promise<number> {
  const last = lastPort(cluster);
  if (last !== undefined) {
    const found = await probe(last).catch(() => undefined);
    if (found !== undefined) return found;
  }
  return probe(0);
}

function lastPort(cluster: string): number | undefined {
  const settings = join(cluster, SETTINGS_FILE);
  const text = fs.existsSync(settings) ? fs.readFileSync(settings, 'utf8') : '';
  const port = Number(/^port = '(\d+)'$/m.exec(text)?.[1]);
  return port > 0 ? port : undefined;
}

/** Settings go into a file, not through `pg_ctl -o`: no shell quoting, which differs on Windows. */
function writeSettings(
  cluster: string,
  account: Account,
  { port, sockets }: { port: number; sockets: string },
  extra: Record<string, string>,
): void {
  const settings = { port: String(port), unix_socket_directories: sockets, ...SETTINGS, ...extra };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  const file = join(cluster, SETTINGS_FILE);
  const text = lines.join('');
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) return;
  // Written aside: on a full disk half of a file would be worse than the old one.
  const draft = `${file}.draft`;
  fs.writeFileSync(draft, text, { mode: 0o600 });
  giveTo(account, draft);
  fs.renameSync(draft, file);
}

const sizeOf = (file: string): number => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;

const LAST_WORDS = /\b(?:FATAL|PANIC): /;

function linesOf(log: string, from: number): string[] {
  const text = fs.existsSync(log) ? fs.readFileSync(log).subarray(from).toString('utf8') : '';
  return text.trim().split('\n');
}

/** The last lines written since the start began; the one that tells why comes last. */
function whatTheLogSays(log: string, from: number): string {
  const lines = linesOf(log, from);
  const why = lines.findLast((line) => LAST_WORDS.test(line));
  const others = lines.slice(-6).filter((line) => line !== why);
  return [...others, ...(why === undefined ? [] : [why])].join('\n');
}

export const logSize = (cluster: string): number => sizeOf(logFile(cluster));

/** Why the server gave up, in its own words: its last FATAL or PANIC line since the log had this size. */
export const lastWords = (cluster: string, from: number): string | undefined =>
  linesOf(logFile(cluster), from).findLast((line) => LAST_WORDS.test(line));

/**
 * @param at the port, when it must be this one.
 * @returns the port. Waits for crash recovery, however long that takes.
 */
export async function startServer(
  cluster: string,
  account: Account,
  binaries: Binaries,
  extra: Record<string, string>,
  at?: number,
): Promise<number> {
  const log = logFile(cluster);
  if (sizeOf(log) > LOG_LIMIT) fs.renameSync(log, `${log}.1`);
  const until = performance.now() + START_WITHIN_MS;
  let hasSocket = true;
  for (;;) {
    const port = at ?? (await freePort(cluster));
    const sockets = hasSocket ? makeSocketDirectory(cluster, account) : '';
    writeSettings(cluster, account, { port, sockets }, extra);
    const before = sizeOf(log);
    try {
      await binaries.run('pg_ctl', ['-D', cluster, '-l', log, '-w', '-t', '3600', '-s', 'start']);
      return port;
    } catch (error) {
      const said = whatTheLogSays(log, before);
      if (sockets !== '' && NO_SOCKET.test(said)) {
        hasSocket = false;
        continue;
      }
      if (!PASSING.test(said) || performance.now() > until) {
        throw new PlainError(
          `The embedded database did not start. Its log, ${log}, says:\n${said || (error as Error).message}`,
          { cause: error },
        );
      }
      await sleep(200);
    }
  }
}

/**
 * A server that has no room for its last checkpoint, or is still recovering, does not end in peace. Ending it at once
 * loses nothing: what was committed is in the journal, and the next start recovers.
 */
export async function stopServer(cluster: string, binaries: Binaries): Promise<void> {
  for (const [mode, seconds] of Object.entries(STOP_WITHIN)) {
    if (!runningProcess(cluster)) break;
    try {
      await binaries.run('pg_ctl', ['-D', cluster, '-m', mode, '-w', '-t', seconds, '-s', 'stop']);
    } catch (error) {
      if (mode === 'immediate' && runningProcess(cluster)) throw error;
    }
  }
  const sockets = socketDirectory(cluster);
  if (sockets !== undefined && !runningProcess(cluster)) fs.rmSync(sockets, { recursive: true, force: true });
}
