// Lists in nothing but the order of recording walk along an index: without it each page of persons reads and sorts the whole
// table.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const NOUNS = ['persons', 'cases', 'event_links'];

export class PlainLists0022 implements MigrationInterface {
  name = 'PlainLists1700000000022';

  async up(q: QueryRunner): Promise<void> {
    for (const noun of NOUNS) await q.query(`create index ${noun}_as_recorded on ${noun} (sequence, id)`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const noun of NOUNS) await q.query(`drop index if exists ${noun}_as_recorded`);
  }
}
