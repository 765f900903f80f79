// One connection, taken from the pool of a TypeORM data source for one operation, and given back clean or not at all.
import { createHash } from 'node:crypto';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { EndSpan, Tally } from '../observe/tally.js';
import { cancelRunning } from './cancel.js';
import { poolOf } from './data-source.js';
import { translateLoss, Unavailable } from './unavailable.js';

/** A statement that was run, in order; for the log, for golden files and for the N+1 tests. */
export interface Statement {
  /** What it is for, in a word or two; given by the caller. */
  name: string;
  sql: string;
  ms: number;
}

export interface HeldConnection {
  /** Text of our own, such as commit; not counted among the statements. */
  send(sql: string): Promise<unknown>;
  /** set_config(name, value, true) for each; not counted among the statements. */
  configure(settings: Record<string, string>): Promise<unknown>;
  /** Gives the transaction its context; not counted among the statements. */
  enter(context: string): Promise<unknown>;
  /** Prepared under a name made from the text, so planned once per connection; `unnamed` is planned and forgotten. */
  rows<T>(name: string, sql: string, values: unknown[], searchPath: string, unnamed?: boolean): Promise<T[]>;
  readonly statements: Statement[];
  /** Stops the running statement, if any, and lets every later one fail with `reason`. */
  abort(reason: unknown): void;
  /**
   * Back to the pool after `ending` (say, commit) and RESET ALL; a broken connection is closed instead. Never rejects.
   * `untouched`: nothing was begun or set, so there is nothing to end or reset.
   */
  release(ending?: string | { untouched: true }): Promise<void>;
}

/** The path is part of the name: under another one the same text means other tables and has another plan. */
const preparedName = (sql: string, searchPath: string): string =>
  `k_${createHash('sha256').update(searchPath).update('\0').update(sql).digest('base64url').slice(0, 22)}`;

