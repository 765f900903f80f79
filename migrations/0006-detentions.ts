// Deprivation of liberty: one row per place; a transfer ends one detention and starts another.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { edtf } from './edtf-columns.js';

export class Detentions0006 implements MigrationInterface {
  name = 'Detentions1700000000006';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table detentions (
        id uuid primary key default gen_random_uuid(),
        person_id uuid not null references persons (id),
        kind detention_kind not null default 'UNKNOWN',
        facility_kind detention_facility not null default 'UNKNOWN',
        facility text,
        place_id uuid references places (id),
        authority_id uuid references organizations (id),
        legal_basis text,
        stated_reason text,
        suspected_reason text,
        stage detention_stage,
        outcome detention_outcome,
        arbitrariness text[],
        whereabouts whereabouts,
        ${edtf('starts')},
        ${edtf('ends')},
        lasted text,
        transferred_from_id uuid references detentions (id),
        constraint detention_ends_after_it_starts check (ends_latest >= starts_earliest),
        constraint detention_is_not_its_own_transfer check (transferred_from_id <> id),
        constraint detention_arbitrariness_is_a_wgad_category check (arbitrariness <@ '{I,II,III,IV,V}'::text[])
      )`);
    await q.query(
      `comment on constraint detention_ends_after_it_starts on detentions is 'A detention cannot end before it starts.'`,
    );
    await q.query(
      `comment on constraint detention_is_not_its_own_transfer on detentions is 'A detention cannot be a transfer from itself.'`,
    );
    await q.query(
      `comment on constraint detention_arbitrariness_is_a_wgad_category on detentions is 'Arbitrariness is told by the categories I to V of the Working Group on Arbitrary Detention.'`,
    );
    await q.query(
      `comment on column detentions.lasted is 'ISO 8601 duration, where a source tells how long rather than until when.'`,
    );
    await q.query(`
      select house.adopt('detentions', happens => 'starts', owner => 'person_id', claimed => '{facility,place_id,authority_id,legal_basis,stated_reason,suspected_reason,stage,outcome,arbitrariness,whereabouts,starts,ends,lasted}')`);
    await q.query(`create index detentions_by_person on detentions (person_id, starts_earliest, id)`);
    await q.query(`create index detentions_by_day on detentions (starts_earliest, id)`);
    await q.query(`create index detentions_by_place on detentions (place_id)`);
    await q.query(
      `create unique index a_detention_is_continued_by_one_transfer on detentions (transferred_from_id, sensitivity, team_id)`,
    );
    await q.query(
      `comment on index a_detention_is_continued_by_one_transfer is 'This detention was already continued by another transfer.'`,
    );
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`drop table detentions`);
  }
}
