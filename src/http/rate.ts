// How much one viewer may ask in a minute: a leaky bucket of points in memory, one for each account or address.
// What a question costs is known before it runs (cost.ts), but for the length of its answer, which is paid afterwards.
// The buckets are bounded, so strangers cannot fill the memory.
import { Refusal } from './refusal.js';

export interface RateOptions {
  /** Points that drip back in a minute, and what a full bucket holds. */
  perMinute: number;
  /** Buckets at most; the one that rested longest is forgotten, which only makes it full again. */
  most?: number;
  /** Milliseconds that never go back. */
  now?: () => number;
}

interface Bucket {
  left: number;
  at: number;
}

const MOST_BUCKETS = 10_000;
const MINUTE = 60_000;

export class Rates {
  readonly #buckets = new Map<string, Bucket>();
  readonly perMinute: number;
  readonly #most: number;
  readonly #now: () => number;

  constructor({ perMinute, most = MOST_BUCKETS, now = () => performance.now() }: RateOptions) {
    this.perMinute = perMinute;
    this.#most = most;
    this.#now = now;
  }

  /** Points left, after what has dripped back. */
  left(key: string): number {
    return this.#fill(key).left;
  }

  /** Takes the points if they are there; else takes nothing, and gives the whole seconds after which they are. */
  take(key: string, points: number): { retryAfter: number } | undefined {
    const bucket = this.#fill(key);
    // A question that is larger than the bucket is answered from a full one: it is within every other limit.
    const wanted = Math.min(points, this.perMinute);
    if (bucket.left < wanted)
      return { retryAfter: Math.max(1, Math.ceil(((wanted - bucket.left) * 60) / this.perMinute)) };
    bucket.left -= wanted;
    return undefined;
  }

  /** For what was done already: taken whether it is there or not. Nobody is in debt for more than a minute. */
  owe(key: string, points: number): void {
    const bucket = this.#fill(key);
    bucket.left = Math.max(-this.perMinute, bucket.left - points);
  }

  get size(): number {
    return this.#buckets.size;
  }

  #fill(key: string): Bucket {
    const now = this.#now();
    let bucket = this.#buckets.get(key);
    if (bucket) {
      this.#buckets.delete(key); // a Map keeps the order of insertion: what is used goes to its end
      bucket.left = Math.min(this.perMinute, bucket.left + ((now - bucket.at) * this.perMinute) / MINUTE);
      bucket.at = now;
    } else {
      bucket = { left: this.perMinute, at: now };
    }
    this.#buckets.set(key, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#most) break;
      this.#buckets.delete(oldest);
    }
    return bucket;
  }
}

/** The bucket of whoever sent one request. */
export interface Meter {
  /** Before anything is read: every request costs one point, whatever becomes of it. @throws Refusal 429 */
  open(): void;
  /** When the price is known; what `open` took is part of it, and a question that is run again is paid once. @throws Refusal 429 */
  charge(points: number): void;
  /** When the answer is there, in bytes; an answer that is made again is paid once. Throws nothing: it was made already. */
  weigh(bytes: number): void;
  headers(): Record<string, string>;
}

/** An answer has so many bytes for its price; beyond them it costs a point for every LONG_STEP. */
const LONG_ANSWER = 100_000;
const LONG_STEP = 10_000;
export const pointsForLength = (bytes: number): number => Math.max(0, Math.ceil((bytes - LONG_ANSWER) / LONG_STEP));

export function meterOf(rates: Rates, key: string): Meter {
  let paid = 0;
  let weighed = 0;
  const pay = (points: number, price: string): void => {
    if (points <= paid) return;
    const refused = rates.take(key, points - paid);
    if (refused) throw tooMany(rates.perMinute, price, refused.retryAfter);
    paid = points;
  };
  return {
    open: () => pay(1, 'a question costs one at least'),
    charge: (points) => pay(points, `this question costs ${points}`),
    weigh: (bytes) => {
      const points = pointsForLength(bytes);
      if (points <= weighed) return;
      rates.owe(key, points - weighed);
      weighed = points;
    },
    headers: () => headersOf(rates, key),
  };
}

const tooMany = (perMinute: number, price: string, retryAfter: number): Refusal => {
  const sentence = `You have ${perMinute} points a minute and used them up; ${price}. Wait ${retryAfter} s, or ask for smaller pages.`;
  return new Refusal(429, 'LIMITED', 'rate', sentence, {}, { retryAfter, retryable: true });
};

/** draft-ietf-httpapi-ratelimit-headers: what there is at most in a window of seconds, what is left, until it is all back. */
function headersOf(rates: Rates, key: string): Record<string, string> {
  const left = Math.floor(rates.left(key));
  const until = Math.ceil(((rates.perMinute - left) * 60) / rates.perMinute);
  return {
    'ratelimit-policy': `"points";q=${rates.perMinute};w=60`,
    ratelimit: `"points";r=${Math.max(0, left)};t=${until}`,
  };
}

/** What a viewer shows of themselves here; src/accounts knows more. */
interface Asker {
  kind: 'anonymous' | 'session' | 'token';
  accountId?: number;
}

/** Who has not said who they are shares an address with others, and gets a fifth. */
const STRANGERS_SHARE = 5;

/**
 * Meters for a server that gives an account so many points per minute, whatever it shows of itself: with a bucket for each token, whoever
 * may make tokens could give themselves as many points as they like.
 */
export function ratesFor(perMinute: number): (viewer: Asker, address: string) => Meter {
  const known = new Rates({ perMinute });
  const strangers = new Rates({ perMinute: Math.ceil(perMinute / STRANGERS_SHARE) });
  return (viewer, address) =>
    viewer.accountId !== undefined ? meterOf(known, `account ${viewer.accountId}`) : meterOf(strangers, address);
}
