// What the verbs of an editor need: which record belongs to which, the bytes of captures, and why a claim was judged
// credible. The functions and triggers on them are repeatable/25-lineage.sql.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Verbs0012 implements MigrationInterface {
  name = 'Verbs1700000000012';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table house.lineage (
        ancestor_id uuid not null references records (id),
        record_id uuid not null references records (id),
        direct boolean not null,
        recorded_from timestamptz not null,
        recorded_to timestamptz not null default 'infinity'
      )`);
    await q.query(
      `comment on table house.lineage is 'Which records a record cannot be without, however far up, and from when until when this was recorded: who speaks of a detention says that the person exists.'`,
    );
    await q.query(`create index lineage_by_ancestor on house.lineage (ancestor_id, record_id)`);
    await q.query(
      `create unique index lineage_by_record on house.lineage (record_id, ancestor_id, direct) where recorded_to = 'infinity'`,
    );

    await q.query(`alter table claims add column credibility_reason text`);
    await q.query(
      `comment on column claims.credibility_reason is 'Why a person judged the claim so; with credibility 1 it is what makes a record CONFIRMED.'`,
    );
    await q.query(`create index claims_by_root on claims using gin (roots)`);

    await q.query(`
      create table capture_contents (
        sha256 text primary key,
        bytes bytea not null,
        constraint capture_content_has_its_sha256 check (sha256 = encode(sha256(bytes), 'hex'))
      )`);
    await q.query(`alter table capture_contents alter column bytes set storage external`);
    await q.query(
      `comment on constraint capture_content_has_its_sha256 on capture_contents is 'The bytes do not have the SHA-256 under which they are to be kept.'`,
    );
    await q.query(
      `comment on table capture_contents is 'The bytes of captures, each once, under their SHA-256; never changed, never deleted.'`,
    );
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`drop table capture_contents`);
    await q.query(`drop index claims_by_root`);
    await q.query(`alter table claims drop column credibility_reason`);
    await q.query(`drop table house.lineage cascade`);
  }
}
