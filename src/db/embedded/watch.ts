// Brings the embedded server back when it is gone while somebody serves from it: killed, or given up for want of disk
// space. A start that fails three times in a row is given up, except on a full disk: that is waited for, however long.
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY = 250;
const ATTEMPTS = 3;
const LONGEST_PAUSE = 5_000;

export interface WatchEvents {
  gone(): void;
  /** A start failed and will be tried again. */
  failed(error: unknown, diskFull: boolean): void;
  back(ms: number): void;
  /** It was tried in vain; nothing more is tried. */
  lost(error: unknown): void;
}

interface Watched {
  isRunning(): boolean;
  /** Starts it again at its old address, or finds that another process did. */
  revive(): Promise<void>;
  isDiskFull(error: unknown): boolean;
}

/** @returns how to stop watching; resolves when no start is under way any more. */
export function watch({ isRunning, revive, isDiskFull }: Watched, events: WatchEvents): () => Promise<void> {
  const end = new AbortController();
  const pause = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal: end.signal, ref: false }).catch(() => undefined);

  async function bringBack(): Promise<boolean> {
    const started = performance.now();
    events.gone();
    for (let failures = 0, rounds = 1; !end.signal.aborted; rounds++) {
      try {
        await revive();
        events.back(Math.round(performance.now() - started));
        return true;
      } catch (error) {
        const full = isDiskFull(error);
        if (!full && ++failures === ATTEMPTS) {
          events.lost(error);
          return false;
        }
        events.failed(error, full);
        await pause(Math.min(LONGEST_PAUSE, 250 * 2 ** Math.min(rounds, 10)));
      }
    }
    return false;
  }

  async function look(): Promise<void> {
    while (!end.signal.aborted) {
      if (!isRunning() && !(await bringBack())) return;
      await pause(LOOK_EVERY);
    }
  }

  const looking = look();
  return () => {
    end.abort();
    return looking;
  };
}
