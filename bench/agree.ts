// Kualik and the limit must give the same data, or the comparison would say nothing.
import { isDeepStrictEqual } from 'node:util';
import { ask, type Contender } from './contenders.js';
import { QUERIES } from './queries.js';
import type { Samples } from './samples.js';

const COMPARED = 25;

/** The first place where two values differ, and what stands there. */
export function difference(a: unknown, b: unknown, path = 'data'): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined;
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b))
    return `${path}: ${JSON.stringify(a)?.slice(0, 200)} | ${JSON.stringify(b)?.slice(0, 200)}`;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference(a[key], b[key], `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

/** @throws with the first difference. */
export async function mustAgree(kualik: Contender, limit: Contender, samples: Samples): Promise<void> {
  for (const query of QUERIES)
    for (const asked of samples[query].slice(0, COMPARED)) {
      const answers = await Promise.all(
        [kualik, limit].map((one) => ask<unknown>(one, one.pathOf(query), one.bodyOf(query, asked))),
      );
      const found = difference(answers[0], answers[1]);
      if (found)
        throw new Error(`Kualik and the limit differ on ${query} ${JSON.stringify(asked.graphql)} at ${found}`);
    }
}
