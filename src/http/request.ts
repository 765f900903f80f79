// What a request to /graphql must look like before its body is read: each check is one sentence of refuse.ts.
import type { IncomingMessage } from 'node:http';
import { refuse } from './refusal.js';

export const GRAPHQL_RESPONSE = 'application/graphql-response+json';
export const JSON_TYPE = 'application/json';
export type AnswerType = typeof GRAPHQL_RESPONSE | typeof JSON_TYPE;

export interface RequestNames {
  /** Ours: what is answered, stored in history and audit, and quoted in errors. */
  requestId: string;
  /** How the client calls its request, if that is harmless in a log. */
  clientRequestId?: string;
}

/**
 * Both names of a request, for a line of the log and nothing else. What a stranger chose must not stand in a history that
 * others read, nor pass for another request.
 */
export function namesOf(req: IncomingMessage, requestId: string): RequestNames {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given)
    ? { requestId, clientRequestId: given }
    : { requestId };
}

/** The path without its query, which no address of ours reads. */
export function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/';
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

/**
 * DNS rebinding: a page of a stranger can point its own name at 127.0.0.1 and so reach a server on the reader's machine.
 * Its Host header gives it away. `hosts` are further names, for a proxy in front; undefined means that any name will do.
 */
export function checkHost(req: IncomingMessage, hosts: ReadonlySet<string> | undefined): void {
  if (hosts === undefined) return;
  const name = nameOf(req.headers.host ?? '');
  if (!isLoopback(name) && !hosts.has(name)) throw refuse.host();
}

export function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** A browser says where a request comes from; only our own pages may ask. Programs send neither header and pass. */
export function checkOrigin(req: IncomingMessage, hosts: ReadonlySet<string> | undefined): void {
  const site = req.headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return; // no script can forge this header
  if (site !== undefined) throw refuse.origin();
  // Over plain http to another machine a browser sends no Sec-Fetch-Site, but it does send Origin.
  const { origin } = req.headers;
  if (origin === undefined) return;
  const host = hostOfOrigin(origin);
  if (host === undefined || (host !== req.headers.host?.toLowerCase() && !hosts?.has(nameOf(host))))
    throw refuse.origin();
}

function hostOfOrigin(origin: string): string | undefined {
  return /^https?:\/\/([^/?#@\\\s]+)$/i.exec(origin)?.[1]?.toLowerCase();
}

/**
 * Only what a browser must ask permission for (a preflight, which we never grant) is read as a question.
 * application/graphql-response+json is a type for answers, yet some clients send it; it does no harm.
 */
export function checkContent(req: IncomingMessage): void {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw refuse.encoding();
  if (req.headers['content-type'] === JSON_TYPE) return;
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').toLowerCase().split(';');
  if (type.trim() !== JSON_TYPE && type.trim() !== GRAPHQL_RESPONSE) throw refuse.contentType();
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=', 2).map((part) => part.trim());
    if (name === 'charset' && !/^"?utf-?8"?$/.test(value)) throw refuse.charset();
  }
}

/** The type of the answer: the better rated of the two, application/json where both are equal or nothing is said. */
export function answerType(accept: string | undefined): AnswerType {
  if (accept === undefined || accept.trim() === '') return JSON_TYPE;
  if (accept === JSON_TYPE || accept === GRAPHQL_RESPONSE) return accept;
  const ranges = accept.toLowerCase().split(',').map(rangeOf);
  const modern = ratingOf(GRAPHQL_RESPONSE, ranges);
  const plain = ratingOf(JSON_TYPE, ranges);
  if (modern.quality <= 0 && plain.quality <= 0) throw refuse.accept();
  if (modern.quality !== plain.quality) return modern.quality > plain.quality ? GRAPHQL_RESPONSE : JSON_TYPE;
  return modern.position < plain.position ? GRAPHQL_RESPONSE : JSON_TYPE;
}

const LINES = 'application/x-ndjson';

/** An export has one type; whoever sends no accept header, or a wide one, gets it too. @throws Refusal */
export function checkLinesAccepted(accept: string | undefined): void {
  if (accept === undefined || accept.trim() === '' || accept === LINES) return;
  const ranges = accept.toLowerCase().split(',').map(rangeOf);
  if (ratingOf(LINES, ranges).quality <= 0) throw refuse.acceptLines();
}

interface Range {
  type: string;
  quality: number;
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const given = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = given === undefined ? 1 : Number(given.slice(2));
  return { type, quality: Number.isFinite(quality) ? Math.min(Math.max(quality, 0), 1) : 0 };
}

/** The most exact range decides; among equals, the order in which the client wrote them. */
function ratingOf(type: string, ranges: Range[]): { quality: number; position: number } {
  for (const pattern of [type, 'application/*', '*/*']) {
    const position = ranges.findIndex((range) => range.type === pattern);
    if (position >= 0) return { quality: ranges[position]!.quality, position };
  }
  return { quality: 0, position: ranges.length };
}
