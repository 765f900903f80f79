// What somebody tries with SQL of their own against the audit: to make it contradict itself, so that it proves nothing any more and
// no backup can be restored. As an editor, as the gate, and as a superuser who writes what nobody of this house writes.
import type pg from 'pg';
import { logAccess } from '../src/audit/access.js';
import { entries } from '../src/audit/entries.js';
import { withClient } from '../src/db/client.js';
import { audited, type Audited } from './support/auditing.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { asker, asking, type Asker } from './support/rights.js';

let database: FreshDatabase;
let log: Audited;
let editor: Asker;
let second: Asker;
let id: string;

beforeAll(async () => {
  database = await freshDatabase();
  log = await audited(database);
  editor = await asker(database, { login: 'editor', level: 1, teams: [] });
  second = await asker(database, { login: 'second', level: 1, teams: [] });
  id = await asking(database, 'editor', editor, async (client) => {
    await client.query(`select set_config('kualik.reason', 'First.', true)`);
    return (await client.query<{ id: string }>(`insert into persons (summary) values ('one') returning id`)).rows[0]!
      .id;
  });
});
afterAll(async () => {
  await log?.close();
  await database?.drop();
});

/** Accounts that tests make past the audit aside. */
const told = async (): Promise<string[]> => (await log.compare()).filter((what) => !/^(accounts|teams) /.test(what));
const reasonOf = async (summary: string): Promise<string | null> =>
  withClient(database.adminUrl, async (client) => {
    const { rows } = await client.query<{ reason: string | null }>(
      `select t.reason from history.transactions t join history.persons h on h.transaction_id = t.id where h.summary = $1`,
      [summary],
    );
    return rows[0]!.reason;
  });

describe('the reason of a change', () => {
  test.each([
    ['by asking for the instant', ['select house.instant()']],
    ['by a change of nothing', [`update persons set summary = 'x' where false`]],
    ['by a retraction that is refused', ['savepoint s', `select house.retract('00000000-0000-4000-8000-000000000000', 1, 'x')`, 'rollback to s']],
  ])('cannot become another than the audit was told %s', async (how, statements) => {
    await asking(database, 'editor', editor, async (client: pg.Client) => {
      await client.query(`select set_config('kualik.reason', 'said to the audit', true)`);
      await client.query('update persons set summary = $2 where id = $1', [id, how]);
      await client.query(`select set_config('kualik.reason', 'told to readers', true)`);
      for (const statement of statements) await client.query(statement).catch(() => undefined);
    });
    expect(await reasonOf(how)).toBe('said to the audit');
    expect(await told()).toEqual([]);
  }); // prettier-ignore

  test('that was given before the first change is that of the change, and several changes tell several', async () => {
    await asking(database, 'editor', editor, async (client) => {
      await client.query(`select set_config('kualik.reason', 'too early', true)`);
      await client.query('select house.instant()');
      for (const reason of ['a', 'a; b']) {
        await client.query(`select set_config('kualik.reason', $1, true)`, [reason]);
        await client.query('update persons set summary = $2 where id = $1', [id, `because ${reason}`]);
      }
    });
    expect(await reasonOf('because a; b')).toBe('a; b');
    expect(await told()).toEqual([]);
  });

  test('a transaction has one author, also for its tombstones', async () => {
    const gone = await asking(database, 'editor', editor, async (client) => {
      const { rows } = await client.query<{ id: string }>(`insert into persons (summary) values ('gone') returning id`);
      await client.query('select auth.enter($1)', [second.context]);
      await client.query(`select house.retract($1, 1, 'why')`, [rows[0]!.id]);
      return rows[0]!.id;
    });
    const { rows } = await withClient(database.adminUrl, (client) =>
      client.query('select retracted_by as by from house.tombstones where record_id = $1', [gone]),
    );
    expect(rows).toEqual([{ by: 'editor' }]);
    expect(await told()).toEqual([]);
  });
});

describe('an entry of what was shown', () => {
  const READ = { kind: 'read', operation: 'graphql', actor: 'boss', request: null, level: 3 };
  const say = (entry: object): Promise<unknown> =>
    withClient(database.gateUrl, (gate) => gate.query('select audit.log_access($1)', [JSON.stringify([entry])]));

  test.each<[string, object]>([
    ['no JSON', { ...READ, payload: 'not json' }],
    ['half of JSON', { ...READ, payload: '{' }],
    ['what JSON allows and PostgreSQL does not', { ...READ, payload: '{"a":"\\u0000"}' }],
    ['no object', { ...READ, payload: '"text"' }],
    ['nothing', READ],
    ['more than there can be', { ...READ, payload: JSON.stringify({ ids: ['x'.repeat(1_000_000)] }) }],
    ['a long name', { ...READ, payload: '{}', operation: 'x'.repeat(10_000) }],
    ['no kind', { ...READ, kind: undefined, payload: '{}' }],
  ])('with %s is refused', async (_, entry) => {
    await expect(say(entry)).rejects.toMatchObject({ code: '23514' });
  });

  test('of ten thousand records is taken, and so is what a person wrote with a character that PostgreSQL does not know', async () => {
    const ids = Array.from({ length: 10_000 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`);
    const entry = { kind: 'read', operation: 'graphql', actor: 'boss', level: 3 } as const;
    await withClient(database.gateUrl, (gate) =>
      logAccess(
        (sql, values) => gate.query(sql, values),
        [
          { ...entry, details: { ids } },
          { ...entry, details: { text: `a${String.fromCharCode(0)}b` } },
        ],
      ),
    );
    const payloads = (await log.entries()).filter(({ kind }) => kind === 'read').map(({ payload }) => payload!);
    expect([JSON.parse(payloads[0]!).ids.length, JSON.parse(payloads[1]!)]).toEqual([10_000, { text: 'a\ufffdb' }]);
  });

  test('that is no JSON, from a time when that was taken, breaks neither the proof nor the list', async () => {
    await withClient(database.adminUrl, (client) =>
      client.query(
        `select audit.write('read', 'graphql', 'boss', null, 'persons', $1, 1, 3::smallint, 0, 'not json')`,
        [id],
      ),
    );
    expect(await told()).toEqual([]);
    await withClient(database.migrateUrl, async (client) => {
      await client.query('begin read only');
      const found = [];
      for await (const batch of entries(client, { record: id, kind: ['read'] }, true)) found.push(...batch);
      expect(found).toMatchObject([{ content: 'not json' }]);
    });
  });
});

test('an entry of a change that is no JSON is named, and the rest is told all the same', async () => {
  const seq = (await log.entries()).find(({ record_id }) => record_id === id)!.seq;
  await log.tamper(`update audit.entries set payload = 'not json' where seq = $1`, [seq]);
  const found = await withClient(database.migrateUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const { compareVersions } = await import('../src/audit/versions.js');
    return (await compareVersions(client)).faults;
  });
  expect(found).toContainEqual({
    seq,
    what: 'What was entered is not JSON, so what history says cannot be compared with it.',
  });
  expect(found).toContainEqual({
    seq: 0,
    what: expect.stringMatching(/^The history of persons could not be compared/),
  });
});
