// Commands of whoever runs the host, as real processes on one database: a dataset that belongs to a team, what the audit holds
// of whom, and what is kept too long.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entries, type EntryFilter } from '../src/audit/entries.js';
import { listAudit } from '../src/commands/audit-list.js';
import { withClient } from '../src/db/client.js';
import { packageRoot } from '../src/paths.js';
import { addAccount, openGate, type Person } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';
import { TEST_DATA } from './support/test-server.js';

let database: FreshDatabase;
let server: Serving;
let dir: string;
const people: Record<string, Person> = {};

beforeAll(async () => {
  dir = fs.mkdtempSync(join(tmpdir(), 'kualik-host-'));
  database = await freshDatabase();
  const gate = await openGate(database);
  for (const [login, teams] of Object.entries({ north: ['North desk'], south: ['South desk'], free: [] }))
    people[login] = await addAccount(gate, { login, level: 3, roles: ['reader', 'editor'], teams });
  await gate.destroy();
  server = await serveOn(database);
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
  fs.rmSync(dir, { recursive: true, force: true });
});

function kualik(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const secret = fs.readFileSync(join(TEST_DATA, 'secret'), 'utf8').trim();
  const env = { PATH: process.env.PATH, KUALIK_DATA: dir, DATABASE_URL: database.adminUrl, KUALIK_SECRET: secret };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(packageRoot, 'src/main.ts'), ...args], {
      cwd: packageRoot,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const sql = <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
  withClient(database.adminUrl, async (client) => (await client.query(text, values)).rows);

async function ask(login: string, query: string, variables: object = {}): Promise<any> {
  const response = await fetch(`${server.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...people[login]!.byToken },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: any; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

function dataset(name: string, people: string): string {
  const made = join(dir, name);
  fs.mkdirSync(made, { recursive: true });
  fs.writeFileSync(join(made, 'dataset.yaml'), `dataset: ${name}\nsensitivity: 1\n`);
  fs.writeFileSync(
    join(made, 'all.yaml'),
    `sources:\n  - { key: N1, kind: NEWS_ARTICLE, title: A page, published: 2021-03-02 }\npersons:\n${people}`,
  );
  return made;
}
const PERSON = (key: string, level: number): string =>
  `  - { key: ${key}, sensitivity: ${level}, sources: [N1], names: [{ value: Name of ${key}, kind: MAIN, displayOrder: 1, sources: [N1] }] }\n`;

const teams = async (name: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    (
      await sql<{ key: string; team: string }>(
        `select i.key, r.sensitivity || ' ' || coalesce(t.name, 'none') as team from imports i join records r on r.id = i.record_id
           left join auth.teams t on t.id = r.team_id where i.dataset = $1 and i.key not like 'claim %' order by 1`,
        [name],
      )
    ).map(({ key, team }) => [key, team]),
  );
const idOf = async (name: string, key: string): Promise<string> =>
  (await sql<{ id: string }>('select record_id as id from imports where dataset = $1 and key = $2', [name, key]))[0]!
    .id;
const seers = async (id: string): Promise<string[]> => {
  const found = [];
  for (const login of Object.keys(people))
    if ((await ask(login, 'query ($id: ID!) { node(id: $id) { id } }', { id })).node !== null) found.push(login);
  return found;
};

describe('kualik load --team', () => {
  test('refuses a team that is not known, with those that are, and writes nothing', async () => {
    const refused = await kualik('load', dataset('nobodys', PERSON('amina', 2)), '--team', 'East desk');
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no team "East desk". The teams are: North desk, South desk.') as string,
    });
    expect(await sql('select from imports')).toEqual([]);
  });

  test('gives what is restricted to the team, with all that belongs to it, and leaves the rest to everybody', async () => {
    const from = dataset('of-north', PERSON('amina', 2) + PERSON('bolat', 1));
    expect((await kualik('load', from, '--team', 'North desk')).code).toBe(0);
    expect(await teams('of-north')).toEqual({
      N1: '1 none',
      amina: '2 North desk',
      'amina/names/Name of amina': '2 North desk',
      bolat: '1 none',
      'bolat/names/Name of bolat': '1 none',
    });
    const amina = await idOf('of-north', 'amina');
    expect(await seers(amina)).toEqual(['north']);
    expect(await seers(await idOf('of-north', 'bolat'))).toEqual(['north', 'south', 'free']);
    const claims = await sql<{ team: string | null }>(
      `select distinct t.name as team from claims c left join auth.teams t on t.id = c.team_id where c.record_id = $1 and c.level >= 2`,
      [amina],
    );
    expect(claims).toEqual([{ team: 'North desk' }]);
    expect(await sql('select * from history.faults()')).toEqual([]);
  });

  test('also what was loaded without a team before; what has a team keeps it', async () => {
    const from = dataset('first-of-all', PERSON('dina', 3));
    expect((await kualik('load', from)).code).toBe(0);
    const dina = await idOf('first-of-all', 'dina');
    expect(await seers(dina)).toEqual(['north', 'south', 'free']);
    expect((await kualik('load', from, '--team', 'South desk')).code).toBe(0);
    expect(await seers(dina)).toEqual(['south']);
    expect((await kualik('load', from, '--team', 'North desk')).code).toBe(0);
    expect(await seers(dina)).toEqual(['south']);
  });
});

describe('kualik audit list', () => {
  const lines = (out: string): any[] =>
    out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  let amina: string;
  beforeAll(async () => {
    amina = await idOf('of-north', 'amina');
    await ask('north', `mutation ($id: ID!) { savePerson(input: { id: $id, expectedVersion: ${await version()}, ethnicity: "Hidden word" }) { id } }`, { id: amina }); // prettier-ignore
  });
  const version = async (): Promise<number> =>
    (await sql<{ version: number }>('select version from persons where id = $1', [amina]))[0]!.version;

  test('prints the entries of a record and the reads that showed it, without contents', async () => {
    const { code, out } = await kualik('audit', 'list', '--record', amina);
    expect(code).toBe(0);
    const found = lines(out);
    expect(found.map(({ actor, kind }) => `${actor} ${kind}`)).toEqual(
      expect.arrayContaining(['load change', 'north read', 'north change']),
    );
    expect(found.every(({ kind, record }) => kind === 'read' || record === amina)).toBe(true);
    expect(found.find(({ actor, kind }) => actor === 'north' && kind === 'change')).toMatchObject({
      operation: 'update',
      noun: 'persons',
      level: 2,
      team: 'North desk',
      erased: false,
      request: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    });
    expect(out).not.toMatch(/Hidden word|content/);
    const [one, two] = found as [{ seq: number }, { seq: number }];
    expect(two.seq).toBeGreaterThan(one.seq);
  });

  test('tells contents only when asked', async () => {
    const { out } = await kualik(
      'audit',
      'list',
      '--record',
      amina,
      '--actor',
      'north',
      '--kind',
      'change',
      '--content',
    );
    expect(lines(out)).toEqual([
      expect.objectContaining({ content: expect.objectContaining({ ethnicity: 'Hidden word' }) }),
    ]);
  });

  test('of an account, of days, of kinds; a table for people', async () => {
    await sql(
      `set session_replication_role = replica; update audit.entries set at = '2024-05-31T23:59:59.5Z' where seq = 1`,
    );
    const of = async (filter: EntryFilter): Promise<number[]> =>
      withClient(database.migrateUrl, async (client) => {
        await client.query('begin read only');
        const found = [];
        for await (const batch of entries(client, filter)) found.push(...batch.map(({ seq }) => seq));
        return found;
      });
    expect(await of({ until: '2024-05-31' })).toEqual([1]);
    expect(await of({ since: '2024-05-31', until: '2024-05-31' })).toEqual([1]);
    expect(await of({ until: '2024-05-30' })).toEqual([]);
    const rest = await of({ since: '2024-06-01' });
    expect(rest.length).toBeGreaterThan(10);
    expect(rest).not.toContain(1);
    const accounts = lines((await kualik('audit', 'list', '--kind', 'account', '--kind', 'loss')).out);
    expect(new Set(accounts.map(({ kind }) => kind))).toEqual(new Set(['account']));
    const { out } = await kualik('audit', 'list', '--actor', 'north', '--kind', 'change', '--table');
    expect(out).toMatch(
      /^SEQ +AT +ACTOR +KIND +OPERATION +NOUN +RECORD +VERSION +LEVEL +TEAM +REQUEST\n\d+ +\S+Z +north +change +update +persons /,
    );
  });

  // Before anything is opened, so the configuration is not asked.
  test.each([
    [{ record: 'amina' }, '"amina" is no id of a record.'],
    [{ kind: ['theft'] }, 'the kinds are change, read, export, account, erasure, loss.'],
    [{ since: '2024-02-30' }, 'does not exist'],
    [{ content: true, table: true }, 'A table has no contents'],
  ])('%j is refused in plain words', async (options, sentence) => {
    const refused = listAudit({} as never, {} as never, options);
    await expect(refused).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining(sentence) as string });
  });
});

test('kualik retention tells, and removes with --apply', async () => {
  await sql(
    `insert into auth.throttles (key, tries, since, until) values ('\\x00', 1, now(), now() - interval '1 minute')`,
  );
  const told = await kualik('retention');
  expect(told).toMatchObject({ code: 0, err: expect.stringContaining('add --apply') as string });
  expect(told.out).toMatch(/^WOULD GO +WHAT +KEPT\n[^]*\n1 +counted tries to sign in +15 minutes\n/);
  expect((await kualik('retention', '--apply')).out).toMatch(/\n1 +counted tries to sign in +15 minutes\n/);
  expect((await kualik('retention')).out).toMatch(/\n0 +counted tries to sign in +15 minutes\n/);
});

test('kualik erase --everything says what goes and what stays, and does nothing without --commit', async () => {
  const bolat = await idOf('of-north', 'bolat');
  const told = await kualik('erase', bolat, '--reason', 'Asked for.', '--everything');
  expect(told).toMatchObject({
    code: 0,
    out: expect.stringMatching(/Their clear fields are emptied[^]*Nothing was done/) as string,
  });
  expect(await sql(`select from history.person_names where value = 'Name of bolat'`)).toHaveLength(1);
  const done = await kualik('erase', bolat, '--reason', 'Asked for.', '--everything', '--commit');
  expect(done.out).toMatch(/Destroyed: 0 keys\. Emptied: [1-9]\d* entries[^]*The record is retracted/);
  expect(await sql(`select from history.person_names where value = 'Name of bolat'`)).toEqual([]);
  expect(await sql(`select from audit.entries where payload like '%Name of bolat%'`)).toEqual([]);
}, 30_000);
