// How an answer leaves: the same safe headers on every one of them, and every refusal as GraphQL-shaped JSON with a request id.
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { deliver, OUTBOX_LIMITS } from './outbox.js';
import { Refusal } from './refusal.js';
import { JSON_TYPE, type AnswerType } from './request.js';
import { translate, type TranslateOptions } from './translate.js';

/** No cache, no sniffing, no frame, no referrer, no script: an answer is data for who asked, and nothing else. */
export const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

const SAFE_NAMES = Object.keys(SAFE_HEADERS) as (keyof typeof SAFE_HEADERS)[];

/** @param headers in small letters; those of the safe ones that it names count in their place. */
export function send(
  res: ServerResponse,
  status: number,
  requestId: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
  stall = OUTBOX_LIMITS.stall,
): void {
  if (res.headersSent || res.destroyed) return;
  // Names and values in turn: Node takes such a list as it is, where an object is put together, taken apart and put together again.
  const head = ['x-request-id', requestId, 'content-length', String(Buffer.byteLength(body))];
  for (const name of SAFE_NAMES) head.push(name, headers[name] ?? SAFE_HEADERS[name]);
  for (const name in headers) if (!(name in SAFE_HEADERS)) head.push(name, headers[name]!);
  res.writeHead(status, head);
  if (res.req.method === 'HEAD') res.end();
  else deliver(res, body, stall);
}

export interface Failure {
  status: number;
  headers: Record<string, string>;
  body: string;
  code: string;
  unexpected: boolean;
}

/** An error that concerns the request as a whole. */
export function failureOf(error: unknown, options: TranslateOptions, type: AnswerType = JSON_TYPE): Failure {
  const said = translate(error, options);
  const refusal = error instanceof Refusal ? error : undefined;
  return {
    status: refusal?.status ?? said.status,
    headers: {
      'content-type': `${type}; charset=utf-8`,
      ...(said.retryAfter === undefined ? {} : { 'retry-after': String(said.retryAfter) }),
      ...(said.code === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer' } : {}),
      ...refusal?.headers,
    },
    body: `${JSON.stringify({ errors: [said.error] })}\n`,
    code: said.code,
    unexpected: said.unexpected,
  };
}

const LINGER = 2_000;
/** So much of a body that nobody wants is read past, and its connection is used again; opening a new one costs both sides more. */
const SMALL_BODY = 65_536;

/**
 * Refuses a request whose body may still be arriving. Closing at once would reset the connection, and the client would see
 * that instead of the reason; so the rest is read and thrown away for a short while. The body is never kept.
 */
export function sendAndLinger(req: IncomingMessage, res: ServerResponse, requestId: string, failure: Failure): void {
  if (res.headersSent || res.destroyed) return;
  if (req.complete || isBodiless(req)) return send(res, failure.status, requestId, failure.body, failure.headers);
  if (isSmall(req)) {
    req.resume();
    return send(res, failure.status, requestId, failure.body, failure.headers);
  }
  res.writeHead(failure.status, {
    ...SAFE_HEADERS,
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(failure.body)),
    connection: 'close',
    ...failure.headers,
  });
  res.write(failure.body);
  const timer = setTimeout(() => res.end(), LINGER);
  const finish = () => {
    clearTimeout(timer);
    res.end();
  };
  req.once('end', finish).once('close', finish).once('error', finish).resume();
}

const isBodiless = (req: IncomingMessage) =>
  req.headers['transfer-encoding'] === undefined && Number(req.headers['content-length'] ?? 0) === 0;

const isSmall = (req: IncomingMessage) =>
  req.headers['transfer-encoding'] === undefined && Number(req.headers['content-length']) <= SMALL_BODY;

/** An answer without a request: what arrived could not be read as one, so Node has no response object to offer. */
export function sendRaw(socket: Socket, requestId: string, failure: Failure): void {
  const head = {
    ...SAFE_HEADERS,
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(failure.body)),
    connection: 'close',
    ...failure.headers,
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}\r\n${lines.join('')}\r\n${failure.body}`);
  setTimeout(() => socket.destroy(), LINGER).unref();
}
