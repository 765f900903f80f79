// Decisions, statuses and documents are three things: an act, a standing, a paper with a validity.
// Exclusion constraints speak of *certain* periods only: what may overlap is a finding, what must not is refused.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { edtf } from './edtf-columns.js';

export class Refugees0007 implements MigrationInterface {
  name = 'Refugees1700000000007';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table refugee_statuses (
        id uuid primary key default gen_random_uuid(),
        person_id uuid not null references persons (id),
        country country_code not null,
        kind refugee_status_kind not null,
        ${edtf('starts')},
        ${edtf('ends')},
        constraint status_ends_after_it_starts check (ends_latest >= starts_earliest)
      )`);
    await q.query(
      `comment on constraint status_ends_after_it_starts on refugee_statuses is 'A status cannot end before it starts.'`,
    );
    await q.query(
      `select house.adopt('refugee_statuses', claimed => '{starts,ends}', happens => 'starts', owner => 'person_id')`,
    );
    await q.query(`
      alter table refugee_statuses add constraint statuses_of_one_kind_do_not_overlap exclude using gist (
        person_id with =, country with =, kind with =, sensitivity with =, team_id with =,
        daterange(starts_latest, ends_earliest, '[]') with &&)
      where (starts_latest <= ends_earliest)`);
    await q.query(
      `comment on constraint statuses_of_one_kind_do_not_overlap on refugee_statuses is 'The person already has this status in this country during certain days of this period.'`,
    );
    await q.query(`create index refugee_statuses_by_person on refugee_statuses (person_id, starts_earliest, id)`);
    await q.query(`create index refugee_statuses_by_country on refugee_statuses (country, kind, starts_earliest, id)`);

    await q.query(`
      create table status_documents (
        id uuid primary key default gen_random_uuid(),
        person_id uuid not null references persons (id),
        country country_code not null,
        kind status_document_kind not null,
        status_id uuid references refugee_statuses (id),
        issuer_id uuid references organizations (id),
        ${edtf('issued')},
        ${edtf('valid_from')},
        ${edtf('valid_until')},
        predecessor_id uuid references status_documents (id),
        succession succession,
        dependants smallint,
        constraint certificate_ends_after_it_begins check (valid_until_latest >= valid_from_earliest),
        constraint certificate_does_not_succeed_itself check (predecessor_id <> id),
        constraint certificate_succession_needs_a_predecessor check (succession is null or predecessor_id is not null),
        constraint certificate_dependants_are_counted_from_zero check (dependants >= 0)
      )`);
    await q.query(
      `comment on constraint certificate_ends_after_it_begins on status_documents is 'A certificate cannot end before it begins.'`,
    );
    await q.query(
      `comment on constraint certificate_does_not_succeed_itself on status_documents is 'A certificate cannot succeed itself.'`,
    );
    await q.query(
      `comment on constraint certificate_succession_needs_a_predecessor on status_documents is 'Say which certificate is extended, replaced or reissued.'`,
    );
    await q.query(
      `comment on constraint certificate_dependants_are_counted_from_zero on status_documents is 'The number of dependants cannot be negative.'`,
    );
    await q.query(`
      select house.adopt('status_documents', happens => 'valid_from', owner => 'person_id', claimed => '{issuer_id,issued,valid_from,valid_until,predecessor_id,succession,dependants}')`);
    await q.query(`
      alter table status_documents add constraint certificate_periods_do_not_overlap exclude using gist (
        person_id with =, country with =, kind with =, sensitivity with =, team_id with =,
        daterange(valid_from_latest, valid_until_earliest, '[]') with &&)
      where (valid_from_latest <= valid_until_earliest)`);
    await q.query(
      `comment on constraint certificate_periods_do_not_overlap on status_documents is 'The holder already has a certificate of this kind from this country that is certainly valid on some of these days.'`,
    );
    await q.query(
      `create unique index a_certificate_has_one_successor on status_documents (predecessor_id, sensitivity, team_id)`,
    );
    await q.query(
      `comment on index a_certificate_has_one_successor is 'This certificate already has a successor; chains do not fork.'`,
    );
    await q.query(`create index status_documents_by_person on status_documents (person_id, valid_from_earliest, id)`);
    await q.query(`create index status_documents_by_expiry on status_documents (valid_until_latest, id)`);
    await q.query(`create index status_documents_by_certain_expiry on status_documents (valid_until_earliest, id)`);
    await q.query(`create index status_documents_by_status on status_documents (status_id)`);

    await q.query(`
      create table status_decisions (
        id uuid primary key default gen_random_uuid(),
        person_id uuid not null references persons (id),
        country country_code not null,
        action decision_action not null,
        concerns refugee_status_kind not null,
        status_id uuid references refugee_statuses (id),
        document_id uuid references status_documents (id),
        appeal_of_id uuid references status_decisions (id),
        ${edtf('decided')},
        authority_id uuid references organizations (id),
        place_id uuid references places (id),
        reason text,
        constraint decision_is_not_an_appeal_of_itself check (appeal_of_id <> id),
        constraint refusal_brings_no_document check (action not in ('REFUSE', 'REFUSE_EXTENSION') or document_id is null)
      )`);
    await q.query(
      `comment on constraint decision_is_not_an_appeal_of_itself on status_decisions is 'A decision cannot be an appeal against itself.'`,
    );
    await q.query(
      `comment on constraint refusal_brings_no_document on status_decisions is 'A refusal is a decision without a document.'`,
    );
    await q.query(`
      select house.adopt('status_decisions', happens => 'decided', owner => 'person_id', claimed => '{decided,authority_id,place_id,reason}')`);
    await q.query(`create index status_decisions_by_person on status_decisions (person_id, decided_earliest, id)`);
    await q.query(`create index status_decisions_by_action on status_decisions (action, decided_earliest, id)`);
    await q.query(`create index status_decisions_by_day on status_decisions (decided_earliest, id)`);
    await q.query(`create index status_decisions_by_document on status_decisions (document_id)`);
    await q.query(`create index status_decisions_by_status on status_decisions (status_id)`);

    await q.query(`
      create table refugee_figures (
        id uuid primary key default gen_random_uuid(),
        asylum country_code not null,
        origin country_code not null,
        year smallint not null,
        metric figure_metric not null,
        unit figure_unit not null,
        value integer not null,
        note text,
        constraint figure_is_not_negative check (value >= 0),
        constraint figure_year_has_four_digits check (year between 1900 and 2999)
      )`);
    await q.query(`comment on constraint figure_is_not_negative on refugee_figures is 'A count cannot be negative.'`);
    await q.query(
      `comment on constraint figure_year_has_four_digits on refugee_figures is 'A statistical year lies between 1900 and 2999.'`,
    );
    await q.query(`select house.adopt('refugee_figures')`);
    await q.query(`create index refugee_figures_by_country on refugee_figures (asylum, origin, year, id)`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const table of ['refugee_figures', 'status_decisions', 'status_documents', 'refugee_statuses'])
      await q.query(`drop table ${table}`);
  }
}
