// Words for the person at the terminal. The log of the server is another thing: JSON, on standard error.
import { maskPasswords } from '../config.js';

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Failure {
  exitCode?: number;
}

/**
 * An error as one sentence on standard error; the stack only for who asks for it (LOG_LEVEL=debug or trace).
 * @returns the exit code: 2 for a wrong call or configuration, else 1.
 */
export function complain(error: unknown, logLevel = process.env.LOG_LEVEL): number {
  const told = error instanceof Error ? error : new Error(String(error));
  const exitCode = (told as Failure).exitCode;
  const sentence = exitCode === undefined ? `Kualik failed: ${told.message || told.name}` : told.message;
  const hint = exitCode === undefined ? '\nSet LOG_LEVEL=debug to see where.' : '';
  const detail =
    logLevel === 'debug' || logLevel === 'trace'
      ? `\n${told.stack}${told.cause instanceof Error ? `\ncaused by ${told.cause.stack}` : ''}`
      : hint;
  process.stderr.write(`${maskPasswords(sentence + detail)}\n`);
  return exitCode ?? 1;
}
