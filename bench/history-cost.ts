// What keeping history costs a writer: the same writes with and without it, in turns, in one run on one server.
// npx tsx bench/history-cost.ts
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { freshDatabase } from '../test/support/database.js';
import { startTestServer } from '../test/support/test-server.js';

const SINGLE = 1500;
const BULK = 20_000;
const ROUNDS = 4;
const WRITERS = 6;
const EDITS = 150;

/** The two functions every write runs through, as they were before history needed an instant of its own. */
const PLAIN = `
  create or replace function house.enter_record() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
  begin
    new.version := 1; new.created_at := now(); new.updated_at := now();
    new.created_by := coalesce(nullif(current_setting('kualik.actor', true), ''), session_user);
    new.updated_by := new.created_by;
    insert into records (id, noun, sensitivity, team_id) values (new.id, tg_table_name, new.sensitivity, new.team_id);
    return new;
  end $$;
  create or replace function house.revise_record() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
  begin
    new.version := old.version + 1; new.created_at := old.created_at; new.created_by := old.created_by;
    new.updated_at := greatest(now(), old.updated_at + interval '1 microsecond');
    new.updated_by := coalesce(nullif(current_setting('kualik.actor', true), ''), session_user);
    if (new.sensitivity, new.team_id) is distinct from (old.sensitivity, old.team_id) then
      update records set sensitivity = new.sensitivity, team_id = new.team_id where id = new.id;
    end if;
    return new;
  end $$;
  alter table places disable trigger z_keep_history;`;

type Measure = Record<string, number>;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Rates per second, and lost races of writers who change different records. */
async function measure(editor: pg.Client, url: string): Promise<Measure> {
  const add = { name: 'add', text: `insert into places (name, kind) values ($1, 'LOCALITY') returning id` };
  const change = { name: 'change', text: 'update places set name = $2 where id = $1' };
  const ids: string[] = [];
  const inserted = await seconds(async () => {
    for (let i = 0; i < SINGLE; i++) ids.push((await editor.query({ ...add, values: [`Place ${i}`] })).rows[0].id);
  });
  const updated = await seconds(async () => {
    for (const [i, id] of ids.entries()) await editor.query({ ...change, values: [id, `Changed ${i}`] });
  });
  const loaded = await seconds(() =>
    editor.query(`insert into places (name, kind) select 'Bulk ' || n, 'LOCALITY' from generate_series(1, ${BULK}) n`),
  );
  const bulk = await seconds(() => editor.query(`update places set native_name = name where name like 'Bulk %'`));
  let lost = 0;
  const racing = await seconds(() =>
    Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        for (let i = 0; i < EDITS; i++) {
          const id = ids[writer * EDITS + i]!;
          for (let done = false; !done;) {
            try {
              await client.query('begin isolation level serializable');
              await client.query({ ...change, values: [id, `Raced ${i}`] });
              await client.query('commit');
              done = true;
            } catch (error) {
              if ((error as { code?: string }).code !== '40001') throw error;
              lost++;
              await client.query('rollback');
            }
          }
        }
        await client.end();
      }),
    ),
  );
  return {
    'single insert /s': SINGLE / inserted,
    'single update /s': SINGLE / updated,
    'bulk insert rows/s': BULK / loaded,
    'bulk update rows/s': BULK / bulk,
    'serializable edits /s': (WRITERS * EDITS) / racing,
    'races lost per edit': lost / (WRITERS * EDITS),
  };
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const stop = await startTestServer();
try {
  const found: Record<'with' | 'without', Measure[]> = { with: [], without: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const how of ['with', 'without'] as const) {
      const database = await freshDatabase();
      const [admin, editor] = [database.adminUrl, database.editorUrl].map((url) => new pg.Client(url)) as [
        pg.Client,
        pg.Client,
      ];
      await Promise.all([admin.connect(), editor.connect()]);
      if (how === 'without') await admin.query(PLAIN);
      // Autovacuum is off on the test server, and a planner without figures would tell of nothing else.
      await editor.query(
        `insert into places (name, kind) select 'Before ' || n, 'LOCALITY' from generate_series(1, 5000) n`,
      );
      await admin.query('analyze');
      found[how].push(await measure(editor, database.editorUrl));
      await Promise.all([admin.end(), editor.end()]);
      await database.drop();
    }
  for (const what of Object.keys(found.with[0]!)) {
    const [kept, plain] = [found.with, found.without].map((rounds) => median(rounds.map((round) => round[what]!))) as [
      number,
      number,
    ];
    process.stdout.write(
      `${what.padEnd(24)} with ${kept.toFixed(2).padStart(10)}   without ${plain.toFixed(2).padStart(10)}   x ${(kept / plain).toFixed(2)}\n`,
    );
  }
} catch (error) {
  // Said before the server stops: what its end does to open connections would hide it.
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
} finally {
  await stop();
}
