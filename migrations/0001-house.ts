// The spine: every record of every noun has one row in `records`, and every table joins the house by one call.
// What adoption means (triggers, grants) is the present truth of repeatable/house.sql, renewed at each migrate.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class House0001 implements MigrationInterface {
  name = 'House1700000000001';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create schema house`);
    await q.query(`
      create table records (
        id uuid primary key default gen_random_uuid(),
        noun text not null,
        sensitivity smallint not null,
        team_id integer not null
      )`);
    await q.query(
      `comment on table records is 'The spine: one row per record of any noun, so that claims, links and cases can point at all of them.'`,
    );
    await q.query(`create index records_by_noun on records (noun, id)`);

    await q.query(`
      create table house.adopted (
        noun text primary key,
        claimed text[] not null,
        happens text,
        foreign_owner text
      )`);
    await q.query(
      `comment on column house.adopted.claimed is 'Columns whose value is chosen among claims; all others are structural.'`,
    );
    await q.query(
      `comment on column house.adopted.happens is 'The EDTF column that says when the record took place, for temporal checks of links.'`,
    );
    await q.query(
      `comment on column house.adopted.foreign_owner is 'The column that points at the record this one belongs to.'`,
    );

    await q.query(`
      create table imports (
        dataset text not null,
        key text not null,
        record_id uuid not null references records (id),
        digest text not null,
        primary key (dataset, key)
      )`);
    await q.query(
      `comment on table imports is 'Which record a key of a loaded dataset became, and the digest of its content: why loading twice changes nothing.'`,
    );

    // Adds what every record has, and registers the table. Named so that a check constraint explains itself.
    await q.query(`
      create function house.adopt(noun text, claimed text[] default '{}', happens text default null, owner text default null)
      returns void language plpgsql set search_path = public, pg_temp as $adopt$
      declare dated text;
      begin
        execute format($ddl$
          alter table %1$I
            add column sensitivity smallint not null default 1,
            add column team_id integer not null default 0,
            add column version integer not null default 1,
            add column created_at timestamptz not null default now(),
            add column created_by text not null default session_user,
            add column updated_at timestamptz not null default now(),
            add column updated_by text not null default session_user,
            add constraint %2$I check (sensitivity between 0 and 3),
            add constraint %3$I foreign key (id) references records (id)$ddl$,
          noun, noun || '_sensitivity_is_0_to_3', noun || '_stand_in_the_spine');
        for dated in
          select left(attname, -length('_earliest')) from pg_attribute
          where attrelid = noun::regclass and attname like '%\\_earliest' and not attisdropped
        loop
          execute format($ddl$
            alter table %1$I add constraint %2$I check (
              case when %3$I is null then %4$I is null and %5$I is null
              else %4$I is not null and %5$I is not null and %4$I <= %5$I end)$ddl$,
            noun, noun || '_' || dated || '_has_its_bounds', dated, dated || '_earliest', dated || '_latest');
        end loop;
        insert into house.adopted (noun, claimed, happens, foreign_owner) values (noun, claimed, happens, owner);
      end $adopt$`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`drop table imports`);
    await q.query(`drop schema house cascade`);
    await q.query(`drop table records`);
  }
}
