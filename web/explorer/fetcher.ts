// Asks this very server and nobody else. Subscriptions and incremental delivery are not served, so one fetch is all.
import type { Fetcher } from '@graphiql/toolkit';

export const fetcher: Fetcher = async (params, options) => {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...options?.headers,
    },
    body: JSON.stringify(params),
    credentials: 'same-origin',
    referrerPolicy: 'no-referrer',
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // Something in between answered: a proxy, or nothing at all.
    return { errors: [{ message: `The answer is not JSON (HTTP ${response.status}): ${text.slice(0, 200)}` }] };
  }
};
