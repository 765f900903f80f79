// Everything that a question may see, line by line (application/x-ndjson): the pages of one connection are asked for one after
// another, each the way any question goes, in one snapshot and through one lens. Nothing is read ahead of the client. The last
// line says whether it is everything; its name cannot be that of a field. docs/decisions/0022-large-answers.md
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseContext } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import { limited } from '../errors.js';
import type { Tally } from '../observe/tally.js';
import { nowUtc, todayUtc } from '../values/today.js';
import { SAFE_HEADERS, send } from './answer.js';
import { parseObject, parseQuestion, readBody, type Question } from './body.js';
import { asksForGzip, gzipped } from './encoding.js';
import { pagedQuestion, type Paged } from './export-question.js';
import { Seats, type ExportRules } from './export-rules.js';
import type { Engine, Outcome } from './graphql.js';
import { operationNameFor } from './log.js';
import { ClientGone, feed, whenOver, type Feed, type Outbox, type Room } from './outbox.js';
import { Refusal, refuse } from './refusal.js';
import { checkContent, checkLinesAccepted, checkOrigin, GRAPHQL_RESPONSE } from './request.js';
import { translate } from './translate.js';

/** The context of an export, as src/context.ts makes it. */
interface ExportContext<C> {
  contextValue: C;
  tell?(details?: Details): Promise<void>;
  close(error?: unknown): Promise<void>;
}
type Details = Record<string, string | number | boolean>;

export interface ExportParts<C extends BaseContext, V> {
  engine: Engine<C>;
  rules: ExportRules<V>;
  outbox: Outbox;
  hosts: ReadonlySet<string> | undefined;
  schema: Parameters<typeof pagedQuestion>[0];
  documentText: (documentId: string) => string;
  constraintMessage?: ((name: string) => string | undefined) | undefined;
  identify: (req: IncomingMessage, signal: AbortSignal) => Promise<V>;
  /** With a context that outlives the export: a snapshot cannot enter one that is opened later. */
  identifyLasting: (req: IncomingMessage, signal: AbortSignal) => Promise<V>;
  checkFree?: ((viewer: V) => void) | undefined;
  room: (viewer: V, req: IncomingMessage) => Room;
  openContext: (asking: {
    requestId: string;
    viewer: V;
    signal: AbortSignal;
    req: IncomingMessage;
    exporting: string;
    tally: Tally;
  }) => Promise<ExportContext<C>>;
  /** What every request costs, whatever becomes of it. @throws Refusal */
  charge?: (viewer: V, req: IncomingMessage) => void;
  newTally: () => Tally;
  isLate: (req: IncomingMessage) => boolean;
  /** Told once of each export that is over, unless it throws: then its tally alone is over. */
  note: (req: IncomingMessage, requestId: string, ended: Ended) => void;
  noteStatements: (req: IncomingMessage, requestId: string, tally: Tally) => void;
}

export interface Ended {
  name: string;
  /** Of the document, as the log of questions has it. */
  hash: string | undefined;
  error: GraphQLFormattedError | undefined;
  /** Our fault, or that of what we need. */
  thrown: unknown;
  count: number;
  tally: Tally;
}

