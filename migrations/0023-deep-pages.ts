// Every list ends its order with the order of recording, so the indexes that lists and timelines walk along do as well: without
// it a page had to sort all that share its day, which are many where dates are known to the year.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table, column and rest of the definition of those that end with the id alone. */
const ORDERS: Record<string, [table: string, column: string, where?: string]> = {
  organizations_by_name: ['organizations', 'name_key'],
  places_by_name: ['places', 'name_key'],
  sources_by_publication: ['sources', 'published_earliest'],
  events_by_day: ['events', 'starts_earliest'],
  events_by_end: ['events', 'ends_earliest', 'where ends is not null'],
  detentions_by_day: ['detentions', 'starts_earliest'],
  detentions_by_end: ['detentions', 'ends_earliest'],
  charges_by_filing: ['charges', 'filed_earliest'],
  charges_by_decision: ['charges', 'decided_earliest'],
  refugee_statuses_by_start: ['refugee_statuses', 'starts_earliest'],
  refugee_statuses_by_end: ['refugee_statuses', 'ends_earliest'],
  status_documents_by_issue: ['status_documents', 'issued_earliest'],
  status_documents_by_start: ['status_documents', 'valid_from_earliest'],
  status_documents_by_certain_expiry: ['status_documents', 'valid_until_earliest'],
  status_decisions_by_day: ['status_decisions', 'decided_earliest'],
};

const LISTS: Record<string, string> = {
  relations_by_start: 'relations (starts_earliest, sequence, id)',
  legal_cases_by_opening: 'legal_cases (opened_earliest, sequence, id)',
  // Those whose last day is known less well than to the month, and than to the year: src/certificates/expiring.ts.
  status_documents_by_vague_expiry:
    'status_documents (valid_until_earliest, sequence, id) where valid_until_latest >= valid_until_earliest + 31',
  status_documents_by_very_vague_expiry:
    'status_documents (valid_until_latest, id) where valid_until_latest >= valid_until_earliest + 366',
};

export class DeepPages0023 implements MigrationInterface {
  name = 'DeepPages1700000000023';

  async up(q: QueryRunner): Promise<void> {
    for (const [name, [table, column, where = '']] of Object.entries(ORDERS)) {
      await q.query(`drop index ${name}`);
      await q.query(`create index ${name} on ${table} (${column}, sequence, id) ${where}`);
    }
    for (const [name, definition] of Object.entries(LISTS)) await q.query(`create index ${name} on ${definition}`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const name of Object.keys(LISTS)) await q.query(`drop index if exists ${name}`);
    for (const [name, [table, column, where = '']] of Object.entries(ORDERS)) {
      await q.query(`drop index if exists ${name}`);
      await q.query(`create index ${name} on ${table} (${column}, id) ${where}`);
    }
  }
}
