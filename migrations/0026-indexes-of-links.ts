// Every column that points at a record has an index that begins with it: for lists that belong to the record, and for the keys
// themselves, which PostgreSQL checks by walking over the table when the record is erased. Mostly unknown,
// so only what is told. And detentions of a place have one in the order of their days.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const SPARSE: Record<string, [table: string, column: string]> = {
  detentions_by_authority: ['detentions', 'authority_id'],
  imports_by_record: ['imports', 'record_id'],
  organizations_by_place: ['organizations', 'place_id'],
  persons_by_residence: ['persons', 'residence_id'],
  source_interests_by_party: ['source_interests', 'party_id'],
  status_decisions_by_appealed: ['status_decisions', 'appeal_of_id'],
  status_decisions_by_authority: ['status_decisions', 'authority_id'],
  status_decisions_by_place: ['status_decisions', 'place_id'],
  status_documents_by_issuer: ['status_documents', 'issuer_id'],
  trade_observations_by_place: ['trade_observations', 'place_id'],
};

export class IndexesOfLinks0026 implements MigrationInterface {
  name = 'IndexesOfLinks1700000000026';

  async up(q: QueryRunner): Promise<void> {
    for (const [name, [table, column]] of Object.entries(SPARSE))
      await q.query(`create index ${name} on ${table} (${column}) where ${column} is not null`);
    await replace(q, 'detentions_by_place', 'detentions (place_id, starts_earliest, sequence, id)');
  }

  async down(q: QueryRunner): Promise<void> {
    for (const name of Object.keys(SPARSE)) {
      await q.query(`drop index if exists ${name}`);
      await q.query(`drop index if exists history.${name}`);
    }
    await replace(q, 'detentions_by_place', 'detentions (place_id)');
  }
}

async function replace(q: QueryRunner, name: string, definition: string): Promise<void> {
  await q.query(`drop index ${name}`);
  await q.query(`drop index if exists history.${name}`);
  await q.query(`create index ${name} on ${definition}`);
}
