// A backup as an operator makes it: the commands, on a directory with a running server and people who write, restored elsewhere with
// its keys; and what is said when it cannot be.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { dataFile, nameOf, sha256, type Manifest } from '../src/commands/backup-format.js';
import { embeddedStatus } from '../src/db/embedded/index.js';
import { packageRoot } from '../src/paths.js';
import { addAccount, openGate } from './support/accounts.js';
import { killChildren, runScript } from './support/processes.js';
import { promise } from './support/promise.js';
import {
  dataDirectory,
  healthy,
  ledger,
  removeKualik,
  SAVE_EVENT,
  serveKualik,
  sqlOf,
  writer,
  type Served,
} from './support/writers.js';

const scratch = fs.mkdtempSync(join(tmpdir(), 'kualik-backup-'));
const place = (): string => join(scratch, randomBytes(4).toString('hex'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

let dir: string;
let served: Served | undefined;
const elsewhere = dataDirectory();
let again: Served | undefined;

beforeAll(async () => {
  dir = dataDirectory();
  served = await serveKualik(dir);
}, 120_000);
afterAll(async () => {
  await removeKualik(dir, [served]);
  await removeKualik(elsewhere, [again]);
  await killChildren();
}, 60_000);

function kualik(dataDir: string, ...args: string[]): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(packageRoot, 'src/main.ts'), ...args], {
      cwd: packageRoot,
      env: { PATH: process.env.PATH, KUALIK_DATA: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('close', (code) => resolve({ code, said }));
  });
}

/** Not serveKualik: the account that it makes is in the backup already. */
async function serveRestored(): Promise<Served> {
  const child = runScript('src/main.ts', ['serve'], {
    env: { KUALIK_DATA: elsewhere, PORT: '0', LOG_LEVEL: 'warn' },
  });
  const base = /http:\/\/127\.0\.0\.1:\d+/.exec(await child.line(/Explore/))![0];
  return { child, base, readyMs: await healthy(base) };
}

test('under write load, restored elsewhere with its keys: what was acknowledged before is there, and work goes on', async () => {
  const book = ledger();
  const end = new AbortController();
  const writers = ['a', 'b', 'c', 'd'].map((name) => writer(served!.base, name, book, true, end.signal));
  while (book.acknowledged.size < 20) await new Promise((resolve) => setTimeout(resolve, 20));
  const before = new Map(book.acknowledged);
  const [to, keys] = [place(), place()];
  const made = await kualik(dir, 'backup', to, '--with-keys', keys);
  const meanwhile = book.acknowledged.size - before.size;
  end.abort();
  await Promise.all(writers);
  expect(made).toEqual({ code: 0, said: expect.stringContaining('WARNING: secret, seal-key, audit-key') });
  expect(meanwhile).toBeGreaterThan(0);
  expect(fs.readdirSync(to).sort()).toEqual(['data', 'manifest.json', 'manifest.json.sha256']);
  const fingerprint = /fingerprint, to be kept elsewhere: ([0-9a-f]{64})/.exec(made.said)![1]!;

  for (const file of fs.readdirSync(keys)) fs.copyFileSync(join(keys, file), join(elsewhere, file));
  const restored = await kualik(elsewhere, 'restore', to, '--fingerprint', fingerprint);
  expect(restored).toEqual({
    code: 0,
    said: expect.stringContaining('all counts and hashes are those of the backup'),
  });
  expect(restored.said).toContain('The audit holds');

  again = await serveRestored();
  const gate = await openGate({ adminUrl: embeddedStatus(elsewhere).running!.url });
  const { byToken } = await addAccount(gate, { login: 'newcomer', roles: ['reader', 'editor'] });
  await gate.destroy();
  const found = new Map(
    (await sqlOf<{ title: string; id: string }>(elsewhere, 'select title, id::text from events')).map((row) => [
      row.title,
      row.id,
    ]),
  );
  expect([...before].filter(([title, id]) => found.get(title) !== id)).toEqual([]);
  const mine = [...found].filter(([title]) => /^[abcd]-\d+$/.test(title));
  expect(mine.filter(([title, id]) => book.acknowledged.get(title) !== id && !book.abandoned.has(title))).toEqual([]);
  const response = await fetch(`${again.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...byToken },
    body: JSON.stringify({ query: SAVE_EVENT, variables: { input: { kind: 'OTHER', title: 'after' } } }),
  });
  expect(await response.json()).toMatchObject({ data: { saveEvent: { title: 'after' } } });
  const verified = await kualik(elsewhere, 'audit', 'verify');
  expect(verified).toEqual({ code: 0, said: expect.stringContaining('The audit holds up to its last checkpoint') });
  promise(16, `${meanwhile} writes acknowledged during a backup; restored elsewhere, hashes equal, audit verified`);
  expect(await kualik(elsewhere, 'restore', to)).toEqual({
    code: 1,
    said: expect.stringContaining('a restore overwrites nothing'),
  });
}, 240_000);

test('a restore that fails leaves no database behind, and one without a database to save is told so', async () => {
  const [to, fresh] = [place(), dataDirectory()];
  try {
    expect(await kualik(fresh, 'backup', to)).toMatchObject({
      code: 1,
      said: expect.stringContaining('no database'),
    });
    expect(await kualik(dir, 'backup', to)).toEqual({ code: 0, said: expect.stringContaining('Saved') });
    // Every sum is right, and the contents are not: only the audit can tell.
    const manifest = JSON.parse(fs.readFileSync(join(to, 'manifest.json'), 'utf8')) as Manifest;
    const table = manifest.tables.find((one) => nameOf(one) === 'audit.entries')!;
    const text = gunzipSync(fs.readFileSync(dataFile(to, table))).toString('utf8');
    const less = text.slice(text.indexOf('\n') + 1);
    fs.writeFileSync(dataFile(to, table), gzipSync(less));
    Object.assign(table, { rows: table.rows - 1, sha256: sha256(less) });
    const changed = JSON.stringify(manifest);
    fs.writeFileSync(join(to, 'manifest.json'), changed);
    fs.writeFileSync(join(to, 'manifest.json.sha256'), sha256(changed));
    expect(await kualik(fresh, 'restore', to)).toEqual({
      code: 1,
      said: expect.stringContaining('The audit in the backup does not hold'),
    });
    expect(embeddedStatus(fresh).exists).toBe(false);
    expect(fs.readdirSync(fresh)).toEqual(['secret']);
    // Better than nothing, for whoever says so: the list of what is wrong stays beside it.
    const despite = await kualik(fresh, 'restore', to, '--despite-faults');
    expect(despite).toEqual({ code: 1, said: expect.stringContaining('ITS AUDIT DOES NOT HOLD') });
    const list = fs.readdirSync(fresh).find((file) => file.startsWith('restore-faults-'))!;
    expect(fs.readFileSync(join(fresh, list), 'utf8')).toMatch(/\nentry 1: It was sealed, and is gone/);
    expect(fs.statSync(join(fresh, list)).mode & 0o077).toBe(0);
    expect(await kualik(fresh, 'migrate')).toEqual({ code: 0, said: expect.stringContaining('up to date') });
  } finally {
    await removeKualik(fresh, []);
  }
}, 240_000);
