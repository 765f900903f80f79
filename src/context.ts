// From a request to what its resolvers hold: one snapshot of the database and one set of loaders; for a mutation one
// transaction, in which everything else of the operation is read as well.
// The only place that decides who is asking; today everyone reads as `kualik_reader` and writes as `kualik_editor`.
import type { DataSource } from 'typeorm';
import { openSession, openWriteSession, type Session, type SessionOptions, type WriteSession } from './db/session.js';
import { forbidden, invalid } from './errors.js';
import { cursorKeyOf, refuseUnsettled, settingsOf, type Lens } from './lens.js';
import { links, nouns } from './model.js';
import { readKnown, type Known } from './records/known.js';
import { refusedBy } from './records/problems.js';
import { createLoaders, type Load, type Rows } from './records/loaders.js';
import type { LocalDate } from './values/local-date.js';
import { nowUtc, todayUtc } from './values/today.js';

/** What a mutation holds besides: see src/records/write.ts for what is done with it. */
export interface Writing {
  /** Who is named as the author of the change. */
  actor: string;
  /** What the database knows of words, defaults and rules. */
  known: Known;
  /** Why this is changed; history keeps the reasons of all parts of one operation together. */
  because(reason: string | null | undefined): Promise<void>;
}

export interface Context {
  /** Renewed, with `load`, after each part of a mutation: read them from the context when they are needed. */
  db: Rows;
  load: Load<typeof nouns>;
  /** Only in mutations; opened by the first of their fields. */
  writing: Writing | undefined;
  /** Runs one field of a mutation; all of them share one transaction, and every one sees what those before it wrote. */
  write<T>(work: (writing: Writing) => Promise<T>): Promise<T>;
  /** Forgets what was read so far. */
  renew(): void;
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
  /** Commits what a mutation wrote, unless there is an error. */
  close(error?: unknown): Promise<void>;
}

export interface ContextOptions {
  dataSource: DataSource;
  /** A pool of kualik_editor; without it nothing can be written. */
  editor?: DataSource;
  /** Why nobody may write here; absent where they may. */
  writingRefused?: string;
  /** Who writes, until there are accounts. */
  actor?: string;
  cursorKey: Uint8Array;
  today?: () => LocalDate;
}

/** Opens the context of one operation; close it when the operation is answered. */
export function contextOpener({ dataSource, cursorKey, today = todayUtc, ...writers }: ContextOptions) {
  const { editor, writingRefused, actor = 'api' } = writers;
  let known: Promise<Known> | undefined;
  return ({ requestId, signal }: { requestId: string; signal?: AbortSignal }): Promise<OpenContext> => {
    let chosen: string | undefined;
    let opened: Session | undefined;
    let settings: Record<string, string> = {};
    let before: SessionOptions['before'];
    // The session takes its connection with the first statement, when the lens is known.
    const session = (): Session =>
      (opened ??= openSession(dataSource, { readOnly: true, settings, before, ...(signal ? { signal } : {}) }));
    let transaction: WriteSession | undefined;
    // Not read from the context: Apollo gives resolvers a copy of it.
    let found: Known | undefined;
    const reasons = new Set<string>();
    const current = (): Session => transaction ?? session();
    // A resolver that comes after the answer must not open a snapshot that nobody would close.
    let closed = false;
    const answering = (): Session | WriteSession => {
      if (closed && !opened && !transaction) throw new Error('The operation is over; this came too late.');
      return current();
    };
    const readRows = (): Rows => ({ rows: async (name, text, values) => answering().rows(name, text, [...values]) });
    const db = readRows();

    async function openWriting(): Promise<Writing> {
      if (writingRefused !== undefined) throw forbidden(writingRefused, { rule: 'writing-refused' });
      if (!editor) throw forbidden('This server only reads.', { rule: 'writing-refused' });
      // A failed reading of what is known is tried again by the next mutation.
      known ??= readKnown(editor).catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      const read = (found = await known);
      transaction = await openWriteSession(editor, {
        ...(signal ? { signal } : {}),
        settings: { 'kualik.actor': actor, 'kualik.request': requestId },
      });
      return {
        actor,
        known: read,
        async because(reason) {
          if (!reason || reasons.has(reason)) return;
          reasons.add(reason);
          await transaction!.configure({ 'kualik.reason': [...reasons].join('; ') });
        },
      };
    }

    const contextValue: Context = {
      db,
      load: createLoaders(db, nouns, links),
      writing: undefined,
      async write(work) {
        const writing = (this.writing ??= await openWriting());
        this.renew();
        try {
          return await work(writing);
        } finally {
          this.renew();
        }
      },
      renew() {
        this.db = readRows();
        this.load = createLoaders(this.db, nouns, links);
      },
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
        if (chosen === undefined) [settings, before] = [settingsOf(lens), refuseUnsettled(lens)];
        chosen = wanted;
        this.cursorKey = cursorKeyOf(cursorKey, lens);
      },
    };
    const close = async (error?: unknown): Promise<void> => {
      closed = true;
      await opened?.close();
      await transaction?.close(error).catch((refused: unknown) => {
        // Rules that wait for the end of the transaction.
        throw refusedBy(refused, found!.rules);
      });
    };
    return Promise.resolve({ contextValue, session: current, close });
  };
}
