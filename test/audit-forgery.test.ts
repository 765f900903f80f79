// What stands around the versions, changed by a superuser who has switched off every trigger: the audit names it. Each
// forgery is taken back, so that the next one is seen alone.
import { withClient } from '../src/db/client.js';
import { audited, type Audited } from './support/auditing.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

let database: FreshDatabase;
let log: Audited;
let id: string;
let transaction: string;
const write = <T extends object>(text: string): Promise<T[]> =>
  withClient(database.loaderUrl, async (client) => {
    await client.query(
      `select set_config('kualik.actor', 'maria', false), set_config('kualik.request', 'r-1', false), set_config('kualik.reason', 'A letter.', false)`,
    );
    return (await client.query<T>(text)).rows;
  });

beforeAll(async () => {
  database = await freshDatabase();
  log = await audited(database);
  [{ id }] = (await write<{ id: string }>(
    `insert into places (name, kind, sensitivity) values ('Aral', 'LOCALITY', 2) returning id`,
  )) as [{ id: string }];
  await write(`update places set native_name = 'x' where id = '${id}'`);
  const gone = (await write<{ id: string }>(`insert into places (name, kind) values ('Gone', 'LOCALITY') returning id`))[0]!.id; // prettier-ignore
  await withClient(database.adminUrl, async (client) => {
    await client.query(`select house.retract('${gone}', 1, 'Written twice.')`);
    await client.query(`insert into auth.accounts (login, roles, level) values ('lin', '{reader}', 1)`);
    await client.query(`insert into auth.teams (name) values ('North')`);
    await client.query(`insert into auth.memberships (account_id, team_id) select a.id, t.id from auth.accounts a, auth.teams t`); // prettier-ignore
    await client.query(`insert into auth.tokens (hash, account_id, name, roles, level, expires_at)
      select '\\x01', id, 'own', '{reader}', 1, now() + interval '1 day' from auth.accounts`);
    const { rows } = await client.query<{ transaction_id: string }>(
      `select transaction_id from history.places where id = $1 and version = 1`,
      [id],
    );
    transaction = rows[0]!.transaction_id;
  });
});
afterAll(async () => {
  await log?.close();
  await database?.drop();
});
afterEach(async () => expect(await log.compare()).toEqual([]));

/** What the audit says of one forgery; after it everything is as it was. */
async function after(forgery: string, undo: string): Promise<string[]> {
  await log.tamper(forgery);
  try {
    return await log.compare();
  } finally {
    await log.tamper(undo);
  }
}

test.each([
  ['author', `actor = 'nobody'`, `actor = 'maria'`],
  ['request', `request = 'r-2'`, `request = 'r-1'`],
  ['reason', `reason = 'No letter.'`, `reason = 'A letter.'`],
  ['reason', `reason = null`, `reason = 'A letter.'`],
  ['instant', `recorded_at = recorded_at - interval '1 year'`, `recorded_at = recorded_at + interval '1 year'`],
])('another %s of a transaction is named: %s', async (word, forged, honest) => {
  const change = (what: string): string => `update history.transactions set ${what} where id = ${transaction}`;
  expect(await after(change(forged), change(honest))).toEqual([
    `Transaction ${transaction} says another ${word} than the audit was told.`,
  ]);
});

test('a transaction that is gone is named, and one that is shown to others', async () => {
  const hide = 'update history.transactions set id = -id where id in';
  expect(await after(`${hide} (${transaction})`, `${hide} (-${transaction})`)).toContain(
    `Transaction ${transaction} is in the audit, but history does not have it.`,
  );
  const show = (codes: string): string =>
    `update history.transactions set shown_to = '${codes}' where id = ${transaction}`;
  for (const codes of ['{0,2}', '{}'])
    expect(await after(show(codes), show('{2}'))).toEqual([
      `Transaction ${transaction} is shown to others than its versions are.`,
    ]);
});

test('a version that begins or ends at another instant is named', async () => {
  const move = (column: string, by: string, version: number): string =>
    `update history.places set ${column} = ${column} ${by} where id = '${id}' and version = ${version}`;
  const begins = await after(
    move('recorded_from', `- interval '1 day'`, 1),
    move('recorded_from', `+ interval '1 day'`, 1),
  );
  expect(begins).toEqual([`Version 1 of ${id} in places was not recorded when the audit was told.`]);
  const ends = await after(
    move('recorded_to', `+ interval '1 second'`, 1),
    move('recorded_to', `- interval '1 second'`, 1),
  );
  expect(ends).toEqual([`Version 1 of ${id} in places does not end where the next one begins.`]);
});

