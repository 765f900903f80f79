// Indexes that mostly held nothing hold only what is told: an equality never finds an unknown value. And the spine is asked for a
// noun alone, never in the order of ids, so equal nouns share their entries. History makes the same anew at the end of a migrate.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Name, table, and columns of which the first is often unknown. */
const SPARSE: Record<string, [table: string, columns: string]> = {
  claims_by_informant: ['claims', 'informant_id'],
  claims_by_reference: ['claims', 'reference'],
  event_participants_by_organization: ['event_participants', 'organization_id, event_id'],
  relations_by_organization: ['relations', 'organization_id, sequence'],
  sources_by_origin: ['sources', 'origin_id'],
  sources_by_author: ['sources', 'author_id'],
  sources_by_publisher: ['sources', 'publisher_id'],
  status_decisions_by_document: ['status_decisions', 'document_id'],
  status_decisions_by_status: ['status_decisions', 'status_id'],
};

export class LeanIndexes0025 implements MigrationInterface {
  name = 'LeanIndexes1700000000025';

  async up(q: QueryRunner): Promise<void> {
    for (const [name, [table, columns]] of Object.entries(SPARSE)) {
      await q.query(`drop index ${name}`);
      await q.query(`drop index if exists history.${name}`);
      await q.query(`create index ${name} on ${table} (${columns}) where ${columns.split(',')[0]!} is not null`);
    }
    await q.query('drop index records_by_noun');
    await q.query('create index records_by_noun on records (noun)');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('drop index if exists records_by_noun');
    await q.query('create index records_by_noun on records (noun, id)');
    for (const [name, [table, columns]] of Object.entries(SPARSE)) {
      await q.query(`drop index if exists ${name}`);
      await q.query(`drop index if exists history.${name}`);
      await q.query(`create index ${name} on ${table} (${columns})`);
    }
  }
}
