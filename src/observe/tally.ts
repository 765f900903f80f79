// What one operation takes: statements, milliseconds in the database, milliseconds of waiting for a connection. Made for each
// request and handed down to the connection, so nothing is asked of the whole process; numbers and names of our own, never values.

/** A statement that took long. */
export interface SlowStatement {
  /** What it is for, as its caller says. */
  name: string;
  ms: number;
  /** How many rows came; undefined when it failed. */
  rows: number | undefined;
}

/** The end of something that is traced. */
export type EndSpan = (failed: boolean) => void;

/** The trace of one operation; absent unless the operator has asked for it (tracing.ts). */
export interface OperationTrace {
  statement(name: string): EndSpan;
  end(
    tally: Tally,
    outcome: { hash?: string | undefined; code?: string | undefined; status?: number | undefined },
  ): void;
}

/** The log says so many slow statements of one operation; each of them took the threshold at least. */
const MOST_SLOW = 20;

export class Tally {
  /** Sent and answered, refused ones included; not begin, settings and commit. */
  statements = 0;
  /** While at least one message to the database was under way. */
  databaseMs = 0;
  /** Until a connection was free, or made. */
  waitedMs = 0;
  /** Query, mutation; undefined until it is known. */
  type: string | undefined;
  /** Who answered, once somebody did. */
  #answeredBy: 'planner' | 'mixed' | undefined;
  /** The rule of the first error of the answer. */
  rule: string | undefined;
  /** Of the answer. */
  bytes = 0;
  readonly slow: SlowStatement[] = [];
  readonly started = performance.now();
  #toldStatements: number | undefined;

  /** @param slowMs from how many milliseconds on a statement is slow; none: never. */
  constructor(
    readonly slowMs = Infinity,
    readonly trace?: OperationTrace,
  ) {}

  get ms(): number {
    return performance.now() - this.started;
  }

  /** The operation has a plan, and its statement was asked. */
  askedInOne(): void {
    this.#toldStatements ??= this.statements;
  }

  /** The statement of its plan answered it; `isPart`: beside resolvers. */
  answeredInOne(isPart: boolean): void {
    this.#answeredBy = isPart ? 'mixed' : 'planner';
  }

  /** None: the document was refused before anybody was asked. */
  get by(): 'planner' | 'mixed' | 'resolvers' | 'none' {
    return this.#answeredBy ?? (this.type === undefined ? 'none' : 'resolvers');
  }

  /**
   * For whoever asked the question. Not how it was answered but whether it has a plan, and with a plan the statements up to that one:
   * where a reference leads to something hidden the resolvers are asked after all, and that must not be told.
   */
  get told(): { planned: boolean; statements: number } {
    return { planned: this.#toldStatements !== undefined, statements: this.#toldStatements ?? this.statements };
  }

  /** A statement is over. */
  ran(name: string, ms: number, rows: number | undefined): void {
    this.statements++;
    if (ms >= this.slowMs && this.slow.length < MOST_SLOW) this.slow.push({ name, ms, rows });
  }
}
