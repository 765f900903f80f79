// The order in which records were recorded: what settles the ties of every list, so that the same files loaded twice are
// listed in the same order. An id is random and cannot; an instant is the same for all that one transaction records.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is adopted from here on has the number too; as in 0015-rights.ts. */
const ADOPT = `
  do $adopt$ begin
    execute replace(pg_get_functiondef('house.adopt'::regproc), 'add column version integer',
      'add column if not exists sequence bigint generated always as identity, add column version integer');
  end $adopt$`;

/** What was recorded before gets its number by its instant, and among equals by its place in the table. */
const NUMBER = `
  do $number$
  declare noun text; last bigint;
  begin
    for noun in select a.noun from house.adopted a order by 1 loop
      continue when exists (select from pg_attribute where attrelid = noun::regclass and attname = 'sequence' and not attisdropped);
      execute format('alter table %I add column sequence bigint', noun);
      execute format('alter table %I disable trigger user', noun);
      execute format('update %1$I t set sequence = o.n from (select id, row_number() over (order by created_at, ctid) as n from %1$I) o where o.id = t.id', noun);
      execute format('alter table %I enable trigger user', noun);
      execute format('select coalesce(max(sequence), 0) + 1 from %I', noun) into last;
      execute format('alter table %I alter column sequence set not null', noun);
      execute format('alter table %I alter column sequence add generated always as identity (start with %s)', noun, last);
    end loop;
  end $number$`;

/** The indexes that lists walk along, `(..., id)`, in the new order and in the old one; history gets its own from furnish(). */
const reorder = (old: string, young: string): string => `
  do $reorder$
  declare found record;
  begin
    for found in
      select c.relname as name, pg_get_indexdef(i.indexrelid) as definition
      from pg_index i join pg_class c on c.oid = i.indexrelid join house.adopted a on a.noun::regclass = i.indrelid
      where not i.indisunique and pg_get_indexdef(i.indexrelid) like '% USING btree (%, ${old})%'
    loop
      execute format('drop index %I', found.name);
      execute format('drop index if exists history.%I', found.name);
      execute replace(found.definition, ', ${old})', ', ${young})');
    end loop;
  end $reorder$`;

export class OrderOfRecording0018 implements MigrationInterface {
  name = 'OrderOfRecording1700000000018';

  async up(q: QueryRunner): Promise<void> {
    await q.query(ADOPT);
    await q.query(NUMBER);
    await q.query(`alter table records add column if not exists sequence bigint generated always as identity`);
    await q.query(reorder('id', 'sequence, id'));
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(reorder('sequence, id', 'id'));
    await q.query(`
      do $drop$ declare noun text; begin
        for noun in select a.noun from house.adopted a where a.noun <> 'claims' loop
          execute format('alter table %I drop column sequence cascade', noun);
        end loop;
      end $drop$`);
    await q.query(`alter table records drop column sequence cascade`);
  }
}
