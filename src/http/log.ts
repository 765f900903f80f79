// What the log may hold of an operation and of an error: names, hashes, codes, places in our code. Never documents, variables or ids.
import type { Tally } from '../observe/tally.js';
import { originOf } from './origin.js';
import type { RequestNames } from './request.js';
import { driverError } from './sqlstate.js';

/** A name the client chose, if it is short; GraphQL names are letters, digits and underscores by grammar. */
export function operationNameFor(name: string | null | undefined): string | undefined {
  return name == null ? undefined : name.slice(0, 80);
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10;

/** What the line of an operation needs of its outcome. */
interface Noted {
  operationName: string | undefined;
  hash: string | undefined;
  status: number;
  code: string | undefined;
  errors: readonly unknown[];
}

/**
 * One line per operation: its name, its hash and what it took, in milliseconds in all, in the database, and of waiting for a
 * connection to it. One literal: each spread would cost as much as all the counting.
 */
export const operationLine = (
  { requestId, clientRequestId }: RequestNames,
  { operationName, hash, status, code, errors }: Noted,
  tally: Tally,
) => ({
  requestId,
  clientRequestId,
  operation: operationNameFor(operationName),
  hash,
  status,
  code,
  errors: errors.length,
  by: tally.by,
  statements: tally.statements,
  databaseMs: tenths(tally.databaseMs),
  waitedMs: tenths(tally.waitedMs),
  ms: Math.round(tally.ms),
});

interface Exported {
  name: string;
  hash: string | undefined;
  count: number;
  tally: Tally;
}

/** One line per export, which is many statements in one snapshot. */
export const exportLine = (
  { requestId, clientRequestId }: RequestNames,
  { name, hash, count, tally }: Exported,
  code: string | undefined,
) => ({
  requestId,
  clientRequestId,
  operation: operationNameFor(name),
  hash,
  code,
  count,
  by: tally.by,
  statements: tally.statements,
  databaseMs: tenths(tally.databaseMs),
  waitedMs: tenths(tally.waitedMs),
  ms: Math.round(tally.ms),
});

/** An unexpected error with everything that finds the bug, and nothing that came from a client or from a row. */
export function redacted(error: unknown): Record<string, unknown> {
  const origin = originOf(error);
  if (!(origin instanceof Error)) return { type: typeof origin };
  const failed = driverError(origin) ?? origin;
  const { code, constraint, table, column, schema, routine } = failed as unknown as Record<string, unknown>;
  const path = (error as { path?: unknown }).path;
  return {
    type: origin.constructor.name,
    message: withoutValues(failed.message, isAboutNames(failed, code)),
    ...(typeof code === 'string' ? { code, constraint, table, column, schema, routine } : {}),
    ...(Array.isArray(path) ? { path: path.filter((part) => typeof part === 'string').join('.') } : {}),
    stack: framesOf(origin),
    ...(origin.cause instanceof Error ? { cause: withoutValues(origin.cause.message, false) } : {}),
  };
}

/** Errors about our own code quote names of it: `column "strats" does not exist`, `reading 'starts'`. */
function isAboutNames(error: Error, code: unknown): boolean {
  return (
    error instanceof TypeError || error instanceof ReferenceError || (typeof code === 'string' && /^42/.test(code))
  );
}

/** Postgres and V8 quote the offending value; ids and numbers also stand bare. */
function withoutValues(message: string, keepNames: boolean): string {
  return message
    .slice(0, 1_000)
    .replace(/"([^"]*)"|'([^']*)'/g, (quoted, double?: string, single?: string) =>
      keepNames && /^[A-Za-z_]\w{0,40}$/.test(double ?? single ?? '') ? quoted : '"…"',
    )
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<id>')
    .replace(/\d{4,}/g, '<n>');
}

/** The stack begins with the message, so only its frames are kept. */
function framesOf(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .map((line) => line.trim());
}
