// Accounts from the command line: real processes, beside a running server and without one; what a script reads stands alone on standard output.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { openAccounts, type Accounts } from '../src/accounts/accounts.js';
import { gateOf } from '../src/accounts/gate.js';
import { peekFlow } from '../src/accounts/flows.js';
import { packageRoot } from '../src/paths.js';
import { openGate } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { killChildren, runScript } from './support/processes.js';
import { TEST_DATA } from './support/test-server.js';

let database: FreshDatabase;
let gate: DataSource;
let accounts: Accounts;
let dir: string;
let env: Record<string, string>;

beforeAll(async () => {
  dir = fs.mkdtempSync(join(tmpdir(), 'kualik-accounts-'));
  database = await freshDatabase();
  gate = await openGate(database);
  accounts = openAccounts({ gate, secret: Buffer.alloc(32, 1), anonymous: () => Promise.resolve(false) });
  // With the secret of the tests, so that the roles keep their passwords.
  const secret = fs.readFileSync(join(TEST_DATA, 'secret'), 'utf8').trim();
  env = { KUALIK_DATA: dir, DATABASE_URL: database.adminUrl, KUALIK_SECRET: secret };
});
afterAll(async () => {
  await killChildren();
  await gate?.destroy();
  await database?.drop();
  fs.rmSync(dir, { recursive: true, force: true });
});

function kualik(
  args: string[],
  more: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(packageRoot, 'src/main.ts'), ...args], {
      cwd: packageRoot,
      env: { PATH: process.env.PATH, ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}
const tokenOf = (out: string): Record<string, string> => ({ authorization: `Bearer ${out.trim()}` });

test('teams, a user with a link, and tokens that work and are revoked', async () => {
  expect(await kualik(['team', 'add', 'North desk'])).toMatchObject({ code: 0, out: '' });
  const added = await kualik(
    ['user', 'add', 'amina', '--role', 'reader,editor', '--level', '2', '--team', 'North desk'],
    { PORT: '4567' },
  );
  expect(added).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^http:\/\/localhost:4567\/sign-in\/#enrol=[\w-]{43}\n$/) as string,
  });
  expect(added.err).toMatch(/works once, for 15 minutes[^]*reading without signing in ends now/);
  expect(await peekFlow(gateOf(gate).rows, 'enrol', added.out.trim().split('=')[1])).toMatchObject({
    accountId: expect.any(Number) as number,
  });
  const second = await kualik(['user', 'add', 'beko', '--role', 'auditor', '--level', '0'], {
    KUALIK_PUBLIC_URL: 'https://kualik.example',
  });
  expect(second.out).toMatch(/^https:\/\/kualik\.example\/sign-in\/#enrol=/);
  expect(second.err).not.toMatch(/ends now/);

  const made = await kualik([
    'token',
    'new',
    '--role',
    'reader',
    '--level',
    '1',
    '--expires',
    'P30D',
    '--login',
    'amina',
    '--name',
    'nightly',
  ]);
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^kua_\w{49}\n$/) as string });
  expect(await accounts.viewerOf({ headers: tokenOf(made.out) })).toMatchObject({
    kind: 'token',
    login: 'amina',
    level: 1,
    roles: new Set(['reader']),
    teams: [1],
  });
  const listed = await kualik(['token', 'list']);
  expect(listed.out).toMatch(/^ID\s+LOGIN\s+NAME[^\n]*\n1\s+amina\s+nightly\s+1\s+reader\s/);
  expect(listed.out).not.toContain(made.out.trim());
  expect(await kualik(['token', 'revoke', '1'])).toMatchObject({ code: 0, out: '' });
  await expect(accounts.viewerOf({ headers: tokenOf(made.out) })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
}, 90_000);

test('disable, enable, change and reset, and the list of accounts', async () => {
  const token = tokenOf((await kualik(['token', 'new', '--role', 'editor', '--level', '2', '--login', 'amina'])).out);
  expect((await accounts.viewerOf({ headers: token })).teams).toEqual([1]);
  await kualik(['user', 'disable', 'amina']);
  await expect(accounts.viewerOf({ headers: token })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect((await kualik(['user', 'list'])).out).toMatch(/amina\s+2\s+reader,editor\s+North desk\s+none yet\s+disabled/);
  await kualik(['user', 'enable', 'amina']);
  // Whoever disabled it may have known that the token was stolen.
  await expect(accounts.viewerOf({ headers: token })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const next = tokenOf((await kualik(['token', 'new', '--role', 'editor', '--level', '2', '--login', 'amina'])).out);
  await kualik(['user', 'change', 'amina', '--level', '1', '--team', 'none']);
  expect(await accounts.viewerOf({ headers: next })).toMatchObject({ level: 1, teams: [] });
  expect((await kualik(['user', 'reset', 'amina'])).out).toMatch(
    /^http:\/\/localhost:4000\/sign-in\/#enrol=[\w-]{43}\n$/,
  );
}, 90_000);

test('what is wrong is said in one sentence, and standard output stays empty', async () => {
  const wrong: [string[], number, RegExp][] = [
    [['user', 'add', 'x', '--role', 'boss', '--level', '1'], 2, /"boss" is not a role/],
    [['user', 'add', 'amina', '--role', 'reader', '--level', '1'], 1, /an account "amina" already/],
    [
      ['user', 'add', 'new', '--role', 'reader', '--level', '1', '--team', 'South'],
      1,
      /no team "South"; make it first/,
    ],
    [['token', 'new', '--role', 'reader', '--level', '0', '--expires', 'never'], 2, /not a length of time/],
  ];
  const said = await Promise.all(wrong.map(([args]) => kualik(args)));
  for (const [at, [, code, sentence]] of wrong.entries()) {
    expect(said[at]).toMatchObject({ code, out: '', err: expect.stringMatching(sentence) as string });
    expect(said[at]!.err).not.toMatch(/\n\s+at |Set LOG_LEVEL/);
  }
}, 60_000);

test('an embedded Kualik: the first token before anything runs, another beside the server, and both are let in', async () => {
  const home = fs.mkdtempSync(join(tmpdir(), 'kualik-first-'));
  const own = { KUALIK_DATA: home, DATABASE_URL: '', KUALIK_SECRET: '', PORT: '0' };
  try {
    const before = await kualik(['token', 'new', '--role', 'reader', '--level', '0'], own);
    expect(before).toMatchObject({ code: 0, out: expect.stringMatching(/^kua_\w{49}\n$/) as string });
    const server = runScript('src/main.ts', ['serve'], { env: own });
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(await server.line(/Explore/))![0];
    const beside = await kualik(['token', 'new', '--role', 'reader', '--level', '2'], own);
    const ask = async (headers: Record<string, string>): Promise<number> =>
      (
        await fetch(`${address}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
          body: JSON.stringify({ query: '{ cases(first: 1) { nodes { id } } }' }),
        })
      ).status;
    const status = [await ask({}), await ask(tokenOf(before.out)), await ask(tokenOf(beside.out))];
    await kualik(['user', 'add', 'rena', '--role', 'reader', '--level', '1'], own);
    // Reading without an account ended with the first one.
    status.push(await ask({}), await ask(tokenOf(before.out)));
    expect(status).toEqual([200, 200, 200, 401, 200]);
    server.process.kill('SIGINT');
    expect((await server.ended).code).toBe(0);
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}, 120_000);
