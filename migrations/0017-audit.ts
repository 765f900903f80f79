// The sealed audit: one entry per changed row, sensitive read, export or change of an account; the order in which entries
// were sealed; and the signed checkpoints. Triggers and functions are repeatable/75-audit.sql, the sealer is src/audit/.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Audit0017 implements MigrationInterface {
  name = 'Audit1700000000017';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create schema audit`);
    await q.query(`create sequence audit.numbers`);
    await q.query(`
      create table audit.entries (
        seq bigint primary key,
        transaction_id bigint not null,
        at timestamptz not null,
        kind text not null constraint entries_are_of_a_known_kind
          check (kind in ('change', 'read', 'export', 'account', 'erasure', 'loss')),
        operation text not null,
        actor text not null,
        request text,
        noun text,
        record_id text,
        version integer,
        level smallint,
        team_id integer,
        salt bytea,
        payload text,
        content bytea,
        leaf bytea not null,
        constraint an_entry_has_its_content_or_the_hash_of_what_was_erased check (
          case when payload is null then salt is null and length(content) = 32 else length(salt) = 16 and content is null end),
        constraint a_leaf_is_a_sha_256 check (length(leaf) = 32)
      )`);
    await q.query(`create index entries_by_record on audit.entries (record_id, seq)`);
    await q.query(
      `comment on table audit.entries is 'What happened: written in the transaction in which it happened, never changed but by erasure.'`,
    );
    await q.query(
      `comment on column audit.entries.leaf is 'SHA-256 of 0x00, then SHA-256 of salt and payload, then the header (docs/decisions/0018-sealed-audit.md).'`,
    );
    await q.query(
      `comment on column audit.entries.content is 'Of an erased entry alone: SHA-256 of the salt and payload that are gone.'`,
    );
    // Numbers follow the transactions that took them, not those that ended first: the order of sealing is another one.
    await q.query(`
      create table audit.positions (
        position bigint primary key,
        seq bigint not null constraint entries_are_sealed_once unique
      )`);
    await q.query(
      `comment on table audit.positions is 'Which leaf of the Merkle tree an entry is; written once, by the sealer.'`,
    );
    await q.query(`
      create table audit.checkpoints (
        size bigint primary key,
        note text not null,
        made_at timestamptz not null default now()
      )`);
    await q.query(
      `comment on table audit.checkpoints is 'Signed notes (C2SP tlog-checkpoint): how many entries there were, and the root of their tree.'`,
    );
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`drop schema audit cascade`);
    // The triggers stand on tables of other schemas and went with their functions.
  }
}
