// What happened: cases that group records, events with their participants, proceedings with a charge per person, links.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { edtf } from './edtf-columns.js';

export class CasesAndEvents0005 implements MigrationInterface {
  name = 'CasesAndEvents1700000000005';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table cases (
        id uuid primary key default gen_random_uuid(),
        reference bigint generated always as identity,
        title text not null,
        status case_status not null default 'OPEN',
        summary text,
        constraint case_reference_is_unique unique (reference)
      )`);
    await q.query(`select house.adopt('cases')`);
    await q.query(`
      create table case_members (
        id uuid primary key default gen_random_uuid(),
        case_id uuid not null references cases (id),
        record_id uuid not null references records (id),
        role text
      )`);
    await q.query(`select house.adopt('case_members', owner => 'case_id')`);
    await q.query(
      `create unique index a_case_holds_a_record_once on case_members (case_id, record_id, sensitivity, team_id)`,
    );
    await q.query(`comment on index a_case_holds_a_record_once is 'The case already holds this record.'`);
    await q.query(`create index case_members_by_record on case_members (record_id, case_id)`);

    await q.query(`
      create table events (
        id uuid primary key default gen_random_uuid(),
        kind event_kind not null,
        state_act state_act,
        context event_context not null default 'ACTUAL',
        extent extent not null default 'MOMENT',
        title text,
        ${edtf('starts')},
        ${edtf('ends')},
        place_id uuid references places (id),
        description text,
        constraint event_ends_after_it_starts check (ends_latest >= starts_earliest),
        constraint event_of_a_moment_has_no_end check (extent = 'SPAN' or ends is null)
      )`);
    await q.query(
      `comment on constraint event_ends_after_it_starts on events is 'An event cannot end before it starts.'`,
    );
    await q.query(
      `comment on constraint event_of_a_moment_has_no_end on events is 'An event of one moment has no end of its own; choose the extent SPAN for what lasted.'`,
    );
    await q.query(
      `comment on column events.extent is 'MOMENT: took place within the day that starts tells. SPAN: lasted; a null end is then an unknown end.'`,
    );
    await q.query(
      `select house.adopt('events', claimed => '{title,starts,ends,place_id,description}', happens => 'starts')`,
    );
    await q.query(`create index events_by_day on events (starts_earliest, id)`);
    await q.query(`create index events_by_kind on events (kind, starts_earliest, id)`);
    await q.query(`create index events_by_place on events (place_id, starts_earliest, id)`);

    await q.query(`
      create table event_participants (
        id uuid primary key default gen_random_uuid(),
        event_id uuid not null references events (id),
        person_id uuid references persons (id),
        organization_id uuid references organizations (id),
        role participant_role not null,
        involvement involvement,
        ${edtf('starts')},
        ${edtf('ends')},
        note text,
        constraint participant_is_one_person_or_organization check (num_nonnulls(person_id, organization_id) = 1),
        constraint participation_ends_after_it_starts check (ends_latest >= starts_earliest)
      )`);
    await q.query(
      `comment on constraint participant_is_one_person_or_organization on event_participants is 'A participant is one person or one organization.'`,
    );
    await q.query(
      `comment on constraint participation_ends_after_it_starts on event_participants is 'Taking part cannot end before it starts.'`,
    );
    await q.query(
      `select house.adopt('event_participants', claimed => '{involvement,starts,ends}', owner => 'event_id')`,
    );
    await q.query(`create index event_participants_by_event on event_participants (event_id, id)`);
    await q.query(`create index event_participants_by_person on event_participants (person_id, event_id)`);
    await q.query(`create index event_participants_by_organization on event_participants (organization_id, event_id)`);

    await q.query(`
      create table legal_cases (
        id uuid primary key default gen_random_uuid(),
        title text not null,
        court_id uuid references organizations (id),
        court_kind court_kind,
        number text,
        country country_code,
        stage legal_stage,
        ${edtf('opened')},
        ${edtf('closed')},
        constraint legal_case_closes_after_it_opens check (closed_latest >= opened_earliest)
      )`);
    await q.query(
      `comment on constraint legal_case_closes_after_it_opens on legal_cases is 'Proceedings cannot close before they open.'`,
    );
    await q.query(
      `select house.adopt('legal_cases', claimed => '{court_id,number,stage,opened,closed}', happens => 'opened')`,
    );
    await q.query(`create index legal_cases_by_court on legal_cases (court_id)`);
    await q.query(`
      create table charges (
        id uuid primary key default gen_random_uuid(),
        legal_case_id uuid not null references legal_cases (id),
        person_id uuid not null references persons (id),
        seq smallint not null default 1,
        offence text,
        law text,
        ${edtf('filed')},
        status charge_status,
        ${edtf('decided')},
        sentence text,
        sentence_length text,
        constraint charge_is_decided_after_it_is_filed check (decided_latest >= filed_earliest)
      )`);
    await q.query(
      `comment on constraint charge_is_decided_after_it_is_filed on charges is 'A charge cannot be decided before it is filed.'`,
    );
    await q.query(`comment on column charges.sentence_length is 'ISO 8601 duration.'`);
    await q.query(
      `select house.adopt('charges', claimed => '{offence,law,filed,status,decided,sentence,sentence_length}', happens => 'decided', owner => 'legal_case_id')`,
    );
    await q.query(
      `create unique index a_charge_has_its_own_place_in_order on charges (legal_case_id, person_id, seq, sensitivity, team_id)`,
    );
    await q.query(
      `comment on index a_charge_has_its_own_place_in_order is 'Another charge of this person in these proceedings has the same place in the order.'`,
    );
    await q.query(`create index charges_by_person on charges (person_id, decided_earliest, seq, id)`);

    await q.query(`
      create table event_links (
        id uuid primary key default gen_random_uuid(),
        from_id uuid not null references records (id),
        to_id uuid not null references records (id),
        kind link_kind not null,
        assessment assessment not null default 'ALLEGED',
        assessment_reason text,
        constraint link_joins_two_records check (from_id <> to_id)
      )`);
    await q.query(
      `comment on constraint link_joins_two_records on event_links is 'A link joins two different records.'`,
    );
    await q.query(`select house.adopt('event_links')`);
    await q.query(
      `create unique index two_records_have_one_link_of_a_kind on event_links (from_id, to_id, kind, sensitivity, team_id)`,
    );
    await q.query(
      `comment on index two_records_have_one_link_of_a_kind is 'These two records already have a link of that kind.'`,
    );
    await q.query(`create index event_links_by_to on event_links (to_id, id)`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const table of [
      'event_links',
      'charges',
      'legal_cases',
      'event_participants',
      'events',
      'case_members',
      'cases',
    ])
      await q.query(`drop table ${table}`);
  }
}
