// Overload is shed, not suffered: so many operations run at once, so many wait, the rest is told at once to come back.
import { refuse } from './refusal.js';

export interface GateLimits {
  running: number;
  waiting: number;
  /** Milliseconds; who waited longer is better served by trying again than by an answer nobody awaits any more. */
  patience: number;
}

const GATE_LIMITS: GateLimits = { running: 64, waiting: 256, patience: 5_000 };

export class Gate {
  #running = 0;
  readonly #whenEmpty: (() => void)[] = [];
  /** In order of arrival; a Set removes from the middle when a waiting client leaves. */
  readonly #waiting = new Set<() => void>();

  constructor(private readonly limits: GateLimits = GATE_LIMITS) {}

  /** Resolves when it is the caller's turn; the caller must call `leave` once, whatever happens. Throws a Refusal if full. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.limits.running) {
      this.#running++;
      return;
    }
    if (this.#waiting.size >= this.limits.waiting)
      throw refuse.overload('Too many questions at once; try again in a moment.');
    await new Promise<void>((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.#waiting.delete(mine);
      };
      const mine = () => {
        finish();
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
  leave(): void {
    const [next] = this.#waiting;
    if (next) next();
    else if (--this.#running === 0) this.#whenEmpty.splice(0).forEach((tell) => tell());
  }

  /** Resolves when nothing runs or waits. */
  async empty(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }
}
