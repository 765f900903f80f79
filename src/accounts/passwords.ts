// Passwords: argon2id, and the same work for a login that does not exist. One cost for all: a hash that is cheaper than the
// others would tell by its time which logins there are.
import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { invalid, unavailable } from '../errors.js';

export interface Cost {
  /** KiB. */
  memory: number;
  passes: number;
}

/** About 100 ms on one core of a small server (2 x 2.6 GHz); OWASP asks for 19 MiB and 2 passes at least. */
const COST: Cost = { memory: 65_536, passes: 3 };

/** At once: each takes its memory. Further ones wait, and a crowd is sent away. */
const AT_ONCE = 2;
const WAITING = 64;

const SHORTEST = 12;
const LONGEST = 200;

export class Passwords {
  /** How many hashes were computed to judge a password, right or wrong. */
  judged = 0;
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #dummy: Promise<string>;

  constructor(private readonly cost: Cost = COST) {
    this.#dummy = this.#hash(randomBytes(16).toString('base64'));
    this.#dummy.catch(() => undefined);
  }

  /** @throws DomainError when nobody should have this password. */
  hash(password: string, login: string): Promise<string> {
    const text = normal(password);
    const length = [...text].length;
    if (length < SHORTEST)
      throw invalid('password', `A password has ${SHORTEST} characters at least; four unrelated words are good.`);
    if (length > LONGEST) throw invalid('password', `A password has ${LONGEST} characters at most.`);
    if (new Set(text.toLowerCase()).size < 5 || text.toLowerCase().replaceAll(login, '').length < SHORTEST / 2)
      throw invalid('password', 'This password is easy to guess; take several unrelated words.');
    return this.#inTurn(() => this.#hash(text));
  }

  /** Takes its time with nothing to compare to as well. */
  async isRight(hashed: string | null | undefined, password: string): Promise<boolean> {
    const text = normal(password).slice(0, LONGEST * 2);
    const against = hashed ?? (await this.#dummy);
    const fits = await this.#inTurn(() => {
      this.judged++;
      return verify(against, text);
    });
    return fits && typeof hashed === 'string';
  }

  #hash(text: string): Promise<string> {
    return hash(text, {
      // argon2id is the default of the package, and a constraint of the table says so too.
      memoryCost: this.cost.memory,
      timeCost: this.cost.passes,
      parallelism: 1,
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= WAITING) throw unavailable('Too many people sign in at once; try again in a moment.');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

/** The same password from every keyboard: composed and decomposed letters look alike. */
const normal = (password: string): string => password.normalize('NFKC');
