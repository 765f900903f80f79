// Lists that had no index in their order: a page of them read and sorted the whole table. And documents whose last day is vague,
// which are looked for apart from the others (src/certificates/expiring.ts).
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEXES: Record<string, string> = {
  relations_by_start: 'relations (starts_earliest, sequence)',
  legal_cases_by_opening: 'legal_cases (opened_earliest, sequence)',
  // Known less well than to the month, and than to the year.
  status_documents_by_vague_expiry:
    'status_documents (valid_until_earliest, sequence, id) where valid_until_latest >= valid_until_earliest + 31',
  status_documents_by_very_vague_expiry:
    'status_documents (valid_until_earliest, sequence, id) where valid_until_latest >= valid_until_earliest + 366',
};

export class DeepPages0023 implements MigrationInterface {
  name = 'DeepPages1700000000023';

  async up(q: QueryRunner): Promise<void> {
    for (const [name, definition] of Object.entries(INDEXES)) await q.query(`create index ${name} on ${definition}`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const name of Object.keys(INDEXES))
      for (const schema of ['public', 'history']) await q.query(`drop index if exists ${schema}.${name}`);
  }
}
