// The database cannot be reached or cannot work now. The same request may succeed in a moment: nothing is wrong with it.
import { DomainError } from '../errors.js';

export class Unavailable extends DomainError {
  constructor(cause: unknown) {
    super('UNAVAILABLE', 'The database cannot be reached now; try again in a moment.', { retryAfter: 1, cause });
    this.name = 'Unavailable';
  }
}

/**
 * Class 08: connection; 53: out of connections, memory or disk; 57P: shut down or terminated; 58: input and output;
 * 25P03: idle in a transaction too long; 25P04: transaction too long.
 */
const SQLSTATE = /^(?:08...|53...|57P..|58...|25P0[34])$/;
const SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** Of a Unix socket that is gone with its server, or has more waiting before it than it takes; elsewhere they mean other things. */
const OF_SOCKETS = new Set(['ENOENT', 'EAGAIN']);
/** pg and pg-pool give no code for these. */
const MESSAGES =
  /^(?:Connection terminated|timeout exceeded when trying to connect|timeout expired|Client (?:has encountered a connection error|was closed)|Cannot use a pool after calling end)/;

interface Fault {
  name?: string;
  code?: string;
  syscall?: string;
  message?: string;
  driverError?: unknown;
  errors?: unknown[];
}

function isUnavailable(error: unknown): boolean {
  const { name, code = '', syscall, message = '', errors } = error as Fault;
  if (syscall === 'connect' && OF_SOCKETS.has(code)) return true;
  // TypeORM drops a connection that was lost between two statements; the next statement finds its runner released.
  if (name === 'QueryRunnerAlreadyReleasedError' || name === 'QueryRunnerProviderAlreadyReleasedError') return true;
  // An AggregateError of Node: every address of the host was tried.
  return SQLSTATE.test(code) || SYSTEM.has(code) || MESSAGES.test(message) || (errors?.some(isUnavailable) ?? false);
}

/** The error to throw on: Unavailable for a lost connection, anything else as it is. TypeORM wraps the driver's error. */
export function translateLoss(error: unknown): unknown {
  if (error instanceof Unavailable || typeof error !== 'object' || error === null) return error;
  return isUnavailable((error as Fault).driverError ?? error) ? new Unavailable(error) : error;
}
