// Indexes, foreign keys and exclusion rules put aside for a load into empty tables, and made again from what the catalog said
// of them, with their comments: what pg_restore does, inside one transaction. `catalogOf` tells whether all is as before.
import type pg from 'pg';

export interface Aside {
  /** How many indexes and constraints. */
  count: number;
  /** Makes all of them again, each checked against all rows. */
  back(): Promise<void>;
}

interface Found {
  drop: string;
  make: string;
  comment: string | null;
}

// Primary keys stay: everything else refers to them.
const FOUND = `
  with wanted(relation) as (select unnest($1::regclass[]))
  select format('alter table %s drop constraint %I', c.conrelid::regclass, c.conname) as drop,
         format('alter table %s add constraint %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) as make,
         'comment on constraint ' || quote_ident(c.conname) || ' on ' || c.conrelid::regclass || ' is ' || quote_literal(obj_description(c.oid, 'pg_constraint')) as comment,
         case c.contype when 'f' then 2 else 1 end as turn
  from pg_constraint c join wanted on wanted.relation = c.conrelid where c.contype in ('f', 'x', 'u')
  union all
  select format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid),
         'comment on index ' || i.indexrelid::regclass || ' is ' || quote_literal(obj_description(i.indexrelid, 'pg_class')), 0
  from pg_index i join wanted on wanted.relation = i.indrelid
  where not exists (select from pg_constraint x where x.conindid = i.indexrelid)
  order by 4 desc, 1`;

export async function putAside(client: pg.Client, tables: readonly string[]): Promise<Aside> {
  const { rows } = await client.query<Found>(FOUND, [tables]);
  for (const { drop } of rows) await client.query(drop);
  return {
    count: rows.length,
    async back() {
      for (const { make, comment } of [...rows].reverse()) {
        await client.query(make);
        if (comment !== null) await client.query(comment);
      }
    },
  };
}

const CATALOG = `
  select 'index ' || pg_get_indexdef(i.indexrelid) || coalesce(' -- ' || obj_description(i.indexrelid, 'pg_class'), '') as line
    from pg_index i join pg_class t on t.oid = i.indrelid where t.relnamespace = any ($1::regnamespace[])
  union all
  select 'constraint ' || c.conrelid::regclass || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid) || ' ' || c.convalidated
      || coalesce(' -- ' || obj_description(c.oid, 'pg_constraint'), '')
    from pg_constraint c where c.connamespace = any ($1::regnamespace[])
  union all
  select 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
    from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = any ($1::regnamespace[]) and not t.tgisinternal
  union all
  select 'table ' || c.oid::regclass || ' ' || c.relrowsecurity || ' ' || c.relforcerowsecurity
    from pg_class c where c.relnamespace = any ($1::regnamespace[]) and c.relkind = 'r'
  order by 1`;

/** All that the schemas hold besides rows. */
export async function catalogOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(CATALOG, [['public', 'house', 'history', 'audit']]);
  return rows.map(({ line }) => line);
}
