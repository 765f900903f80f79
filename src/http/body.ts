// Reads the body of a request: counted while it arrives, strict UTF-8, strict JSON, one operation.
// What leaves here is well formed, so Apollo never has to say what is wrong with a request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { documentNestsTooDeep, isBlank, jsonNestsTooDeep } from './brackets.js';
import { refuse } from './refusal.js';

const BODY_LIMIT = 1_048_576;
const DOCUMENT_LIMIT = 50_000;

/** All bodies that are arriving at this moment together: 2,000 clients must not hold 2 GB of half-read requests. */
const ALL_BODIES_LIMIT = 64 * BODY_LIMIT;
let arriving = 0;

export interface Question {
  query: string;
  /** The text came from a list of ours, not from the request. */
  isTrusted?: boolean;
  operationName?: string;
  variables?: Record<string, unknown>;
  extensions?: Record<string, unknown>;
}

/** Undefined if the client went away before the end. */
export async function readBody(
  req: IncomingMessage,
  res: ServerResponse,
  limit = BODY_LIMIT,
): Promise<Buffer | undefined> {
  if (Number(req.headers['content-length'] ?? 0) > limit) throw refuse.bodyTooLarge(limit);
  if (/^100-continue$/i.test(req.headers.expect ?? '')) res.writeContinue();
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const leave = () => {
      arriving -= size;
      size = 0;
      req.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      arriving += chunk.length;
      if (size <= limit && arriving <= ALL_BODIES_LIMIT) return void chunks.push(chunk);
      const why = size > limit ? refuse.bodyTooLarge(limit) : refuse.overload('Too many requests arrive at once.');
      leave();
      reject(why);
    };
    const onEnd = () => {
      leave();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    };
    const onClose = () => {
      leave();
      resolve(undefined);
    };
    req.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @param textOf the text behind a document id; throws for one that is not known. */
export function parseQuestion(body: Buffer, textOf: (documentId: string) => string = notKept): Question {
  const question = shapeOf(parseJson(decode(body)), textOf);
  if (question.query.length > DOCUMENT_LIMIT) throw refuse.documentLength(DOCUMENT_LIMIT);
  if (documentNestsTooDeep(question.query)) throw refuse.documentDepth();
  return question;
}

/** A body that is some JSON object. */
export function parseObject(body: Buffer): Record<string, unknown> {
  const value = parseJson(decode(body));
  if (!isRecord(value)) throw refuse.shape('The body must be a JSON object.');
  return value;
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw refuse.notUtf8();
  }
}

function parseJson(text: string): unknown {
  if (isBlank(text)) throw refuse.shape('The body is empty; send a JSON object, such as { "query": "..." }.');
  if (jsonNestsTooDeep(text)) throw refuse.jsonDepth();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse.notJson();
  }
  // Only an escape can bring these characters in: raw ones are neither valid UTF-8 nor valid JSON.
  if (/\\u(0000|d[89a-f])/i.test(text) && holdsBadText(value)) throw refuse.characters();
  return value;
}

/** Postgres stores no NUL, and half a surrogate pair is no text at all. Depth is bounded by jsonNestsTooDeep. */
function holdsBadText(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || /\p{Surrogate}/u.test(value);
  if (Array.isArray(value)) return value.some(holdsBadText);
  if (isRecord(value)) return Object.entries(value).some(([key, inner]) => holdsBadText(key) || holdsBadText(inner));
  return false;
}

function notKept(): never {
  throw refuse.shape('Documents are not kept here; send the document itself in "query".');
}

function shapeOf(value: unknown, textOf: (documentId: string) => string): Question {
  if (Array.isArray(value)) throw refuse.batch();
  if (!isRecord(value)) throw refuse.shape('The body must be a JSON object with "query".');
  const { documentId, operationName, variables, extensions } = value;
  if (!isAbsent(documentId) && typeof documentId !== 'string') throw refuse.shape('"documentId" must be a text.');
  if (!isAbsent(documentId) && !isAbsent(value.query)) throw refuse.shape('Send "query" or "documentId", not both.');
  const query = typeof documentId === 'string' ? textOf(documentId) : value.query;
  if (typeof query !== 'string' || isBlank(query)) throw refuse.shape('"query" must be a text: the GraphQL document.');
  if (!isAbsent(operationName) && typeof operationName !== 'string')
    throw refuse.shape('"operationName" must be a text.');
  if (!isAbsent(variables) && !isRecord(variables)) throw refuse.shape('"variables" must be an object.');
  if (!isAbsent(extensions) && !isRecord(extensions)) throw refuse.shape('"extensions" must be an object.');
  if (isRecord(extensions) && 'persistedQuery' in extensions) {
    throw refuse.shape('Persisted queries are not kept here; send the document itself in "query".');
  }
  const question: Question = { query };
  if (!isAbsent(documentId)) question.isTrusted = true;
  if (typeof operationName === 'string' && operationName !== '') question.operationName = operationName;
  if (isRecord(variables)) question.variables = variables;
  if (isRecord(extensions)) question.extensions = extensions;
  return question;
}

const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
