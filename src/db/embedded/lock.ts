// One process at a time may create, start or stop the embedded server; each process that uses it leaves a lease, so
// that the last one out stops it. Files only: Node has no flock. Should two processes ever get past the lock together,
// PostgreSQL itself still refuses a second server on one directory, and a cluster is created under another name first.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlainError } from '../plain-error.js';
import { isSameRunning, myself, parseIdentity, type ProcessIdentity } from './process-identity.js';

const WAIT_MS = 120_000;

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Creates the file with its content in one step (write aside, then link); false when it is already there. */
function claim(file: string): boolean {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  fs.writeFileSync(draft, JSON.stringify(myself()), { mode: 0o600 });
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

const holderOf = (text: string): ProcessIdentity | undefined => parseIdentity(text);

/** Removes a lock whose holder is dead. Done under a second claim, lest two processes remove each other's new lock. */
function breakIfDead(file: string): void {
  const seen = read(file);
  const holder = seen === undefined ? undefined : holderOf(seen);
  if (seen === undefined || (holder && isSameRunning(holder))) return;
  const breaker = `${file}.break`;
  if (!claim(breaker)) {
    const other = holderOf(read(breaker) ?? '');
    if (other && !isSameRunning(other)) fs.rmSync(breaker, { force: true });
    return;
  }
  try {
    if (read(file) === seen) fs.rmSync(file, { force: true });
  } finally {
    fs.rmSync(breaker, { force: true });
  }
}

/** Runs `work` while holding the lock of this directory. */
export async function withLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const file = join(directory, 'lock');
  const until = performance.now() + WAIT_MS;
  while (!claim(file)) {
    breakIfDead(file);
    if (performance.now() > until) {
      const pid = holderOf(read(file) ?? '')?.pid ?? 'unknown';
      throw new PlainError(
        `Another process (number ${pid}) has been starting or stopping the database for two minutes. If there is none, remove ${file}.`,
      );
    }
    await sleep(25 + Math.random() * 50);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

export interface Lease {
  release(): void;
}

/** Says "this process uses the server". Call under the lock. */
export function takeLease(directory: string): Lease {
  const file = join(directory, `lease-${process.pid}-${randomBytes(4).toString('hex')}`);
  fs.writeFileSync(file, JSON.stringify(myself()), { mode: 0o600 });
  return { release: () => fs.rmSync(file, { force: true }) };
}

/** The processes that use the server now; leases of dead ones are swept away. Call under the lock. */
export function livingLeases(directory: string): number[] {
  const pids: number[] = [];
  for (const name of fs.readdirSync(directory).filter((entry) => entry.startsWith('lease-'))) {
    const holder = parseIdentity(read(join(directory, name)) ?? '');
    if (holder && isSameRunning(holder)) pids.push(holder.pid);
    else fs.rmSync(join(directory, name), { force: true });
  }
  return pids;
}
