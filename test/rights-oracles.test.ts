// What a refusal could tell of records that the viewer may not see: a rule that a hidden record would break neither stops a
// change of a public one nor is told, keys name no hidden record, and what our own rules of rights say gets through.
import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { withClient } from '../src/db/client.js';
import { addAccount, openGate, type Person } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { asker, asking, type Asker } from './support/rights.js';
import { serveOn, type Serving } from './support/serving.js';

let db: FreshDatabase;
let server: Serving;
/** Level 0 and level 3, both reader and editor; by HTTP and by SQL. */
let low: Person, high: Person, outsider: Asker, insider: Asker;

const NEUTRAL = 'Something that you may not see stands in the way; ask somebody with a higher level.';

beforeAll(async () => {
  db = await freshDatabase();
  server = await serveOn(db);
  const gate = await openGate(db);
  low = await addAccount(gate, { login: 'low', level: 0, roles: ['reader', 'editor'] });
  high = await addAccount(gate, { login: 'high', level: 3, roles: ['reader', 'editor'] });
  await gate.destroy();
  outsider = await asker(db, { login: 'outsider', level: 0, teams: [] });
  insider = await asker(db, { login: 'insider', level: 3, teams: [] });
});
afterAll(async () => {
  await server?.stop();
  await db?.drop();
});

const load = <T extends object>(sql: string, values: unknown[] = []): Promise<T[]> =>
  withClient(db.loaderUrl, async (client) => (await client.query(sql, values)).rows as T[]);
const make = async (sql: string, values: unknown[] = []): Promise<string> =>
  (await load<{ id: string }>(`${sql} returning id`, values))[0]!.id;

