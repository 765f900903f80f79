// A whole Kualik as an operator runs it (real processes, a directory of its own), and clients that write to it over HTTP.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../../src/db/client.js';
import { createDataSource } from '../../src/db/data-source.js';
import { embeddedStatus } from '../../src/db/embedded/index.js';
import { addAccount } from './accounts.js';
import { freshDatabase, type FreshDatabase } from './database.js';
import { runScript, type Child } from './processes.js';
import { serveOn } from './serving.js';
import type { TemplateName } from './templates.js';

export { sleep };
/** The promised numbers (docs/decisions) take minutes; the ordinary suite runs the same code with smaller ones. */
export const LONG = process.env.KUALIK_LONG === '1';

export interface Refusal {
  message: string;
  extensions: { code: string; retryable: boolean; rule?: string; current?: { version: number } };
}
export interface Answer {
  status: number;
  data: any;
  errors: Refusal[];
}

/** The token with which `post` asks a server. */
const tokens = new Map<string, string>();

/** One question, as a program asks it. Rejects only when no whole answer came: the server is gone. */
export async function post(base: string, query: string, variables: object = {}): Promise<Answer> {
  const response = await fetch(`${base}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(tokens.has(base) ? { authorization: `Bearer ${tokens.get(base)}` } : {}),
    },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(30_000),
  });
  const { data = null, errors = [] } = (await response.json()) as { data?: unknown; errors?: Refusal[] };
  return { status: response.status, data, errors };
}

export const SAVE_EVENT = 'mutation ($input: SaveEventInput!) { saveEvent(input: $input) { id version title } }';

export async function saveEvent(base: string, input: object): Promise<{ id: string; version: number }> {
  const { data, errors } = await post(base, SAVE_EVENT, { input });
  if (errors[0]) throw new Error(JSON.stringify(errors[0]));
  return data.saveEvent;
}

export interface Served {
  child: Child;
  base: string;
  /** From the start of the process to the first 200 of /readyz. */
  readyMs: number;
}

/** A directory as KUALIK_DATA that the account of the database can reach. */
export function dataDirectory(): string {
  const dir = fs.mkdtempSync(join(tmpdir(), 'kualik-reliable-'));
  fs.chmodSync(dir, 0o755);
  return dir;
}

const made = new Map<string, Promise<string>>();

/** The token of an account that every server on this directory knows: made once, as the operator of the host would. */
function tokenOf(dir: string): Promise<string> {
  const known = made.get(dir) ?? makeToken(dir);
  made.set(dir, known);
  return known;
}

async function makeToken(dir: string): Promise<string> {
  const gate = await createDataSource({ url: embeddedStatus(dir).running!.url, poolSize: 1 }).initialize();
  try {
    return (await addAccount(gate, { login: 'writer', roles: ['reader', 'editor'] })).token;
  } finally {
    await gate.destroy();
  }
}

/** `kualik serve` as a process of its own. */
export async function serveKualik(dir: string, port = '0'): Promise<Served> {
  const started = performance.now();
  const child = runScript('src/main.ts', ['serve'], {
    env: { KUALIK_DATA: dir, PORT: port, LOG_LEVEL: 'warn', KUALIK_RATE: 'off' },
  });
  const base = /http:\/\/127\.0\.0\.1:\d+/.exec(await child.line(/Explore/))![0];
  tokens.set(base, await tokenOf(dir));
  await healthy(base, started);
  return { child, base, readyMs: performance.now() - started };
}

export const isReady = (base: string): Promise<boolean> =>
  fetch(`${base}/readyz`, { signal: AbortSignal.timeout(5_000) }).then(
    ({ status }) => status === 200,
    () => false,
  );

/** Milliseconds from `since` until /readyz answers 200. */
export async function healthy(base: string, since = performance.now()): Promise<number> {
  while (!(await isReady(base))) {
    if (performance.now() - since > 60_000) throw new Error('It was not ready again within a minute.');
    await sleep(20);
  }
  return performance.now() - since;
}

/** SQL as the superuser of the embedded server, to look behind the scenes. */
export async function sqlOf<T extends object>(dir: string, text: string, values: unknown[] = []): Promise<T[]> {
  const { running } = embeddedStatus(dir);
  if (!running) throw new Error('The embedded server does not run.');
  return withClient(running.url, async (client) => (await client.query(text, values)).rows);
}

/** Ends what was started on this directory, whatever state a test left it in, and removes the directory. */
export async function removeKualik(dir: string, served: (Served | undefined)[]): Promise<void> {
  for (const { child } of served.filter((one) => one !== undefined)) {
    if (child.process.exitCode === null && child.process.signalCode === null) child.process.kill('SIGTERM');
    await child.ended;
  }
  const left = embeddedStatus(dir).running;
  if (left) {
    process.kill(left.pid, 'SIGQUIT'); // a server that outlived its last user
    while (embeddedStatus(dir).running) await sleep(50);
  }
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

export interface ServedHere {
  base: string;
  database: FreshDatabase;
  close(): Promise<void>;
}

/** The server inside this process, on a database of its own; for what needs no process to die. */
export async function serveHere(template: TemplateName, poolSize?: number): Promise<ServedHere> {
  const database = await freshDatabase(template);
  const { base, analyst, stop } = await serveOn(database, poolSize === undefined ? {} : { poolSize });
  tokens.set(base, analyst.token);
  return {
    base,
    database,
    close: async () => {
      await stop();
      await database.drop();
    },
  };
}

/** What a client asks for until it is told to end; a key is used again until it is answered, or given up. */
export interface Ledger {
  /** Key to id of the record, for every answer that said the write was done. */
  acknowledged: Map<string, string>;
  /** Keys whose answer never came or was a refusal, and that were not sent again. */
  abandoned: Set<string>;
  /** Keys that were sent more than once. */
  retried: Set<string>;
  /** Code, `retryable` and rule of refusals, counted; LOST where the connection broke. */
  refusals: Map<string, number>;
}

export const ledger = (): Ledger => ({
  acknowledged: new Map(),
  abandoned: new Set(),
  retried: new Set(),
  refusals: new Map(),
});

/** Writes new events, one after another, each under a key of its own, until the signal. */
export async function writer(
  base: string,
  name: string,
  book: Ledger,
  patient: boolean,
  end: AbortSignal,
): Promise<void> {
  for (let number = 0; !end.aborted; number++) {
    const key = `${name}-${number}`;
    for (let attempt = 1; ; attempt++) {
      const done = await tryOnce(base, key, book);
      if (done) break;
      if (end.aborted || !patient) {
        book.abandoned.add(key);
        break;
      }
      book.retried.add(key);
      await sleep(50);
    }
  }
}

async function tryOnce(base: string, key: string, { acknowledged, refusals }: Ledger): Promise<boolean> {
  const count = (what: string): void => void refusals.set(what, (refusals.get(what) ?? 0) + 1);
  try {
    const { data, errors } = await post(base, SAVE_EVENT, {
      input: { kind: 'OTHER', title: key, idempotencyKey: key },
    });
    if (data?.saveEvent && errors.length === 0) {
      acknowledged.set(key, data.saveEvent.id as string);
      return true;
    }
    const { code, retryable, rule } = errors[0]!.extensions;
    count([code, retryable ? 'retryable' : 'final', rule].filter(Boolean).join(' '));
  } catch {
    count('LOST');
    await sleep(200);
  }
  await sleep(20);
  return false;
}
