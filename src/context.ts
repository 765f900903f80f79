// From a request to what its resolvers hold: one snapshot of the database and one set of loaders; for a mutation one
// transaction, in which everything else of the operation is read as well.
// The only place where who asks becomes what the database shows: each level has pools of its own, and teams and the name
// under which changes are made come from the context that the transaction enters (docs/decisions/0015-rights.md).
import type { DataSource } from 'typeorm';
import type { AccessEntry } from './audit/access.js';
import { ANONYMOUS, type Level, type Viewer } from './accounts/viewer.js';
import type { Session } from './db/session.js';
import type { Lens } from './lens.js';
import { links, nouns } from './model.js';
import type { Leaving } from './leaving.js';
import type { Tally } from './observe/tally.js';
import { knownOnce, Operation, type OneStatement } from './operation.js';
import type { Known } from './records/known.js';
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
  /** What the operation has taken so far. */
  tally?: Tally;
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
   * statement is a snapshot of its own, and three messages less. One that answers a part alone is asked in the snapshot of the rest.
   */
  readOnce<T>(question: OneStatement): Promise<T[]>;
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
  /** The instant at which the operation first asked for it, RFC 3339; the same from then on. */
  readonly now: string;
  requestId: string;
  /** Sets the lens of the operation; every field of Query asks for its own, and all must be the same. */
  look(lens: Lens): void;
}

export interface OpenContext {
  contextValue: Context;
  session(): Session;
  /**
   * Enters in the audit what was shown since this was last asked; with details, an entry is made even where nothing above level 1
   * was shown. An export asks before each of its pages leaves; all else is told by `close`.
   */
  tell(details?: AccessEntry['details']): Promise<void>;
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
  signal?: Leaving;
  tally?: Tally;
  viewer?: Viewer;
  /**
   * The name of an export: many questions in one snapshot, which waits between them for whoever reads slowly. Its own limit of
   * time ends it (http/export.ts).
   */
  exporting?: string;
}

/** Opens the context of one operation; close it when the operation is answered. */
export function contextOpener(options: ContextOptions) {
  const known = knownOnce();
  const today = options.today ?? todayUtc;
  return async (asking: Asking): Promise<OpenContext> => {
    const viewer = asking.viewer ?? ANONYMOUS;
    const operation = new Operation(options, asking, viewer, await options.pools.reader(viewer.level), known);
    return {
      contextValue: new OperationContext(operation, options, today()),
      session: () => operation.current(),
      tell: (details) => operation.tell(details),
      close: (error) => operation.close(error),
    };
  };
}

/**
 * The context that resolvers are given. Apollo gives them copies, which share the operation and what stands on the prototype: so what is made when
 * it is first read is a getter there. A class, and one for all: an object with a prototype of its own is described by V8 in
 * the old heap, and would take its whole request there.
 */
class OperationContext implements Context {
  readonly viewer: Viewer;
  readonly requestId: string;
  db: Rows;
  writing: Writing | undefined = undefined;
  cursorKey: Uint8Array;
  tally?: Tally;
  keyring?: Keyring;
  captureRoom?: CaptureRoom;

  constructor(
    private readonly operation: Operation,
    { keyring, captureRoom }: ContextOptions,
    readonly today: LocalDate,
  ) {
    const { viewer, asking } = operation;
    this.viewer = viewer;
    this.requestId = asking.requestId;
    this.cursorKey = operation.cursorKey;
    this.db = operation.freshRows();
    if (asking.tally) this.tally = asking.tally;
    if (keyring) this.keyring = keyring;
    if (captureRoom) this.captureRoom = captureRoom;
  }

  get load(): Load<typeof nouns> {
    return (this.operation.loaders ??= createLoaders(this.db, nouns, links));
  }

  get now(): string {
    return (this.operation.began ??= nowUtc());
  }

  async write<T>(work: (writing: Writing) => Promise<T>): Promise<T> {
    const writing = (this.writing ??= await this.operation.openWriting());
    this.renew();
    try {
      return await work(writing);
    } finally {
      this.renew();
    }
  }

  attempt(work: (db: Rows) => Promise<void>): Promise<void> {
    return this.operation.attempt(work);
  }

  readOnce<T>(question: OneStatement): Promise<T[]> {
    return this.operation.readOnce(question);
  }

  noteShown(rows: readonly { id: string; sensitivity: number }[]): void {
    this.operation.shown.note(rows);
  }

  renew(): void {
    this.db = this.operation.freshRows();
    this.operation.loaders = undefined;
  }

  look(lens: Lens): void {
    this.operation.look(lens);
    this.cursorKey = this.operation.cursorKey;
  }
}
