// How often something may be tried. Counted before it is judged, in one statement, so that a hundred tries at once are a hundred;
// by login and by address alike, whether the login exists or not. Keys are hashed: the table names nobody.
import { limited } from '../errors.js';
import type { Rows } from './gate.js';
import { hashOf } from './secrets.js';

const MINUTES = 15;

/**
 * login: guesses at one password by strangers; device: by a browser that has signed in with this login before, so that
 * strangers cannot lock a person out; second: guesses at a code by who knows the password; address: guesses at anything
 * from one place, where a whole office may sit; begin: what costs us a row each.
 */
const LIMITS = { login: 10, device: 10, second: 10, address: 60, begin: 120 } as const;
export type Throttled = keyof typeof LIMITS;

const keyOf = (kind: Throttled, of: string): Buffer => hashOf(`${kind}:${of}`);

const COUNT = `
  insert into auth.throttles as t (key, tries, since, until) values ($1, 1, now(), now() + make_interval(mins => $2))
  on conflict (key) do update set
    tries = case when t.until <= now() then 1 else least(t.tries + 1, 1000000) end,
    since = case when t.until <= now() then now() else t.since end,
    until = case when t.until <= now() then now() + make_interval(mins => $2) else t.until end
  returning tries, ceil(extract(epoch from until - now()))::integer as wait`;

/** @throws DomainError LIMITED, with the seconds to wait. */
export async function count(rows: Rows, kind: Throttled, of: string): Promise<void> {
  const [row] = await rows<{ tries: number; wait: number }>(COUNT, [keyOf(kind, of), MINUTES]);
  if (row!.tries > LIMITS[kind])
    throw limited('Too many tries; wait a few minutes, then try again.', {
      rule: 'too-many-tries',
      retryAfter: Math.max(1, row!.wait),
    });
}

/** It was right: what this one counted is taken back, and where only the right person can come so far, all of it. */
export async function forgive(rows: Rows, kind: Throttled, of: string): Promise<void> {
  if (kind === 'address')
    await rows('update auth.throttles set tries = greatest(tries - 1, 0) where key = $1', [keyOf(kind, of)]);
  else await rows('delete from auth.throttles where key = $1', [keyOf(kind, of)]);
}
