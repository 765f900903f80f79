// Asks this very server and nobody else. Subscriptions and incremental delivery are not served, so one fetch is all.
// A ready-made question goes by the hash of its text: a server may answer those alone to who only reads.
import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { getIntrospectionQuery } from 'graphql';
import { questions } from './questions';
import viewer from './viewer.graphql?raw';

const ours = new Set([
  viewer,
  ...questions.map(({ query }) => query),
  getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true }),
]);

type Question = Pick<FetcherParams, 'query' | 'variables' | 'operationName'>;

/** Where a browser does not hash (plain http to another machine), the text itself goes. */
async function asked({ query, ...rest }: Question): Promise<object> {
  const { subtle } = globalThis.crypto;
  if (subtle === undefined || !ours.has(query)) return { query, ...rest };
  const hash = new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(query)));
  const hex = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { documentId: `sha256:${hex}`, ...rest };
}

/** One question and its whole answer, errors included. */
export async function ask(question: Question, headers: Record<string, string> = {}): Promise<object> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...headers,
    },
    body: JSON.stringify(await asked(question)),
    credentials: 'same-origin',
    referrerPolicy: 'no-referrer',
  });
  const text = await response.text();
  try {
    return JSON.parse(text) as object;
  } catch {
    // Something in between answered: a proxy, or nothing at all.
    return { errors: [{ message: `The answer is not JSON (HTTP ${response.status}): ${text.slice(0, 200)}` }] };
  }
}

export const fetcher: Fetcher = (params, options) => ask(params, options?.headers);
