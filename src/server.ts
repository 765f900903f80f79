// HTTP in, HTTP out; starts and stops everything that listens. Plain node:http: a request passes five checks, waits for its
// turn at the gate, runs in Apollo, and its answer leaves only after its context is closed, that is, after the commit.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseContext } from '@apollo/server';
import type { Logger } from 'pino';
import { failureOf, send, sendAndLinger, sendRaw } from './http/answer.js';
import { Bag } from './http/bag.js';
import { parseQuestion, readBody } from './http/body.js';
import { Connections } from './http/drain.js';
import { encoded } from './http/encoding.js';
import { DOOR_LIMITS, Gate, type GateLimits } from './http/gate.js';
import { CROWD_LIMITS, limitCrowds, type CrowdLimits } from './http/crowd.js';
import { openExports, type Ended } from './http/export.js';
import type { ExportRules } from './http/export-rules.js';
import { startEngine, type EngineOptions, type Outcome } from './http/graphql.js';
import { readiness } from './http/health.js';
import { exportLine, operationLine, redacted } from './http/log.js';
import { metricsAddress } from './http/metrics.js';
import { Outbox, whenOver, type OutboxLimits, type Room, type Share } from './http/outbox.js';
import type { Meter } from './http/rate.js';
import { Refusal, refuse } from './http/refusal.js';
import {
  answerType,
  checkContent,
  checkHost,
  checkOrigin,
  isLoopback,
  JSON_TYPE,
  namesOf,
  pathOf,
  type AnswerType,
  type RequestNames,
} from './http/request.js';
import { lostRace } from './http/sqlstate.js';
import { staticFiles } from './http/static.js';
import { readDocuments, type Documents } from './http/trusted.js';
import { DomainError } from './errors.js';
import { Caller, type Leaving } from './leaving.js';
import { newTally, type Observing } from './observe/observing.js';
import type { Tally } from './observe/tally.js';

export { builtExplorer } from './http/static.js';

/** What a context may know of the request that it serves. */
export interface RequestInfo<V = unknown> {
  requestId: string;
  /** Who asks, as `identify` found. */
  viewer: V;
  /** Aborted when the client is gone, or when the server stops and cannot wait any longer. */
  signal: Leaving;
  headers: IncomingHttpHeaders;
  remoteAddress: string | undefined;
  /** Where what the operation takes is counted. */
  tally?: Tally;
  /** The name of an export, whose pages share one context. */
  exporting?: string;
}

export interface OpenContext<C> {
  contextValue: C;
  /** For exports: what was shown since the last time is entered in the audit, with more to be known of it. */
  tell?(details?: Record<string, string | number | boolean>): Promise<void>;
  /** Awaited before the answer is sent. With an error: undo. If it throws, that is the answer. */
  close(error?: unknown): Promise<void>;
}

export interface ServerOptions<C extends BaseContext, V> extends Omit<EngineOptions<C>, 'drain'> {
  /** Asked before a byte of the body is read; throws for whoever may not ask at all. */
  identify: (request: IncomingMessage) => Promise<V>;
  /** The same for an export, which takes so many milliseconds at most. Absent: as `identify`. */
  identifyLasting?: (request: IncomingMessage, lasting: number) => Promise<V>;
  /** Addresses of their own, such as those of signing in. True if it was theirs, and then it is answered. */
  routes?: (req: IncomingMessage, res: ServerResponse, path: string, requestId: string) => Promise<boolean>;
  openContext: (info: RequestInfo<V>) => Promise<OpenContext<C>>;
  /** Whether the database can be asked; may throw. */
  ready: () => Promise<boolean>;
  /** 0 takes a free one. */
  port: number;
  host: string;
  logger: Logger;
  /** The built explorer; `builtExplorer()` finds it. */
  explorerDir?: string;
  /** Names this server answers under besides loopback, such as that of a proxy in front. Elsewhere than on loopback: default any. */
  hosts?: readonly string[];
  gate?: GateLimits;
  outbox?: OutboxLimits;
  /** Who answers for the bytes that wait to be read; unless said otherwise, the address of the socket. */
  share?: (viewer: V, request: IncomingMessage) => Share;
  crowd?: Partial<CrowdLimits>;
  /** The points of whoever asks; none: as many as they like. */
  meter?: (viewer: V, request: IncomingMessage) => Meter | undefined;
  /** Who may export, and how much; absent: nobody may. */
  exports?: ExportRules<V>;
  /** What is counted, traced and told as slow; absent: nothing is. */
  observing?: Observing;
  /** Who may be told how long their question took (http/explained.ts); absent: nobody. */
  mayTime?: (viewer: V) => boolean;
  /** Documents that may be asked for by their id; those of the explorer unless said otherwise. */
  documents?: Pick<Documents, 'text'>;
  /** Throws for whoever may ask for those only. */
  checkFree?: (viewer: V) => void;
}

