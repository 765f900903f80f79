// The command line as people meet it: real processes, what they print and how they end.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withClient } from '../src/db/client.js';
import { killChildren, runScript, type Child } from './support/processes.js';
import { freshDatabase } from './support/database.js';
import { testSecret, testServerUrl } from './support/test-server.js';

const LIFE = 'test/support/life-child.ts';
let dir: string;
const kualik = (args: string[], env: Record<string, string> = {}): Child =>
  runScript('src/main.ts', args, { env: { KUALIK_DATA: dir, ...env } });
const result = async (child: Child): Promise<{ code: number | null; output: string }> => ({
  code: (await child.ended).code,
  output: child.output(),
});

beforeAll(() => {
  dir = fs.mkdtempSync(join(tmpdir(), 'kualik-cli-'));
  fs.chmodSync(dir, 0o755);
});
afterAll(async () => {
  await killChildren();
  fs.rmSync(dir, { recursive: true, force: true });
});

test('help and version are asked for and end with 0; a wrong call ends with 2', async () => {
  const [help, version, none, wrong] = await Promise.all(
    [['--help'], ['--version'], [], ['lode']].map((args) => result(kualik(args))),
  );
  expect(help).toMatchObject({
    code: 0,
    output: expect.stringMatching(/serve.*migrate.*load .*<directory>.*status.*KUALIK_DATA.*Exit codes/s) as string,
  });
  expect(version).toEqual({ code: 0, output: '0.1.0\n' });
  expect(none!.code).toBe(2);
  expect(wrong).toMatchObject({ code: 2, output: expect.stringContaining('Did you mean load?') as string });
});

test('a wrong configuration ends with 2 and names every problem; a server that is not there ends with 1; no password is told', async () => {
  const [wrong, away] = await Promise.all([
    result(kualik(['migrate'], { PORT: 'x', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://u:geheim@h/d' })),
    result(kualik(['migrate'], { DATABASE_URL: 'postgres://u:geheim@127.0.0.1:1/d' })),
  ]);
  expect(wrong).toMatchObject({
    code: 2,
    output: expect.stringMatching(/3 problems.*PORT.*DATABASE_URL.*LOG_LEVEL/s) as string,
  });
  expect(away).toEqual({
    code: 1,
    output: 'The database at postgres://u:***@127.0.0.1:1/d cannot be reached: connect ECONNREFUSED 127.0.0.1:1.\n',
  });
  expect(wrong.output + away.output).not.toMatch(/geheim|\n\s+at /);
});

test('status makes nothing, no secret either', async () => {
  const nowhere = join(dir, 'nowhere');
  expect(await result(kualik(['status'], { KUALIK_DATA: nowhere, DATABASE_URL: testServerUrl() }))).toEqual({
    code: 0,
    output: expect.stringMatching(/^Database .*\*\*\*.*\nMigrations unknown: there is no secret in /) as string,
  });
  expect(fs.existsSync(nowhere)).toBe(false);
});

test('status of a server of your own names the other databases that let the roles of Kualik in', async () => {
  const [own, other] = [await freshDatabase(), await freshDatabase('empty')];
  try {
    await withClient(other.adminUrl, (client) => client.query(`grant connect on database ${other.name} to public`));
    const told = await result(kualik(['status'], { DATABASE_URL: own.adminUrl, KUALIK_SECRET: testSecret().toString('hex') })); // prettier-ignore
    expect(told.code).toBe(0);
    const [, names] = /The roles of Kualik can connect to other databases of this server \((.*)\)/.exec(told.output)!;
    expect(names!.split(', ')).toContain(other.name);
    expect(names!.split(', ')).not.toContain(own.name);
  } finally {
    await own.drop();
    await other.drop();
  }
});

test('status before, migrate, migrate again, status after', async () => {
  expect(await result(kualik(['status']))).toEqual({
    code: 0,
    output: expect.stringMatching(/not made yet/) as string,
  });
  expect(await result(kualik(['migrate']))).toEqual({
    code: 0,
    output: expect.stringMatching(/Ran \d+ migrations .* repeatable files in \d+ ms\./) as string,
  });
  expect(await result(kualik(['migrate']))).toEqual({
    code: 0,
    output: expect.stringMatching(/The database is up to date/) as string,
  });
  expect(await result(kualik(['status']))).toEqual({
    code: 0,
    output: expect.stringMatching(/PostgreSQL not running/) as string,
  });
  expect(fs.statSync(join(dir, 'secret')).mode & 0o777).toBe(0o600);
}, 60_000);

test('serve loads the founding case once, answers, and ends with 0; a taken port is told', async () => {
  const child = kualik(['serve'], { PORT: '0' });
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(await child.line(/Explore/))![0];
  const answer = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
  expect(await answer.json()).toEqual({ data: { __typename: 'Query' } });
  const second = await result(kualik(['serve'], { PORT: new URL(address).port }));
  expect(second).toMatchObject({
    code: 1,
    output: expect.stringMatching(/Port \d+ of 127\.0\.0\.1 is taken/) as string,
  });
  child.process.kill('SIGINT');
  const { code, output } = await result(child);
  expect({ code, output }).toMatchObject({
    code: 0,
    output: expect.stringMatching(/First start: loading the founding case/) as string,
  });
  expect(second.output).not.toMatch(/First start/);
}, 90_000);

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s closes everything, the last opened first, and ends with 0',
  async (signal) => {
    const child = runScript(LIFE, ['50']);
    await child.line(/ready/);
    child.process.kill(signal);
    expect(await result(child)).toEqual({
      code: 0,
      output: 'ready\nStopping. Press Ctrl-C again to stop at once.\nclosed second\nclosed first\n',
    });
  },
);

test('a second Ctrl-C does not wait', async () => {
  const child = runScript(LIFE, ['20000']);
  await child.line(/ready/);
  child.process.kill('SIGINT');
  await child.line(/Stopping/);
  child.process.kill('SIGINT');
  expect((await result(child)).code).toBe(1);
});

test('an unexpected error is one sentence, with a stack only at LOG_LEVEL=debug, and still closes everything', async () => {
  const plain = await result(runScript(LIFE, ['0', 'fail']));
  expect(plain.code).toBe(1);
  expect(plain.output.split('\n').sort()).toEqual(
    [
      '',
      'closed second',
      'closed first',
      'Kualik failed: no such postgres://u:***@h/d',
      'Set LOG_LEVEL=debug to see where.',
    ].sort(),
  );
  expect((await result(runScript(LIFE, ['0', 'fail'], { env: { LOG_LEVEL: 'debug' } }))).output).toMatch(
    /life-child\.ts/,
  );
});
