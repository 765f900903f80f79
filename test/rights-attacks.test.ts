// What somebody tries who can run SQL of their own on a pool of the application, with a context of their own or without: to
// see more, to write as another, or to learn from a refusal whether a hidden record is there.
import type pg from 'pg';
import { HARDENING } from '../src/db/hardening.js';
import { withClient } from '../src/db/client.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { asker, asking, type Asker } from './support/rights.js';

let db: FreshDatabase;
/** Level 1; level 2 in team 1, in team 2, and as a reviewer of team 1; level 3 in team 1. */
let intern: Asker, analyst: Asker, other: Asker, reviewer: Asker, head: Asker;
const ABSENT = '00000000-0000-4000-8000-000000000000';
/** `open` is of level 1, `team` of level 2 and team 1, `sealed` of level 3 and team 1. */
const id: Record<string, string> = {};

const load = <T extends object>(sql: string, values: unknown[] = []): Promise<T[]> =>
  withClient(db.loaderUrl, async (client) => (await client.query(sql, values)).rows as T[]);
const make = async (sql: string, values: unknown[] = []): Promise<string> =>
  (await load<{ id: string }>(`${sql} returning id`, values))[0]!.id;

beforeAll(async () => {
  db = await freshDatabase();
  intern = await asker(db, { login: 'intern', level: 1, teams: [1] });
  analyst = await asker(db, { login: 'analyst', level: 2, teams: [1] });
  other = await asker(db, { login: 'other', level: 2, teams: [2] });
  reviewer = await asker(db, { login: 'reviewer', level: 2, teams: [1], roles: ['reader', 'editor', 'reviewer'] });
  head = await asker(db, { login: 'head', level: 3, teams: [1] });
  const person = 'insert into persons (summary, sensitivity, team_id) values ($1, $2, $3)';
  id.open = await make(person, ['open', 1, 0]);
  id.team = await make(person, ['team', 2, 1]);
  id.sealed = await make(person, ['sealed', 3, 1]);
  id.event = await make(`insert into events (kind, title, sensitivity, team_id) values ('PROTEST', 'hidden', 2, 1)`);
  id.openEvent = await make(`insert into events (kind, title) values ('PROTEST', 'open')`);
  id.source = await make(`insert into sources (kind, title, sensitivity, team_id) values ('LETTER', 'hidden', 2, 1)`);
  id.openSource = await make(`insert into sources (kind, title) values ('LETTER', 'open')`);
  id.claim = await make(
    `insert into claims (record_id, field, stance, basis, source_id) values ($1, '', 'ASSERTS', 'STATED', $2)`,
    [id.open, id.source],
  );
  await load(`select house.keep_bytes('known')`);
});
afterAll(() => db?.drop());

interface Outcome {
  rows: unknown[];
  code: string;
}

/** The rows, or all that a refusal says. */
const tried = (client: pg.Client, sql: string, values?: unknown[]): Promise<Outcome> =>
  client.query(sql, values).then(
    ({ rows }) => ({ rows, code: 'done' }),
    ({ code, message, detail, hint, constraint, table, where }: pg.DatabaseError) => ({
      rows: [{ message, detail, hint, constraint, table, where }],
      code: code!,
    }),
  );

const as = async (kind: 'reader' | 'editor', who: Asker, sql: string, values?: unknown[]): Promise<Outcome> => {
  let outcome: Outcome;
  try {
    await asking(db, kind, who, async (client) => {
      outcome = await tried(client, sql, values);
    });
  } catch (error) {
    // What waits for the commit.
    return { rows: [(error as Error).message], code: (error as pg.DatabaseError).code! };
  }
  return outcome!;
};