/** The values are bound, never written into the text. One plan for all values: each of its own would be planned each time. */
function configuration(settings: Record<string, string>): { sql: string; values: string[] } {
  const entries = Object.entries({ plan_cache_mode: 'force_generic_plan', ...settings });
  const calls = entries.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, true)`);
  return { sql: `select ${calls.join(', ')}`, values: entries.flat() };
}

const ENTER = 'select auth.enter($1)';

/** By path, then by text: a key of both would be a copy of the text, and some are 60 kB. */
const names = new Map<string, Map<string, string>>();
const CHARACTERS_NAMED = 4_000_000;
let characters = 0;

function cachedName(sql: string, searchPath: string): string {
  const known = names.get(searchPath)?.get(sql);
  if (known !== undefined) return known;
  characters += sql.length;
  if (characters > CHARACTERS_NAMED) {
    names.clear();
    characters = sql.length;
  }
  const name = preparedName(sql, searchPath);
  if (!names.get(searchPath)?.set(sql, name)) names.set(searchPath, new Map([[sql, name]]));
  return name;
}

/** What a connection has prepared; both sides keep it as long as it lives, so one that keeps too much is given up. */
interface Prepared {
  names: Set<string>;
  characters: number;
}
const MOST_PREPARED = 500;
/** Of texts: PostgreSQL keeps some twenty bytes for each. */
const CHARACTERS_PREPARED = 2_000_000;
const preparedOn = new WeakMap<pg.Client, Prepared>();

function keep(client: pg.Client, name: string, { length }: string): string {
  const known = preparedOn.get(client);
  if (!known) preparedOn.set(client, { names: new Set([name]), characters: length });
  else if (!known.names.has(name)) {
    known.names.add(name);
    known.characters += length;
  }
  return name;
}

function keepsTooMuch(client: pg.Client): boolean {
  const known = preparedOn.get(client);
  return known !== undefined && (known.names.size > MOST_PREPARED || known.characters > CHARACTERS_PREPARED);
}

interface Query extends pg.Query {
  name?: string;
  callback: (error: Error | undefined, result: pg.QueryResult) => void;
}

/**
 * As `client.query` with a name, without what that does besides: it copies its argument property by property, and catches each
 * refusal once more for its stack. A twentieth of a small question. A name is prepared once; none is planned and forgotten.
 */
function ask(client: pg.Client, text: string, values?: unknown[], name?: string): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    const query = new pg.Query(text, values) as Query;
    if (name !== undefined) query.name = name;
    query.callback = (error, result) => (error ? reject(error) : resolve(result));
    client.query(query);
  });
}

/** Statements that are remembered of one operation, the latest ones: an export has one for every page. */
const MOST_TOLD = 1_000;

/** @param tally of the operation for which it is held. */
export async function holdConnection(dataSource: DataSource, tally?: Tally): Promise<HeldConnection> {
  const asked = performance.now();
  try {
    // Not a query runner of TypeORM, which makes an entity manager for each: src/db/pools.ts hears of the wait in both cases.
    return new Held(await poolOf(dataSource).connect(), tally);
  } catch (error) {
    throw translateLoss(error);
  } finally {
    if (tally) tally.waitedMs += performance.now() - asked;
  }
}

class Held implements HeldConnection {
  readonly statements: Statement[] = [];
  readonly #client: pg.PoolClient;
  readonly #tally: Tally | undefined;
  #running = 0;
  #busySince = 0;
  #broken = false;
  #aborted: { reason: unknown } | undefined = undefined;
  #cancelling: Promise<void> | undefined = undefined;
  // With pipelining, pg does not settle every query of a connection that is cut: one that waits for ever would keep its
  // place in the pool for ever. So each wait also ends when the connection does.
  #lose: (reason: Error) => void = () => undefined;
  readonly #lost = new Promise<never>((_, reject) => (this.#lose = reject));
  readonly #onEnd = (): void => this.#lose(new Unavailable('the connection ended'));

  constructor(client: pg.PoolClient, tally: Tally | undefined) {
    this.#client = client;
    this.#tally = tally;
    this.#lost.catch(() => undefined); // heard by whoever is waiting, if anyone is
    client.once('end', this.#onEnd);
  }

  send(sql: string): Promise<unknown> {
    return this.#watched(() => ask(this.#client, sql));
  }

  configure(settings: Record<string, string>): Promise<unknown> {
    const { sql, values } = configuration(settings);
    return this.#watched(() => ask(this.#client, sql, values, cachedName(sql, '')));
  }

  enter(context: string): Promise<unknown> {
    return this.#watched(() => ask(this.#client, ENTER, [context], cachedName(ENTER, '')));
  }

  async rows<T>(name: string, sql: string, values: unknown[], searchPath: string, unnamed = false): Promise<T[]> {
    let started: number | undefined;
    let endSpan: EndSpan | undefined;
    let rows: T[] | undefined;
    try {
      const result: pg.QueryResult = await this.#watched(() => {
        started = performance.now();
        endSpan = this.#tally?.trace?.statement(name);
        return ask(
          this.#client,
          sql,
          values,
          unnamed ? undefined : keep(this.#client, cachedName(sql, searchPath), sql),
        );
      });
      rows = result.rows as T[];
      return rows;
    } finally {
      if (started !== undefined) {
        const ms = performance.now() - started;
        if (rows) this.statements.push({ name, sql, ms });
        if (this.statements.length > MOST_TOLD) this.statements.shift();
        this.#tally?.ran(name, ms, rows?.length);
        endSpan?.(rows === undefined);
      }
    }
  }

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = { reason };
    // The request may arrive after the statement ended and hit the next user of the connection: it gets no next user.
    this.#broken = true;
    if (this.#running > 0) this.#cancelling = cancelRunning(this.#client);
  }

  async release(ending?: string | { untouched: true }): Promise<void> {
    const client = this.#client;
    if (this.#cancelling) await this.#cancelling;
    if (!this.#broken && typeof ending !== 'object') {
      // Not DISCARD ALL, which would drop the prepared statements.
      const endings = [...(ending ? [ending] : []), 'reset all'].map((sql) => this.#unlessLost(ask(client, sql)));
      this.#begin();
      this.#broken = (await Promise.allSettled(endings)).some(({ status }) => status === 'rejected');
      this.#end();
    }
    client.off('end', this.#onEnd);
    // The pool closes what is broken and does not take it back.
    client.release(this.#broken || keepsTooMuch(client));
  }

  #unlessLost<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#lost]);
  }

  async #watched<T>(work: () => Promise<T>): Promise<T> {
    this.#throwIfAborted();
    this.#begin();
    try {
      return await this.#unlessLost(work());
    } catch (error) {
      const found = translateLoss(error);
      if (found instanceof Unavailable) this.#broken = true;
      this.#throwIfAborted();
      throw found;
    } finally {
      this.#end();
    }
  }

  // Messages leave in flights, so their times overlap: what counts is while any of them is under way.
  #begin(): void {
    if (this.#running++ === 0) this.#busySince = performance.now();
  }

  #end(): void {
    if (--this.#running === 0 && this.#tally) this.#tally.databaseMs += performance.now() - this.#busySince;
  }

  #throwIfAborted(): void {
    if (this.#aborted) throw this.#aborted.reason;
  }
}
