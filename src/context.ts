// From a request to what its resolvers hold: one snapshot of the database and one set of loaders; for a mutation one
// transaction, in which everything else of the operation is read as well.
// The only place where who asks becomes what the database shows: each level has pools of its own, and teams and the name
// under which changes are made come from the context that the transaction enters (docs/decisions/0015-rights.md).
import type { DataSource } from 'typeorm';
import type { AccessEntry } from './audit/access.js';
import { ANONYMOUS, type Level, type Role, type Viewer } from './accounts/viewer.js';
import {
  askOnce,
  openSession,
  openWriteSession,
  type Session,
  type SessionOptions,
  type WriteSession,
} from './db/session.js';
import { forbidden, invalid, unauthenticated } from './errors.js';
import { cursorKeyOf, refuseUnsettled, settingsOf, type Lens } from './lens.js';
import { links, nouns } from './model.js';
import { readKnown, type Known } from './records/known.js';
import { refusedBy } from './records/problems.js';
import { createLoaders, type Load, type Rows } from './records/loaders.js';
import type { Keyring } from './sealing/keyring.js';
import type { CaptureRoom } from './sources/capture-room.js';
import type { LocalDate } from './values/local-date.js';
import { nowUtc, todayUtc } from './values/today.js';

/** What a mutation holds besides: see src/writing/save.ts for what is done with it. */
export interface Writing {
  /** Who is named as the author of the change. */
  actor: string;
  /** What the database knows of words, defaults and rules. */
  known: Known;
  /** Why this is changed; history keeps the reasons of all parts of one operation together. */
  because(reason: string | null | undefined): Promise<void>;
}

