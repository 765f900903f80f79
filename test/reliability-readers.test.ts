// No write blocks a reader, and no reader a write: while somebody's transaction holds every row of every table, and has not
// committed, all questions are answered as before; and while a snapshot is read slowly, changes are made.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { nouns } from '../src/model.js';
import { packageRoot } from '../src/paths.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

const directory = join(packageRoot, 'web', 'explorer', 'questions');
const QUESTIONS = readdirSync(directory)
  .sort()
  .map((file) => readFileSync(join(directory, file), 'utf8'));
const FEED = '{ changes(first: 100) { nodes { noun recordId version fields { field } } hasMore } }';

let database: FreshDatabase;
let server: Serving;
let writer: pg.Client;

beforeAll(async () => {
  database = await freshDatabase('founding');
  server = await serveOn(database, { config: { rate: 100_000 } });
  writer = new pg.Client({ connectionString: database.adminUrl });
  await writer.connect();
}, 120_000);
afterAll(async () => {
  await writer?.end();
  await server?.stop();
  await database?.drop();
});

async function ask(query: string): Promise<any> {
  const headers = { 'content-type': 'application/json', ...server.analyst.byToken };
  const response = await fetch(`${server.base}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return response.json();
}

test('while a transaction holds every row and is not over, everything is answered as before', async () => {
  const questions = [...QUESTIONS, FEED];
  const before = [];
  for (const query of questions) before.push(await ask(query));
  expect(before.flatMap(({ errors }) => errors ?? [])).toEqual([]);

  await writer.query(`begin; select set_config('kualik.actor', 'somebody', true)`);
  let held = 0;
  for (const table of Object.keys(nouns)) {
    const { rowCount } = await writer.query(`update ${table} set version = version + 1`);
    held += rowCount!;
  }
  expect(held).toBeGreaterThan(500);
  try {
    for (const [i, query] of questions.entries()) expect(await ask(query)).toEqual(before[i]);
  } finally {
    await writer.query('rollback');
  }
});

test('while a reader holds a snapshot of everything, and reads no further, a change is made', async () => {
  const reader = new pg.Client({ connectionString: database.readerUrl });
  await reader.connect();
  try {
    await reader.query('begin isolation level repeatable read');
    const counted = async (): Promise<number> => {
      const each = Object.keys(nouns).map((table) => `(select count(*)::int from ${table})`);
      return (await reader.query<{ n: number }>(`select ${each.join(' + ')} as n`)).rows[0]!.n;
    };
    const before = await counted();
    expect(before).toBeGreaterThan(500);
    const { data, errors } = await ask('mutation { saveEvent(input: { kind: OTHER, title: "Invented" }) { version } }');
    expect(errors).toBeUndefined();
    expect(data.saveEvent.version).toBe(1);
    expect(await counted()).toBe(before);
  } finally {
    await reader.end();
  }
});
