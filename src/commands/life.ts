// How a command lives and ends: what it opened is closed in reverse order, whether it is done, failed or was stopped.
// First Ctrl-C (or SIGTERM, or the closed terminal): a clean end. Second: at once; the next start clears up.
import { say } from './say.js';

export interface Life {
  /** Aborted at the first Ctrl-C. */
  signal: AbortSignal;
  /** Called once, at the end, the last one first. */
  atEnd(close: () => Promise<unknown>): void;
  /** Resolves when somebody wants an end. */
  stopped: Promise<void>;
}

/** Thrown by a command that was told to stop before it was done. */
export class Stopped extends Error {
  readonly exitCode = 1;
  constructor() {
    super('Stopped before it was done.');
    this.name = 'Stopped';
  }
}

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function listen(): { signal: AbortSignal; stopped: Promise<void>; ignore(): void } {
  const controller = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    controller.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(1);
    say('Stopping. Press Ctrl-C again to stop at once.');
    controller.abort(new Stopped());
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return { signal: controller.signal, stopped, ignore: () => SIGNALS.forEach((name) => process.off(name, onSignal)) };
}

/** Runs a command to its end. Throws what `work` threw; an error while closing counts only if nothing failed before. */
export async function live(work: (life: Life) => Promise<void>): Promise<void> {
  const { signal, stopped, ignore } = listen();
  const closers: (() => Promise<unknown>)[] = [];
  const failures: unknown[] = [];
  const run = work({ signal, stopped, atEnd: (close) => closers.push(close) });
  await run.catch((error: unknown) => failures.push(signal.aborted ? signal.reason : error));
  for (const close of closers.reverse()) await close().catch((error: unknown) => failures.push(error));
  ignore();
  if (failures.length > 0) throw failures[0];
}

/** For a step that cannot be cancelled itself: gives up waiting when the command is told to stop. */
export function orStopped<T>(life: Life, step: Promise<T>): Promise<T> {
  return Promise.race([
    step,
    life.stopped.then(() => {
      throw life.signal.reason;
    }),
  ]);
}
