// What is counted for Prometheus; docs/guides/observability.md says what each number means. Labels are words of our own from closed
// lists: never a name that a client chose, an id, a login or an address. Nothing here counts records, hidden or not.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Tally } from './tally.js';

/** What a pool of connections is at. */
export interface PoolState {
  pool: string;
  inUse: number;
  idle: number;
  waiting: number;
}

/** What is asked when somebody reads the metrics. */
export interface Sources {
  outboxBytes: () => number;
  running: () => number;
  waiting: () => number;
}

export interface Metrics {
  /** Beside what it was told of before. */
  watch(sources: Partial<Sources>): void;
  /** An operation was answered; `code` is that of its first error. */
  operation(tally: Tally, code: string | undefined): void;
  /** An export is over; `code` is that of the error that ended it. */
  exported(code: string | undefined): void;
  /** A request or an operation was refused, by the rule of that name. */
  refused(rule: string): void;
  slow(statements: number): void;
  /** Somebody waited for a connection. */
  waited(pool: string, ms: number): void;
  read(): Promise<{ type: string; text: string }>;
}

export interface MetricsOptions {
  pools?: () => readonly PoolState[];
  /** Whether the audit is being sealed. */
  isSealing?: () => boolean;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const WAITS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5];
const STATEMENTS = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 100];
const BYTES = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/** Rules are written in our code and in constraints; should one ever hold something else, it is counted without its name. */
const MOST_RULES = 100;
const RULE = /^[a-z][a-z0-9_-]{0,62}$/;

export function openMetrics({ pools = () => [], isSealing }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const sources: Partial<Sources> = {};

  const operations = new Counter({
    name: 'kualik_operations_total',
    help: 'Operations that were answered, by type, by who answered, and by the code of the first error (ok: none).',
    labelNames: ['type', 'by', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'kualik_operation_seconds',
    help: 'From the turn of an operation to its answer, its commit included.',
    labelNames: ['by'],
    buckets: SECONDS,
    registers,
  });
  const databaseSeconds = new Histogram({
    name: 'kualik_operation_database_seconds',
    help: 'Of these, while at least one message to the database was under way.',
    labelNames: ['by'],
    buckets: SECONDS,
    registers,
  });
  const statements = new Histogram({
    name: 'kualik_operation_statements',
    help: 'SQL statements of an operation.',
    labelNames: ['by'],
    buckets: STATEMENTS,
    registers,
  });
  const bytes = new Histogram({
    name: 'kualik_answer_bytes',
    help: 'Length of an answer.',
    buckets: BYTES,
    registers,
  });
  const exports = new Counter({
    name: 'kualik_exports_total',
    help: 'Exports that are over, by the code of the error that ended them (ok: everything was sent).',
    labelNames: ['outcome'],
    registers,
  });
  const refusals = new Counter({
    name: 'kualik_refused_total',
    help: 'Requests and operations that were refused, by rule.',
    labelNames: ['rule'],
    registers,
  });
  const slowStatements = new Counter({
    name: 'kualik_slow_statements_total',
    help: 'Statements above KUALIK_SLOW_MS; the log has their names.',
    registers,
  });
  const waits = new Histogram({
    name: 'kualik_pool_wait_seconds',
    help: 'Until a connection of the pool was there.',
    labelNames: ['pool'],
    buckets: WAITS,
    registers,
  });
  const connections = new Gauge({
    name: 'kualik_pool_connections',
    help: 'Connections of the pool, in use or idle.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      for (const { pool, inUse, idle } of pools()) {
        this.set({ pool, state: 'in_use' }, inUse);
        this.set({ pool, state: 'idle' }, idle);
      }
    },
  });
  const waiting = new Gauge({
    name: 'kualik_pool_waiting',
    help: 'How many wait for a connection of the pool.',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const state of pools()) this.set({ pool: state.pool }, state.waiting);
    },
  });
  const gauge = (name: string, help: string, read: () => number | undefined): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read() ?? 0);
      },
    });
  gauge('kualik_outbox_bytes', 'Answers that wait to be read.', () => sources.outboxBytes?.());
  gauge('kualik_operations_running', 'Operations at work.', () => sources.running?.());
  gauge('kualik_operations_waiting', 'Operations that wait for their turn.', () => sources.waiting?.());
  if (isSealing)
    gauge('kualik_audit_sealing', '1 while the audit is sealed every few seconds, 0 when it cannot be.', () =>
      Number(isSealing()),
    );
  void [connections, waiting];

  const rules = new Set<string>();
  const knownRule = (rule: string): string => {
    if (rules.has(rule)) return rule;
    if (rules.size >= MOST_RULES || !RULE.test(rule)) return 'other';
    rules.add(rule);
    return rule;
  };
  const refused = (rule: string): void => refusals.inc({ rule: knownRule(rule) });

  return {
    watch: (more) => void Object.assign(sources, more),
    refused,
    slow: (count) => slowStatements.inc(count),
    // Without the level: how often the restricted are read is nobody's business here.
    waited: (pool, ms) => waits.observe({ pool: pool.replace(/-\d$/, '') }, ms / 1000),
    operation(tally, code) {
      const { by } = tally;
      const label = { by };
      operations.inc({ type: tally.type ?? 'none', by, outcome: code ?? 'ok' });
      seconds.observe(label, tally.ms / 1000);
      databaseSeconds.observe(label, tally.databaseMs / 1000);
      statements.observe(label, tally.statements);
      bytes.observe(tally.bytes);
      if (code === 'LIMITED' || code === 'UNAVAILABLE') refused(tally.rule ?? code.toLowerCase());
    },
    exported: (code) => exports.inc({ outcome: code ?? 'ok' }),
    read: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}
