// How a server survives what happens around it, as processes: readers that leave, a database that is killed, errors that
// nobody caught, a parent that is gone; and that it never leaves PostgreSQL running behind it.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { embeddedStatus } from '../src/db/embedded/index.js';
import { packageRoot } from '../src/paths.js';
import { killChildren, runScript } from './support/processes.js';
import { dataDirectory, healthy, post, removeKualik, serveKualik, sleep, type Served } from './support/writers.js';

const LIFE = 'test/support/life-child.ts';
const ALIVE = '{ __typename }';
const served: Served[] = [];
const dir = dataDirectory();

afterAll(async () => {
  await removeKualik(dir, served);
  await killChildren();
}, 60_000);

const killDatabase = (): void => void process.kill(embeddedStatus(dir).running!.pid, 'SIGKILL');

/** It may be back before anybody could see that it was gone. */
async function replaced(pid: number): Promise<void> {
  const until = performance.now() + 30_000;
  while ([undefined, pid].includes(embeddedStatus(dir).running?.pid)) {
    if (performance.now() > until) throw new Error('Nobody started the database again.');
    await sleep(20);
  }
}

test('a killed database is brought back on its port, once for all who use it, also when nobody reads what is said', async () => {
  const [one, two] = [await serveKualik(dir), await serveKualik(dir)];
  served.push(one, two);
  // The reader of one goes away, as in `kualik serve | head -1`.
  one.child.process.stdout!.destroy();
  one.child.process.stderr!.destroy();
  // Whichever looks first brings it back; the other may not see that it was gone. So as often as it takes until it was the second.
  const seen = /the embedded database is gone.*the embedded database is back/s;
  for (let round = 0; round < 2 || !seen.test(two.child.output()); round++) {
    const before = embeddedStatus(dir).running!;
    killDatabase();
    await replaced(before.pid);
    await Promise.all([healthy(one.base), healthy(two.base)]);
    const after = embeddedStatus(dir).running!;
    expect(after.port).toBe(before.port);
    expect(after.pid).not.toBe(before.pid);
    expect(after.usedBy.sort()).toEqual([one.child.process.pid, two.child.process.pid].sort());
  }
  one.child.process.kill('SIGINT');
  expect(await one.child.ended).toEqual({ code: 0, signal: null });
  expect((await post(two.base, ALIVE)).errors).toEqual([]);
  two.child.process.kill('SIGTERM');
  expect(await two.child.ended).toEqual({ code: 0, signal: null });
  expect(embeddedStatus(dir).running).toBeUndefined();
}, 180_000);

test('a database that cannot be started again ends the server with one sentence, and nothing is left behind', async () => {
  const { child, base } = await serveKualik(dir);
  served.push({ child, base, readyMs: 0 });
  const control = join(embeddedStatus(dir).cluster, 'global', 'pg_control');
  fs.renameSync(control, `${control}.away`);
  killDatabase();
  const { code } = await child.ended;
  fs.renameSync(`${control}.away`, control);
  expect(code).toBe(1);
  // The log and the words for the person at the terminal are two writers: either may come first.
  expect(child.output()).toMatch(/"msg":"the embedded database cannot be started again; Kualik ends"/);
  expect(child.output()).toMatch(/^The embedded database did not start\. Its log, /m);
  expect(embeddedStatus(dir).running).toBeUndefined();
}, 120_000);

test('an error that nobody caught ends the command with 1, after everything was closed', async () => {
  const child = runScript(LIFE, ['0', 'throw']);
  expect((await child.ended).code).toBe(1);
  expect(child.output()).toMatch(/ready\n/);
  expect(child.output()).toMatch(/closed second\nclosed first\n/);
  expect(child.output()).toMatch(/Kualik failed: thrown into nowhere/);
});

test('a promise that was rejected unheard is told and ends no server', async () => {
  const child = runScript(LIFE, ['0', 'reject']);
  await child.line(/told unhandledRejection/);
  await sleep(50);
  expect(child.process.exitCode).toBeNull();
  child.process.kill('SIGTERM');
  expect((await child.ended).code).toBe(0);
});

test('what failed is told before anything is closed, since closing may take long', async () => {
  const child = runScript(LIFE, ['3000', 'fail']);
  while (!child.output().includes('Kualik failed: no such')) await sleep(10);
  expect(child.output()).not.toMatch(/closed/);
  expect((await child.ended).code).toBe(1);
});

(process.platform === 'win32' ? test.skip : test)(
  'SIGTERM to npm kills the shell in between: the server sees that its parent is gone, and closes everything',
  async () => {
    const command = `"${process.execPath}" --import tsx "${join(packageRoot, LIFE)}" 0; true`;
    const shell = spawn('/bin/sh', ['-c', command], {
      cwd: packageRoot,
      env: { PATH: process.env.PATH, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const closed = new Promise((resolve) =>
      shell.stdout.on('data', (chunk) => (output += String(chunk))).on('end', resolve),
    );
    while (!output.includes('ready')) await sleep(20);
    shell.kill('SIGTERM');
    await closed;
    expect(output).toMatch(/Stopping.*\nclosed second\nclosed first\n/);
  },
);
