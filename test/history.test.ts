// What was recorded when: versions that follow each other without a gap, that nobody rewrites, and a past that stays as it
// was told. What writes here writes as the application does, unless a test says otherwise.
import { withClient } from '../src/db/client.js';
import { repeatableDirectory } from '../src/paths.js';
import { migrate } from '../src/db/migrate.js';
import { ADD, connected, editing, RENAME } from './support/editing.js';
import { house, type House } from './support/house.js';

let here: House;
beforeAll(async () => {
  here = await house();
});
afterAll(() => here?.close());

const { edit, newPlace } = editing(() => here);
interface Version {
  name: string;
  version: number;
  from: string;
  to: string;
}
const versions = (id: string): Promise<Version[]> =>
  here.sql<Version>(
    `select name, version, recorded_from as from, recorded_to as to from history.places where id = $1 order by recorded_from`,
    [id],
  );
const names = async (id: string): Promise<string[]> => (await versions(id)).map(({ name }) => name);

describe('versions', () => {
  afterEach(async () => {
    expect(await here.sql('select * from history.faults()')).toEqual([]);
  });

  test('each change closes a version and opens the next at the same instant', async () => {
    const id = await newPlace('Aral');
    await edit(RENAME, [id, 'Aralsk']);
    const [first, second, ...more] = await versions(id);
    expect(more).toEqual([]);
    expect([first!.name, first!.version, second!.name, second!.version]).toEqual(['Aral', 1, 'Aralsk', 2]);
    expect(first!.to).toBe(second!.from);
    expect(second!.to).toBe('infinity');
    const [row] = await here.sql<{ from: string; at: string }>(
      `select p.updated_at as from, t.recorded_at as at from places p join history.places h using (id) join history.transactions t on t.id = h.transaction_id
       where p.id = $1 and h.recorded_to = 'infinity'`,
      [id],
    );
    expect(row).toEqual({ from: second!.from, at: second!.from });
  });

  test('changes of one transaction make one version, also of a record that the transaction made', async () => {
    const id = await newPlace('one');
    await connected(here.database.editorUrl, 1, async (client) => {
      await client!.query('begin');
      await client!.query(RENAME, [id, 'two']);
      await client!.query('savepoint here');
      await client!.query(RENAME, [id, 'never']);
      await client!.query('rollback to savepoint here');
      await client!.query(RENAME, [id, 'three']);
      const made = (await client!.query(ADD, ['made'])).rows[0].id as string;
      await client!.query(RENAME, [made, 'made and named']);
      await client!.query('commit');
      expect(await names(made)).toEqual(['made and named']);
    });
    expect(await names(id)).toEqual(['one', 'three']);
  });

  test('a transaction whose first write is in a savepoint that it rolls back can still write', async () => {
    const id = await newPlace('kept');
    await connected(here.database.editorUrl, 1, async (client) => {
      await client!.query('begin; savepoint here');
      await client!.query(RENAME, [id, 'never']);
      await client!.query('rollback to savepoint here');
      await client!.query(RENAME, [id, 'then']);
      await client!.query('commit');
    });
    expect(await names(id)).toEqual(['kept', 'then']);
  });

  test('an older transaction that writes after a younger one makes no period that ends before it begins', async () => {
    const [id, other] = [await newPlace('first'), await newPlace('other')];
    await connected(here.database.editorUrl, 2, async (old, young) => {
      await old!.query('begin');
      await old!.query(RENAME, [other, 'the older one has begun to write']);
      await young!.query(RENAME, [id, 'second']);
      await old!.query(RENAME, [id, 'third']);
      await old!.query('commit');
    });
    expect(await names(id)).toEqual(['first', 'second', 'third']);
    expect(await here.sql('select from history.places where id = $1 and recorded_from >= recorded_to', [id])).toEqual(
      [],
    );
  });

  test('eight writers at once, in every kind of transaction, leave no fault', async () => {
    const ids = await Promise.all(['a', 'b', 'c', 'd'].map(newPlace));
    let done = 0;
    await connected(here.database.editorUrl, 8, async (...clients) => {
      await Promise.all(
        clients.map(async (client, writer) => {
          const level = ['read committed', 'repeatable read', 'serializable'][writer % 3]!;
          for (let round = 0; round < 25; round++) {
            try {
              await client.query(`begin isolation level ${level}`);
              for (let change = 0; change <= round % 3; change++)
                await client.query(RENAME, [ids[(writer + round + change) % 4], `${writer}.${round}.${change}`]);
              await client.query(round % 7 === 3 ? 'rollback' : 'commit');
              done++;
            } catch (error) {
              // Lost a race, was in a circle, or waited too long.
              expect(['40001', '40P01', '55P03']).toContain((error as { code: string }).code);
              await client.query('rollback');
            }
          }
        }),
      );
    });
    expect(done).toBeGreaterThan(60);
  });

  test('writers of different records do not make each other lose the race', async () => {
    // Enough rows for many pages: on one page PostgreSQL cannot tell neighbours apart, with or without history.
    await edit(`insert into places (name, kind) select 'Filler ' || n, 'LOCALITY' from generate_series(1, 6000) n`);
    await here.sql('analyze');
    const ids = await Promise.all(Array.from({ length: 6 }, (_, n) => newPlace(`Apart ${n}`)));
    let lost = 0;
    await connected(here.database.editorUrl, 6, async (...clients) => {
      await Promise.all(
        clients.map(async (client, writer) => {
          for (let round = 0; round < 20; round++)
            try {
              await client.query('begin isolation level serializable');
              await client.query(RENAME, [ids[writer], `${writer}.${round}`]);
              await client.query('commit');
            } catch (error) {
              expect((error as { code: string }).code).toBe('40001');
              await client.query('rollback');
              lost++;
            }
        }),
      );
    });
    // Of 120. With the transaction looked up in an index it was one edit in six.
    expect(lost).toBeLessThan(12);
  });

  test('who, why and by which request stand once per transaction, with the reasons of all its parts', async () => {
    const id = await newPlace('reasons');
    await connected(here.database.editorUrl, 1, async (client) => {
      await client!.query(
        `begin; set local kualik.actor = 'amina'; set local kualik.request = 'r-1'; set local kualik.reason = 'Spelling.'`,
      );
      await client!.query(RENAME, [id, 'Reasons']);
      await client!.query(`set local kualik.reason = 'Spelling.; Moved.'`);
      await client!.query(RENAME, [id, 'REASONS']);
      await client!.query('commit');
    });
    const told = await here.sql(
      `select t.actor, t.reason, t.request from history.places h join history.transactions t on t.id = h.transaction_id where h.id = $1 and h.version > 1`,
      [id],
    );
    expect(told).toEqual([{ actor: 'amina', reason: 'Spelling.; Moved.', request: 'r-1' }]);
  });

  test('the setting that finds the transaction again cannot point at another one', async () => {
    const id = await newPlace('mine');
    const [other] = await here.sql<{ ctid: string }>(`select ctid::text from history.transactions order by id limit 1`);
    await connected(here.database.editorUrl, 1, async (client) => {
      await client!.query(`begin`);
      await client!.query(`select set_config('kualik.transaction', $1, true)`, [other!.ctid]);
      await client!.query(RENAME, [id, 'still mine']);
      // Taken away in the middle, it leads to a refusal and not to a second row.
      await client!.query(`select set_config('kualik.transaction', '', true)`);
      await expect(client!.query(RENAME, [id, 'whose?'])).rejects.toMatchObject({ code: '23505' });
      await client!.query('rollback');
    });
    expect(await names(id)).toEqual(['mine']);
  });

  test('raising the level of a record raises the guard of all its versions; lowering it opens none that was written above', async () => {
    const id = await newPlace('open');
    const guards = async (): Promise<number[]> =>
      (
        await here.sql<{ guard: number }>('select guard from history.places where id = $1 order by recorded_from', [id])
      ).map(({ guard }) => guard);
    await edit('update places set sensitivity = 3 where id = $1', [id]);
    expect(await guards()).toEqual([3, 3]);
    await edit('update places set sensitivity = 0 where id = $1', [id]);
    expect(await guards()).toEqual([1, 3, 0]);
    expect(await here.sql('select sensitivity from history.places where id = $1 order by recorded_from', [id])).toEqual(
      [1, 3, 0].map((sensitivity) => ({ sensitivity })),
    );
  });

  test('raising the level of a source raises the guard of all versions of its claims', async () => {
    const [source] = await edit<{ id: string }>(
      `insert into sources (kind, title) values ('NEWS_ARTICLE', 'A source') returning id`,
    );
    const place = await newPlace('claimed');
    const [claim] = await edit<{ id: string }>(
      `insert into claims (record_id, field, value, source_id, stance, basis) values ($1, 'name', '"Claimed"', $2, 'ASSERTS', 'STATED') returning id`,
      [place, source!.id],
    );
    await edit(`update claims set rank = 'PREFERRED', rank_reason = 'Seen.' where id = $1`, [claim!.id]);
    await edit('update sources set sensitivity = 3 where id = $1', [source!.id]);
    const found = await here.sql('select distinct guard from history.claims where id = $1', [claim!.id]);
    expect(found).toEqual([{ guard: 3 }]);
  });

  test('a retraction is a version like any other, and history keeps it readable', async () => {
    const id = await newPlace('taken back');
    await here.sql(`select house.retract($1, 1, 'Entered twice.')`, [id]);
    await here.sql(`select house.restore($1)`, [id]);
    const marks = await withClient(here.database.readerUrl, (client) =>
      client.query(
        'select version, retracted_at is not null as gone from history.places where id = $1 order by recorded_from',
        [id],
      ),
    );
    expect(marks.rows).toEqual([
      { version: 1, gone: false },
      { version: 2, gone: true },
      { version: 3, gone: false },
    ]);
  });

  test('an owner who deletes a row closes its version', async () => {
    const id = await newPlace('deleted');
    await here.sql('delete from places where id = $1', [id]);
    const found = await versions(id);
    expect(found.map(({ to }) => to === 'infinity')).toEqual([false]);
  });
});