export interface Exports {
  answer(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void>;
  /** Those under way end after the page that they are at, and say how to go on. */
  stop(): void;
  /** Resolves when none is under way. */
  ended(): Promise<void>;
}

/** Whether a session has ended, or an account lost a right, is asked again after so many milliseconds. */
const ASK_AGAIN = 5_000;

export function openExports<C extends BaseContext, V>(parts: ExportParts<C, V>): Exports {
  const seats = new Seats();
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();

  async function answer(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void> {
    if (req.method !== 'POST') throw refuse.method('POST');
    checkOrigin(req, parts.hosts);
    checkContent(req);
    checkLinesAccepted(req.headers.accept);
    if (stopping.signal.aborted || parts.isLate(req)) throw refuse.stopping();
    parts.outbox.check();
    const caller = new AbortController();
    whenOver(res, () => {
      if (!res.writableFinished) caller.abort(new ClientGone('The client is gone.'));
    });
    // Before a context is opened for them: whoever may not.
    const asking = await parts.identify(req, caller.signal);
    parts.charge?.(asking, req);
    parts.rules.check(asking);
    const viewer = await parts.identifyLasting(req, caller.signal);
    parts.rules.check(viewer);
    const room = parts.room(viewer, req);
    whenOver(res, room.release);
    const body = await readBody(req, res);
    if (body === undefined) return; // the client left
    const question = parseQuestion(body, parts.documentText);
    if (!question.isTrusted) parts.checkFree?.(viewer);
    const after = cursorIn(body);
    const leave = seats.take(parts.rules.keyOf(viewer));
    const request = { req, res, requestId, viewer, caller, room, stopping: stopping.signal };
    const work = new Export(parts, request, after).run(question);
    underWay.add(work);
    try {
      await work;
    } finally {
      underWay.delete(work);
      leave();
    }
  }

  return {
    answer,
    stop: () => stopping.abort(),
    ended: async () => void (await Promise.allSettled(underWay)),
  };
}

/** Where to go on, beside the question. */
function cursorIn(body: Buffer): string | null {
  const { after = null } = parseObject(body);
  if (after !== null && typeof after !== 'string')
    throw refuse.shape('"after" must be a text: the cursor to go on from.');
  return after;
}

interface Request<V> {
  req: IncomingMessage;
  res: ServerResponse;
  requestId: string;
  viewer: V;
  caller: AbortController;
  room: Room;
  stopping: AbortSignal;
}

/** A page that could not be had: GraphQL's own words. */
class PageFailed extends Error {
  constructor(readonly outcome: Outcome) {
    super('A page of the export failed.');
  }
}

class Export<C extends BaseContext, V> {
  readonly #parts: ExportParts<C, V>;
  readonly #request: Request<V>;
  readonly #tally: Tally;
  readonly #startedAt = nowUtc();
  readonly #resumed: boolean;
  #context!: ExportContext<C>;
  #out: Feed | undefined;
  #after: string | null;
  #count = 0;
  #price = 0;
  #seen = performance.now();
  #last: Outcome | undefined;
  #overdue: Error | undefined;

  constructor(parts: ExportParts<C, V>, request: Request<V>, after: string | null) {
    [this.#parts, this.#request, this.#after, this.#resumed] = [parts, request, after, after !== null];
    this.#tally = parts.newTally();
  }

  async run(question: Question): Promise<void> {
    const { req, res, requestId, viewer, caller } = this.#request;
    const paged = pagedQuestion(this.#parts.schema, question);
    const exporting = operationNameFor(paged?.name) ?? 'export';
    this.#context = await this.#parts.openContext({
      ...{ requestId, viewer, signal: caller.signal, req, exporting },
      tally: this.#tally,
    });
    // Whatever it waits for: the snapshot is given back.
    const timer = setTimeout(() => this.#end(), this.#parts.rules.within);
    let thrown: unknown;
    try {
      if (paged) await this.#walk(paged);
      else throw new PageFailed(await this.#ask(question, (points) => this.#pay(points)));
    } catch (error) {
      thrown = this.#overdue ?? error;
    } finally {
      clearTimeout(timer);
    }
    if (this.#out === undefined) {
      await this.#context.close(thrown).catch(() => undefined);
      if (!(thrown instanceof PageFailed)) {
        this.#parts.noteStatements(req, requestId, this.#tally);
        throw thrown;
      }
      this.#note(exporting, thrown, 0);
      const { body, headers, errors } = thrown.outcome;
      const { status } = translate(errors[0], this.#naming());
      return send(res, status, requestId, body, headers);
    }
    await this.#finish(this.#out, exporting, thrown);
  }

  #end(): void {
    const minutes = this.#parts.rules.within / 60_000;
    this.#overdue = limited(`An export may take ${minutes} minutes; go on from here in another one.`, {
      rule: 'export-time',
    });
    this.#request.caller.abort(this.#overdue);
    void this.#context.close(this.#overdue).catch(() => undefined);
  }

  /** Until there is no next page. */
  async #walk(paged: Paged): Promise<void> {
    for (let size = paged.size, first = true; first || this.#after !== null; first = false) {
      if (!first) await this.#mayGoOn();
      const found = await this.#page(paged, size, first);
      size = found.size;
      const lines = Buffer.from(found.nodes.map(lineOf).join(''));
      this.#request.room.take(lines.length);
      await this.#context.tell?.(first ? this.#begun(paged) : undefined);
      this.#request.caller.signal.throwIfAborted();
      this.#out ??= this.#begin(paged);
      await this.#out.write(lines);
      this.#count += found.nodes.length;
      this.#after = found.next;
    }
  }

  /** A page that is too long for one answer is asked for in smaller ones. */
  async #page(
    paged: Paged,
    most: number,
    first: boolean,
  ): Promise<{ nodes: string[]; next: string | null; size: number }> {
    for (let size = most; ;) {
      const charge = first ? (points: number) => this.#pay(points) : (points: number) => void (this.#price = points);
      const outcome = await this.#ask(paged.question(size, this.#after), charge);
      const smaller = isTooLong(outcome) ? paged.smaller(size) : undefined;
      if (smaller === undefined) {
        if (outcome.errors.length > 0) throw new PageFailed(outcome);
        return { ...paged.pageOf(outcome.body), size };
      }
      size = smaller;
      await this.#mayGoOn();
    }
  }