describe('a context', () => {
  test.each([
    ['of another level', () => ({ ...intern, level: 2 })],
    ['of another level, below', () => ({ ...analyst, level: 1 })],
    ['that nobody opened', () => ({ ...analyst, context: 'x'.repeat(43) })],
    ['that is the hash of one', () => ({ ...analyst, context: '' })],
  ])('%s is refused', async (_, who) => {
    await expect(asking(db, 'reader', who(), (client) => client.query('select 1'))).rejects.toMatchObject({
      code: '28000',
    });
  });

  test('planted past auth.enter is worth no more than a context of this level, and nothing when it is none', async () => {
    for (const [context, rows] of [
      [head.context, []],
      ['forged', []],
      [analyst.context, [{ id: id.open }, { id: id.team }]],
    ] as const) {
      const { rows: seen, code } = await as(
        'reader',
        { ...analyst, context: undefined } as unknown as Asker,
        `select p.id from (select set_config('kualik.context', '${context}', true)) s, lateral (select id, s from persons order by summary) p`,
      );
      // The teams are asked once, before or after the setting: what counts is that nothing else than these rows ever shows.
      if (code === 'done') expect(rows).toEqual(expect.arrayContaining(seen));
      else expect([rows, code]).toEqual([[], '28000']);
    }
    await withClient(db.readerUrls[2], async (client) => {
      await client.query(`select set_config('kualik.context', $1, false)`, [head.context]);
      await expect(client.query('select id from persons')).rejects.toMatchObject({ code: '28000' });
    });
  });

  test('that was planted for the session is gone when the connection is given back', async () => {
    await withClient(db.readerUrls[2], async (client) => {
      await client.query(`select set_config('kualik.context', $1, false)`, [analyst.context]);
      expect((await client.query('select id from persons')).rowCount).toBe(2);
      await client.query('reset all');
      expect((await client.query('select id from persons')).rowCount).toBe(0);
    });
  });

  test('ends with the session it was opened for, also within a transaction, where nothing must not look like the end', async () => {
    const guest = await asker(db, { login: 'guest', level: 2, teams: [1] });
    await asking(db, 'reader', guest, async (client) => {
      expect((await client.query('select id from persons')).rowCount).toBe(2);
      await withClient(db.gateUrl, (gate) =>
        gate.query('delete from auth.sessions where account_id = (select id from auth.accounts where login = $1)', [
          'guest',
        ]),
      );
      await expect(client.query('select id from persons')).rejects.toMatchObject({ code: '28000' });
    });
    await expect(asking(db, 'reader', guest, (client) => client.query('select 1'))).rejects.toMatchObject({ code: '28000' }); // prettier-ignore
  });

  test('is needed to write, and names the author whatever a setting says', async () => {
    const insert = `insert into persons (summary) values ('by') returning created_by as by`;
    for (const level of [0, 1, 2, 3])
      expect((await as('editor', { ...intern, level, context: undefined } as unknown as Asker, insert)).code).toBe(
        '28000',
      );
    const { rows } = await asking(db, 'editor', intern, async (client) => {
      await client.query(`select set_config('kualik.actor', 'somebody else', true)`);
      return client.query(insert);
    });
    expect(rows).toEqual([{ by: 'intern' }]);
    expect(
      await load(
        `select distinct t.actor from history.transactions t join history.persons p on p.transaction_id = t.id where p.summary = 'by'`,
      ),
    ).toEqual([{ actor: 'intern' }]);
  });
});

const NONE = 'nothing';
const ALL_OPEN = 'what is open';

