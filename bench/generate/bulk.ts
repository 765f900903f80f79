// The bulk load: one transaction that leaves an empty database as the triggers would have left it, made in sets and not row by
// row. Spine and rows by COPY, lineage and history by one statement for each table; the audit's own trigger is left on, since
// it works once per statement. For an empty database alone: indexes and foreign keys are put aside and made again at the end.
// Whatever a trigger would have refused, the checks of the tables and the making of keys and rules refuse here; what it would
// have computed (levels, roots, preference) must come with the rows, and bench/generate/same-state.ts proves that it does.
import type pg from 'pg';
import { catalogOf, putAside } from './aside.js';
import { copyRows, copySpine, type Stamp } from './copy-rows.js';
import { nounRows } from './nouns.js';
import type { World } from './world.js';

export interface Loaded {
  /** Rows of nouns; the spine, lineage, history and audit come on top. */
  rows: number;
  seconds: number;
  /** Of each part. */
  parts: Record<string, number>;
}

const HEAVY = ['public.records', 'house.lineage', 'audit.entries'];

/** Of `updated_at`, as text that COPY reads back without loss. */
async function stamp(client: pg.Client): Promise<Stamp & { transaction: string }> {
  const { rows } = await client.query<{ id: string; at: string }>(
    'select id::text, recorded_at::text as at from history.transaction()',
  );
  return { at: rows[0]!.at, transaction: rows[0]!.id, actor: 'bench' };
}

/** @param client connected as kualik_migrate, who acts as the owner of everything. */
export async function loadInBulk(client: pg.Client, world: World): Promise<Loaded> {
  const began = performance.now();
  const parts: Record<string, number> = {};
  let rows = 0;
  async function timed(part: string, work: () => Promise<unknown>): Promise<void> {
    const start = performance.now();
    await work();
    parts[part] = (parts[part] ?? 0) + (performance.now() - start) / 1000;
  }
  const tables = nounRows.map(({ noun }) => `public.${noun}`);
  const versions = nounRows.map(({ noun }) => `history.${noun}`);
  const all = [...tables, ...versions, ...HEAVY];

  await client.query(`begin; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
    set local maintenance_work_mem = '256MB'; set local work_mem = '64MB'; set local kualik.actor = 'bench'`);
  try {
    await client.query(`lock table ${all.join(', ')} in access exclusive mode`);
    await refuseFull(client);
    const before = await catalogOf(client);
    const mark = await stamp(client);
    await open(client, tables);
    const aside = await putAside(client, all);
    await timed('spine', async () => {
      for (const noun of nounRows) await copySpine(client, world, noun);
    });
    await timed('rows and audit', async () => {
      for (const noun of nounRows) rows += await copyRows(client, world, noun, mark);
    });
    await timed('lineage', () => addLineage(client));
    await timed('history', async () => {
      for (const { noun } of nounRows) await addVersions(client, noun, mark.transaction);
    });
    await timed('indexes, keys and rules', () => aside.back());
    await close(client, tables);
    await client.query(
      `select setval(pg_get_serial_sequence('claims', 'sequence'), (select max(sequence) from claims))`,
    );
    const after = await catalogOf(client);
    const lost = before.filter((line) => !after.includes(line));
    if (lost.length > 0) throw new Error(`The load would leave the catalog changed:\n${lost.join('\n')}`);
    await timed('commit', () => client.query('commit'));
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  return { rows, seconds: (performance.now() - began) / 1000, parts };
}

async function refuseFull(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ full: boolean }>('select exists (select from records) as full');
  if (rows[0]!.full) throw new Error('The bulk load is for an empty database; this one holds records.');
}

/** COPY is not allowed where row security binds the owner too. All of it is undone before the commit. */
async function open(client: pg.Client, tables: readonly string[]): Promise<void> {
  await client.query('alter table records no force row level security');
  for (const table of tables)
    await client.query(
      `alter table ${table} no force row level security; alter table ${table} disable trigger user; alter table ${table} enable trigger zz_audit_insert`,
    );
  await client.query('alter table house.lineage disable trigger user');
}

async function close(client: pg.Client, tables: readonly string[]): Promise<void> {
  await client.query('alter table records force row level security');
  for (const table of tables)
    await client.query(`alter table ${table} force row level security; alter table ${table} enable trigger user`);
  await client.query('alter table house.lineage enable trigger user');
}

/** As house.keep_lineage and house.guard_lineage; nothing here is more than one step above, so there is no closure to make. */
async function addLineage(client: pg.Client): Promise<void> {
  for (const { noun } of nounRows) {
    const { rows } = await client.query<{ name: string }>('select unnest(house.parent_columns($1)) as name', [noun]);
    if (rows.length === 0) continue;
    await client.query(`
      insert into house.lineage (ancestor_id, record_id, direct, recorded_from, guard, guard_team)
      select l.ancestor_id, l.record_id, true, l.recorded_from, greatest(own.sensitivity, above.sensitivity), 0
      from (select distinct p as ancestor_id, t.id as record_id, t.updated_at as recorded_from
            from ${noun} t cross join lateral (values ${rows.map(({ name }) => `(t.${name})`).join(', ')}) parent(p) where p is not null) l
      join records own on own.id = l.record_id join records above on above.id = l.ancestor_id`);
  }
}

/** As history.furnish writes the triggers: the open version is the row. */
async function addVersions(client: pg.Client, noun: string, transaction: string): Promise<void> {
  const { rows } = await client.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [`public.${noun}`],
  );
  const { columns } = rows[0]!;
  const level = noun === 'claims' ? 'greatest(t.sensitivity, t.level)' : 't.sensitivity';
  await client.query(
    `insert into history.${noun} (${columns}, recorded_from, recorded_to, transaction_id, guard, guard_team)
     select ${columns}, t.updated_at, 'infinity', $1::bigint, ${level}, t.team_id from ${noun} t`,
    [transaction],
  );
  await client.query(
    `select history.show(codes.code) from (select distinct history.code(${level}::smallint, t.team_id) as code from ${noun} t) codes`,
  );
}
