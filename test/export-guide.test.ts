// The guide to exports, run as it stands: every command in order, in one shell, against a real server with the founding case.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { readConfig } from '../src/config.js';
import { packageRoot } from '../src/paths.js';
import { addAccount, openGate } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

const run = promisify(execFile);
const guide = readFileSync(join(packageRoot, 'docs/guides/export.md'), 'utf8');
const blocks = [...guide.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);
const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));
const canRun = ['bash', 'curl', 'jq'].every(onPath);

let database: FreshDatabase;
let server: Serving;
let token: string;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kualik-export-'));
  database = await freshDatabase('founding');
  const gate = await openGate(database);
  ({ token } = await addAccount(gate, { login: 'exporter', level: 1, roles: ['reader', 'exporter'] }));
  await gate.destroy();
  server = await serveOn(database);
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

(canRun ? test : test.skip)('every command of the guide does what it says', async () => {
  expect(blocks).toHaveLength(5);
  const script = blocks.map((block, at) => `echo "## ${at}"\n${block}`).join('\n');
  const { stdout } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    cwd: folder,
    env: { PATH: process.env.PATH, KUALIK: server.base, TOKEN: token },
  });
  const [whole, counted, protests, timeline, claims] = stdout.split(/^## \d\n/m).slice(1);
  expect([whole, counted!.trim()]).toEqual(['true\n', '10']);
  expect(protests!.trim().split('\n').length).toBeGreaterThan(0);
  for (const line of protests!.trim().split('\n')) expect(line).toMatch(/^[^\t]+\tPROTEST\t.+$/);
  expect(timeline!.trim().split('\n')).toHaveLength(3);
  expect(Number(claims)).toBeGreaterThan(1_000);
});

test('the limits that the guide names are those of the code', () => {
  expect(guide).toContain(`an export may take ${readConfig({}).exportMinutes} minutes`);
});