test('a guard, and the level or the team of a record, that are not those of the row are named', async () => {
  const guard = (what: string): string => `update history.places set ${what} where id = '${id}' and version = 1`;
  for (const level of [0, 3])
    expect(await after(guard(`guard = ${level}`), guard('guard = 2'))).toContain(
      `Version 1 of ${id} in places is guarded by another level than its own or that of its record.`,
    );
  expect(await after(guard('guard_team = 7'), guard('guard_team = 0'))).toContain(
    `Version 1 of ${id} in places is guarded by another team than that of its record.`,
  );
  const record = (what: string): string => `update records set ${what} where id = '${id}'`;
  for (const [forged, honest] of [
    ['sensitivity = 0', 'sensitivity = 2'],
    ['team_id = 7', 'team_id = 0'],
  ] as const)
    // prettier-ignore
    expect(await after(record(forged), record(honest))).toEqual([
      `The record ${id} in places has another level or team than its row.`,
    ]);
});

test('another reason or author on a tombstone is named, and a tombstone that is gone', async () => {
  const tombstone = (what: string): string => `update house.tombstones set ${what}`;
  for (const [forged, honest] of [
    [`reason = 'Untrue.'`, `reason = 'Written twice.'`],
    [`retracted_by = 'maria'`, `retracted_by = 'postgres'`],
  ] as const) {
    const [{ by }] = (await withClient(
      database.adminUrl,
      async (client) => (await client.query<{ by: string }>('select retracted_by as by from house.tombstones')).rows,
    )) as [{ by: string }];
    expect((await after(tombstone(forged), tombstone(honest.replace('postgres', by)))).join()).toMatch(
      /^The tombstone of \S+ is not what the audit was told\.$/,
    );
  }
  const move = (from: string, to: string): string =>
    `create table if not exists public.kept_aside (like house.tombstones); insert into ${to} select * from ${from}; delete from ${from}`;
  const found = await after(
    move('house.tombstones', 'public.kept_aside'),
    `${move('public.kept_aside', 'house.tombstones')}; drop table public.kept_aside`,
  );
  expect(found.join()).toMatch(/is retracted without a tombstone/);
});

test.each([
  ['accounts', 'level = 3', 'level = 1'],
  ['accounts', `roles = '{reader,admin}'`, `roles = '{reader}'`],
  ['tokens', `roles = '{admin}'`, `roles = '{reader}'`],
  ['tokens', 'level = 3', 'level = 1'],
  ['teams', `name = 'South'`, `name = 'North'`],
])('a right that was given past the audit is named: %s, %s', async (table, forged, honest) => {
  expect(await after(`update auth.${table} set ${forged}`, `update auth.${table} set ${honest}`)).toEqual([
    `${table} 1 is not what the audit was told.`,
  ]);
});

test('an account that was made past the audit is named, and a membership that was taken or given', async () => {
  expect(
    await after(
      `insert into auth.accounts (id, login, roles, level) overriding system value values (99, 'ghost', '{admin}', 3)`,
      `delete from auth.accounts where id = 99`,
    ),
  ).toEqual(['accounts 99 has no entry in the audit: it was written past it.']);
  expect(await after('delete from auth.memberships', 'insert into auth.memberships values (1, 1)')).toEqual([
    'memberships 1 1 is in the audit, but is not there any more.',
  ]);
});

test.each([
  ['places', 'z_keep_history', 'public.places'],
  ['places', 'zz_audit_update', 'public.places'],
  ['auth.accounts', 'zz_audit', 'auth.accounts'],
  ['audit.entries', 'stay', 'audit.entries'],
])('a trigger that is switched off at the moment is named: on %s, %s', async (table, trigger, place) => {
  const found = await after(
    `alter table ${table} disable trigger ${trigger}`,
    `alter table ${table} enable trigger ${trigger}`,
  );
  expect(found).toHaveLength(1);
  expect(found[0]!.replaceAll('"', '')).toBe(
    `The trigger ${trigger} of ${place} is gone, switched off or another one.`,
  );
});

test('reasons that follow each other in one transaction, and changes that are taken back, are no forgery', async () => {
  await withClient(database.loaderUrl, async (client) => {
    await client.query('begin');
    for (const reason of ['First.', 'First.; Second "one".']) {
      await client.query(`select set_config('kualik.reason', $1, true)`, [reason]);
      await client.query(`update places set native_name = $1 where name = 'Aral'`, [reason]);
    }
    await client.query('savepoint s');
    await client.query(`select set_config('kualik.reason', 'Third.', true)`);
    await client.query(`update places set sensitivity = 3`);
    await client.query('rollback to savepoint s');
    await client.query('commit');
    await client.query(`update places set sensitivity = 1 where name = 'Aral'`);
    await client.query(`update places set sensitivity = 3, team_id = 1 where name = 'Aral'`);
    await client.query(`update places set sensitivity = 1, team_id = 0 where name = 'Aral'`);
  });
});