export interface RunningServer {
  url: string;
  port: number;
  stop(): Promise<void>;
}

const TIMEOUTS = {
  headersTimeout: 8_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 5_000,
} as const;

/** How often an operation is run in all when others are always in its way; then its client is asked to come back. */
const RACES = 12;

/** Milliseconds more than an export may take, so that it ends by its own limit. */
const GRACE = 60_000;

/** A client that reads nothing of its answer for so long is gone. */
const SILENCE = 120_000;
const MOST_CONNECTIONS = 4_096;

/** Milliseconds after the call of stop(): running queries are cancelled, then connections are cut. */
const CANCEL_AFTER = 8_500;
const CUT_AFTER = 9_500;

export async function startServer<C extends BaseContext, V>(options: ServerOptions<C, V>): Promise<RunningServer> {
  const { logger, documents = readDocuments([options.explorerDir]), observing = {} } = options;
  const { metrics } = observing;
  const metricsFor = metricsAddress(observing);
  const gate = new Gate(options.gate);
  const outbox = new Outbox(options.outbox);
  const door = new Gate(DOOR_LIMITS);
  const files = staticFiles(options.explorerDir);
  const isReady = readiness(options.ready);
  const hosts = allowedHosts(options);
  const running = new Bag<Caller>();
  let stopping = false;
  metrics?.watch({
    outboxBytes: () => outbox.waiting,
    running: () => running.size,
    waiting: () => gate.waiting,
  });

  // A missing Host header is refused below, in JSON; Node would answer with an empty 400.
  const server = createServer({ ...TIMEOUTS, requireHostHeader: false });
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(SILENCE);
  const connections = new Connections(server);
  limitCrowds(
    server,
    { ...CROWD_LIMITS, ...options.crowd },
    {
      refused: () => metrics?.refused('connections'),
      tell: (most) =>
        logger.warn(
          { most },
          'connections refused: one address holds as many as it may; if it is your proxy, list it in KUALIK_TRUSTED_PROXIES',
        ),
    },
  );
  const engine = await startEngine<C>({ ...options, drain });

  const { exports: rules, checkFree, constraintMessage } = options;
  const shareOf = (viewer: V, req: IncomingMessage): Share =>
    options.share?.(viewer, req) ?? { key: req.socket.remoteAddress ?? '', known: false };
  const exporting =
    rules &&
    openExports<C, V>({
      ...{ engine, rules, outbox, hosts, checkFree, constraintMessage, schema: options.schema },
      documentText: (id) => documents.text(id),
      identify: (req, signal) => door.through(signal, () => options.identify(req)),
      identifyLasting: (req, signal) =>
        door.through(signal, () => (options.identifyLasting ?? options.identify)(req, rules.within + GRACE)),
      room: (viewer, req) => outbox.room(shareOf(viewer, req)),
      openContext: ({ req, ...asking }) =>
        options.openContext({ ...asking, headers: req.headers, remoteAddress: req.socket.remoteAddress }),
      isLate: (req) => connections.isLate(req),
      charge: (viewer, req) => options.meter?.(viewer, req)?.open(),
      newTally: () => newTally(observing),
      note: noteExport,
      noteStatements: (req, requestId, tally) => noteStatements(tally, undefined, () => namesOf(req, requestId)),
    });

  server.on('request', (req, res) => void handle(req, res));
  server.on('checkContinue', (req, res) => void handle(req, res));
  server.on('checkExpectation', (req, res) => void handle(req, res, refuse.expectation()));
  server.on('clientError', (error, socket) => refuseSocket(error, socket as Socket));

  async function handle(req: IncomingMessage, res: ServerResponse, refusal?: Error): Promise<void> {
    const requestId = randomUUID();
    connections.begin(req, res);
    try {
      if (refusal) throw refusal;
      const path = pathOf(req);
      if (path === '/metrics' && (await metricsFor?.(req, res, requestId))) return;
      checkHost(req, hosts);
      if (path === '/graphql') await answerQuestion(req, res, requestId);
      else if (path === '/export' && exporting) await exporting.answer(req, res, requestId);
      else if (await options.routes?.(req, res, path, requestId)) return;
      else if (req.method !== 'GET' && req.method !== 'HEAD') throw refuse.method('GET, HEAD');
      else if (path === '/livez') send(res, 200, requestId, '');
      else if (path === '/readyz') send(res, !stopping && (await isReady()) ? 200 : 503, requestId, '');
      else if (!files(req, res, path, requestId)) throw refuse.address();
    } catch (error) {
      answerFailure(req, res, requestId, error);
    }
  }

  async function answerQuestion(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void> {
    if (req.method !== 'POST') throw refuse.method('POST');
    checkOrigin(req, hosts);
    checkContent(req);
    const type = answerType(req.headers.accept);
    if (connections.isLate(req)) throw refuse.stopping();
    gate.check();
    outbox.check();
    const caller = new Caller();
    let room: Room | undefined;
    let isOver = false;
    whenOver(res, () => {
      isOver = true;
      if (!res.writableFinished) caller.abort();
      room?.release();
    });
    const viewer = await door.through(caller, () => options.identify(req));
    const meter = options.meter?.(viewer, req);
    const share = shareOf(viewer, req);
    const mine = (room = outbox.room(share));
    if (isOver) mine.release();
    let unlist = (): void => undefined;
    let counted: Tally | undefined;
    let outcome: Outcome | undefined;
    try {
      meter?.open();
      outbox.check(share);
      const body = await readBody(req, res);
      if (body === undefined) return; // the client left
      // Nothing is parsed for who is refused, and nobody has a place while their body is still arriving.
      const tally = (counted = newTally(observing));
      await gate.through(caller, async () => {
        unlist = running.add(caller);
        outbox.check(share); // it may have filled while this one waited
        const question = parseQuestion(body, documents?.text);
        if (!question.isTrusted) options.checkFree?.(viewer);
        const { headers, socket } = req;
        const info = { requestId, viewer, signal: caller, headers, remoteAddress: socket.remoteAddress, tally };
        const explain = headers['x-explain-cost'] === '1';
        const timed = explain && options.mayTime?.(viewer);
        const asking = { type, requestId, charge: meter?.charge, explain, timed, tally };
        // Before the context is closed: a change whose answer has no room is undone, as the refusal says.
        const run = async (contextValue: C): Promise<Outcome> => {
          const made = await engine.run(question, asking, contextValue);
          const bytes = (tally.bytes = Buffer.byteLength(made.body));
          meter?.weigh(bytes);
          mine.take(bytes);
          return made;
        };
        outcome = await ask(info, run, type);
        note(namesOf(req, requestId), outcome, tally);
        const said = outcome.headers;
        const text = await encoded(outcome.body, headers['accept-encoding'], said);
        const rate = meter?.headers();
        for (const name in rate) said[name] = rate[name]!;
        send(res, outcome.status, requestId, text, said, outbox.limits.stall);
      });
    } catch (error) {
      showRate(res, meter);
      throw error;
    } finally {
      unlist();
      if (counted) noteStatements(counted, outcome, () => namesOf(req, requestId));
    }
  }

  /**
   * What lost a race with another transaction wrote nothing and was told to nobody, so it is run again from its beginning:
   * the person who saves must not repeat what the machine can. A second loss in a row waits a little longer.
   */
  async function ask(
    info: RequestInfo<V>,
    run: (contextValue: C) => Promise<Outcome>,
    type: AnswerType,
  ): Promise<Outcome> {
    for (let again = 1; ; again++) {
      const outcome = await attempt(info, run, type);
      if (again === RACES || info.signal.aborted || !outcome.errors.some(lostRace)) return outcome;
      await sleep(Math.random() * 10 * 2 ** Math.min(again, 5));
    }
  }

  /** Opens, runs, closes, in this order, and never answers before the last: a commit can fail too. */
  async function attempt(
    info: RequestInfo<V>,
    run: (contextValue: C) => Promise<Outcome>,
    type: AnswerType,
  ): Promise<Outcome> {
    const context = await options.openContext(info);
    let outcome: Outcome;
    try {
      outcome = await run(context.contextValue);
    } catch (error) {
      await context.close(error).catch(() => undefined); // the first error is the one that tells
      throw error;
    }
    try {
      await context.close(outcome.errors[0]);
      return outcome;
    } catch (error) {
      // Of a change nothing is told where it failed. What a question was told despite an error must not leave unentered.
      if (outcome.errors.length > 0 && info.tally?.type === 'mutation') return outcome;
      const failure = failureOf(
        error,
        { requestId: info.requestId, constraintMessage: options.constraintMessage },
        type,
      );
      // A commit that fails is an outcome of the operation, so the rule for well-formed requests holds here too.
      const status = type === JSON_TYPE && failure.status < 500 ? 200 : failure.status;
      return { ...outcome, ...failure, status, errors: [error], unexpected: failure.unexpected ? [error] : [] };
    }
  }

  function answerFailure(req: IncomingMessage, res: ServerResponse, requestId: string, error: unknown): void {
    const failure = failureOf(error, { requestId, constraintMessage: options.constraintMessage }, typeFor(req));
    const names = namesOf(req, requestId);
    metrics?.refused(failure.unexpected ? 'internal' : ruleOf(error, failure));
    if (failure.unexpected) logger.error({ ...names, error: redacted(error) }, 'unexpected error');
    else if (isAway(error, failure))
      logger.warn({ ...names, error: redacted(error) }, 'something this server needs is away');
    else logger.debug({ ...names, status: failure.status, code: failure.code }, 'request refused');
    sendAndLinger(req, res, requestId, failure);
  }

  /** One line per operation: its name, its hash and what it took, never its text, variables or answer. */
  function note(names: RequestNames, outcome: Outcome, tally: Tally): void {
    for (const error of outcome.unexpected.slice(0, 3)) {
      logger.error({ ...names, hash: outcome.hash, error: redacted(error) }, 'unexpected error');
    }
    const { code } = outcome;
    const line = operationLine(names, outcome, tally);
    metrics?.operation(tally, code);
    if (code === 'UNAVAILABLE') logger.warn(line, 'operation');
    else logger.info(line, 'operation');
  }

  /** One line per export. */
  function noteExport(req: IncomingMessage, requestId: string, ended: Ended): void {
    const { hash, error, thrown, tally } = ended;
    const names = namesOf(req, requestId);
    const code = error?.extensions?.code as string | undefined;
    if (code === 'INTERNAL') logger.error({ ...names, hash, error: redacted(thrown) }, 'unexpected error');
    logger.info(exportLine(names, ended, code), 'export');
    metrics?.exported(code);
    noteStatements(tally, { hash, code, status: undefined }, () => names);
  }

  /** What took long is named, whatever became of the operation; its trace ends. */
  function noteStatements(
    tally: Tally,
    outcome: { hash: string | undefined; code: string | undefined; status: number | undefined } | undefined,
    names: () => RequestNames,
  ): void {
    const { slow } = tally;
    for (const { name, ms, rows } of slow) {
      const line = { ...names(), statement: name, hash: outcome?.hash, ms: Math.round(ms), rows };
      logger.warn(line, 'slow statement');
    }
    if (slow.length > 0) metrics?.slow(slow.length);
    tally.trace?.end(tally, { hash: outcome?.hash, code: outcome ? outcome.code : 'REFUSED', status: outcome?.status });
  }

  /** Broken, late or oversized before it was a request. If an answer is under way, a second one would only confuse. */
  function refuseSocket(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || error.code === 'ECONNRESET' || connections.isAnswering(socket))
      return void socket.destroy();
    const why =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? refuse.headers()
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? refuse.late()
          : refuse.broken();
    const requestId = randomUUID();
    metrics?.refused(why.rule!);
    logger.debug({ requestId, status: why.status, reason: error.code }, 'connection refused');
    sendRaw(socket, requestId, failureOf(why, { requestId }));
  }

  const cancelAll = (): void => {
    for (const caller of running) caller.abort();
  };

  /** Runs while Apollo still answers. The listener stays open meanwhile, so that /readyz can say 503 to who asks anew. */
  async function drain(): Promise<void> {
    const cancel = setTimeout(() => cancelAll(), CANCEL_AFTER);
    const cut = setTimeout(() => connections.closeAll(), CUT_AFTER);
    exporting?.stop();
    await connections.stop();
    await connections.closeIdle();
    await Promise.race([gate.empty(), new Promise((resolve) => setTimeout(resolve, CUT_AFTER).unref())]);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await connections.closeIdle();
    await closed;
    await exporting?.ended();
    clearTimeout(cancel);
    clearTimeout(cut);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host, backlog: MOST_CONNECTIONS }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    stop: () => {
      stopping = true;
      return (stopped ??= engine.stop());
    },
  };
}

/** On loopback a strange Host header is an attack; elsewhere it is one only if the operator has said which names are right. */
function allowedHosts({ host, hosts }: { host: string; hosts?: readonly string[] }): ReadonlySet<string> | undefined {
  if (!isLoopback(host) && !hosts?.length) return undefined;
  return new Set(hosts?.map((name) => name.toLowerCase()));
}

/** Not what we refuse ourselves, such as one question too many: what we need, such as a database or a provider. */
const isAway = (error: unknown, { code }: { code: string }): boolean =>
  code === 'UNAVAILABLE' && !(error instanceof Refusal);

const ruleOf = (error: unknown, { code }: { code: string }): string =>
  (error instanceof DomainError && error.rule) || code.toLowerCase();

function showRate(res: ServerResponse, meter: Meter | undefined): void {
  if (!meter || res.headersSent) return;
  for (const [name, value] of Object.entries(meter.headers())) res.setHeader(name, value);
}

/** The answer's type for a request that may be refused for its accept header. */
function typeFor(req: IncomingMessage): AnswerType | undefined {
  try {
    return answerType(req.headers.accept);
  } catch {
    return undefined;
  }
}
