// Words for the person at the terminal. The log of the server is another thing: JSON, on standard error.
import { maskPasswords } from '../config.js';

let terminal: NodeJS.WriteStream = process.stdout;

export function say(text: string): void {
  terminal.write(`${text}\n`);
}

/** For commands whose standard output is read by a script: words go beside it. */
export function sayAside(): void {
  terminal = process.stderr;
}

/** Whoever reads along may leave (`kualik serve | head -1`), and a log may outgrow its disk: neither ends a command. */
export function letReadersLeave(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

interface Failure {
  exitCode?: number;
}

/** Errors that were told already; their exit code is still asked for. */
const told = new WeakSet<Error>();

/**
 * An error as one sentence on standard error, once; the stack only for who asks for it (LOG_LEVEL=debug or trace).
 * @param more lines that follow.
 * @returns the exit code: 2 for a wrong call or configuration, else 1.
 */
export function complain(error: unknown, more: (string | undefined)[] = [], logLevel = process.env.LOG_LEVEL): number {
  const failed = error instanceof Error ? error : new Error(String(error));
  const { exitCode } = failed as Failure;
  if (told.has(failed)) return exitCode ?? 1;
  told.add(failed);
  const sentence = exitCode === undefined ? `Kualik failed: ${failed.message || failed.name}` : failed.message;
  const detail =
    logLevel === 'debug' || logLevel === 'trace'
      ? `${failed.stack}${failed.cause instanceof Error ? `\ncaused by ${failed.cause.stack}` : ''}`
      : exitCode === undefined && 'Set LOG_LEVEL=debug to see where.';
  process.stderr.write(`${maskPasswords([sentence, detail, ...more].filter(Boolean).join('\n'))}\n`);
  return exitCode ?? 1;
}
