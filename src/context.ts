// From a request to what its resolvers hold: one snapshot of the database and one set of loaders.
// The only place that decides who is asking; today everyone reads as the role `kualik_reader`.
import type { DataSource } from 'typeorm';
import { openSession, type Session } from './db/session.js';
import { links, nouns } from './model.js';
import { createLoaders, type Load, type Rows } from './records/loaders.js';
import type { LocalDate } from './values/local-date.js';
import { todayUtc } from './values/today.js';

export interface Context {
  db: Rows;
  load: Load<typeof nouns>;
  /** Seals the cursors of lists. */
  cursorKey: Uint8Array;
  /** Today in UTC, read once: one operation has one day. */
  today: LocalDate;
  requestId: string;
}

export interface OpenContext {
  contextValue: Context;
  session: Session;
  close(): Promise<void>;
}

export interface ContextOptions {
  dataSource: DataSource;
  cursorKey: Uint8Array;
  today?: () => LocalDate;
}

/** Opens the context of one operation; close it when the operation is answered. */
export function contextOpener({ dataSource, cursorKey, today = todayUtc }: ContextOptions) {
  return ({ requestId, signal }: { requestId: string; signal?: AbortSignal }): Promise<OpenContext> => {
    const session = openSession(dataSource, { readOnly: true, ...(signal ? { signal } : {}) });
    const db: Rows = { rows: (name, text, values) => session.rows(name, text, [...values]) };
    const contextValue = { db, load: createLoaders(db, nouns, links), cursorKey, today: today(), requestId };
    return Promise.resolve({ contextValue, session, close: () => session.close() });
  };
}
