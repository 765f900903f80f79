// One operation = one connection = one snapshot: everything a request reads is from the same instant, and a request never
// waits for a second connection while it holds the first.
//
// Readers: REPEATABLE READ, READ ONLY. One snapshot, never a serialization failure, and no bookkeeping for the writers.
// Writers: SERIALIZABLE. A rule that looks at several rows holds although others write at the same time; who loses the
// race is run again. Editors are people, so races are rare, and the price is paid by the few who write.
import type { DataSource } from 'typeorm';
import type { Leaving } from '../leaving.js';
import type { Tally } from '../observe/tally.js';
import { holdConnection, type HeldConnection, type Statement } from './held-connection.js';

export type { Statement } from './held-connection.js';

export interface Rows {
  /**
   * @param name what the statement is for; goes to the log, not to the server.
   * @param sql one statement; values only as $1, $2, since each text is prepared and kept by the server.
   * @param unnamed it is not kept: for a text that may never come again.
   */
  <T>(name: string, sql: string, values?: unknown[], unnamed?: boolean): Promise<T[]>;
}

export interface Session {
  rows: Rows;
  /** What was run so far. */
  readonly statements: readonly Statement[];
  /** Ends the snapshot and gives the connection back, after the statements already asked for. May be called again. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Writers use openWriteSession. */
  readOnly: true;
  /** Fires when the client is gone: the running statement is cancelled, later ones fail with the signal's reason. */
  signal?: Leaving | undefined;
  /** set_config(name, value, true), sent along with begin; search_path also separates the prepared statements. */
  settings?: Record<string, string> | undefined;
  /** For whom the transaction acts: the secret that `auth.enter` exchanges for teams and a name. Bound, never written into a text. */
  context?: string | undefined;
  /** Where what is done for the operation is counted. */
  tally?: Tally | undefined;
  /** Asked before the snapshot is taken, on the same connection; what it throws is thrown by every statement. */
  before?: ((rows: Rows) => Promise<void>) | undefined;
}

/** Runs one after another what is asked for at the same time. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}

/** Sent in the flight that begins the transaction; refused (28000) when the sign-in behind it has ended. */
const entering = (held: HeldConnection, context: string | undefined): Promise<unknown>[] =>
  context === undefined ? [] : [held.enter(context)];

function listen(signal: Leaving | undefined, onAbort: () => void): () => void {
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return () => signal?.removeEventListener('abort', onAbort);
}

/** Takes no connection before the first statement: an operation that reads nothing costs nothing. */
export function openSession(
  dataSource: DataSource,
  { signal, settings = {}, context, before, tally }: SessionOptions,
): Session {
  const inTurn = queue();
  const searchPath = settings.search_path ?? '';
  let held: HeldConnection | undefined;
  let refused: { reason: unknown } | undefined;
  let closing: Promise<void> | undefined;
  const ignore = listen(signal, () => held?.abort(signal?.reason));

  /** begin, context, settings and the first statement leave in one flight; the first failure is the one that counts. */
  async function first<T>(name: string, sql: string, values: unknown[], unnamed?: boolean): Promise<T[]> {
    const connection = await holdConnection(dataSource, tally);
    held = connection;
    if (signal?.aborted) connection.abort(signal.reason);
    try {
      await before?.((purpose, text, given = []) => connection.rows(purpose, text, given, ''));
    } catch (reason) {
      refused = { reason };
      throw reason;
    }
    const preparation = [
      connection.send('begin transaction isolation level repeatable read read only'),
      ...entering(connection, context),
      connection.configure(settings),
    ];
    const answer = connection.rows<T>(name, sql, values, searchPath, unnamed);
    const failed = (await Promise.allSettled([...preparation, answer])).find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
    return answer;
  }

  return {
    rows: (name, sql, values = [], unnamed) => {
      if (closing) return Promise.reject(new Error(`The session is closed; "${name}" came too late.`));
      return inTurn(() => {
        if (signal?.aborted) throw signal.reason;
        // No transaction was begun: what else is asked must not be answered without one.
        if (refused) throw refused.reason;
        return held ? held.rows(name, sql, values, searchPath, unnamed) : first(name, sql, values, unnamed);
      });
    },
    get statements() {
      return held?.statements ?? [];
    },
    close: () =>
      (closing ??= inTurn(async () => {
        ignore();
        await held?.release('commit');
      })),
  };
}

/** One statement, which is its own snapshot: no transaction is begun or ended around it. */
export async function askOnce<T>(
  dataSource: DataSource,
  {
    name,
    sql,
    values,
    signal,
    unnamed,
    tally,
  }: { name: string; sql: string; values: unknown[]; unnamed?: boolean } & Pick<SessionOptions, 'signal' | 'tally'>,
): Promise<T[]> {
  const held = await holdConnection(dataSource, tally);
  const ignore = listen(signal, () => held.abort(signal?.reason));
  try {
    return await held.rows<T>(name, sql, values, '', unnamed);
  } finally {
    ignore();
    await held.release({ untouched: true });
  }
}

export interface WriteSession extends Session {
  /** Settings of the rest of the transaction. */
  configure(settings: Record<string, string>): Promise<void>;
  /** Commits, and throws what the commit refuses; with an error it rolls back. May be called again. */
  close(error?: unknown): Promise<void>;
}

/**
 * A transaction that stays open for a whole operation and reads what it writes. SERIALIZABLE: who loses a race is told so
 * (40001), at the latest by close(); nothing is run again here, but the whole operation by src/server.ts.
 */
export async function openWriteSession(
  dataSource: DataSource,
  { signal, settings = {}, context, tally }: Omit<SessionOptions, 'readOnly' | 'before'> = {},
): Promise<WriteSession> {
  const held = await holdConnection(dataSource, tally);
  const inTurn = queue();
  const ignore = listen(signal, () => held.abort(signal?.reason));
  let closing: Promise<void> | undefined;
  const inside = <T>(work: () => Promise<T>): Promise<T> =>
    closing ? Promise.reject(new Error('The transaction is over; this came too late.')) : inTurn(work);
  try {
    await Promise.all([
      held.send('begin transaction isolation level serializable'),
      ...entering(held, context),
      held.configure(settings),
    ]);
  } catch (error) {
    ignore();
    held.abort(error);
    await held.release();
    throw error;
  }

  async function end(error: unknown): Promise<void> {
    ignore();
    try {
      if (error === undefined) await held.send('commit');
    } finally {
      // After a commit, refused or not, there is nothing left to roll back.
      await held.release(error === undefined ? undefined : 'rollback');
    }
  }

  return {
    rows: (name, sql, values = []) => inside(() => held.rows(name, sql, values, '')),
    get statements() {
      return held.statements;
    },
    configure: (wanted) => inside(async () => void (await held.configure(wanted))),
    close: (error) => (closing ??= inTurn(() => end(error))),
  };
}
