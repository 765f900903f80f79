// Whoever reads what is restricted is entered in the audit with the record, whichever way the answer was made: also where the
// value of one record stands in another, under any name that the question gives it, and as it was before it was restricted.
import { withClient } from '../src/db/client.js';
import { addAccount, openGate, type Person } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

let database: FreshDatabase;
let reader: Person;
const servers: Record<string, Serving> = {};
let person: string;
let name: string;
let claim: string;
let before: string;
let paper: string;
let followed: string;
let source: string;
let place: string;

/** As nobody's triggers see it: levels that stand beside each other as writers would seldom leave them. */
const sql = <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
  withClient(database.adminUrl, async (client) => (await client.query<T>(text, values)).rows);
const only = async (text: string, values: unknown[] = []): Promise<string> =>
  (await sql<{ id: string }>(`${text} returning id`, values))[0]!.id;

beforeAll(async () => {
  database = await freshDatabase();
  const gate = await openGate(database);
  reader = await addAccount(gate, { login: 'sealed', level: 3, roles: ['reader'], teams: ['north'] });
  await gate.destroy();
  const team = reader.teams[0]!;
  person = await only(`insert into persons (summary) values ('Before.')`);
  name = await only(
    `insert into person_names (person_id, kind, value, name_key, script, display_order, sensitivity, team_id)
     values ($1, 'MAIN', 'Real Secret', 'real secret', 'Latn', 1, 3, $2)`,
    [person, team],
  );
  await only(
    `insert into person_names (person_id, kind, value, name_key, script, display_order)
     values ($1, 'PSEUDONYM', 'Somebody', 'somebody', 'Latn', 2)`,
    [person],
  );
  place = await only(`insert into places (kind, name, name_key, country) values ('LOCALITY', 'Aral', 'aral', 'KZ')`);
  source = await only(`insert into sources (kind, title, sensitivity, team_id) values ('INTERVIEW', 'Told', 3, $1)`, [
    team,
  ]);
  claim = await only(
    `insert into claims (record_id, field, value, source_id, stance, basis, wording)
     values ($1, 'summary', '"Before."', $2, 'ASSERTS', 'STATED', 'He said so')`,
    [person, source],
  );
  const document = `insert into status_documents (person_id, country, kind, valid_from, valid_from_earliest, valid_from_latest,
    valid_until, valid_until_earliest, valid_until_latest, predecessor_id, sensitivity, team_id)`;
  paper = await only(
    `${document} values ($1, 'KZ', 'ASYLUM_SEEKER_CERTIFICATE', '2019-01-01', '2019-01-01', '2019-01-01', '2020-01-28', '2020-01-28', '2020-01-28', null, 2, $2)`,
    [person, team],
  );
  followed = await only(
    `${document} values ($1, 'KZ', 'ASYLUM_SEEKER_CERTIFICATE', '2020-03-01', '2020-03-01', '2020-03-01', '2021-01-01', '2021-01-01', '2021-01-01', null, 2, $2)`,
    [person, team],
  );
  await withClient(database.adminUrl, async (client) => {
    await client.query(`set session_replication_role = replica`);
    await client.query(`update status_documents set predecessor_id = $1, sensitivity = 0, team_id = 0 where id = $2`, [
      paper,
      followed,
    ]);
    await client.query(`update records set sensitivity = 0, team_id = 0 where id = $1`, [followed]);
  });
  [{ id: before }] = (await sql<{ id: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as id`,
  )) as [{ id: string }];
  await sql(`update persons set summary = 'After.', sensitivity = 3, team_id = $2 where id = $1`, [person, team]);
  servers.planner = await serveOn(database, { config: { rate: 100_000 } });
  servers.resolvers = await serveOn(database, { config: { rate: 100_000, planner: 'off' } });
}, 120_000);
afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop();
  await database?.drop();
});

/** The data of the answer, and the ids that were entered for it. */
async function ask(way: string, query: string): Promise<{ data: any; errors: unknown; entered: string[] }> {
  const response = await fetch(`${servers[way]!.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...reader.byToken },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data: any; errors?: unknown };
  const entries = await sql<{ ids: string[] }>(
    `select payload::jsonb->'ids' as ids from audit.entries where request = $1`,
    [response.headers.get('x-request-id')],
  );
  return { data, errors, entered: entries.flatMap(({ ids }) => ids ?? []) };
}

const WAYS = ['planner', 'resolvers'] as const;

describe.each(WAYS)('by the %s', (way) => {
  test.each<[what: string, query: () => string, shown: (data: any) => unknown, value: unknown, whose: () => string]>([
    [
      'the name of a person',
      () => `{ person(id: "${person}") { name } }`,
      (data) => data.person.name,
      'Real Secret',
      () => name,
    ],
    [
      'a name called o',
      () => `{ person(id: "${person}") { names { o: value } } }`,
      (data) => data.person.names[0],
      { o: 'Real Secret' },
      () => name,
    ],
    [
      'a claim on a restricted source',
      () => `{ claim(id: "${claim}") { wording } }`,
      (data) => data.claim.wording,
      'He said so',
      () => claim,
    ],
    [
      'a day of the document before',
      () => `{ renewals(filter: { person: "${person}" }) { nodes { gapBefore { certain { from } } } } }`,
      (data) => data.renewals.nodes[0].gapBefore.certain.from,
      '2020-01-29',
      () => paper,
    ],
    [
      'a record as it was before it was restricted',
      () => `{ person(id: "${person}", asOf: { recordedBy: "${before}" }) { summary } }`,
      (data) => data.person.summary,
      'Before.',
      () => person,
    ],
  ])('%s is shown, and entered', async (_, query, shown, value, whose) => {
    const { data, errors, entered } = await ask(way, query());
    expect(errors).toBeUndefined();
    expect(shown(data)).toEqual(value);
    expect(entered).toContain(whose());
    // And again, when its statement is known.
    expect((await ask(way, query())).entered).toContain(whose());
  });

  test('what is open to all is read without an entry', async () => {
    const { data, entered } = await ask(way, `{ place(id: "${place}") { country o: id } }`);
    expect(data.place).toEqual({ country: 'KZ', o: place });
    expect(entered).toEqual([]);
  });
});
