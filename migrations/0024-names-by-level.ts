// The names of people are found through one index for each level in place of one for all: what is hidden is not read, so it
// takes no time either. Who asks goes through persons_named() in repeatable/66-name-search.sql.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const LEVELS = [0, 1, 2, 3];

export class NamesByLevel0024 implements MigrationInterface {
  name = 'NamesByLevel1700000000024';

  async up(q: QueryRunner): Promise<void> {
    await q.query('drop index person_names_by_key');
    await q.query('drop index if exists history.person_names_by_key');
    for (const level of LEVELS)
      await q.query(
        `create index person_names_by_key_${level} on person_names using gin (name_key gin_trgm_ops)
         where sensitivity = ${level} and retracted_at is null`,
      );
  }

  async down(q: QueryRunner): Promise<void> {
    for (const level of LEVELS)
      for (const schema of ['public', 'history'])
        await q.query(`drop index if exists ${schema}.person_names_by_key_${level}`);
    await q.query('create index person_names_by_key on person_names using gin (name_key gin_trgm_ops)');
  }
}
