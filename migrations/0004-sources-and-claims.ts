// Who said what: sources with their interests, captures of them, and claims.
// A claim carries what a lens needs (bounds, roots, publication bounds): reading never joins to sources or parses EDTF.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { edtf } from './edtf-columns.js';

export class SourcesAndClaims0004 implements MigrationInterface {
  name = 'SourcesAndClaims1700000000004';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table sources (
        id uuid primary key default gen_random_uuid(),
        kind source_kind not null,
        title text,
        title_note text,
        publisher text,
        publisher_id uuid references organizations (id),
        author text,
        author_id uuid references persons (id),
        ${edtf('published')},
        language text,
        url text,
        archive_url text,
        licence text,
        relation source_relation not null default 'UNKNOWN',
        reliability source_reliability not null default 'F',
        reliability_reason text,
        reliability_assessor text,
        read_extent read_extent,
        origin_id uuid references sources (id),
        note text,
        constraint source_is_not_its_own_origin check (origin_id <> id)
      )`);
    await q.query(
      `comment on constraint source_is_not_its_own_origin on sources is 'A source cannot be a copy of itself.'`,
    );
    await q.query(`select house.adopt('sources', happens => 'published')`);
    await q.query(`create index sources_by_publication on sources (published_earliest, id)`);
    await q.query(`create index sources_by_origin on sources (origin_id)`);
    await q.query(`create index sources_by_author on sources (author_id)`);
    await q.query(`create index sources_by_publisher on sources (publisher_id)`);

    await q.query(`
      create table source_interests (
        id uuid primary key default gen_random_uuid(),
        source_id uuid not null references sources (id),
        party_id uuid references records (id),
        statement text not null
      )`);
    await q.query(
      `comment on column source_interests.party_id is 'The person or organization whose words in this source are read with that interest in mind; null: the whole source.'`,
    );
    await q.query(`select house.adopt('source_interests', owner => 'source_id')`);
    await q.query(`create index source_interests_by_source on source_interests (source_id, id)`);

    await q.query(`
      create table captures (
        id uuid primary key default gen_random_uuid(),
        source_id uuid not null references sources (id),
        sha256 text not null,
        byte_size bigint not null,
        media_type text not null,
        captured_at timestamptz not null,
        url text,
        tool text not null,
        operator text not null,
        copy_kind copy_kind not null,
        constraint capture_has_a_sha256 check (sha256 ~ '^[0-9a-f]{64}$'),
        constraint capture_is_not_empty check (byte_size > 0)
      )`);
    await q.query(
      `comment on constraint capture_has_a_sha256 on captures is 'A capture needs the SHA-256 of its bytes, 64 hexadecimal digits.'`,
    );
    await q.query(`comment on constraint capture_is_not_empty on captures is 'A capture of no bytes proves nothing.'`);
    await q.query(`select house.adopt('captures', owner => 'source_id')`);
    await q.query(`create index captures_by_source on captures (source_id, captured_at, id)`);
    await q.query(`
      create table custody_steps (
        id uuid primary key default gen_random_uuid(),
        capture_id uuid not null references captures (id),
        happened_at timestamptz not null default now(),
        actor text not null,
        action text not null,
        reason text not null
      )`);
    await q.query(`select house.adopt('custody_steps', owner => 'capture_id')`);
    await q.query(`create index custody_steps_by_capture on custody_steps (capture_id, happened_at, id)`);

    await q.query(`
      create table claims (
        id uuid primary key default gen_random_uuid(),
        reference text,
        record_id uuid not null references records (id),
        field text not null,
        value jsonb,
        earliest date,
        latest date,
        wording text,
        wording_language text,
        source_id uuid references sources (id),
        locator text,
        informant text,
        informant_id uuid references records (id),
        stance stance not null,
        basis basis not null,
        derived_from uuid[] not null default '{}',
        credibility smallint not null default 6,
        rank claim_rank not null default 'NORMAL',
        rank_reason text,
        note text,
        ${edtf('published')},
        sequence bigint generated always as identity,
        roots uuid[] not null default '{}',
        bears boolean not null default false,
        preference bigint not null default 0,
        level smallint not null default 0,
        constraint claim_rests_on_a_source_or_on_claims check ((source_id is not null) <> (cardinality(derived_from) > 0)),
        constraint claim_derived_is_not_stated check ((basis = 'STATED') <= (cardinality(derived_from) = 0)),
        constraint claim_about_existence_has_no_value check (field <> '' or value is null),
        constraint claim_credibility_is_1_to_6 check (credibility between 1 and 6),
        constraint claim_preferred_needs_a_reason check (rank <> 'PREFERRED' or rank_reason is not null),
        constraint claim_bounds_are_in_order check (earliest <= latest)
      )`);
    await q.query(
      `comment on constraint claim_rests_on_a_source_or_on_claims on claims is 'A claim rests either on one source or on the claims it is derived from.'`,
    );
    await q.query(
      `comment on constraint claim_derived_is_not_stated on claims is 'A claim derived from other claims is INFERRED or COMPUTED, not STATED.'`,
    );
    await q.query(
      `comment on constraint claim_about_existence_has_no_value on claims is 'A claim without a field says that the record exists; it carries no value.'`,
    );
    await q.query(
      `comment on constraint claim_credibility_is_1_to_6 on claims is 'Credibility is 1 (confirmed by others) to 6 (cannot be judged), the Admiralty scale.'`,
    );
    await q.query(
      `comment on constraint claim_preferred_needs_a_reason on claims is 'Preferring a claim over others needs a reason.'`,
    );
    await q.query(
      `comment on constraint claim_bounds_are_in_order on claims is 'The earliest day of a claimed date is not after its latest day.'`,
    );
    await q.query(
      `comment on column claims.published is 'Only where the passage became public on another day than the source, for example on an updated page.'`,
    );
    await q.query(`select house.adopt('claims', owner => 'record_id')`);
    // A claim without a day of its own carries the bounds of its source, so the rule of adoption does not fit here.
    await q.query(`
      alter table claims drop constraint claims_published_has_its_bounds,
        add constraint claim_publication_has_its_bounds check (
          published_earliest is not null and published_latest is not null and published_earliest <= published_latest)`);
    await q.query(`create index claims_by_record on claims (record_id, field, preference)`);
    await q.query(`create index claims_by_earliest on claims (field, earliest, record_id)`);
    await q.query(`create index claims_by_latest on claims (field, latest, record_id)`);
    await q.query(`create index claims_by_source on claims (source_id, id)`);
    await q.query(`create index claims_by_base on claims using gin (derived_from)`);
    await q.query(`create index claims_by_informant on claims (informant_id)`);
    await q.query(`create index claims_by_reference on claims (reference)`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const table of ['claims', 'custody_steps', 'captures', 'source_interests', 'sources'])
      await q.query(`drop table ${table}`);
  }
}
