// Conditions that the lists of this view share.
import { join, raw, sql, type Sql } from '../db/sql.js';
import { column, membersOf } from '../records/filters.js';
import { statusDocuments } from '../refugees/model.js';

/** Records that say something of a person's protection. */
const REFUGEE_TABLES = ['refugee_statuses', 'status_documents', 'status_decisions'];

/** Documents that the file holds, or whose holder it holds. */
export const documentsInFile = (file: string): Sql =>
  sql`${column(statusDocuments, 'id')} in (${membersOf(file)} union select held.id from status_documents held where held.person_id in ${membersOf(file)})`;

/** People that the file holds, or of whom it holds a record of protection. */
export const personsInFile = (file: string): Sql => {
  const owners = REFUGEE_TABLES.map((table) => sql`select person_id from ${raw(table)} where id in ${membersOf(file)}`);
  return sql`persons.id in (${join([membersOf(file), ...owners], ' union ')})`;
};

/** People with any record of protection, in a country where one is given. */
export const withRefugeeRecord = (country: string | null | undefined): Sql => {
  const where = country ? sql`where country = ${country}` : sql``;
  return sql`persons.id in (${join(
    REFUGEE_TABLES.map((table) => sql`select person_id from ${raw(table)} ${where}`),
    ' union ',
  )})`;
};

/** A document with a predecessor; one that is hidden is none. */
export const hasPredecessor = raw(
  'exists (select from status_documents earlier where earlier.id = status_documents.predecessor_id)',
);
