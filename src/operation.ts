// What one operation holds of the database, from its first statement to its end: a session for reading or a transaction for
// writing, the lens they look through, and what was shown of levels that are entered in the audit.
import type { DataSource } from 'typeorm';
import type { AccessEntry } from './audit/access.js';
import type { Level, Role, Viewer } from './accounts/viewer.js';
import type { Asking, ContextOptions, Writing } from './context.js';
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
import type { nouns } from './model.js';
import { readKnown, type Known } from './records/known.js';
import { refusedBy } from './records/problems.js';
import type { Load, Rows } from './records/loaders.js';

/** One statement that answers a whole question. */
export interface OneStatement {
  text: string;
  values: unknown[];
  /** Asked for the first time. */
  isNew: boolean;
  /** Resolvers answer the rest of the question: they and the statement share a snapshot. */
  isPart?: boolean;
}

/** The name in the log of a statement that answers a whole question. */
const QUESTION = 'question';

const LONGEST_REASON = 2_000;

/** How long a snapshot may wait for who reads it; each statement keeps its limit. */
const PATIENT = { idle_in_transaction_session_timeout: '0' };

/** Levels 0 and 1 are the same for everybody who has them; teams, and so a context, matter above. */
const NEEDS_CONTEXT: Level = 2;

/** Of what a lens showed as it was before it was restricted. */
const LEVELS = `select id, sensitivity from records where id = any($1::uuid[]) and sensitivity >= ${NEEDS_CONTEXT}`;

export type KnownOnce = (editor: DataSource) => Promise<Known>;

/** Read by the first mutation; a failed reading is tried again by the next one. */
export function knownOnce(): KnownOnce {
  let known: Promise<Known> | undefined;
  return (editor) =>
    (known ??= readKnown(editor).catch((error: unknown) => {
      known = undefined;
      throw error;
    }));
}

const TODAY: Record<string, string> = {};

export class Operation {
  readonly shown = new Shown();
  /** Made for the first resolver that asks: a question that is one statement needs none. */
  loaders: Load<typeof nouns> | undefined = undefined;
  began: string | undefined = undefined;
  /** Of the lens, once there is one. */
  cursorKey: Uint8Array;
  #lens: Lens | undefined = undefined;
  #settings: Record<string, string> = TODAY;
  #before: SessionOptions['before'] = undefined;
  #session: Session | undefined = undefined;
  #transaction: WriteSession | undefined = undefined;
  #found: Known | undefined = undefined;
  #reasons: Set<string> | undefined = undefined;
  #closed = false;

  constructor(
    private readonly options: ContextOptions,
    readonly asking: Asking,
    readonly viewer: Viewer,
    private readonly reader: DataSource,
    private readonly known: KnownOnce,
  ) {
    this.cursorKey = options.cursorKey;
  }

  /** Where this operation reads now. */
  current(): Session {
    return this.#transaction ?? this.#reading();
  }

  /** For one part of an operation: what was read before is not remembered. */
  freshRows(): Rows {
    return {
      rows: async (name, text, values) => this.shown.note(await this.#answering().rows(name, text, [...values])),
    };
  }

  /** Sets the lens. @throws DomainError when it was set to another one. */
  look(lens: Lens): void {
    if (lens === this.#lens) return;
    if (this.#lens !== undefined) {
      if (JSON.stringify(this.#lens) === JSON.stringify(lens)) return;
      throw invalid(
        'asOf',
        'One operation looks through one lens: give all its fields the same clocks and sources in `asOf`, or ask in two operations.',
      );
    }
    this.#lens = lens;
    const settings = settingsOf(lens);
    if (Object.keys(settings).length > 0) this.#settings = settings;
    this.shown.keepsOpen = lens.recordedBy !== undefined && this.viewer.level >= NEEDS_CONTEXT;
    this.#before = refuseUnsettled(lens);
    this.cursorKey = cursorKeyOf(this.options.cursorKey, lens);
  }

  async readOnce<T>({ text, values, isNew, isPart }: OneStatement): Promise<T[]> {
    if (isPart || !this.#isPlain()) return this.#answering().rows<T>(QUESTION, text, values, isNew);
    mustBe(this.viewer, 'reader', 'read cases');
    const { signal, tally } = this.asking;
    return askOnce<T>(this.reader, { name: QUESTION, sql: text, values, unnamed: isNew, signal, tally });
  }

  async openWriting(): Promise<Writing> {
    const { session, known } = await this.#beginWriting();
    this.#transaction = session;
    this.#found = known;
    return { actor: this.viewer.login, known, because: (reason) => this.#because(reason) };
  }

  async attempt(work: (db: Rows) => Promise<void>): Promise<void> {
    const { session, known } = await this.#beginWriting();
    try {
      await work({ rows: (name, text, values) => session.rows(name, text, [...values]) });
      await session.rows('ask the rules that wait', 'set constraints all immediate', []);
    } catch (error) {
      throw refusedBy(error, known.rules);
    } finally {
      await session.close(new Error('It was only tried.'));
    }
  }

  async tell(details?: AccessEntry['details']): Promise<void> {
    await this.#noteLevels();
    if (this.shown.size === 0 && details === undefined) return;
    const { requestId, exporting } = this.asking;
    await this.options.onRead?.(this.shown.entry(this.viewer, { requestId, exporting, details }));
  }

  async close(error?: unknown): Promise<void> {
    await this.#noteLevels();
    this.#closed = true;
    await this.#session?.close();
    // Before the commit: what cannot be entered in the audit is not done either.
    const unnoted = await this.tell().then(
      () => undefined,
      (reason: unknown) => ({ reason }),
    );
    await this.#transaction?.close(error ?? unnoted?.reason).catch((refused: unknown) => {
      // Rules that wait for the end of the transaction.
      throw refusedBy(refused, this.#found!.rules);
    });
    if (unnoted) throw unnoted.reason;
  }

  /** Where they cannot be asked, because a statement failed before, all that was told counts as restricted. */
  async #noteLevels(): Promise<void> {
    const open = this.shown.takeOpen();
    if (open.length === 0) return;
    const found = this.current().rows<{ id: string; sensitivity: number }>('levels of today', LEVELS, [open]);
    this.shown.note(await found.catch(() => open.map((id) => ({ id, sensitivity: NEEDS_CONTEXT }))));
  }

  /** Whether one statement can stand alone: today's view, of a level that is the same for all who have it. */
  #isPlain(): boolean {
    return (
      this.viewer.level < NEEDS_CONTEXT &&
      this.#settings === TODAY &&
      this.#before === undefined &&
      this.#session === undefined &&
      this.#transaction === undefined &&
      this.asking.exporting === undefined &&
      !this.#closed
    );
  }

  /** Takes its connection with the first statement, when the lens is known. */
  #reading(): Session {
    if (this.#session) return this.#session;
    const { signal, tally, exporting } = this.asking;
    this.#session = openSession(this.reader, {
      readOnly: true,
      settings: exporting === undefined ? this.#settings : { ...this.#settings, ...PATIENT },
      before: this.#before,
      context: this.viewer.level >= NEEDS_CONTEXT ? this.viewer.context : undefined,
      signal,
      tally,
    });
    return this.#session;
  }

  /** A resolver that comes after the answer must not open a snapshot that nobody would close. */
  #answering(): Session {
    mustBe(this.viewer, 'reader', 'read cases');
    if (this.#closed && !this.#session && !this.#transaction)
      throw new Error('The operation is over; this came too late.');
    return this.current();
  }

  async #beginWriting(): Promise<{ session: WriteSession; known: Known }> {
    const { viewer, asking } = this;
    mustBe(viewer, 'editor', 'change records');
    const editor = await this.options.pools.editor?.(viewer.level);
    if (!editor) throw forbidden('This server only reads.', { rule: 'writing-refused' });
    const known = await this.known(editor);
    const { signal, tally, requestId } = asking;
    const session = await openWriteSession(editor, {
      signal,
      tally,
      context: viewer.context,
      settings: { 'kualik.actor': viewer.login, 'kualik.request': requestId },
    });
    return { session, known };
  }