describe.each(['reader', 'editor'] as const)('SQL injected into the %s of level 1, with a context', (kind) => {
  test.each([
    ['set role kualik_reader_3', '42501'],
    ['set role kualik_loader', '42501'],
    ['set role kualik_owner', '42501'],
    ['set session authorization kualik_loader', '42501'],
    [`select set_config('role', 'kualik_loader', true)`, '42501'],
    [`do $$ begin execute 'set role kualik_loader'; end $$`, '42501'],
    ['set row_security = off;; select id from persons', '42501'],
    ['select * from auth.contexts', '42501'],
    ['select * from auth.accounts', '42501'],
    ['select * from auth.live_credentials', '42501'],
    [`select auth.open_context('\\x00', '\\x00')`, '42501'],
    ['select auth.author()', '42501'],
    // Drawn often enough, it would tell which numbers hidden records have.
    [`select house.draw_reference('persons')`, '42501'],
    ['select house.give_reference()', '42501'],
    ['select house.team_is_own(7)', '42501'],
    ['select history.transaction()', '42501'],
    ['select house.mark(null, null)', '42501'],
    [`select house.close_table('persons')`, '42501'],
    ['select reason from history.transactions', '42501'],
    ['select bytes from capture_contents', '42501'],
    ['select * from pg_authid', '42501'],
    ['select * from pg_statistic', '42501'],
    [`select pg_read_file('PG_VERSION')`, '42501'],
    [`copy persons to program 'cat'`, '42501'],
    ['lock table persons in access exclusive mode', '42501'],
    ['create temp table persons (id uuid)', '42501'],
    ['create schema mine', '42501'],
    ['alter table persons no force row level security', '42501'],
    ['drop policy level_1 on persons', '42501'],
    [`create policy mine on persons using (true)`, '42501'],
    ['delete from persons', '42501'],
    ['truncate persons', '42501'],
    ['select id from persons', ALL_OPEN],
    ['select id from persons tablesample system (100)', ALL_OPEN],
    ['select id from only persons where sensitivity >= 0 or true', ALL_OPEN],
    ['select 1 / (3 - sensitivity), id from persons', ALL_OPEN],
    [`select id from persons where case when sensitivity > 1 then (summary::int > 0) else true end`, ALL_OPEN],
    [`select h.id from history.persons h where h.recorded_to = 'infinity'`, ALL_OPEN],
    ["select id from records where noun = 'persons'", ALL_OPEN],
    ['select id from recorded.persons', ALL_OPEN],
    [`select id from persons where id = '${ABSENT}'`, NONE],
    [`select * from pg_stats where tablename in ('persons', 'records')`, NONE],
    ['set role kualik_reader;; select id from persons', kind === 'reader' ? NONE : '42501'],
  ])('%s: %s', async (sql, expected) => {
    const url = (kind === 'reader' ? db.readerUrls : db.editorUrls)[1];
    const outcome = await withClient(url, async (client) => {
      // Read only is no right: whoever can run SQL begins again.
      await client.query('begin read write');
      await client.query('select auth.enter($1)', [intern.context]);
      const steps = sql.split(';; ');
      for (const step of steps.slice(0, -1)) {
        const { code } = await tried(client, step);
        if (code !== 'done') return { rows: [], code };
      }
      return tried(client, steps.at(-1)!);
    });
    if (/^\w{5}$/.test(expected)) expect(outcome).toMatchObject({ code: expected });
    else {
      expect(outcome.code).toBe('done');
      const open = (await load<{ id: string }>('select id from persons where sensitivity <= 1')).map((row) => row.id);
      const ids = (outcome.rows as { id: string }[]).map((row) => row.id).sort();
      expect(ids).toEqual(expected === NONE ? [] : open.sort());
    }
  });
});

