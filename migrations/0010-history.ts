// Schemas for what was known when: all versions in `history`, and two schemas of views with the names of the tables,
// `recorded` (the version open at an instant) and `known` (existence and values chosen again among visible claims).
// The tables and views themselves are made from house.adopted by repeatable/40-history.sql and 50-lens.sql.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class History0010 implements MigrationInterface {
  name = 'History1700000000010';

  async up(q: QueryRunner): Promise<void> {
    for (const schema of ['history', 'recorded', 'known', 'lens']) await q.query(`create schema ${schema}`);
    await q.query(`
      create table history.transactions (
        id bigint generated always as identity primary key,
        xid xid8 not null default pg_current_xact_id(),
        recorded_at timestamptz not null default now(),
        actor text not null,
        reason text,
        request text
      )`);
    await q.query(
      `comment on table history.transactions is 'Who changed something, when and why: one row per transaction that changed a record.'`,
    );
    await q.query(`create unique index transactions_by_xid on history.transactions (xid)`);
    await q.query(`
      alter table house.adopted add column existence text not null default 'CLAIMS'
        check (existence in ('CLAIMS', 'ALWAYS', 'OWNER', 'PUBLISHED', 'VISIBLE'))`);
    await q.query(`
      comment on column house.adopted.existence is
        'When a record exists under a lens. CLAIMS: a visible claim bears on it. PUBLISHED: a source, by its own day. VISIBLE: a claim, by its own. OWNER: with its owner. ALWAYS: an editor''s own.'`);
    for (const [noun, existence] of Object.entries({
      cases: 'ALWAYS',
      case_members: 'ALWAYS',
      sources: 'PUBLISHED',
      claims: 'VISIBLE',
      source_interests: 'OWNER',
      captures: 'OWNER',
      custody_steps: 'OWNER',
    }))
      await q.query(`update house.adopted set existence = '${existence}' where noun = '${noun}'`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`alter table house.adopted drop column existence`);
    for (const schema of ['known', 'recorded', 'lens', 'history']) await q.query(`drop schema ${schema} cascade`);
  }
}
