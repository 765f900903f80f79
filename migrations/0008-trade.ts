// A trade incident is an event with a measure. Quantities keep their unit: wagons, trucks and trains never meet in one number.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { edtf } from './edtf-columns.js';

export class Trade0008 implements MigrationInterface {
  name = 'Trade1700000000008';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table trade_measures (
        id uuid primary key default gen_random_uuid(),
        event_id uuid not null references events (id),
        implementing_country country_code not null,
        affected_country country_code not null,
        flow trade_flow not null,
        transport transport,
        mast_chapter mast_chapter,
        ${edtf('announced')},
        formality formality,
        acknowledged tri_state,
        stated_motive text,
        alleged_motive text
      )`);
    await q.query(
      `select house.adopt('trade_measures', owner => 'event_id', claimed => '{transport,mast_chapter,announced,formality,acknowledged,stated_motive,alleged_motive}')`,
    );
    await q.query(
      `create unique index an_event_has_one_trade_measure on trade_measures (event_id, sensitivity, team_id)`,
    );
    await q.query(`comment on index an_event_has_one_trade_measure is 'This event already has its trade measure.'`);
    await q.query(
      `create index trade_measures_by_countries on trade_measures (implementing_country, affected_country)`,
    );

    await q.query(`
      create table trade_goods (
        id uuid primary key default gen_random_uuid(),
        measure_id uuid not null references trade_measures (id),
        label text not null,
        hs_code text,
        carried_in text,
        constraint goods_code_is_hs check (hs_code ~ '^[0-9]{2}([0-9]{2}([0-9]{2})?)?$')
      )`);
    await q.query(
      `comment on constraint goods_code_is_hs on trade_goods is 'A Harmonized System code has 2, 4 or 6 digits.'`,
    );
    await q.query(`select house.adopt('trade_goods', owner => 'measure_id')`);
    await q.query(`create index trade_goods_by_measure on trade_goods (measure_id, id)`);

    await q.query(`
      create table trade_observations (
        id uuid primary key default gen_random_uuid(),
        measure_id uuid not null references trade_measures (id),
        metric trade_metric not null,
        unit trade_unit not null,
        qualifier quantity_qualifier not null,
        value numeric,
        value_until numeric,
        subject text,
        place_id uuid references places (id),
        ${edtf('observed')},
        constraint observation_needs_a_value_unless_unstated check ((qualifier = 'UNSTATED') = (value is null)),
        constraint observation_between_has_two_values check ((qualifier = 'BETWEEN') = (value_until is not null)),
        constraint observation_values_are_in_order check (value <= value_until)
      )`);
    await q.query(
      `comment on constraint observation_needs_a_value_unless_unstated on trade_observations is 'Give the number that was observed, or say that it is unstated.'`,
    );
    await q.query(
      `comment on constraint observation_between_has_two_values on trade_observations is 'An observation between two numbers needs both, any other needs one.'`,
    );
    await q.query(
      `comment on constraint observation_values_are_in_order on trade_observations is 'The first number of a range is not larger than the second.'`,
    );
    await q.query(
      `comment on column trade_observations.subject is 'What was counted, where it is less than all that the measure touched: one exporter, one crossing, one kind of wagon.'`,
    );
    await q.query(
      `select house.adopt('trade_observations', owner => 'measure_id', happens => 'observed', claimed => '{observed}')`,
    );
    await q.query(
      `create index trade_observations_by_measure on trade_observations (measure_id, observed_earliest, id)`,
    );
  }

  async down(q: QueryRunner): Promise<void> {
    for (const table of ['trade_observations', 'trade_goods', 'trade_measures']) await q.query(`drop table ${table}`);
  }
}
