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

/**
 * Keys that are over, until when: a try that is refused anyway costs no statement, so that a flood of them leaves the connections to
 * those who read. For a few seconds at a time: what another process forgives counts here as soon.
 */
const REMEMBERED = 10_000;
const MOST_REMEMBERED = 10_000;

interface Over {
  /** Of performance.now(), which never goes back: when to ask again, and when the tries count anew. */
  ask: number;
  until: number;
}

/** By pool, as the table is by database. */
const memories = new WeakMap<Rows, Map<string, Over>>();

function memoryOf(rows: Rows): Map<string, Over> {
  let memory = memories.get(rows);
  if (!memory) memories.set(rows, (memory = new Map()));
  return memory;
}

/** For who empties the table. */
export const forgetTries = (rows: Rows): void => void memories.delete(rows);

const tooMany = (wait: number): Error =>
  limited('Too many tries; wait a few minutes, then try again.', {
    rule: 'too-many-tries',
    retryAfter: Math.max(1, wait),
  });

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
  const key = keyOf(kind, of);
  const memory = memoryOf(rows);
  const name = key.toString('base64');
  const over = memory.get(name);
  const now = performance.now();
  if (over && now < over.ask) throw tooMany(Math.ceil((over.until - now) / 1_000));
  memory.delete(name);
  const [row] = await rows<{ tries: number; wait: number }>(COUNT, [key, MINUTES]);
  const { tries, wait } = row!;
  if (tries <= LIMITS[kind]) return;
  memory.set(name, { ask: now + Math.min(wait * 1_000, REMEMBERED), until: now + wait * 1_000 });
  if (memory.size > MOST_REMEMBERED) memory.delete(memory.keys().next().value!);
  throw tooMany(wait);
}

/** It was right: what this one counted is taken back, and where only the right person can come so far, all of it. */
export async function forgive(rows: Rows, kind: Throttled, of: string): Promise<void> {
  memoryOf(rows).delete(keyOf(kind, of).toString('base64'));
  if (kind === 'address')
    await rows('update auth.throttles set tries = greatest(tries - 1, 0) where key = $1', [keyOf(kind, of)]);
  else await rows('delete from auth.throttles where key = $1', [keyOf(kind, of)]);
}