  async #ask(question: Question, charge: (points: number) => void): Promise<Outcome> {
    const { requestId } = this.#request;
    const { contextValue } = this.#context;
    // Each page begins with nothing of the one before: loaders keep what they have read.
    (contextValue as { renew?: () => void }).renew?.();
    const asking = { type: GRAPHQL_RESPONSE, requestId, charge, tally: this.#tally } as const;
    const outcome = await this.#parts.engine.run(question, asking, contextValue);
    this.#last = outcome;
    this.#meter()?.weigh(Buffer.byteLength(outcome.body));
    return outcome;
  }

  #meter = () => this.#parts.rules.meter?.(this.#request.viewer, this.#request.req);

  /** The first page is refused when there are no points for it; the others wait. */
  #pay(points: number): void {
    this.#price = points;
    this.#meter()?.charge(points);
  }

  async #mayGoOn(): Promise<void> {
    const { req, caller, viewer, stopping } = this.#request;
    for (;;) {
      if (stopping.aborted) throw refuse.stopping();
      caller.signal.throwIfAborted();
      try {
        this.#meter()?.charge(this.#price);
        break;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        await sleep(1_000, undefined, { signal: AbortSignal.any([caller.signal, stopping]) }).catch(() => undefined);
      }
    }
    if (performance.now() - this.#seen < ASK_AGAIN) return;
    const now = await this.#parts.identify(req, caller.signal);
    if (!this.#parts.rules.isSame(viewer, now)) throw refuse.rightsChanged();
    this.#seen = performance.now();
  }

  #begun({ connection }: Paged): Details {
    return { connection, document: this.#last?.hash ?? '', ...(this.#resumed ? { resumed: true } : {}) };
  }

  #begin({ connection }: Paged): Feed {
    const { req, res, requestId } = this.#request;
    const isSmall = asksForGzip(req.headers['accept-encoding']);
    res.writeHead(200, {
      ...SAFE_HEADERS,
      'content-type': 'application/x-ndjson',
      'content-disposition': `attachment; filename="kualik-${connection}-${todayUtc()}.ndjson"`,
      'x-request-id': requestId,
      vary: 'accept-encoding',
      // A proxy that keeps what nobody has read yet would read ahead in the client's place; nginx listens to this.
      'x-accel-buffering': 'no',
      ...(isSmall ? { 'content-encoding': 'gzip' } : {}),
    });
    const plain = feed(res, this.#parts.outbox.limits.stall);
    return isSmall ? gzipped(plain) : plain;
  }

  /** Begun: whatever becomes of it, the last line says so, and so do the audit and the log. */
  async #finish(out: Feed, name: string, problem: unknown): Promise<void> {
    const { res, requestId } = this.#request;
    const count = this.#count;
    let thrown = problem;
    try {
      await this.#context.tell?.({ count, complete: thrown === undefined });
      await this.#context.close(thrown);
    } catch (error) {
      thrown ??= error;
      await this.#context.close(error).catch(() => undefined);
    }
    const error = this.#note(name, thrown, count);
    if (thrown instanceof ClientGone || res.destroyed) return;
    const said = {
      complete: error === undefined,
      count,
      startedAt: this.#startedAt,
      ...(this.#resumed ? { resumed: true } : {}),
      requestId,
      ...(error ? { after: this.#after, error } : {}),
    };
    try {
      await out.write(Buffer.from(`${JSON.stringify({ '@export': said })}\n`));
      await out.end();
    } catch (error) {
      if (!(error instanceof ClientGone)) throw error;
    }
  }

  /** @returns the words for what ended it. */
  #note(name: string, thrown: unknown, count: number): GraphQLFormattedError | undefined {
    const { req, requestId } = this.#request;
    const error = thrown === undefined ? undefined : this.#wordsFor(thrown);
    const { errors = [], unexpected = [] } = thrown instanceof PageFailed ? thrown.outcome : {};
    const cause = thrown instanceof PageFailed ? (unexpected[0] ?? errors[0]) : thrown;
    const [hash, tally] = [this.#last?.hash, this.#tally];
    this.#parts.note(req, requestId, { name, hash, error, thrown: cause, count, tally });
    return error;
  }

  #wordsFor(thrown: unknown): GraphQLFormattedError {
    if (thrown instanceof PageFailed)
      return (JSON.parse(thrown.outcome.body) as { errors: GraphQLFormattedError[] }).errors[0]!;
    return translate(thrown, this.#naming()).error;
  }

  #naming() {
    const { constraintMessage } = this.#parts;
    return { requestId: this.#request.requestId, ...(constraintMessage ? { constraintMessage } : {}) };
  }
}

/** PostgreSQL begins a new line between the elements of a list; inside of a text JSON has none. */
const lineOf = (node: string): string => `${node.replaceAll('\n', '')}\n`;

const isTooLong = ({ errors }: Outcome): boolean =>
  (errors[0] as { rule?: string } | undefined)?.rule === 'answer-length';