describe('hidden and absent answer the same', () => {
  test.each([
    ['naming an owner', `insert into identifiers (record_id, scheme, value) values ($1, 's', 'v')`, 'team', '23503'],
    ['naming a person in an event', `insert into event_participants (event_id, person_id, role) select id, $1, 'VICTIM' from events limit 1`, 'team', '23503'],
    ['naming an event', `insert into event_participants (event_id, person_id, role) select $1, id, 'VICTIM' from persons limit 1`, 'event', '23503'],
    ['naming an optional source', `update sources set origin_id = $1 where title = 'open'`, 'source', '23503'],
    ['a claim about it', `insert into claims (record_id, field, stance, basis, source_id) select $1, '', 'ASSERTS', 'STATED', id from sources limit 1`, 'team', '23503'],
    ['a claim from it', `insert into claims (record_id, field, stance, basis, source_id) select id, '', 'ASSERTS', 'STATED', $1 from persons limit 1`, 'source', '23503'],
    ['a claim derived from it', `insert into claims (record_id, field, stance, basis, derived_from) select id, '', 'ASSERTS', 'INFERRED', array[$1::uuid] from persons limit 1`, 'claim', '23503'],
    ['a key that was used for it', `insert into house.idempotency_keys (actor, key, mutation, digest, record_id) values ('intern', 'k', 'm', 'd', $1)`, 'team', '42501'],
    ['retracting', `select house.retract($1, 1, 'why')`, 'team', 'P0002'],
    ['restoring', `select house.restore($1)`, 'team', 'P0002'],
    ['changing', `update persons set summary = 'x' where id = $1 returning id`, 'team', 'done'],
    ['what noun it is', `select house.noun_of($1)`, 'team', 'done'],
    ['when it happened', `select * from house.happened($1)`, 'event', 'done'],
    ['whether it is asserted', `select house.link_is_asserted($1)`, 'event', 'done'],
    ['accepting what claims say', `select house.accept($1)`, 'team', 'done'],
    ['its claims', `select * from house.deciding_claims($1, 3::smallint)`, 'team', 'done'],
    ['its tombstone', `select * from house.tombstones where record_id = $1`, 'team', 'done'],
    ['writing an import', `insert into imports (dataset, key, record_id, digest) values ('d', 'k', $1, 'x')`, 'team', '42501'],
  ])('%s', async (_, sql, hidden, expected) => {
    const [there, absent] = [await as('editor', intern, sql, [id[hidden]]), await as('editor', intern, sql, [ABSENT])];
    expect(there).toEqual(absent);
    expect(there.code).toBe(expected);
    // And it is no rule that nobody could pass: who sees it is answered otherwise, or may do it.
    if (expected === '23503') expect((await as('editor', head, sql, [id[hidden]])).code).toBe('done');
  }); // prettier-ignore

  test('a row that only a hidden one forbids is made', async () => {
    await load(
      `insert into person_names (person_id, kind, value, name_key, sensitivity) values ($1, 'MAIN', 'Aynur', 'aynur', 2)`,
      [id.open],
    );
    await load(`insert into refugee_statuses (person_id, kind, country, starts, starts_earliest, starts_latest, sensitivity) values ($1, 'ASYLUM_SEEKER', 'KZ', '2020', '2020-01-01', '2020-12-31', 2)`, [id.open]); // prettier-ignore
    for (const sql of [
      `insert into person_names (person_id, kind, value, name_key) values ($1, 'MAIN', 'Aynur', 'aynur')`,
      `insert into refugee_statuses (person_id, kind, country, starts, starts_earliest, starts_latest) values ($1, 'ASYLUM_SEEKER', 'KZ', '2020', '2020-01-01', '2020-12-31')`,
    ])
      expect(await as('editor', intern, sql, [id.open])).toEqual({ rows: [], code: 'done' });
  });

  test('bytes that are kept, and bytes that are not', async () => {
    const ask = async (bytes: string): Promise<Outcome[]> => [
      await as('editor', intern, `select house.keep_bytes($1)`, [Buffer.from(bytes)]),
      await as('editor', intern, `select * from house.count_again(encode(sha256($1), 'hex'))`, [Buffer.from(bytes)]),
    ];
    expect(await ask('known')).toEqual(await ask('new'));
  });
});

