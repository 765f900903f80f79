// What a failed statement means for the client, by SQLSTATE. Postgres' own text never leaves: it quotes values, tables and rows.
import { isRaised } from '../db/refusal.js';
import { lostRace as isRace } from '../db/retry.js';
import type { Code } from '../errors.js';
import { originOf } from './origin.js';

interface Verdict {
  code: Code;
  message: string;
  rule?: string;
  retryable?: boolean;
  retryAfter?: number;
}

/** The fields of a pg or TypeORM error that matter here. TypeORM wraps the driver's error and copies only some fields. */
export interface DatabaseError {
  code?: unknown;
  constraint?: unknown;
  routine?: unknown;
  severity?: unknown;
}

/** The driver's error inside, or the error itself. */
export function driverError(error: unknown): (DatabaseError & Error) | undefined {
  if (!(error instanceof Error)) return undefined;
  const inner = (error as { driverError?: unknown }).driverError;
  return (inner instanceof Error ? inner : error) as DatabaseError & Error;
}

/** Another transaction was in the way and nothing was done; the same operation can succeed at once. */
export function lostRace(error: unknown): boolean {
  const failed = driverError(originOf(error));
  if (!failed) return false;
  // Two requests with one idempotency key: whoever comes second finds, when run again, what the first one made.
  return isRace(failed) || failed.constraint === 'idempotency_keys_pkey';
}

/** Undefined if the error is neither the database's nor the network's, or if it is our own mistake. */
export function fromDatabase(
  error: unknown,
  constraintMessage?: (name: string) => string | undefined,
): Verdict | undefined {
  const failed = driverError(error);
  if (!failed) return undefined;
  if (isLost(failed)) return lost();
  if (isShutOut(failed)) return SHUT_OUT;
  const state = failed.code;
  if (typeof state !== 'string' || !/^[0-9A-Z]{5}$/.test(state)) return undefined;
  const rule = typeof failed.constraint === 'string' ? failed.constraint : undefined;
  if (state.startsWith('23'))
    return broken(state, rule, (rule && constraintMessage?.(rule)) ?? (isRaised(failed) ? failed.message : undefined));
  // A right that a rule of ours asks for: its sentence says whom to ask.
  if (state === '42501' && rule !== undefined && isRaised(failed))
    return { code: 'FORBIDDEN', message: constraintMessage?.(rule) ?? failed.message, rule };
  return BY_STATE[state] ?? BY_CLASS[state.slice(0, 2)];
}

/** 23505 and 23P01 collide with what is there already; the others are wrong by themselves. */
function broken(state: string, rule: string | undefined, sentence: string | undefined): Verdict {
  const collides = state === '23505' || state === '23P01' || state === '23001';
  return {
    code: collides ? 'CONFLICT' : 'BAD_USER_INPUT',
    message: sentence ?? BROKEN[state] ?? 'This breaks a rule of the record.',
    ...(rule === undefined ? {} : { rule }),
  };
}

const BROKEN: Record<string, string> = {
  '23502': 'A value that the record needs is missing.',
  '23503': 'A record named here does not exist, or you may not see it.',
  '23505': 'There is such an entry already.',
  '23514': 'A value does not fit the rules of the record.',
  '23P01': 'This overlaps with an entry that is there already.',
  '23001': 'Other records still need this one.',
};

const badValue: Verdict = {
  code: 'BAD_USER_INPUT',
  message: 'A value has a form or a size that the database does not take.',
};
const busy: Verdict = {
  code: 'CONFLICT',
  message: 'Somebody else changed the same records at the same time; try again.',
  retryable: true,
  retryAfter: 1,
};

const BY_STATE: Record<string, Verdict> = {
  '22001': badValue,
  '22003': badValue,
  '22007': badValue,
  '22008': badValue,
  '22021': badValue,
  '22P02': badValue,
  '22P05': badValue,
  '40001': busy,
  '40P01': busy,
  '55P03': busy,
  '28000': { code: 'UNAUTHENTICATED', message: 'Your sign-in has ended; sign in again.', rule: 'sign-in' },
  '42501': { code: 'FORBIDDEN', message: 'You may not do this.' },
  '57014': {
    code: 'LIMITED',
    message:
      'This took longer than the time allowed; ask for less: a smaller page, a shorter period, fewer nested lists.',
    rule: 'statement-time',
  },
  // The statement after a failed one: the first error of the answer says what happened.
  '25P02': { code: 'UNAVAILABLE', message: 'This part was given up because another part of the question failed.' },
};

function lost(): Verdict {
  return {
    code: 'UNAVAILABLE',
    message: 'The database cannot be reached now; try again in a moment.',
    retryable: true,
    retryAfter: 1,
  };
}

const SHUT_OUT: Verdict = {
  code: 'UNAVAILABLE',
  message:
    'The database refuses the sign-in of this server: its password or role was changed; the operator starts Kualik again, which renews both.',
  rule: 'database-sign-in',
  retryable: true,
  retryAfter: 30,
};

/**
 * A connection was refused, rather than a statement: 28P01 is a wrong password; 28000 means a role that is gone or may not log in, but
 * only as the end of a connection (our own functions raise it for a sign-in that has ended).
 */
const isShutOut = ({ code, severity }: DatabaseError): boolean =>
  code === '28P01' || (code === '28000' && severity === 'FATAL');

/** 08 connection, 53 out of resources, 57P shutdown and recovery. */
const BY_CLASS: Record<string, Verdict> = { '08': lost(), '53': lost() };

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/** pg and its pool have no codes for these; the texts are those of pg 8.23 and pg-pool 3. */
const LOST_TEXTS =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated|Cannot use a pool after calling end|Client has encountered a connection error|Client was closed|Query read timeout)/;

function isLost(error: DatabaseError & Error): boolean {
  if (error.constructor.name === 'Unavailable' || error.name === 'Unavailable' || error.name === 'AbortError')
    return true;
  if (typeof error.code !== 'string') return LOST_TEXTS.test(error.message);
  // A Unix socket that is gone with its server.
  const isSocket = error.code === 'ENOENT' && (error as NodeJS.ErrnoException).syscall === 'connect';
  return isSocket || NETWORK.has(error.code) || /^57P0/.test(error.code);
}
