// The examples are clients as users copy them: run here against a real server, so that they cannot rot.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../src/paths.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

const run = promisify(execFile);
let database: FreshDatabase;
let server: Serving;
let closed: Serving;

beforeAll(async () => {
  database = await freshDatabase('founding');
  server = await serveOn(database);
  closed = await serveOn(database, { anonymous: 'off' });
});
afterAll(async () => {
  await server?.stop();
  await closed?.stop();
  await database?.drop();
});

const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));

const example = (name: string): string => join(packageRoot, 'examples', name);

/** Rows of the table, without the widths of the columns; two documents that end alike stand in the order of their ids. */
const rows = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));

const EXPECTED = [
  ['HOLDER', 'COUNTRY', 'KIND', 'LAST DAY', 'CERTAINTY', 'SUCCESSOR'],
  ['Kaster Musakhan', 'KZ', 'REFUGEE_CERTIFICATE', '2022-10-14', 'CERTAIN', 'until 2023-10-14~'],
  ['Murager Alimuly', 'KZ', 'REFUGEE_CERTIFICATE', '2022-10-14', 'CERTAIN', 'until 2023-10-14~'],
  ['Kaisha Akan', 'KZ', 'REFUGEE_CERTIFICATE', '[2022-10-27..2022-10-30]', 'POSSIBLE', 'UNKNOWN'],
  ['Bagashar Malik', 'KZ', 'REFUGEE_CERTIFICATE', '[2022-10-27..2022-10-30]', 'POSSIBLE', 'UNKNOWN'],
];

const EXAMPLES = [
  { name: 'expiring.ts', program: process.execPath, before: ['--import', 'tsx'], needs: [] },
  { name: 'expiring.py', program: 'python3', before: [], needs: ['python3'] },
  { name: 'expiring.sh', program: 'sh', before: [], needs: ['curl', 'jq'] },
];

describe.each(EXAMPLES)('$name', ({ name, program, before, needs }) => {
  const missing = needs.filter((tool) => !onPath(tool));
  // On a developer's machine a missing tool is no fault of the example; the gate installs them all.
  const present = missing.length === 0 || process.env.CI ? test : test.skip;

  present('prints the certificates that run out within 90 days of 2022-08-01', async () => {
    const { stdout } = await run(program, [...before, example(name), `${server.base}/graphql`], { cwd: packageRoot });
    const table = rows(stdout);
    expect(table[0]).toEqual(EXPECTED[0]);
    expect([...table].sort()).toEqual([...EXPECTED].sort());
    expect(table.map((row) => row[3])).toEqual(EXPECTED.map((row) => row[3]));
  });

  present('signs in with a token where nobody reads without one', async () => {
    const asking = (env: Record<string, string>) =>
      run(program, [...before, example(name), `${closed.base}/graphql`], {
        cwd: packageRoot,
        env: { ...process.env, ...env },
      });
    await expect(asking({ KUALIK_TOKEN: '' })).rejects.toMatchObject({ stderr: expect.stringMatching(/Sign in at/) });
    expect(rows((await asking({ KUALIK_TOKEN: closed.analyst.token })).stdout)).toHaveLength(EXPECTED.length);
  });

  present('says in one sentence what is wrong when the answer is an error, and fails', async () => {
    const wrong = run(program, [...before, example(name), `${server.base}/nowhere`], { cwd: packageRoot });
    await expect(wrong).rejects.toMatchObject({
      code: expect.any(Number),
      stdout: expect.not.stringContaining('Musakhan'),
    });
  });
});
