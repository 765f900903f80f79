// Writing as it leaves the house: over HTTP, on one connection per pool, with the commit before the answer.
import { addAccount, openGate } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

let database: FreshDatabase;
let server: Serving;
beforeAll(async () => {
  database = await freshDatabase();
  server = await serveOn(database, { poolSize: 1 });
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

async function ask(query: string, headers: Record<string, string> = server.analyst.byToken): Promise<any> {
  const response = await fetch(`${server.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

test('one connection is enough to write and to read in the same operation; a query sees it afterwards', async () => {
  const { data } = await ask('mutation { saveCase(input: { title: "A file" }) { id title members { nodes { id } } } }');
  expect(data.saveCase.title).toBe('A file');
  expect((await ask(`{ case(id: "${data.saveCase.id}") { title } }`)).data.case.title).toBe('A file');
});

test('what only the commit refuses is the answer, in the words of the rule', async () => {
  const { data } = await ask(`mutation {
    early: saveEvent(input: { kind: THREAT, starts: "2019" }) { id } late: saveEvent(input: { kind: THREAT, starts: "2021" }) { id } }`);
  await ask(
    `mutation { saveEventLink(input: { from: "${data.late.id}", to: "${data.early.id}", kind: RESPONSE_TO, assessment: SUPPORTED }) { id } }`,
  );
  const moved = await ask(
    `mutation { saveEvent(input: { id: "${data.late.id}", expectedVersion: 1, starts: "2018" }) { id } }`,
  );
  expect(moved.data ?? null).toBeNull();
  expect(moved.status).toBe(400);
  expect(moved.errors[0]).toMatchObject({
    message: expect.stringMatching(/^The dates make this link impossible/),
    extensions: { code: 'BAD_USER_INPUT', rule: 'impossible_link_is_not_supported' },
  });
});

test('a refused part takes the whole document back', async () => {
  const refused = await ask(
    'mutation { one: saveCase(input: { title: "Half" }) { id } two: saveCase(input: {}) { id } }',
  );
  expect(refused.data ?? null).toBeNull();
  expect(refused.errors[0].extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    problems: [{ path: ['input', 'title'], rule: 'required' }],
  });
  const { data } = await ask('{ cases { nodes { title } } }');
  expect(data.cases.nodes).not.toContainEqual({ title: 'Half' });
});

const SAVE = 'mutation { saveCase(input: { title: "A file" }) { id } }';

test('who has not signed in is told to; who may only read is told which role is missing; nothing is written', async () => {
  const stranger = await ask(SAVE, {});
  expect(stranger.errors[0]).toMatchObject({
    message: 'Sign in to change records.',
    extensions: { code: 'UNAUTHENTICATED' },
  });
  const gate = await openGate(database);
  const { byToken } = await addAccount(gate, { login: 'only-reads' });
  await gate.destroy();
  const { errors } = await ask(SAVE, byToken);
  expect(errors[0]).toMatchObject({
    message: expect.stringMatching(/ask an administrator for the role "editor"/),
    extensions: { code: 'FORBIDDEN', rule: 'role-editor' },
  });
  const { data } = await ask('{ cases { nodes { id title } } }', byToken);
  expect(data.cases.nodes).toMatchObject([{ title: 'A file' }]);
  const { data: told } = await ask(`{ history(record: "${data.cases.nodes[0].id}") { nodes { actor } } }`, byToken);
  expect(told.history.nodes).toEqual([{ actor: expect.stringMatching(/^analyst-/) }]);
});

test('a level above that of the writer is refused in words that say what to do', async () => {
  const gate = await openGate(database);
  const { byToken } = await addAccount(gate, { login: 'public-editor', level: 0, roles: ['reader', 'editor'] });
  await gate.destroy();
  const usual = await ask('mutation { saveEvent(input: { kind: PROTEST, title: "A march" }) { id } }', byToken);
  expect(usual.errors[0].extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    problems: [
      { path: ['input', 'sensitivity'], rule: 'level', message: expect.stringMatching(/say in "sensitivity"/) },
    ],
  });
  const above = await ask('mutation { saveEvent(input: { kind: PROTEST, sensitivity: SEALED }) { id } }', byToken);
  expect(above.errors[0].extensions.problems).toMatchObject([{ rule: 'level' }]);
  const own = await ask('mutation { saveEvent(input: { kind: PROTEST, sensitivity: PUBLIC }) { id } }', byToken);
  expect(own.data.saveEvent.id).toBeTruthy();
});
