// Overload is shed, not suffered: so many operations run at once, so many wait, the rest is told at once to come back.
// The line is never longer than what can be answered within the patience of those who stand in it: where answers take long, it is shorter.
import type { Leaving } from '../leaving.js';
import { refuse } from './refusal.js';

export interface GateLimits {
  running: number;
  waiting: number;
  /** Milliseconds; who waited longer is better served by trying again than by an answer nobody awaits any more. */
  patience: number;
}

const GATE_LIMITS: GateLimits = { running: 64, waiting: 256, patience: 1_500 };
/** For finding out who asks: one look-up in the database, of some milliseconds. */
export const DOOR_LIMITS: GateLimits = { running: 32, waiting: 256, patience: 1_500 };

/** The line is planned for half the patience: whoever is let in and then sent away was kept from trying again. */
const HASTE = 2;
/** And what runs at once for a quarter of it: more at once is not answered sooner, it only waits inside. */
const CALM = 4;
/** As many run at once however long it takes: as many as a pool has connections. */
const FEW = 8;
/** Milliseconds between two answers, until it is known better. */
const GUESS = 10;
/** How much the last answer counts in the mean. */
const WEIGHT = 0.05;

/** One for all: thousands of them are thrown in a second, and finding out where would cost most of their time. */
const FULL = refuse.overload('Too many questions at once; try again in a moment.');

export class Gate {
  #running = 0;
  readonly #whenEmpty: (() => void)[] = [];
  /** In order of arrival; a Set removes from the middle when a waiting client leaves. */
  readonly #waiting = new Set<() => void>();
  /** Mean milliseconds between two answers while there is much to do, and when the last one was given. */
  #interval = GUESS;
  #last: number | undefined;

  constructor(private readonly limits: GateLimits = GATE_LIMITS) {}

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Throws a Refusal if who comes now would be refused: to be asked before any work is done for them. */
  check(): void {
    if (this.#running < this.#allowed()) return;
    const { size } = this.#waiting;
    if (size >= this.limits.waiting || (this.#running + size) * this.#interval > this.limits.patience / HASTE)
      throw FULL;
  }

  /** Does the work when it is its turn. Throws a Refusal if there is no place. */
  async through<T>(signal: Leaving, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Resolves when nothing runs or waits. */
  async empty(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  async #enter(signal: Leaving): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.#allowed()) {
      this.#running++;
      return;
    }
    this.check();
    await new Promise<void>((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.#waiting.delete(mine);
      };
      const mine = () => {
        finish();
        this.#running++;
        resolve();
      };
      const giveUp = () => {
        finish();
        reject(refuse.overload('This question waited too long for its turn; try again in a moment.'));
      };
      const timer = setTimeout(giveUp, this.limits.patience);
      signal.addEventListener('abort', giveUp);
      this.#waiting.add(mine);
    });
  }

  /** Hands the place straight to the next in line, so that nobody who comes now can overtake. */
  #leave(): void {
    this.#measure();
    this.#running--;
    while (this.#running < this.#allowed()) {
      const [next] = this.#waiting;
      if (!next) break;
      next();
    }
    if (this.#running === 0) this.#whenEmpty.splice(0).forEach((tell) => tell());
  }

  /** How many may run now. */
  #allowed(): number {
    const { running, patience } = this.limits;
    return Math.min(running, Math.max(FEW, Math.floor(patience / CALM / this.#interval)));
  }

  /** Only while there is much to do: the pauses of a quiet hour say nothing of how fast answers are. */
  #measure(): void {
    const now = performance.now();
    const busy = this.#waiting.size > 0 || this.#running > FEW;
    if (busy && this.#last !== undefined) this.#interval += WEIGHT * (now - this.#last - this.#interval);
    this.#last = busy ? now : undefined;
  }
}
