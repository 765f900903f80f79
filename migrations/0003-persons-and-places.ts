// Who and where: persons without names, the names beside them, organizations, places, relations, identifiers.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { edtf } from './edtf-columns.js';

export class PersonsAndPlaces0003 implements MigrationInterface {
  name = 'PersonsAndPlaces1700000000003';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table places (
        id uuid primary key default gen_random_uuid(),
        kind place_kind not null,
        name text,
        name_key text,
        native_name text,
        parent_id uuid references places (id),
        country country_code,
        latitude numeric(8, 6),
        longitude numeric(9, 6),
        precision place_precision,
        geonames_id bigint,
        constraint place_is_not_inside_itself check (parent_id <> id),
        constraint place_coordinates_come_in_pairs check ((latitude is null) = (longitude is null)),
        constraint place_latitude_is_on_earth check (latitude between -90 and 90),
        constraint place_longitude_is_on_earth check (longitude between -180 and 180)
      )`);
    await q.query(`comment on constraint place_is_not_inside_itself on places is 'A place cannot be inside itself.'`);
    await q.query(
      `comment on constraint place_coordinates_come_in_pairs on places is 'Give both latitude and longitude, or neither.'`,
    );
    await q.query(
      `comment on constraint place_latitude_is_on_earth on places is 'A latitude is between -90 and 90 degrees.'`,
    );
    await q.query(
      `comment on constraint place_longitude_is_on_earth on places is 'A longitude is between -180 and 180 degrees.'`,
    );
    await q.query(`select house.adopt('places', claimed => '{name,native_name,latitude,longitude,precision}')`);
    await q.query(`create index places_by_parent on places (parent_id)`);
    await q.query(`create index places_by_country on places (country)`);
    await q.query(`create index places_by_name on places (name_key, id)`);

    await q.query(`
      create table organizations (
        id uuid primary key default gen_random_uuid(),
        kind organization_kind not null,
        name text,
        name_key text,
        native_name text,
        acronym text,
        aliases text[] not null default '{}',
        jurisdiction country_code,
        parent_id uuid references organizations (id),
        place_id uuid references places (id),
        website text,
        constraint organization_is_not_its_own_parent check (parent_id <> id)
      )`);
    await q.query(
      `comment on constraint organization_is_not_its_own_parent on organizations is 'An organization cannot be its own parent.'`,
    );
    await q.query(
      `select house.adopt('organizations', claimed => '{name,native_name,acronym,jurisdiction,place_id,website}')`,
    );
    await q.query(`create index organizations_by_name on organizations (name_key, id)`);
    await q.query(`create index organizations_by_parent on organizations (parent_id)`);

    await q.query(`
      create table persons (
        id uuid primary key default gen_random_uuid(),
        reference bigint generated always as identity,
        kind person_kind not null default 'INDIVIDUAL',
        sex sex,
        ${edtf('born')},
        ${edtf('died')},
        ethnicity text,
        nationalities text[],
        residence_id uuid references places (id),
        summary text,
        constraint person_reference_is_unique unique (reference),
        constraint person_dies_after_birth check (died_latest >= born_earliest)
      )`);
    await q.query(
      `comment on constraint person_dies_after_birth on persons is 'A person cannot die before being born.'`,
    );
    await q.query(`comment on column persons.reference is 'The public reference number; never reused.'`);
    await q.query(
      `select house.adopt('persons', claimed => '{sex,born,died,ethnicity,nationalities,residence_id,summary}')`,
    );

    await q.query(`
      create table person_names (
        id uuid primary key default gen_random_uuid(),
        person_id uuid not null references persons (id),
        kind name_kind not null,
        value text not null,
        name_key text not null,
        script text,
        language text,
        display_order smallint not null default 100,
        constraint person_name_is_not_blank check (value ~ '[^[:space:]]'),
        constraint person_name_script_is_iso_15924 check (script ~ '^[A-Z][a-z]{3}$')
      )`);
    await q.query(
      `comment on constraint person_name_is_not_blank on person_names is 'A name needs at least one letter.'`,
    );
    await q.query(
      `comment on constraint person_name_script_is_iso_15924 on person_names is 'A script is an ISO 15924 code such as Latn, Cyrl or Arab.'`,
    );
    await q.query(`select house.adopt('person_names', owner => 'person_id')`);
    await q.query(
      `create unique index a_person_has_each_spelling_once on person_names (person_id, value, kind, sensitivity, team_id)`,
    );
    await q.query(
      `comment on index a_person_has_each_spelling_once is 'This spelling of the name is already recorded for the person.'`,
    );
    await q.query(`create index person_names_by_person on person_names (person_id, display_order, id)`);
    await q.query(`create index person_names_by_key on person_names using gin (name_key gin_trgm_ops)`);

    await q.query(`
      create table identifiers (
        id uuid primary key default gen_random_uuid(),
        record_id uuid not null references records (id),
        scheme text not null,
        value text not null,
        constraint identifier_is_not_blank check (value <> '' and scheme <> '')
      )`);
    await q.query(
      `comment on constraint identifier_is_not_blank on identifiers is 'An identifier needs a scheme and a value.'`,
    );
    await q.query(`select house.adopt('identifiers', owner => 'record_id')`);
    await q.query(
      `create unique index a_record_has_one_identifier_per_scheme on identifiers (record_id, scheme, sensitivity, team_id)`,
    );
    await q.query(
      `comment on index a_record_has_one_identifier_per_scheme is 'This record already has an identifier in that scheme.'`,
    );
    await q.query(`create index identifiers_by_value on identifiers (scheme, value)`);

    await q.query(`
      create table relations (
        id uuid primary key default gen_random_uuid(),
        person_id uuid not null references persons (id),
        other_person_id uuid references persons (id),
        organization_id uuid references organizations (id),
        kind relation_kind not null,
        role text,
        ${edtf('starts')},
        ${edtf('ends')},
        constraint relation_has_one_other_side check (num_nonnulls(other_person_id, organization_id) = 1),
        constraint relation_is_not_with_oneself check (person_id <> other_person_id),
        constraint relation_ends_after_it_starts check (ends_latest >= starts_earliest)
      )`);
    await q.query(
      `comment on constraint relation_has_one_other_side on relations is 'A relation joins a person to one person or to one organization.'`,
    );
    await q.query(
      `comment on constraint relation_is_not_with_oneself on relations is 'A person cannot be related to themselves.'`,
    );
    await q.query(
      `comment on constraint relation_ends_after_it_starts on relations is 'A relation cannot end before it starts.'`,
    );
    await q.query(
      `select house.adopt('relations', claimed => '{role,starts,ends}', happens => 'starts', owner => 'person_id')`,
    );
    await q.query(`create index relations_by_person on relations (person_id, id)`);
    await q.query(`create index relations_by_other_person on relations (other_person_id, id)`);
    await q.query(`create index relations_by_organization on relations (organization_id, id)`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const table of ['relations', 'identifiers', 'person_names', 'persons', 'organizations', 'places'])
      await q.query(`drop table ${table}`);
  }
}
