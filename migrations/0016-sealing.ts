// Sealed values: what is kept as ciphertext only, and the keys that open it, themselves under a key that is never in the database.
// The rules on them, the grants and erasure are repeatable/70-sealing.sql; the reasons are in docs/decisions/0017-sealed-values.md.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const KINDS = ['DOCUMENT_NUMBER', 'CONTACT', 'SOURCE_IDENTITY', 'WHEREABOUTS', 'OTHER'];
const ENVELOPE = '^k1[.][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.][A-Za-z0-9_-]{16}[.][A-Za-z0-9_-]{107,}$';

const SENTENCES: Record<string, string> = {
  sealed_value_is_an_envelope: 'Only a sealed envelope is kept here, never a clear text.',
  sealed_value_is_restricted_at_least: 'A sealed value is RESTRICTED or SEALED.',
  sealed_value_has_a_short_label: 'A label is a few words, at most 200 characters, and is not secret itself.',
};

export class Sealing0016 implements MigrationInterface {
  name = 'Sealing1700000000016';

  async up(q: QueryRunner): Promise<void> {
    await q.query(
      `create domain sealed_value_kind as text
         constraint sealed_value_kind_is_known check (value in (${KINDS.map((word) => `'${word}'`).join(', ')}))`,
    );
    await q.query(`
      create table sealed_values (
        id uuid primary key default gen_random_uuid(),
        record_id uuid not null references records (id),
        kind sealed_value_kind not null,
        label text,
        envelope text not null,
        constraint sealed_value_is_an_envelope check (envelope ~ '${ENVELOPE}'),
        constraint sealed_value_has_a_short_label check (length(label) <= 200)
      )`);
    await q.query(`select house.adopt('sealed_values', owner => 'record_id')`);
    await q.query(`
      alter table sealed_values alter column sensitivity set default 3,
        add constraint sealed_value_is_restricted_at_least check (sensitivity >= 2)`);
    for (const [name, sentence] of Object.entries(SENTENCES))
      await q.query(`comment on constraint ${name} on sealed_values is '${sentence}'`);
    await q.query(`create index sealed_values_by_record on sealed_values (record_id, kind, id)`);

    await q.query(`create schema seal`);
    await q.query(`
      create table seal.keks (
        id text primary key,
        created_at timestamptz not null default now(),
        retired_at timestamptz,
        constraint kek_id_is_16_digits check (id ~ '^[0-9a-f]{16}$')
      )`);
    await q.query(
      `comment on table seal.keks is 'Which key-encryption keys were ever in use, by their ids; the keys themselves are in files. New data keys are put under the one that is not retired.'`,
    );
    await q.query(`create unique index keks_in_use on seal.keks ((true)) where retired_at is null`);
    await q.query(`
      create table seal.keys (
        id uuid primary key,
        compartment uuid not null,
        wrapped text,
        kek_id text not null references seal.keks (id),
        created_at timestamptz not null default now(),
        destroyed_at timestamptz,
        destroyed_why text,
        constraint key_is_wrapped check (wrapped ~ '^[A-Za-z0-9_-]{80}$'),
        constraint key_is_whole_or_destroyed check ((wrapped is null) = (destroyed_at is not null))
      )`);
    await q.query(
      `comment on table seal.keys is 'Data keys, each under a key-encryption key. compartment: the record whose sealed values it seals. A destroyed one leaves its row, so that what it sealed is known to be erased.'`,
    );
    await q.query(`create index keys_by_compartment on seal.keys (compartment, created_at, id)`);
    await q.query(`create index keys_by_kek on seal.keys (kek_id, id) where wrapped is not null`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`drop schema seal cascade`);
    await q.query(`drop table sealed_values cascade`);
    await q.query(`drop table if exists history.sealed_values cascade`);
    await q.query(`delete from house.adopted where noun = 'sealed_values'`);
    await q.query(`drop domain sealed_value_kind`);
  }
}
