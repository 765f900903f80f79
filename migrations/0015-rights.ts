// Rights: what row security has to know beside the level and the team of a row itself. The rules are repeatable/65-rights.sql;
// each version's `guard_team` is added with its `guard` by repeatable/40-history.sql.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Rights0015 implements MigrationInterface {
  name = 'Rights1700000000015';

  async up(q: QueryRunner): Promise<void> {
    // What is adopted from here on can be retracted too (0011-writing.ts gave the column to what there was).
    await q.query(`
      do $do$ begin
        execute replace(pg_get_functiondef('house.adopt'::regproc), 'add column version integer',
          'add column if not exists retracted_at timestamptz, add column version integer');
      end $do$`);
    await q.query(`alter table house.lineage add column guard smallint, add column guard_team integer`);
    await q.query(
      `comment on column house.lineage.guard is 'The higher level of the two records; guard_team is their team, and -1 where they belong to two: nobody''s.'`,
    );
    await q.query(`alter table history.transactions add column shown_to integer[] not null default '{}'`);
    await q.query(
      `comment on column history.transactions.shown_to is 'For whom the versions are that it wrote: team * 4 + level of each, once; the team of levels 0 and 1 counts as 0.'`,
    );
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`alter table history.transactions drop column shown_to cascade`);
    await q.query(`alter table house.lineage drop column guard cascade, drop column guard_team cascade`);
  }
}