describe('levels and teams', () => {
  const ask = (who: Asker, sql: string, values?: unknown[]): Promise<Outcome> => as('editor', who, sql, values);
  const levelOf = async (table: string, of: string): Promise<unknown> =>
    (await load(`select sensitivity as level, team_id as team from ${table} where id = $1`, [of]))[0];

  test('what is written below a restricted record is of its level and team', async () => {
    const { rows } = await ask(
      analyst,
      `insert into event_participants (event_id, person_id, role, sensitivity) values ($1, $2, 'WITNESS', 0) returning id`,
      [id.event, id.open],
    );
    expect(await levelOf('event_participants', (rows[0] as { id: string }).id)).toEqual({ level: 2, team: 1 });
  });

  test('nobody writes above their own level, or for a team they are not in', async () => {
    const person = 'insert into persons (sensitivity, team_id) values ($1, $2)';
    expect((await ask(intern, person, [2, 1])).code).toBe('42501');
    expect((await ask(analyst, person, [3, 1])).code).toBe('42501');
    expect((await ask(analyst, person, [2, 2])).code).toBe('42501');
    expect((await ask(analyst, person, [2, 1])).code).toBe('done');
    expect((await ask(analyst, 'update persons set team_id = 2 where id = $1', [id.team])).code).toBe('42501');
    expect((await ask(other, `update persons set summary = 'x' where id = $1 returning id`, [id.team])).rows).toEqual(
      [],
    );
  });

  test('nobody gives a record to a team that is not there, or that they are not in, where it guards nothing yet', async () => {
    const record = await make(`insert into persons (summary) values ('to be restricted')`);
    const team = `update persons set team_id = $2 where id = $1`;
    for (const [who, number] of [[intern, 999], [intern, -1], [intern, 2], [analyst, 999], [analyst, 2]] as const)
      expect(await ask(who, team, [record, number])).toMatchObject({ code: '42501', rows: [{ constraint: 'a_team_of_ones_own' }] });
    expect((await ask(intern, `insert into persons (summary, team_id) values ('x', 999)`)).code).toBe('42501');
    // One's own, none at all, and what another one has given: all as before.
    for (const number of [1, 0, 1]) expect((await ask(analyst, team, [record, number])).code).toBe('done');
    expect((await ask(other, `update persons set summary = 'y' where id = $1`, [record])).code).toBe('done');
    expect((await ask(analyst, `update persons set sensitivity = 2 where id = $1`, [record])).code).toBe('done');
    expect(await levelOf('persons', record)).toEqual({ level: 2, team: 1 });
  }); // prettier-ignore

  test('a number that people call a record by is drawn for whoever writes, and nobody chooses it', async () => {
    const { rows } = await ask(
      intern,
      `insert into persons (summary) values ('numbered') returning reference::int as n`,
    );
    expect((rows[0] as { n: number }).n).toBeGreaterThan(99_999);
    expect((await ask(intern, `insert into persons (reference) values (123456)`)).code).toBe('42501');
  });

  test('a record of two teams is refused, and a raised record raises what is below it, with its history', async () => {
    const twice = await make(`insert into persons (summary, sensitivity, team_id) values ('two', 2, 2)`);
    const both = await asker(db, { login: 'both', level: 2, teams: [1, 2] });
    const { code, rows } = await ask(both, `insert into relations (person_id, other_person_id, kind) values ($1, $2, 'FRIEND')`, [twice, id.team]); // prettier-ignore
    expect([code, rows]).toEqual(['23514', [expect.objectContaining({ constraint: 'a_record_belongs_to_one_team' })]]);
    const person = await make(`insert into persons (summary) values ('raised')`);
    const name = await make(
      `insert into person_names (person_id, kind, value, name_key) values ($1, 'MAIN', 'Aynur', 'aynur')`,
      [person],
    );
    const versions = `select guard, guard_team from history.person_names where id = '${name}' order by recorded_from`;
    expect((await ask(analyst, 'update persons set sensitivity = 2, team_id = 1 where id = $1', [person])).code).toBe(
      'done',
    );
    expect(await levelOf('person_names', name)).toEqual({ level: 2, team: 1 });
    expect(await load(versions)).toEqual([{ guard: 2, guard_team: 1 }, { guard: 2, guard_team: 1 }]); // prettier-ignore
    expect((await as('reader', intern, versions)).rows).toEqual([]);
    await load('update persons set team_id = 2 where id = $1', [person]);
    expect(await load(versions)).toEqual([1, 2, 3].map(() => ({ guard: 2, guard_team: 2 })));
    // A reviewer of the other team lowers the person: the name was decided on its own, and stays.
    const boss = await asker(db, { login: 'boss', level: 2, teams: [2], roles: ['reader', 'editor', 'reviewer'] });
    expect((await ask(boss, 'update persons set sensitivity = 1 where id = $1', [person])).code).toBe('done');
    expect(await levelOf('person_names', name)).toEqual({ level: 2, team: 2 });
  });

  test('only a reviewer lowers, or opens to all teams', async () => {
    const person = await make(`insert into persons (summary, sensitivity, team_id) values ('low', 2, 1)`);
    for (const sql of [
      'update persons set sensitivity = 1 where id = $1',
      'update persons set team_id = 0 where id = $1',
    ]) {
      expect(await ask(analyst, sql, [person])).toMatchObject({ code: '42501', rows: [{ constraint: 'a_reviewer_lowers' }] }); // prettier-ignore
    }
    expect((await ask(reviewer, 'update persons set sensitivity = 1 where id = $1', [person])).code).toBe('done');
    expect(await levelOf('persons', person)).toEqual({ level: 1, team: 1 });
  });

  test('a reference to a hidden record is nothing, and does not stand in the way of a change', async () => {
    const source = await make(`insert into sources (kind, title, origin_id) values ('LETTER', 'copy', $1)`, [
      id.source,
    ]);
    expect(await ask(intern, `update sources set note = 'seen' where id = $1 returning note`, [source])).toEqual({ rows: [{ note: 'seen' }], code: 'done' }); // prettier-ignore
    expect((await ask(intern, 'select o.id from sources s join sources o on o.id = s.origin_id where s.id = $1', [source])).rows).toEqual([]); // prettier-ignore
  });

  test('a claim of another team decides nothing that others see', async () => {
    const person = await make(`insert into persons (summary, sensitivity) values (null, 2)`);
    await load(
      `insert into claims (record_id, field, value, stance, basis, source_id) values ($1, 'summary', '"of team 1"', 'ASSERTS', 'STATED', $2)`,
      [person, id.source],
    );
    await load('select house.accept($1)', [person]);
    expect((await as('reader', other, 'select summary from persons where id = $1', [person])).rows).toEqual([{ summary: null }]); // prettier-ignore
    expect((await as('reader', other, 'select summary from known.persons where id = $1', [person])).rows).toEqual([]);
    expect((await as('reader', other, 'select id from claims where record_id = $1', [person])).rows).toEqual([]);
    expect((await as('reader', analyst, 'select field from claims where record_id = $1', [person])).rows).toEqual([{ field: 'summary' }]); // prettier-ignore
  });
});

