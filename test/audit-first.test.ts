// What is restricted is shown, and changed, only when the reading of it could be entered in the audit.
import { withClient } from '../src/db/client.js';
import { addAccount, openGate, type Person } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

let database: FreshDatabase;
let server: Serving;
let writer: Person;

beforeAll(async () => {
  database = await freshDatabase();
  const gate = await openGate(database);
  writer = await addAccount(gate, { login: 'writer', level: 2, roles: ['reader', 'editor'] });
  await gate.destroy();
  server = await serveOn(database);
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

async function run(query: string): Promise<{ data?: any; errors?: { extensions: { code: string } }[] }> {
  const response = await fetch(`${server.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...writer.byToken },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(30_000),
  });
  return (await response.json()) as never;
}

const ask = async <T extends object>(text: string): Promise<T[]> =>
  withClient(database.adminUrl, async (client) => (await client.query<T>(text)).rows);
const stored = async (): Promise<string[]> =>
  (await ask<{ name: string }>('select name from places order by name')).map(({ name }) => name);
const save = (name: string, sensitivity: string): string =>
  `mutation { savePlace(input: { name: "${name}", kind: LOCALITY, sensitivity: ${sensitivity} }) { id } }`;

test('a change whose answer could not be entered is not made, and nothing restricted is shown', async () => {
  expect((await run(save('Aral', 'RESTRICTED'))).errors).toBeUndefined();
  const restricted = '{ places { edges { node { name } } } }';
  expect((await run(restricted)).data.places.edges).toHaveLength(1);

  await ask('alter function audit.log_access rename to gone');
  try {
    const read = await run(restricted);
    expect([read.data ?? null, read.errors![0]!.extensions.code]).toEqual([null, 'INTERNAL']);
    const written = await run(save('Balqash', 'RESTRICTED'));
    expect([written.data ?? null, written.errors![0]!.extensions.code]).toEqual([null, 'INTERNAL']);
    // What shows nothing restricted needs no entry.
    expect(
      (await run('mutation { savePlace(input: { name: "Chu", kind: LOCALITY }) { version } }')).errors,
    ).toBeUndefined();
    expect(await stored()).toEqual(['Aral', 'Chu']);
  } finally {
    await ask('alter function audit.gone rename to log_access');
  }
  expect((await run(save('Balqash', 'RESTRICTED'))).errors).toBeUndefined();
  expect(await stored()).toEqual(['Aral', 'Balqash', 'Chu']);
});

test('nor beside a field that fails: an error of their own lets nobody read without a trace', async () => {
  const [{ id }] = (await ask<{ id: string }>(`select id from places where name = 'Aral'`)) as [{ id: string }];
  const partly = `{ a: places { edges { node { name } } } b: place(id: "${id}", asOf: { recordedBy: "2999-01-01T00:00:00Z" }) { id } }`;
  expect((await run(partly)).data.a.edges.length).toBeGreaterThan(0);
  await ask('alter function audit.log_access rename to gone');
  try {
    const { data, errors } = await run(partly);
    expect([data ?? null, errors![0]!.extensions.code]).toEqual([null, 'INTERNAL']);
  } finally {
    await ask('alter function audit.gone rename to log_access');
  }
});

test('a change that the database refuses shows nothing and enters no reading', async () => {
  const count = async () =>
    Number((await ask<{ n: string }>(`select count(*) as n from audit.entries where kind = 'read'`))[0]!.n);
  const before = await count();
  const refused = await run(save(' ', 'RESTRICTED'));
  expect(refused.errors).toHaveLength(1);
  expect(await count()).toBe(before);
});