  /** Reasons of all parts of one operation are kept together. */
  async #because(reason: string | null | undefined): Promise<void> {
    const reasons = (this.#reasons ??= new Set());
    if (!reason || reasons.has(reason)) return;
    if (reason.length > LONGEST_REASON)
      throw invalid('input.changeReason', `A reason has at most ${LONGEST_REASON} characters; say it shorter.`, {
        rule: 'length',
      });
    reasons.add(reason);
    await this.#transaction!.configure({ 'kualik.reason': [...reasons].join('; ') });
  }
}

/** The records above level 1 that an operation was given. Counted rows say nothing of anybody and are not among them. */
class Shown {
  readonly #ids = new Set<string>();
  readonly #open = new Set<string>();
  #level = 0;
  /** Whether what was told at a low level is kept as well. */
  keepsOpen = false;

  get size(): number {
    return this.#ids.size;
  }

  note<R extends readonly unknown[]>(rows: R): R {
    for (const row of rows as readonly { id?: unknown; sensitivity?: unknown; level?: unknown }[]) {
      if (typeof row.sensitivity !== 'number' || typeof row.id !== 'string') continue;
      // A claim is as restricted as what it rests on.
      const level = typeof row.level === 'number' ? Math.max(row.sensitivity, row.level) : row.sensitivity;
      if (level >= NEEDS_CONTEXT) {
        this.#ids.add(row.id);
        this.#level = Math.max(this.#level, level);
      } else if (this.keepsOpen) this.#open.add(row.id);
    }
    return rows;
  }

  /** What was told at a low level, through a lens that shows records as they were: their levels of today are to be asked. */
  takeOpen(): string[] {
    const open = [...this.#open].filter((id) => !this.#ids.has(id));
    this.#open.clear();
    return open;
  }

  /** What is told is forgotten: an export is long. */
  entry({ login, tokenId }: Viewer, { requestId, exporting, details }: Telling): AccessEntry {
    const ids = [...this.#ids].sort();
    const level = this.#level;
    this.#ids.clear();
    this.#level = 0;
    return {
      kind: exporting === undefined ? 'read' : 'export',
      operation: exporting ?? 'graphql',
      actor: login,
      request: requestId,
      ...(level === 0 ? {} : { level }),
      details: {
        ...details,
        ...(ids.length === 0 ? {} : { ids }),
        ...(tokenId === undefined ? {} : { token: tokenId }),
      },
    };
  }
}

interface Telling {
  requestId: string;
  exporting: string | undefined;
  details: AccessEntry['details'] | undefined;
}

/** Roles are verbs; whether there is anything to use them on is not said. */
function mustBe({ kind, roles }: Viewer, role: Role, verb: string): void {
  if (roles.has(role)) return;
  if (kind === 'anonymous') throw unauthenticated(`Sign in to ${verb}.`);
  throw forbidden(`Your account may not ${verb}; ask an administrator for the role "${role}".`, {
    rule: `role-${role}`,
  });
}
