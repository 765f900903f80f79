// After `kualik erase --everything` no field of the record is readable anywhere in the database, and history and audit are
// still whole. Every text of the founding case is looked for in every row of every table.
import { eraseRecord } from '../src/commands/erase.js';
import { withClient } from '../src/db/client.js';
import { audited, type Audited } from './support/auditing.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { person, seal, sealing, type Sealing } from './support/sealing.js';

type Sql = <T extends object>(text: string, values?: unknown[]) => Promise<T[]>;
const sqlOn =
  (url: string): Sql =>
  (text, values) =>
    withClient(url, async (client) => (await client.query(text, values)).rows);

const erase = (database: FreshDatabase, id: string) =>
  withClient(database.loaderUrl, (client) => eraseRecord(client, id, 'Asked for.', true));

/** Every row of every table and view, as text, under the name of the table: what pg_dump would write. */
async function dump(sql: Sql): Promise<Map<string, string>> {
  const tables = await sql<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  );
  const found = new Map<string, string>();
  for (const { name } of tables) {
    const rows = await sql<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
    found.set(name, rows.map(({ row }) => row).join('\n'));
  }
  return found;
}
const placesOf = (texts: Map<string, string>, secret: string): string[] =>
  [...texts].flatMap(([name, text]) => (text.includes(secret) ? [name] : [])).sort();

describe('a person with secrets of every kind', () => {
  let s: Sealing;
  let log: Audited;
  beforeAll(async () => {
    s = await sealing();
    log = await audited(s.database);
  });
  afterAll(async () => {
    await log?.close();
    await s?.close();
  });

  const save = async (type: string, input: object): Promise<string> =>
    (await s.ask(3, `mutation ($input: Save${type}Input!) { save${type}(input: $input) { id } }`, { input }))[
      `save${type}`
    ].id;

  test('is in history, audit and claims before, and in none of them after; what others have stays', async () => {
    const source = await save('Source', { kind: 'NEWS_ARTICLE', title: 'A page that stays' });
    const id = await save('Person', {
      summary: 'SECRET-summary-one',
      ethnicity: 'SECRET-ethnicity',
      idempotencyKey: 'SECRET-key',
      citations: [
        {
          field: 'summary',
          source,
          wording: 'SECRET-wording',
          informant: 'SECRET-informant',
          rank: 'PREFERRED',
          rankReason: 'SECRET-rank',
        },
      ],
    });
    const [{ version }] = (await s.sql<{ version: number }>('select version from persons where id = $1', [id])) as [
      { version: number },
    ];
    await save('Person', { id, expectedVersion: version, ethnicity: 'SECRET-ethnicity-two' });
    const name = await save('PersonName', { person: id, kind: 'MAIN', value: 'SECRET-name', displayOrder: 1 });
    await save('PersonName', { person: id, kind: 'MAIN', value: 'SECRET-other-name', displayOrder: 2 });
    await save('StatusDocument', {
      person: id,
      country: 'KZ',
      kind: 'ASYLUM_SEEKER_CERTIFICATE',
      validUntil: '2031-07-19',
    });
    await seal(s, { record: id, label: 'SECRET-label', value: 'SECRET-number' });
    const other = await person(s);
    await save('PersonName', { person: other, kind: 'MAIN', value: 'Bolat who stays', displayOrder: 1 });
    await log.sealAll();

    const secrets = ['SECRET', '2031-07-19'];
    const before = await dump(s.sql);
    expect(placesOf(before, 'SECRET-name')).toEqual(['audit.entries', 'history.person_names', 'public.person_names']);
    expect(placesOf(before, 'SECRET-ethnicity')).toEqual(expect.arrayContaining(['audit.entries', 'history.persons']));
    expect(placesOf(before, 'SECRET-wording')).toEqual(['audit.entries', 'history.claims', 'public.claims']);
    expect(placesOf(before, 'SECRET-key')).toEqual(['house.idempotency_keys']);
    for (const secret of secrets) expect(placesOf(before, secret)).toContain('audit.entries');

    expect(await erase(s.database, id)).toMatchObject({ keys: 1, retracted: true });

    const after = await dump(s.sql);
    for (const secret of secrets) expect([secret, placesOf(after, secret)]).toEqual([secret, []]);
    expect(placesOf(after, 'Bolat who stays').length).toBe(3);
    expect(placesOf(after, 'A page that stays').length).toBe(3);
    await log.sealAll();
    const { faults, erased } = await log.verify();
    expect(faults).toEqual([]);
    expect(erased).toBeGreaterThan(6);
    expect(await log.compare()).toEqual([]);
    expect(await s.sql('select * from history.faults()')).toEqual([]);
    // Not through a lens either, and the triggers are on again.
    const { node } = await s.ask(3, `query ($id: ID!) { node(id: $id) { __typename } }`, { id: name });
    expect(node.__typename).toBe('Tombstone');
    expect(await s.sql(`select tgname from pg_trigger where not tgisinternal and tgenabled <> 'O'`)).toEqual([]);
    // Once more is nothing more.
    expect(await erase(s.database, id)).toEqual({ keys: 0, retracted: false, entries: 0 });
  });
});

test('no rule stands in the way, whatever the record: all of the founding case can be erased', async () => {
  const database = await freshDatabase('founding');
  const sql = sqlOn(database.adminUrl);
  const log = await audited(database);
  try {
    const records = await sql<{ id: string; noun: string }>(
      `select id, noun from records where noun not in ('captures', 'custody_steps') order by noun, id`,
    );
    expect(new Set(records.map(({ noun }) => noun)).size).toBeGreaterThan(15);
    await withClient(database.migrateUrl, (client) =>
      client.query(
        `select seal.blank((select array_agg(id) from records where noun not in ('captures', 'custody_steps')))`,
      ),
    );
    expect(placesOf(await dump(sql), 'Musakhan')).toEqual(['audit.entries']);
    // Entries still tell what was there: the comparison names it, so nobody blanks in silence.
    expect((await log.compare()).length).toBeGreaterThan(0);
  } finally {
    await log.close();
    await database.drop();
  }
});
