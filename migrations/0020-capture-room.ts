// How many bytes of captures there are, and how many an account sent on a day: so that nobody fills the disk for all.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CaptureRoom0020 implements MigrationInterface {
  name = 'CaptureRoom1700000000020';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create table house.capture_total (bytes bigint not null)`);
    await q.query(
      `comment on table house.capture_total is 'Bytes of all captures, in its one row. Bytes that came twice count twice: else the count would tell that somebody had kept them.'`,
    );
    await q.query(`insert into house.capture_total select coalesce(sum(byte_size), 0) from captures`);
    await q.query(`
      create table house.capture_days (
        actor text not null,
        day date not null,
        bytes bigint not null,
        primary key (actor, day)
      )`);
    await q.query(
      `comment on table house.capture_days is 'Bytes of captures per account and day in UTC; kept for as long as the limit of a day needs them.'`,
    );
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`drop table house.capture_days`);
    await q.query(`drop table house.capture_total`);
  }
}
