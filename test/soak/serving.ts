// A whole Kualik for a soak: `kualik serve` as it is installed (dist), on a data directory of its own that is removed at the end.
// Loopback only. Needs `npm run build`.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/paths.js';
import { promise } from '../support/promise.js';
import { dataDirectory, healthy, removeKualik } from '../support/writers.js';

interface Soaked {
  base: string;
  dir: string;
  pid: number;
  /** The exit code, when it ends. */
  ended: Promise<number | null>;
  /** Sends SIGTERM and does not wait. */
  terminate(): void;
  /** Resident memory of the server in MB. */
  rss(): number;
  stop(): Promise<void>;
}

/** @param settings more of the environment. The rate per viewer is off unless said otherwise: a soak is one viewer. */
async function soaked(settings: Record<string, string> = {}, flags: string[] = []): Promise<Soaked> {
  const main = join(packageRoot, 'dist', 'src', 'main.js');
  if (!existsSync(main)) throw new Error('Run "npm run build" first: a soak measures what is installed.');
  const dir = dataDirectory();
  const child = spawn(process.execPath, [...flags, '--enable-source-maps', main, 'serve'], {
    env: {
      PATH: process.env.PATH,
      KUALIK_DATA: dir,
      PORT: '0',
      LOG_LEVEL: 'error',
      KUALIK_RATE: 'off',
      KUALIK_ANONYMOUS: 'on',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
    await removeKualik(dir, []);
  };
  try {
    const base = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const found = /Explore\s+(http:\/\/127\.0\.0\.1:\d+)/.exec(line);
        if (found) resolve(found[1]!);
      });
      void ended.then(() => reject(new Error('The server ended before it was ready.')));
    });
    await healthy(base);
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
    return { base, dir, pid: child.pid!, ended, terminate: () => void child.kill('SIGTERM'), rss, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What was measured, and whether that is what is promised. */
export function verdict(number: number, figure: string, holds: boolean): void {
  promise(number, figure);
  if (!holds) process.exitCode = 1;
}

/** Runs a soak and removes its server whatever happens, Ctrl-C included. */
export async function soak(
  work: (server: Soaked) => Promise<void>,
  settings: Record<string, string> = {},
  flags: string[] = [],
): Promise<void> {
  const server = await soaked(settings, flags);
  const interrupted = (): void => void server.stop().then(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}
