// From a request to what its resolvers hold: one snapshot of the database and one set of loaders.
// The only place that decides who is asking; today everyone reads as the role `kualik_reader`.
import type { DataSource } from 'typeorm';
import { openSession, type Session } from './db/session.js';
import { invalid } from './errors.js';
import { cursorKeyOf, settingsOf, type Lens } from './lens.js';
import { links, nouns } from './model.js';
import { createLoaders, type Load, type Rows } from './records/loaders.js';
import type { LocalDate } from './values/local-date.js';
import { nowUtc, todayUtc } from './values/today.js';

export interface Context {
  db: Rows;
  load: Load<typeof nouns>;
  /** Seals the cursors of lists. */
  cursorKey: Uint8Array;
  /** Today in UTC, read once: one operation has one day. */
  today: LocalDate;
  /** The instant at which the operation began, RFC 3339. */
  now: string;
  requestId: string;
  /** Sets the lens of the operation; every field of Query asks for its own, and all must be the same. */
  look(lens: Lens): void;
}

export interface OpenContext {
  contextValue: Context;
  session(): Session;
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
    let chosen: string | undefined;
    let opened: Session | undefined;
    let settings: Record<string, string> = {};
    // The session takes its connection with the first statement, when the lens is known.
    const session = (): Session =>
      (opened ??= openSession(dataSource, { readOnly: true, settings, ...(signal ? { signal } : {}) }));
    const db: Rows = { rows: (name, text, values) => session().rows(name, text, [...values]) };
    const contextValue: Context = {
      db,
      load: createLoaders(db, nouns, links),
      cursorKey,
      today: today(),
      now: nowUtc(),
      requestId,
      look(lens) {
        const wanted = JSON.stringify(lens);
        if (chosen !== undefined && chosen !== wanted)
          throw invalid(
            'asOf',
            'One operation looks through one lens: give all its fields the same clocks and sources in `asOf`, or ask in two operations.',
          );
        if (chosen === undefined) settings = settingsOf(lens);
        chosen = wanted;
        this.cursorKey = cursorKeyOf(cursorKey, lens);
      },
    };
    return Promise.resolve({ contextValue, session, close: async () => void (await opened?.close()) });
  };
}
