// What the views across nouns walk along: ends and second dates, each in the order of the timeline.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEXES: Record<string, string> = {
  events_by_end: 'events (ends_earliest, id) where ends is not null',
  detentions_by_end: 'detentions (ends_earliest, id)',
  charges_by_filing: 'charges (filed_earliest, id)',
  charges_by_decision: 'charges (decided_earliest, id)',
  refugee_statuses_by_start: 'refugee_statuses (starts_earliest, id)',
  refugee_statuses_by_end: 'refugee_statuses (ends_earliest, id)',
  status_documents_by_issue: 'status_documents (issued_earliest, id)',
  status_documents_by_start: 'status_documents (valid_from_earliest, id)',
};

export class ViewIndexes0009 implements MigrationInterface {
  name = 'ViewIndexes1700000000009';

  async up(q: QueryRunner): Promise<void> {
    for (const [name, definition] of Object.entries(INDEXES)) await q.query(`create index ${name} on ${definition}`);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const name of Object.keys(INDEXES)) await q.query(`drop index ${name}`);
  }
}
