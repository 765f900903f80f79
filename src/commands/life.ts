// How a command lives and ends: what it opened is closed in reverse order, whether it is done, failed or was stopped, and
// also when something broke that nobody caught. First Ctrl-C (or SIGTERM, or the closed terminal): a clean end. Second: at
// once; the next start clears up.
import { setTimeout as sleep } from 'node:timers/promises';
import { complain, say } from './say.js';

export interface Life {
  /** Aborted at the first Ctrl-C, or with the error that ends the command. */
  signal: AbortSignal;
  /** Called once, at the end, the last one first. */
  atEnd(close: () => Promise<unknown>): void;
  /** Asked when the command failed, before anything is closed: what else the person at the terminal should know. */
  onFailure(explain: () => string | undefined): void;
  /** Resolves when somebody wants an end. */
  stopped: Promise<void>;
  /** Ends the command with this error, from outside of its own work. */
  fail(error: unknown): void;
  /** Told of errors that nobody caught. From then on a promise that was rejected unheard ends nothing. */
  onFault(tell: (error: unknown, kind: string) => void): void;
}

/** Thrown by a command that was told to stop before it was done. */
class Stopped extends Error {
  readonly exitCode = 1;
  constructor() {
    super('Stopped before it was done.');
    this.name = 'Stopped';
  }
}

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** After an error that nobody caught the work may wait for ever for what broke. */
const WORK_ENDS_WITHIN = 30_000;
const LOOK_FOR_PARENT_EVERY = 500;

interface Listening {
  controller: AbortController;
  stopped: Promise<void>;
  /** Resolves a while after an error that nobody caught. */
  brokenLong: Promise<void>;
  onFault: Life['onFault'];
  ignore(): void;
}

/**
 * npm hands SIGTERM to the shell between itself and us; the shell dies of it and tells nobody. So under npm the death of
 * the parent counts as the signal. Windows knows neither.
 */
function whenOrphaned(stop: () => void): () => void {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return () => undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, LOOK_FOR_PARENT_EVERY);
  return () => clearInterval(timer);
}

function listen(): Listening {
  const controller = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    controller.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  let broke: () => void = () => undefined;
  const brokenLong = new Promise<void>((resolve) => {
    broke = () => void sleep(WORK_ENDS_WITHIN, undefined, { ref: false }).then(resolve);
  });
  let told: Parameters<Life['onFault']>[0] | undefined;
  const stop = (): void => {
    if (controller.signal.aborted) return;
    say('Stopping. Press Ctrl-C again to stop at once.');
    controller.abort(new Stopped());
  };
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(1);
    stop();
  };
  const onException = (error: unknown, kind: string): void => {
    told?.(error, kind);
    broke();
    controller.abort(error);
  };
  const onRejection = (error: unknown): void => {
    if (told) told(error, 'unhandledRejection');
    else onException(error, 'unhandledRejection');
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  process.on('uncaughtException', onException).on('unhandledRejection', onRejection);
  const lookNoMore = whenOrphaned(stop);
  return {
    controller,
    stopped,
    brokenLong,
    onFault: (tell) => (told = tell),
    ignore: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
      process.off('uncaughtException', onException).off('unhandledRejection', onRejection);
      lookNoMore();
    },
  };
}

/**
 * Runs a command to its end. Throws what `work` threw, after it was told on standard error and before anything was closed:
 * closing may take long. An error while closing counts only if nothing failed before.
 */
export async function live(work: (life: Life) => Promise<void>): Promise<void> {
  const { controller, stopped, brokenLong, onFault, ignore } = listen();
  const { signal } = controller;
  const closers: (() => Promise<unknown>)[] = [];
  const explanations: (() => string | undefined)[] = [];
  const failures: unknown[] = [];
  const fail = (error: unknown): void => controller.abort(error);
  const run = work({
    signal,
    stopped,
    onFault,
    fail,
    atEnd: (close) => closers.push(close),
    onFailure: (explain) => explanations.push(explain),
  });
  run.catch(() => undefined); // if it fails after all was given up
  await Promise.race([run, brokenLong]).catch((error: unknown) =>
    failures.push(signal.aborted ? signal.reason : error),
  );
  // A command that returns in peace when it is stopped has failed all the same if an error was what stopped it.
  if (failures.length === 0 && signal.aborted && !(signal.reason instanceof Stopped)) failures.push(signal.reason);
  if (failures.length > 0) {
    const stoppedByPerson = failures[0] instanceof Stopped;
    complain(failures[0], stoppedByPerson ? [] : explanations.map((explain) => explain()));
  }
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
