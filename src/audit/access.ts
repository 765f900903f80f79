// Reads of what is restricted, and exports: who was shown which records. Written before the answer leaves; if it cannot be
// written, nothing is shown.
import { canonical, type Json } from './canonical.js';

export interface AccessEntry {
  kind: 'read' | 'export';
  /** The name of the operation, or of the export. */
  operation: string;
  /** The login of who asked. */
  actor: string;
  /** Id of the request, as in the log. */
  request?: string;
  noun?: string;
  /** Where it was one record. */
  recordId?: string;
  /** The highest level among what was shown. */
  level?: number;
  teamId?: number;
  /** Whatever else must be known later, such as the ids of all records that were returned. */
  details: { [name: string]: Json | undefined };
}

const NUL = String.fromCharCode(0);

/** Asks one statement of kualik_gate. */
type Ask = (sql: string, values: unknown[]) => Promise<unknown>;

/** One statement: all of them are written, or none. */
export async function logAccess(ask: Ask, entries: readonly AccessEntry[]): Promise<void> {
  if (entries.length === 0) return;
  // PostgreSQL knows no NUL in a text; who asks for one has asked for a replacement character.
  const clean = JSON.parse(
    JSON.stringify(entries, (_, value: unknown) =>
      typeof value === 'string' ? value.replaceAll(NUL, '\ufffd') : value,
    ),
  ) as AccessEntry[];
  const rows = clean.map(({ details, ...entry }) => ({ ...entry, payload: canonical(details) }));
  await ask('select audit.log_access($1::jsonb)', [JSON.stringify(rows)]);
}