describe('nobody rewrites history', () => {
  const REFUSED = { code: '42501' };

  test.each(['readerUrl', 'editorUrl'] as const)('%s can neither write nor empty any table of it', async (url) => {
    const tables = await here.sql<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'history'::regnamespace and relkind = 'r'`,
    );
    expect(tables.length).toBeGreaterThan(25);
    await connected(here.database[url], 1, async (client) => {
      await client!.query('set default_transaction_read_only = off');
      for (const { name } of tables)
        for (const attempt of [
          `insert into history.${name} select * from history.${name}`,
          `update history.${name} set ${name === 'eras' ? 'began_at' : name === 'transactions' ? 'recorded_at' : 'recorded_from'} = now()`,
          `delete from history.${name}`,
          `truncate history.${name}`,
        ])
          await expect(client!.query(attempt)).rejects.toMatchObject(REFUSED);
    });
  });

  test('the functions that write it are not for the application to call, nor can it switch the triggers off', async () => {
    await connected(here.database.editorUrl, 1, async (client) => {
      for (const attempt of [
        'select history.transaction()',
        `select history.furnish('places')`,
        'alter table places disable trigger z_keep_history',
        'set session_replication_role = replica',
        'create or replace function history.keep_places() returns trigger language plpgsql as $$ begin return null; end $$',
      ])
        await expect(client!.query(attempt)).rejects.toMatchObject(REFUSED);
    });
  });

  test('a failing history is a failing change', async () => {
    const id = await newPlace('all or nothing');
    await here.sql(`alter table history.places add constraint broken check (name <> 'lost')`);
    try {
      await expect(edit(RENAME, [id, 'lost'])).rejects.toMatchObject({ constraint: 'broken' });
    } finally {
      await here.sql('alter table history.places drop constraint broken');
    }
    expect(await names(id)).toEqual(['all or nothing']);
  });
});

describe('after a migration', () => {
  test('columns that are new, of another type, dropped or optional now do not stop history', async () => {
    const there = await house();
    try {
      const asOwner = (text: string): Promise<unknown> =>
        withClient(there.database.migrateUrl, (client) => client.query(text));
      const write = (text: string, values: unknown[] = []): Promise<{ id: string }[]> =>
        withClient(there.database.editorUrl, async (client) => (await client.query<{ id: string }>(text, values)).rows);
      const [{ id } = { id: '' }] = await write(ADD, ['before']);
      await write(RENAME, [id, 'between']);
      await asOwner(`
        alter table places add column flavour text not null default 'plain';
        alter table places alter column geonames_id type numeric;
        alter table places drop column latitude cascade;
        alter table places alter column kind drop not null;
        create unique index places_by_flavour on places (flavour, id)`);
      const { migrations } = await import('../migrations/index.js');
      await migrate({
        migrateUrl: there.database.migrateUrl,
        migrations,
        repeatable: repeatableDirectory,
        again: true,
      });
      await write(`insert into places (name) values ('after')`);
      await write(RENAME, [id, 'after']);
      expect(await there.sql('select * from history.faults()')).toEqual([]);
      expect(
        await there.sql(
          'select name, flavour, pg_typeof(geonames_id)::text as type from history.places where id = $1 order by recorded_from',
          [id],
        ),
      ).toEqual(['before', 'between', 'after'].map((name) => ({ name, flavour: 'plain', type: 'numeric' })));
      expect(
        await there.sql(
          `select indexdef from pg_indexes where schemaname = 'history' and indexname = 'places_by_flavour'`,
        ),
      ).toEqual([{ indexdef: 'CREATE INDEX places_by_flavour ON history.places USING btree (flavour, id)' }]);
    } finally {
      await there.close();
    }
  });

  test('every index that a list walks along now exists for then', async () => {
    const missing = await here.sql(
      `select i.indexrelid::regclass::text as index from pg_index i join house.adopted a on i.indrelid = format('public.%I', a.noun)::regclass
       where not i.indisprimary and not exists (select from pg_constraint x where x.conindid = i.indexrelid)
         and to_regclass('history.' || (select relname from pg_class where oid = i.indexrelid)) is null`,
    );
    expect(missing).toEqual([]);
  });
});