export interface Context {
  /** Who asks. */
  viewer: Viewer;
  /** Renewed, with `load`, after each part of a mutation: read them from the context when they are needed. */
  db: Rows;
  readonly load: Load<typeof nouns>;
  /** Only in mutations; opened by the first of their fields. */
  writing: Writing | undefined;
  /** Runs one field of a mutation; all of them share one transaction, and every one sees what those before it wrote. */
  write<T>(work: (writing: Writing) => Promise<T>): Promise<T>;
  /**
   * Tries a change in a transaction of its own that is always undone, rules that wait for its end included; throws what refuses
   * it. For a question that asks what would happen: nobody else ever sees any of it.
   */
  attempt(work: (db: Rows) => Promise<void>): Promise<void>;
  /**
   * One statement that answers the whole operation. Where neither a lens nor a context is needed it has no transaction: a
   * statement is a snapshot of its own, and three messages less.
   */
  readOnce<T>(question: { text: string; values: unknown[]; isNew: boolean }): Promise<T[]>;
  /** Rows that an answer shows although they were not read one by one. */
  noteShown(rows: readonly { id: string; sensitivity: number }[]): void;
  /** Forgets what was read so far. */
  renew(): void;
  /** Seals the cursors of lists. */
  cursorKey: Uint8Array;
  /** Opens the keys of sealed values; absent: this server seals and opens none. */
  keyring?: Keyring;
  /** How many bytes of captures are kept; absent: as many as come. */
  captureRoom?: CaptureRoom;
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

/** The pools of one server: one login role of PostgreSQL per level and verb, so that no SQL can exceed the level. */
export interface Pools {
  reader(level: Level): Promise<DataSource>;
  /** Absent: nothing can be written. */
  editor?(level: Level): Promise<DataSource>;
}

export interface ContextOptions {
  pools: Pools;
  cursorKey: Uint8Array;
  keyring?: Keyring;
  captureRoom?: CaptureRoom;
  today?: () => LocalDate;
  /** Told of every operation that was shown restricted or sealed records, before its answer leaves; if it fails, nothing is shown. */
  onRead?: (entry: AccessEntry) => Promise<void>;
}

export interface Asking {
  requestId: string;
  signal?: AbortSignal;
  viewer?: Viewer;
}

/** The name in the log of a statement that answers a whole question. */
const QUESTION = 'question';

const LONGEST_REASON = 2_000;

/** Levels 0 and 1 are the same for everybody who has them; teams, and so a context, matter above. */
const NEEDS_CONTEXT: Level = 2;

/** Opens the context of one operation; close it when the operation is answered. */
export function contextOpener({ pools, cursorKey, keyring, captureRoom, today = todayUtc, onRead }: ContextOptions) {
  let known: Promise<Known> | undefined;
  return async ({ requestId, signal, viewer = ANONYMOUS }: Asking): Promise<OpenContext> => {
    const reader = await pools.reader(viewer.level);
    let chosen: string | undefined;
    let opened: Session | undefined;
    let settings: Record<string, string> = {};
    let before: SessionOptions['before'];
    // The session takes its connection with the first statement, when the lens is known.
    const session = (): Session =>
      (opened ??= openSession(reader, {
        readOnly: true,
        settings,
        before,
        ...(viewer.level >= NEEDS_CONTEXT ? { context: viewer.context } : {}),
        ...(signal ? { signal } : {}),
      }));
    let transaction: WriteSession | undefined;
    // Not read from the context: Apollo gives resolvers a copy of it.
    let found: Known | undefined;
    const reasons = new Set<string>();
    const current = (): Session => transaction ?? session();
    // A resolver that comes after the answer must not open a snapshot that nobody would close.
    let closed = false;
    const answering = (): Session | WriteSession => {
      mustBe(viewer, 'reader', 'read cases');
      if (closed && !opened && !transaction) throw new Error('The operation is over; this came too late.');
      return current();
    };
    const shown = new Shown();
    const readRows = (): Rows => ({
      rows: async (name, text, values) => shown.note(await answering().rows(name, text, [...values])),
    });
    const db = readRows();
    // Made for the first resolver that asks: a question that is one statement needs none.
    let loaders: Load<typeof nouns> | undefined;

    async function beginWriting(): Promise<{ session: WriteSession; read: Known }> {
      mustBe(viewer, 'editor', 'change records');
      const editor = await pools.editor?.(viewer.level);
      if (!editor) throw forbidden('This server only reads.', { rule: 'writing-refused' });
      // A failed reading of what is known is tried again by the next mutation.
      known ??= readKnown(editor).catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      const read = await known;
      const session = await openWriteSession(editor, {
        ...(signal ? { signal } : {}),
        ...(viewer.context === undefined ? {} : { context: viewer.context }),
        settings: { 'kualik.actor': viewer.login, 'kualik.request': requestId },
      });
      return { session, read };
    }

    async function openWriting(): Promise<Writing> {
      const { session: begun, read } = await beginWriting();
      [transaction, found] = [begun, read];
      return {
        actor: viewer.login,
        known: read,
        async because(reason) {
          if (!reason || reasons.has(reason)) return;
          if (reason.length > LONGEST_REASON)
            throw invalid('input.changeReason', `A reason has at most ${LONGEST_REASON} characters; say it shorter.`, {
              rule: 'length',
            });
          reasons.add(reason);
          await transaction!.configure({ 'kualik.reason': [...reasons].join('; ') });
        },
      };
    }

    // On the prototype, which the copies that Apollo makes share: a property of the object itself would be read by copying.
    const lazy = {
      get load() {
        return (loaders ??= createLoaders((this as unknown as Context).db, nouns, links));
      },
    };
    const contextValue = Object.assign(Object.create(lazy) as Pick<Context, 'load'>, {
      viewer,
      db,
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
      async attempt(work) {
        const { session: tried, read } = await beginWriting();
        try {
          await work({ rows: (name, text, values) => tried.rows(name, text, [...values]) });
          await tried.rows('ask the rules that wait', 'set constraints all immediate', []);
        } catch (error) {
          throw refusedBy(error, read.rules);
        } finally {
          await tried.close(new Error('It was only tried.'));
        }
      },
      async readOnce<T>({ text, values, isNew }: { text: string; values: unknown[]; isNew: boolean }) {
        const plain = !opened && !transaction && before === undefined && Object.keys(settings).length === 0;
        if (!plain || viewer.level >= NEEDS_CONTEXT || closed)
          return answering().rows<T>(QUESTION, text, values, isNew);
        mustBe(viewer, 'reader', 'read cases');
        return askOnce<T>(reader, { name: QUESTION, sql: text, values, unnamed: isNew, ...(signal ? { signal } : {}) });
      },
      noteShown: (rows) => void shown.note([...rows]),
      renew() {
        this.db = readRows();
        loaders = undefined;
      },
      cursorKey,
      ...(keyring ? { keyring } : {}),
      ...(captureRoom ? { captureRoom } : {}),
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
    } satisfies Omit<Context, 'load'> & ThisType<Context>) as Context;
    const close = async (error?: unknown): Promise<void> => {
      closed = true;
      await opened?.close();
      // Before the commit: what cannot be entered in the audit is not done either.
      const unnoted = await noteReads().then(
        () => undefined,
        (reason: unknown) => ({ reason }),
      );
      await transaction?.close(error ?? unnoted?.reason).catch((refused: unknown) => {
        // Rules that wait for the end of the transaction.
        throw refusedBy(refused, found!.rules);
      });
      if (unnoted) throw unnoted.reason;
    };
    const noteReads = async (): Promise<void> => {
      if (shown.ids.size > 0) await onRead?.(shown.entry(viewer, requestId));
    };
    return { contextValue, session: current, close };
  };
}

/** The records above level 1 that an operation was given. Counted rows say nothing of anybody and are not among them. */
class Shown {
  readonly ids = new Set<string>();
  #level = 0;

  note<T>(rows: T[]): T[] {
    for (const row of rows as { id?: unknown; sensitivity?: unknown }[]) {
      if (typeof row.sensitivity !== 'number' || row.sensitivity < NEEDS_CONTEXT || typeof row.id !== 'string')
        continue;
      this.ids.add(row.id);
      this.#level = Math.max(this.#level, row.sensitivity);
    }
    return rows;
  }

  entry({ login, tokenId }: Viewer, request: string): AccessEntry {
    const details = { ids: [...this.ids].sort(), ...(tokenId === undefined ? {} : { token: tokenId }) };
    return { kind: 'read', operation: 'graphql', actor: login, request, level: this.#level, details };
  }
}

/** Roles are verbs; whether there is anything to use them on is not said. */
function mustBe({ kind, roles }: Viewer, role: Role, verb: string): void {
  if (roles.has(role)) return;
  if (kind === 'anonymous') throw unauthenticated(`Sign in to ${verb}.`);
  throw forbidden(`Your account may not ${verb}; ask an administrator for the role "${role}".`, {
    rule: `role-${role}`,
  });
}
