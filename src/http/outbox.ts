// Answers that wait to be read. Who asks and does not read makes the server keep what it answers: so the bytes that wait are
// counted, for each who asks and for all, and above a limit nothing more is answered until some of it was read.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Bag } from './bag.js';
import type { Refusal } from './refusal.js';
import { refuse } from './refusal.js';

export interface OutboxLimits {
  /** Bytes for all together; strangers together get half of it, so that no number of addresses shuts out who has an account. */
  all: number;
  /** Bytes for one who asks. A single answer may be larger while nothing else of theirs waits. */
  each: number;
  /** Milliseconds without a byte of an answer being taken, after which its connection is cut. */
  stall: number;
}

export const OUTBOX_LIMITS: OutboxLimits = { all: 256_000_000, each: 64_000_000, stall: 10_000 };

/** Whose bytes they are: an account, or an address of somebody unknown. */
export interface Share {
  key: string;
  known: boolean;
}

/** As much is handed to the connection at once, so that every such piece that leaves is seen. */
const PIECE = 32_768;

/** Made once, as in gate.ts: many are thrown in a second. */
const FULL = refuse.overload('Too many answers wait to be read; try again in a moment.');
const YOURS = refuse.overload('Too much of what you asked for waits to be read; read those answers, then ask again.');

/** Room for the answer to one request. */
export interface Room {
  /** Bytes of the answer; told again, the larger number counts. @throws Refusal when there is no room for them. */
  take(bytes: number): void;
  /** For good: the answer has left, or its client has. */
  release(): void;
}

export class Outbox {
  #all = 0;
  #strangers = 0;
  readonly #each = new Map<string, number>();

  constructor(readonly limits: OutboxLimits = OUTBOX_LIMITS) {}

  /** Bytes that wait. */
  get waiting(): number {
    return this.#all;
  }

  /** To be asked before any work is done; without a share, as long as nobody knows whose it will be. @throws Refusal */
  check(share?: Share): void {
    const why = this.#objection(share, 0);
    if (why) throw why;
  }

  room(share: Share): Room {
    let taken = 0;
    let over = false;
    return {
      take: (bytes) => {
        if (over || bytes <= taken) return;
        const why = this.#objection(share, bytes - taken);
        if (why) throw why;
        this.#add(share, bytes - taken);
        taken = bytes;
      },
      release: () => {
        over = true;
        this.#add(share, -taken);
        taken = 0;
      },
    };
  }

  #objection(share: Share | undefined, bytes: number): Refusal | undefined {
    const { all, each } = this.limits;
    const more = Math.max(bytes, 1);
    if (this.#all + more > all) return FULL;
    if (share === undefined) return undefined;
    if (!share.known && this.#strangers + more > all / 2) return FULL;
    const own = this.#each.get(share.key) ?? 0;
    return own > 0 && own + more > each ? YOURS : undefined;
  }

  #add({ key, known }: Share, bytes: number): void {
    this.#all += bytes;
    if (!known) this.#strangers += bytes;
    const own = (this.#each.get(key) ?? 0) + bytes;
    if (own > 0) this.#each.set(key, own);
    else this.#each.delete(key);
  }
}

const open = new WeakMap<Socket, Bag<() => void>>();

/** Once a response has left or its connection has closed: Node says the second only to the answer whose turn it is, not to those behind. */
export function whenOver(res: ServerResponse, then: () => void): void {
  const { socket } = res.req;
  if (socket.destroyed) return then();
  let ends = open.get(socket);
  if (!ends) {
    const all = (ends = new Bag<() => void>());
    open.set(socket, all);
    socket.once('close', () => {
      for (const end of all) end();
    });
  }
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    remove();
    then();
  };
  const remove = ends.add(end);
  res.once('close', end);
}

/**
 * Ends a response whose head is written. Large bodies leave piece by piece, each when the one before it was taken; a client that takes
 * nothing for `stall` milliseconds is cut off. Counting begins when it is this answer's turn on its connection.
 */
export function deliver(res: ServerResponse, body: string | Buffer, stall: number): void {
  const socket = res.req.socket;
  const isSmall = body.length <= PIECE;
  if (isSmall) {
    res.end(body);
    // It was this answer's turn, and the kernel took all of it: most answers need no clock.
    if (res.socket !== null && socket.writableLength === 0) return;
  }
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => (res.socket === null ? wait() : socket.destroy()), stall);
  };
  wait();
  whenOver(res, () => clearTimeout(timer));
  if (isSmall) return;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  let at = 0;
  const next = (): void => {
    wait();
    while (at + PIECE < bytes.length) {
      if (res.destroyed) return;
      const piece = bytes.subarray(at, (at += PIECE));
      if (!res.write(piece)) return void res.once('drain', next);
    }
    res.end(bytes.subarray(at));
  };
  next();
}

/** An answer whose length nobody knows yet; its head is written. */
export interface Feed {
  /** Resolves when the client has room for more, so that nothing is made ahead of it. @throws ClientGone */
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

export class ClientGone extends Error {
  /** As what is cancelled otherwise because its client is gone. */
  override readonly name = 'AbortError';
}

/** Pieces and patience are those of `deliver`. */
export function feed(res: ServerResponse, stall: number): Feed {
  const socket = res.req.socket;
  let gone = false;
  let timer: NodeJS.Timeout | undefined;
  let wake = (): void => undefined;
  whenOver(res, () => {
    gone = true;
    wake();
  });
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => (res.socket === null ? wait() : socket.destroy()), stall);
  };
  const taken = async (): Promise<void> => {
    if (gone || res.destroyed) throw new ClientGone('The client is gone.');
    wait();
    await new Promise<void>((resolve) => {
      wake = resolve;
      res.once('drain', resolve);
    });
    clearTimeout(timer);
    if (gone) throw new ClientGone('The client is gone.');
  };
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += PIECE) {
        if (gone || res.destroyed) throw new ClientGone('The client is gone.');
        if (!res.write(bytes.subarray(at, at + PIECE))) await taken();
      }
    },
    async end() {
      if (gone || res.destroyed) return;
      wait();
      whenOver(res, () => clearTimeout(timer));
      res.end();
    },
  };
}
