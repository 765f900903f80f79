// Reference numbers are drawn by a trigger of the house (repeatable/10-records.sql), no longer by a default of the column: the
// default ran as whoever wrote, so an editor had to be able to call the function, and could count what is hidden with it.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const NOUNS = ['persons', 'cases'];

export class ReferencesDrawnInside0021 implements MigrationInterface {
  name = 'ReferencesDrawnInside1700000000021';

  async up(q: QueryRunner): Promise<void> {
    for (const noun of NOUNS) await q.query(`alter table ${noun} alter column reference drop default`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const noun of NOUNS) {
      await q.query(`drop trigger if exists a_give_reference on ${noun}`);
      await q.query(`alter table ${noun} alter column reference set default house.draw_reference('${noun}')`);
    }
  }
}
