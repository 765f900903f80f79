// What once brought the server down or let somebody in, asked again of the real server: each of these was found by attacking it.
import { firstSignIn } from '../src/accounts/first-sign-in.js';
import { addAccount, openGate } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

let database: FreshDatabase;
let server: Serving;
beforeAll(async () => {
  database = await freshDatabase('founding');
  server = await serveOn(database);
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

async function ask(query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<any> {
  const response = await fetch(`${server.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  return { status: response.status, size: text.length, ...(JSON.parse(text) as object) };
}

describe('a name of very many words', () => {
  const LONG = [
    ['words', 'a '.repeat(20_000)],
    ['different words', Array.from({ length: 13 }, (_, n) => `word${n}`).join(' ')],
    ['letters', 'hx'.repeat(5_000)],
  ];
  test.each(['persons', 'places', 'organizations'].flatMap((list) => LONG.map(([what, name]) => [list, what, name])))(
    'is refused in a sentence by %s: %s',
    async (list, _, name) => {
      const { data, errors } = await ask(
        `query ($name: String) { ${list}(filter: { name: $name }) { nodes { id } } }`,
        {
          name,
        },
      );
      expect(data?.[list!] ?? null).toBeNull();
      expect(errors[0]).toMatchObject({
        message: expect.stringMatching(/at most 200 characters and 12 words/),
        extensions: { code: 'BAD_USER_INPUT', rule: 'name-length' },
      });
    },
  );

  test('the same word twice is the word', async () => {
    const names = async (name: string) =>
      (await ask('query ($name: String) { persons(filter: { name: $name }) { nodes { name } } }', { name })).data
        .persons.nodes;
    expect(await names('Musakhan Musakhan')).toEqual(await names('Musakhan'));
  });
});

test('a text that is stored and asked for over and over is no answer of gigabytes', async () => {
  const { byToken } = server.analyst;
  const save = 'mutation ($input: SavePersonInput!) { savePerson(input: $input) { id } }';
  const tooLong = await ask(save, { input: { kind: 'INDIVIDUAL', summary: 'x'.repeat(60_000) } }, byToken);
  expect(tooLong.errors[0].message).toMatch(/60000 characters; a field holds 50000/);
  const saved = await ask(
    save,
    { input: { kind: 'INDIVIDUAL', summary: 'x'.repeat(50_000), sensitivity: 'PUBLIC' } },
    byToken,
  );
  const ids = Array(100).fill(saved.data.savePerson.id);
  const aliases = Array.from({ length: 8 }, (_, n) => `a${n}: summary`).join(' ');
  const fat = await ask(`query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Person { ${aliases} } } }`, { ids });
  expect(fat.size).toBeLessThan(2_000);
  expect(fat.data).toBeUndefined();
  expect(fat.errors).toMatchObject([{ extensions: { code: 'LIMITED', rule: 'answer-length' } }]);
});

test('reasons and keys have a length that people write', async () => {
  const { byToken } = server.analyst;
  const save = 'mutation ($input: SaveCaseInput!) { saveCase(input: $input) { id } }';
  const reason = await ask(save, { input: { title: 'A file', changeReason: 'x'.repeat(3_000) } }, byToken);
  expect(reason.errors[0].message).toMatch(/A reason has at most 2000 characters/);
  const key = await ask(save, { input: { title: 'A file', idempotencyKey: 'x'.repeat(120_000) } }, byToken);
  expect(key.errors[0].message).toMatch(/An idempotency key has at most 200 characters/);
});

test('whoever is shown that restricted records changed is in the audit', async () => {
  const gate = await openGate(database);
  const { byToken } = await addAccount(gate, { login: 'cleared', level: 3, roles: ['reader', 'editor'] });
  const saved = await ask(
    'mutation { savePerson(input: { kind: INDIVIDUAL, sensitivity: SEALED }) { id } }',
    {},
    byToken,
  );
  const { id } = saved.data.savePerson;
  const told = await ask(`{ history(record: "${id}") { nodes { kind } } }`, {}, byToken);
  expect(told.data.history.nodes).toEqual([{ kind: 'CREATED' }]);
  await gate.destroy();
  const { withClient } = await import('../src/db/client.js');
  const entries = await withClient(database.adminUrl, async (client) =>
    client.query(
      `select payload from audit.entries where kind = 'read' and actor = 'cleared' order by seq desc limit 1`,
    ),
  );
  expect(JSON.stringify(entries.rows)).toContain(id);
});

test('the link of the first start is worth nothing once people have accounts', async () => {
  const fresh = await freshDatabase();
  const gate = await openGate(fresh);
  const link = await firstSignIn(gate, 'http://localhost:1');
  const served = await serveOn(fresh); // makes an account
  const answer = await fetch(`${served.base}/auth/first`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({ link: link!.split('=')[1] }),
  });
  expect(answer.status).toBe(401);
  await served.stop();
  await gate.destroy();
  await fresh.drop();
});
