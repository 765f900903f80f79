// What writing through the graph needs: retraction in place of deletion, tombstones, and keys that make a repeated request
// harmless. Functions and row security are repeatable/35-writing.sql.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Writing0011 implements MigrationInterface {
  name = 'Writing1700000000011';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table house.tombstones (
        record_id uuid primary key references records (id),
        cause_id uuid not null references records (id),
        retracted_at timestamptz not null,
        reason text not null,
        retracted_by text not null
      )`);
    await q.query(
      `comment on table house.tombstones is 'What stands in the place of a retracted record. cause_id: the record whose retraction took this one with it; itself where it was meant.'`,
    );
    await q.query(`create index tombstones_by_cause on house.tombstones (cause_id)`);
    await q.query(`
      create table house.idempotency_keys (
        actor text not null,
        key text not null,
        mutation text not null,
        digest text not null,
        record_id uuid not null references records (id),
        used_at timestamptz not null default now(),
        primary key (actor, key)
      )`);
    await q.query(
      `comment on table house.idempotency_keys is 'Which record a request made, so that the same request sent again makes no second one.'`,
    );
    await q.query(`
      do $do$ declare noun text; begin
        for noun in select a.noun from house.adopted a loop
          execute format('alter table %I add column retracted_at timestamptz', noun);
        end loop;
      end $do$`);
    // A retracted record stands in nobody's way: what must be unique or must not overlap is asked of the others alone.
    await q.query(`
      do $do$ declare found record; begin
        for found in
          select c.relname as name, pg_get_indexdef(i.indexrelid) as definition, obj_description(i.indexrelid, 'pg_class') as sentence
          from pg_index i join pg_class c on c.oid = i.indexrelid join house.adopted a on i.indrelid = format('public.%I', a.noun)::regclass
          where i.indisunique and not i.indisprimary and not exists (select from pg_constraint x where x.conindid = i.indexrelid)
        loop
          execute format('drop index %I', found.name);
          execute found.definition || case when found.definition ~ ' WHERE ' then ' and' else ' where' end || ' retracted_at is null';
          execute format('comment on index %I is %L', found.name, found.sentence);
        end loop;
        for found in
          select c.conname as name, a.noun, pg_get_constraintdef(c.oid) as definition, obj_description(c.oid, 'pg_constraint') as sentence
          from pg_constraint c join house.adopted a on c.conrelid = format('public.%I', a.noun)::regclass where c.contype = 'x'
        loop
          execute format('alter table %I drop constraint %I', found.noun, found.name);
          execute format('alter table %I add constraint %I ', found.noun, found.name)
            || regexp_replace(found.definition, ' WHERE (.*)$', ' WHERE (\\1 and retracted_at is null)');
          execute format('comment on constraint %I on %I is %L', found.name, found.noun, found.sentence);
        end loop;
      end $do$`);
  }

  /** Unique and exclusion rules name the new column, so there is no way back that keeps them. */
  down(): Promise<void> {
    return Promise.reject(new Error('Retraction cannot be taken out of a database; restore a backup from before it.'));
  }
}