describe('what PostgreSQL lets everybody do', () => {
  const CLOSED = [
    'select pg_terminate_backend(1)',
    'select pg_cancel_backend(1)',
    `select pg_stat_get_live_tuples('persons'::regclass)`,
    'select * from pg_stat_activity',
    'select * from pg_stat_user_tables',
    'select * from pg_statio_user_tables',
    'select * from pg_locks',
    'select * from pg_roles',
    `select pg_total_relation_size('persons')`,
    `select pg_relation_size('persons')`,
    'select pg_database_size(current_database())',
    'select lo_create(0)',
    `select lo_from_bytea(0, 'x')`,
    `select pg_logical_emit_message(false, 'a', 'b')`,
    `select pg_notify('a', 'b')`,
    'select pg_advisory_lock(1)',
    'select pg_try_advisory_xact_lock_shared(1, 2)',
    'select pg_sleep(0)',
    `select pg_sleep_for('0')`,
    'select pg_export_snapshot()',
    `select query_to_xml('select 1', true, true, '')`,
    `select table_to_xml('persons', true, true, '')`,
    'select pg_current_wal_lsn()',
    'select pg_current_xact_id()',
    'select txid_current()',
    'select pg_current_snapshot()',
    'select pg_xact_status(pg_current_xact_id_if_assigned())',
    'select pg_blocking_pids(1)',
  ];

  test.each(CLOSED)('%s is closed to those who answer questions', async (sql) => {
    expect([(await as('reader', head, sql)).code, (await as('editor', head, sql)).code]).toEqual(['42501', '42501']);
  });

  test('what we need of it still works, and closing it again changes nothing', async () => {
    await withClient(db.adminUrl, async (admin) => {
      const rights = `select (select array_agg(proacl::text order by oid) from pg_proc) as functions,
        (select array_agg(relacl::text order by oid) from pg_class where relnamespace = 'pg_catalog'::regnamespace) as views`;
      const before = (await admin.query(rights)).rows;
      await admin.query(HARDENING);
      expect((await admin.query(rights)).rows).toEqual(before);
    });
    const { rows, code } = await as('reader', intern, `select history.settled_until() <= now() + interval '1 minute' as until, history.settled_id() > 0 as id, word_similarity('aynur', name_key) > 0.5 as similar, unaccent('Ä') as plain from person_names limit 1`); // prettier-ignore
    expect([code, rows]).toEqual(['done', [{ until: true, id: true, similar: true, plain: 'A' }]]);
  });
});
