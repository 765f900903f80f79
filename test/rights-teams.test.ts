// Records that belong to a team, through HTTP: who gives them one, who sees them then, and what is refused in which words.
import type { Level, Role } from '../src/accounts/viewer.js';
import { addAccount, openGate, type Person } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { asker, asking } from './support/rights.js';
import { serveOn, type Serving } from './support/serving.js';

interface Problem {
  path?: (string | number)[];
  rule?: string;
  message: string;
}

let database: FreshDatabase;
let server: Serving;
const people: Record<string, Person> = {};
const WRITER: Role[] = ['reader', 'editor'];
const REVIEWER: Role[] = [...WRITER, 'reviewer'];
const ACCOUNTS: [login: string, level: Level, roles: Role[], teams: string[]][] = [
  ['north', 3, WRITER, ['North']],
  ['north-chief', 3, REVIEWER, ['North']],
  ['south', 3, WRITER, ['South']],
  ['both', 3, WRITER, ['North', 'South']],
  ['both-chief', 3, REVIEWER, ['North', 'South']],
  ['free', 3, WRITER, []],
];

beforeAll(async () => {
  database = await freshDatabase();
  const gate = await openGate(database);
  for (const [login, level, roles, teams] of ACCOUNTS)
    people[login] = await addAccount(gate, { login, level, roles, teams });
  await gate.destroy();
  server = await serveOn(database);
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

async function run(login: string, query: string, variables: object = {}) {
  const response = await fetch(`${server.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...people[login]!.byToken },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(30_000),
  });
  return (await response.json()) as {
    data?: any;
    errors?: { message: string; extensions: { code: string; rule?: string; problems?: Problem[] } }[];
  };
}

async function ask(login: string, query: string, variables: object = {}): Promise<any> {
  const { data, errors } = await run(login, query, variables);
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const mutation = (verb: string): string =>
  `mutation ($input: ${verb[0]!.toUpperCase()}${verb.slice(1)}Input!) { ${verb}(input: $input) { id version sensitivity } }`;
const write = async (login: string, verb: string, input: object): Promise<{ id: string; version: number }> =>
  (await ask(login, mutation(verb), { input }))[verb];

async function refused(login: string, verb: string, input: object): Promise<string[]> {
  const { data, errors } = await run(login, mutation(verb), { input });
  expect(data ?? null).toBeNull();
  return errors![0]!.extensions.problems!.map(({ path, message }) => `${path?.join('.')}: ${message}`);
}

const sees = async (login: string, id: string): Promise<boolean> =>
  (await ask(login, 'query ($id: ID!) { node(id: $id) { id } }', { id })).node !== null;
const seers = async (id: string): Promise<string[]> => {
  const found = [];
  for (const login of ['north', 'south', 'both', 'free']) if (await sees(login, id)) found.push(login);
  return found;
};

/** A person with a name and a claim on the person, each saved without saying a level or a team. */
async function known(login: string, name: string, more: object) {
  const person = await write(login, 'savePerson', more);
  const called = await write(login, 'savePersonName', { person: person.id, kind: 'MAIN', value: name });
  const source = await write(login, 'saveSource', { kind: 'NEWS_ARTICLE', title: `On ${name}`, sensitivity: 'PUBLIC' });
  const claim = await write(login, 'addClaim', { record: person.id, field: 'ethnicity', value: 'Kazakh', source: source.id });
  return { person: person.id, ids: [person.id, called.id, claim.id] };
} // prettier-ignore

test('the viewer is told the names of its teams', async () => {
  expect(await ask('both', '{ viewer { teams } }')).toEqual({ viewer: { teams: ['North', 'South'] } });
  expect(await ask('free', '{ viewer { teams } }')).toEqual({ viewer: { teams: [] } });
});

test("what a writer seals belongs to the writer's team, with all that is below it, and nobody else is told that it exists", async () => {
  const LIST = `{ persons(filter: { name: "Zaure Testova" }) { totalCount { value } nodes { id names { value } claims { id } } } }`;
  const before = await ask('south', '{ persons { totalCount { value } } }');
  const { person, ids } = await known('north', 'Zaure Testova', { sensitivity: 'SEALED', ethnicity: 'Kazakh' });
  for (const id of ids) expect(await seers(id)).toEqual(['north', 'both']);
  expect(await ask('south', LIST)).toEqual({ persons: { totalCount: { value: 0 }, nodes: [] } });
  expect(await ask('south', '{ persons { totalCount { value } } }')).toEqual(before);
  expect(await ask('north', LIST)).toEqual({
    persons: { totalCount: { value: 1 }, nodes: [{ id: person, names: [{ value: 'Zaure Testova' }], claims: [{ id: ids[2] }] }] },
  }); // prettier-ignore
  // Who is in both is not asked for what is below it: that goes with it.
  const { id } = await write('both', 'savePersonName', { person, kind: 'ALIAS', value: 'Zaure' });
  expect(await seers(id)).toEqual(['north', 'both']);
  expect(await refused('both', 'savePersonName', { person, kind: 'ALIAS', value: 'Zaurekhan', team: 'South' })).toEqual(
    ['input.team: This record belongs to the team of what it is about; leave "team" out.'],
  );
});

test('a writer in no team writes for everybody of the level', async () => {
  const { ids } = await known('free', 'Open Testov', { sensitivity: 'RESTRICTED' });
  for (const id of ids) expect(await seers(id)).toEqual(['north', 'south', 'both', 'free']);
});

test('a writer in several teams says which, and is told so with all else that is wrong', async () => {
  const which = 'input.team: Say which of your teams this record belongs to: North, South.';
  expect(await refused('both', 'savePerson', { sensitivity: 'SEALED' })).toEqual([which]);
  expect(await refused('both', 'savePerson', { sensitivity: 'SEALED', born: 'soon' })).toEqual([
    expect.stringMatching(/^input\.born: /),
    which,
  ]);
  const { id } = await write('both', 'savePerson', { sensitivity: 'SEALED', team: 'South' });
  expect(await seers(id)).toEqual(['south', 'both']);
  // What belongs to nobody in particular needs no team, and takes none.
  await write('both', 'savePerson', { sensitivity: 'INTERNAL' });
  expect(await refused('both', 'savePerson', { team: 'South' })).toEqual([
    'input.team: Only what is RESTRICTED or SEALED belongs to a team; leave "team" out.',
  ]);
});

test('a team that does not exist and one of others are answered alike', async () => {
  const answer = ['input.team: You are in no team of this name. Yours are: North.'];
  for (const team of ['South', 'Nowhere', 'north', ''])
    expect(await refused('north', 'savePerson', { sensitivity: 'SEALED', team })).toEqual(answer);
  expect(await refused('free', 'savePerson', { sensitivity: 'SEALED', team: 'South' })).toEqual([
    'input.team: You are in no team of this name. You are in none; leave "team" out.',
  ]);
});

test('a record that is restricted later gets a team by the same rule, and takes along what is below it', async () => {
  const { person, ids } = await known('north', 'Raised Testov', { sensitivity: 'PUBLIC' });
  for (const id of ids) expect(await seers(id)).toEqual(['north', 'south', 'both', 'free']);
  const raise = { id: person, expectedVersion: 1, sensitivity: 'RESTRICTED' };
  const { version } = (await ask('both', 'query ($id: ID!) { node(id: $id) { ... on Person { version } } }', { id: person })).node; // prettier-ignore
  expect(await refused('both', 'savePerson', { ...raise, expectedVersion: version })).toEqual([
    'input.team: Say which of your teams this record belongs to: North, South.',
  ]);
  await write('south', 'savePerson', { ...raise, expectedVersion: version });
  for (const id of ids) expect(await seers(id)).toEqual(['south', 'both']);
});

test('a reviewer who is in both teams moves a record, with what is below it; nobody else does', async () => {
  const { person, ids } = await known('north', 'Moved Testov', { sensitivity: 'SEALED' });
  const version = async () => (await ask('both', 'query ($id: ID!) { node(id: $id) { ... on Person { version } } }', { id: person })).node.version as number; // prettier-ignore
  const move = async () => ({ id: person, expectedVersion: await version(), team: 'South' });
  expect(await refused('both', 'savePerson', await move())).toEqual([
    'input.team: Only a reviewer moves a record to another team. Ask one to do it.',
  ]);
  expect(await refused('north-chief', 'savePerson', await move())).toEqual([
    'input.team: You are in no team of this name. Yours are: North.',
  ]);
  expect(await refused('both-chief', 'savePerson', { ...(await move()), team: null })).toEqual([
    'input.team: "team" cannot be cleared; leave it out, or name one of your teams.',
  ]);
  await write('both', 'savePerson', { ...(await move()), team: 'North', summary: 'Still of the North.' });
  for (const id of ids) expect(await seers(id)).toEqual(['north', 'both']);
  await write('both-chief', 'savePerson', await move());
  for (const id of ids) expect(await seers(id)).toEqual(['south', 'both']);
});

test('a record that was opened again keeps its team for the versions of then: another team does not take it over', async () => {
  const { id } = await write('north', 'savePerson', { sensitivity: 'SEALED' });
  const opened = await write('north-chief', 'savePerson', { id, expectedVersion: 1, sensitivity: 'INTERNAL' });
  const again = { id, expectedVersion: opened.version, sensitivity: 'SEALED' };
  for (const more of [{}, { team: 'South' }])
    expect(await refused('south', 'savePerson', { ...again, ...more })).toEqual([
      'input.sensitivity: This record belonged to a team that you are not in when it was restricted; ask somebody of that team to restrict it again.',
    ]);
  await write('both', 'savePerson', again);
  expect(await seers(id)).toEqual(['north', 'both']);
});

test('a claim above an open record, and a link between two, belong to a team as well', async () => {
  const open = { sensitivity: 'INTERNAL' };
  const [one, two] = [await write('free', 'savePerson', open), await write('free', 'saveEvent', { ...open, kind: 'OTHER', title: 'A test' })]; // prettier-ignore
  const source = await write('free', 'saveSource', { kind: 'NEWS_ARTICLE', title: 'A test', ...open });
  const claim = { record: one.id, field: 'ethnicity', value: 'Uyghur', source: source.id, sensitivity: 'SEALED' };
  expect(await refused('both', 'addClaim', claim)).toEqual([
    'input.team: Say which of your teams this record belongs to: North, South.',
  ]);
  expect(await seers((await write('both', 'addClaim', { ...claim, team: 'South' })).id)).toEqual(['south', 'both']);
  expect(await seers((await write('north', 'addClaim', { ...claim, value: 'Hui' })).id)).toEqual(['north', 'both']);
  const link = { from: one.id, to: two.id, kind: 'RESPONSE_TO', sensitivity: 'SEALED', citations: [{ source: source.id }] };
  expect(await refused('both', 'linkEvents', link)).toEqual([
    expect.stringMatching(/^input\..*: Say which of your teams this record belongs to: North, South\.$/),
  ]);
  expect(await seers((await write('both', 'linkEvents', { ...link, team: 'North' })).id)).toEqual(['north', 'both']);
}); // prettier-ignore

test('the database itself refuses a team that the writer is not in', async () => {
  const [north, south] = people.both!.teams as [number, number];
  const editor = await asker(database, { login: 'by-sql', level: 3, teams: [north] });
  const insert = (team: number) =>
    asking(database, 'editor', editor, (client) =>
      client.query('insert into persons (sensitivity, team_id) values (3, $1)', [team]),
    );
  await insert(north);
  await expect(insert(south)).rejects.toThrow(/to one that you are in/);
});