interface Answer {
  data: any;
  errors?: { message: string; extensions: { code: string; rule?: string } }[];
}
async function send(who: Person, query: string, variables: object): Promise<Answer> {
  const response = await fetch(`${server.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...who.byToken },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(60_000),
  });
  return (await response.json()) as Answer;
}
const RETRACT = 'mutation ($input: RetractInput!) { retract(input: $input) { id } }';
const WITHDRAW_CLAIM = 'mutation ($input: WithdrawClaimInput!) { withdrawClaim(input: $input) { rank } }';
const WITHDRAW_SOURCE =
  'mutation ($input: WithdrawSourceInput!) { withdrawSource(input: $input) { totals { claims } } }';
const IMPACT = 'query ($id: ID!) { impact(source: $id) { refusal { rule message } } }';

const source = (level = 0) =>
  make(`insert into sources (kind, title, sensitivity) values ('LETTER', 'A letter', $1)`, [level]);
const person = (level = 0) => make(`insert into persons (summary, sensitivity) values ('Somebody', $1)`, [level]);

interface Said {
  field?: string;
  year?: string;
  source?: string;
  from?: string[];
  /** Decides before all others. */
  preferred?: boolean;
  level?: number;
}
const claim = (record: string, { field = '', year, source: by, from = [], preferred = false, level = 0 }: Said) =>
  make(
    `insert into claims (record_id, field, value, earliest, latest, stance, basis, source_id, derived_from, rank, rank_reason, sensitivity)
     values ($1, $2, to_jsonb($3::text), $4, $5, 'ASSERTS', $6, $7, $8, $9, $10, $11)`,
    [
      record, field, year ?? null, year ? `${year}-01-01` : null, year ? `${year}-12-31` : null,
      by ? 'STATED' : 'INFERRED', by ?? null, from, preferred ? 'PREFERRED' : 'NORMAL', preferred ? 'x' : null, level,
    ],
  ); // prettier-ignore

/** A sealed detention from 2020 to 2022 whose beginning rests on what is public; another sealed claim says 2025. */
async function detention(rests: (basis: { source: string; claim: string }) => Said, level = 3) {
  const [publicSource, hiddenSource, holder] = [await source(), await source(level), await person()];
  const basis = { source: publicSource, claim: await claim(holder, { source: publicSource }) };
  const id = await make(`insert into detentions (person_id, sensitivity) values ($1, $2)`, [holder, level]);
  await claim(id, { source: hiddenSource });
  await claim(id, { field: 'starts', year: '2020', preferred: true, ...rests(basis) });
  await claim(id, { field: 'starts', year: '2025', source: hiddenSource });
  await claim(id, { field: 'ends', year: '2022', source: hiddenSource });
  await load('select house.accept($1)', [id]);
  expect(await dates(id)).toEqual({ starts: '2020', starts_earliest: '2020-01-01', starts_latest: '2020-12-31', ends: '2022' }); // prettier-ignore
  return { ...basis, id };
}
const dates = async (id: string) =>
  (
    await load('select starts, starts_earliest::text, starts_latest::text, ends from detentions where id = $1', [id])
  )[0];
const UNKNOWN = { starts: null, starts_earliest: null, starts_latest: null, ends: '2022' };

describe('a rule that a hidden record would break', () => {
  test('does not keep a public source from being retracted, and the date becomes unknown', async () => {
    const { source: id, id: hidden } = await detention((on) => ({ source: on.source }));
    const input = { id, expectedVersion: 1, changeReason: 'It is forged.' };
    expect(await send(low, RETRACT, { input })).toEqual({ data: { retract: { id } } });
    expect(await dates(hidden)).toEqual(UNKNOWN);
  });

  test('is told to whoever sees the record, and then nothing is retracted', async () => {
    const { source: id, id: hidden } = await detention((on) => ({ source: on.source }));
    const input = { id, expectedVersion: 1, changeReason: 'It is forged.' };
    const { errors } = await send(high, RETRACT, { input });
    expect(errors![0]).toMatchObject({
      message: 'A detention cannot end before it starts.',
      extensions: { code: 'BAD_USER_INPUT', rule: 'detention_ends_after_it_starts' },
    });
    expect(await dates(hidden)).toMatchObject({ starts: '2020', ends: '2022' });
  });

  test('does not keep a public claim from being withdrawn', async () => {
    const { claim: id, id: hidden } = await detention((on) => ({ from: [on.claim] }));
    const input = { claim: id, changeReason: 'It is about somebody else.' };
    expect(await send(low, WITHDRAW_CLAIM, { input })).toEqual({ data: { withdrawClaim: { rank: 'DEPRECATED' } } });
    expect(await dates(hidden)).toEqual(UNKNOWN);
  });

  test('is not foretold, and a public source is withdrawn; whoever sees the record is told both times', async () => {
    const { source: id, id: hidden } = await detention((on) => ({ from: [on.claim] }));
    const input = { source: id, changeReason: 'It is forged.' };
    expect((await send(high, IMPACT, { id })).data.impact.refusal).toEqual({
      rule: 'detention_ends_after_it_starts',
      message: 'A detention cannot end before it starts.',
    });
    expect((await send(high, WITHDRAW_SOURCE, { input })).errors).toHaveLength(1);
    expect((await send(low, IMPACT, { id })).data.impact.refusal).toBeNull();
    expect(await dates(hidden)).toMatchObject({ starts: '2020' });
    expect(await send(low, WITHDRAW_SOURCE, { input })).toEqual({
      data: { withdrawSource: { totals: { claims: 1 } } },
    });
    expect(await dates(hidden)).toEqual(UNKNOWN);
  });

  test('leaves the hidden record as it was where unknown is refused too', async () => {
    const { source: id, id: hidden } = await detention((on) => ({ source: on.source }));
    await withClient(db.adminUrl, (client) =>
      client.query(
        `alter table detentions add constraint needs_a_beginning check (id <> '${hidden}' or starts is not null)`,
      ),
    );
    const input = { id, expectedVersion: 1, changeReason: 'It is forged.' };
    expect(await send(low, RETRACT, { input })).toEqual({ data: { retract: { id } } });
    expect(await dates(hidden)).toMatchObject({ starts: '2020', ends: '2022' });
  });

  test('is one that goes together all the same: then the hidden record says what its claims say', async () => {
    const { source: id, id: hidden } = await detention((on) => ({ source: on.source }));
    await load(`update claims set rank = 'DEPRECATED', rank_reason = 'x' where record_id = $1 and field = 'ends'`, [hidden]); // prettier-ignore
    const input = { id, expectedVersion: 1, changeReason: 'It is forged.' };
    await load('select house.accept($1)', [hidden]);
    expect(await send(low, RETRACT, { input })).toEqual({ data: { retract: { id } } });
    expect(await dates(hidden)).toMatchObject({ starts: '2025', starts_earliest: '2025-01-01', ends: null });
  });

  test('is looked at also where it would be refused at the commit only: a date that makes a supported link impossible', async () => {
    const [open, secret] = [await source(), await source(3)];
    const event = async (): Promise<string> => {
      const id = await make(`insert into events (kind, title, sensitivity) values ('PROTEST', 'hidden', 3)`);
      await claim(id, { source: secret });
      return id;
    };
    const [cause, effect] = [await event(), await event()];
    await claim(cause, { field: 'starts', year: '2010', preferred: true, source: open });
    await claim(cause, { field: 'starts', year: '2020', source: secret });
    await claim(effect, { field: 'starts', year: '2015', source: secret });
    for (const id of [cause, effect]) await load('select house.accept($1)', [id]);
    await make(
      `insert into event_links (from_id, to_id, kind, assessment, assessment_reason, sensitivity) values ($1, $2, 'CAUSES', 'SUPPORTED', 'x', 3)`,
      [cause, effect],
    );
    const input = { id: open, expectedVersion: 1, changeReason: 'It is forged.' };
    expect(await send(low, RETRACT, { input })).toEqual({ data: { retract: { id: open } } });
    expect(await load('select starts from events where id = $1', [cause])).toEqual([{ starts: null }]);
  });

  test('is not named where it refuses at the commit: somebody with a higher level is asked', async () => {
    const clerk = await asker(db, { login: 'clerk', level: 2, teams: [1, 2] });
    const head = await asker(db, { login: 'head', level: 3, teams: [1, 2] });
    const event = await make(`insert into events (kind, title, sensitivity, team_id) values ('PROTEST', 'x', 2, 1)`);
    const taking = await person(2);
    await make(`insert into event_participants (event_id, person_id, role, sensitivity) values ($1, $2, 'VICTIM', 3)`, [event, taking]); // prettier-ignore
    const moved = (who: Asker) =>
      asking(db, 'editor', who, (client) =>
        client.query('update persons set team_id = 2 where id = $1', [taking]),
      ).then(
        () => 'done',
        ({ message, constraint, detail, hint }: pg.DatabaseError) => [constraint, message, detail, hint],
      );
    expect(await moved(clerk)).toEqual(['hidden_record_stands_in_the_way', NEUTRAL, undefined, undefined]);
    expect((await moved(head))[0]).toBe('a_record_belongs_to_one_team');
  });

  test('is told in one sentence that names no rule, where it has to be refused', async () => {
    const tried = (who: Asker, level: number) =>
      asking(db, 'editor', who, (client) => client.query('select auth.refuse_unseen($1::smallint, 0)', [level])).then(
        () => 'goes on',
        ({ message, constraint }: pg.DatabaseError) => [message, constraint],
      );
    expect(await tried(outsider, 1)).toEqual([NEUTRAL, 'hidden_record_stands_in_the_way']);
    expect(await tried(outsider, 0)).toBe('goes on');
    expect(await tried(insider, 3)).toBe('goes on');
  });
});

describe('keys of sealed values', () => {
  let own: Asker, other: Asker, record: string;
  const listed = async (who: Asker, kind: 'reader' | 'editor' = 'reader') =>
    (await asking(db, kind, who, (client) => client.query('select compartment from seal.keys'))).rows;
  const insert = (client: pg.Client, compartment: string) =>
    client.query(`insert into seal.keys (id, compartment, wrapped, kek_id) values ($1, $2, $3, '0123456789abcdef')`, [
      randomUUID(),
      compartment,
      randomBytes(60).toString('base64url'),
    ]);

  beforeAll(async () => {
    own = await asker(db, { login: 'own', level: 2, teams: [1] });
    other = await asker(db, { login: 'other', level: 2, teams: [2] });
    await withClient(db.adminUrl, (client) =>
      client.query(`insert into seal.keks (id) values ('0123456789abcdef') on conflict do nothing`),
    );
    record = await make(`insert into persons (summary, sensitivity, team_id) values ('team', 2, 1)`);
    await asking(db, 'editor', own, (client) => insert(client, record));
  });

  test('are listed to those who see the record, and made by them only', async () => {
    for (const kind of ['reader', 'editor'] as const) {
      expect(await listed(own, kind)).toEqual([{ compartment: record }]);
      expect(await listed(other, kind)).toEqual([]);
    }
    await expect(asking(db, 'editor', other, (client) => insert(client, record))).rejects.toMatchObject({
      code: '42501',
    });
    await load('update persons set sensitivity = 3 where id = $1', [record]);
    expect(await listed(own)).toEqual([]);
    expect(await load('select compartment from seal.keys')).toEqual([{ compartment: record }]);
  });

  test('do not say why they were destroyed', async () => {
    await expect(asking(db, 'reader', own, (client) => client.query('select destroyed_why from seal.keys'))).rejects.toMatchObject({ code: '42501' }); // prettier-ignore
    await expect(asking(db, 'editor', insider, (client) => client.query('select * from seal.keys'))).rejects.toMatchObject({ code: '42501' }); // prettier-ignore
  });
});

test('who may lower a record is told with its rule; what PostgreSQL says of rights is not', async () => {
  const id = await person(3);
  const query = 'mutation ($input: SavePersonInput!) { savePerson(input: $input) { id } }';
  const { errors } = await send(high, query, { input: { id, expectedVersion: 1, sensitivity: 'INTERNAL' } });
  expect(errors![0]).toMatchObject({
    message: 'Only a reviewer makes a record less sensitive, or opens it to all teams. Ask one to do it.',
    extensions: { code: 'FORBIDDEN', rule: 'a_reviewer_lowers' },
  });
  expect(await load('select sensitivity from persons where id = $1', [id])).toEqual([{ sensitivity: 3 }]);
});

describe('who said a claim and when it was published', () => {
  test.each([
    ['informant', `'a neighbour'`],
    ['informant_id', '$2'],
    ['published', `'2019'`],
    ['published_earliest', `'2001-01-01'`],
    ['published_latest', `'2031-01-01'`],
  ])('%s is not changed by an editor, and is corrected by the loader', async (column, value) => {
    const [holder, by] = [await person(), await source()];
    const id = await claim(holder, { source: by });
    const change = `update claims set ${column} = ${value} where id = $1 and $2::uuid is not null`;
    await expect(asking(db, 'editor', outsider, (client) => client.query(change, [id, holder]))).rejects.toMatchObject({
      constraint: 'claim_keeps_who_said_it',
    });
    await asking(db, 'editor', outsider, (client) => client.query('update claims set credibility = 3 where id = $1', [id])); // prettier-ignore
    await load(column === 'published' ? `update claims set published = '2019', published_earliest = '2019-01-01', published_latest = '2019-12-31' where id = $1 and $2::uuid is not null` : change, [id, holder]); // prettier-ignore
    expect(await load('select credibility from claims where id = $1', [id])).toEqual([{ credibility: 3 }]);
  });
});
