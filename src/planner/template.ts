// A statement that was compiled once and is asked many times: what depends on the request alone is made when it comes, and
// the text is joined again only where that differs in more than its values.
import type { Sql } from '../db/sql.js';
import type { Asked } from '../records/plan.js';
import { Unplannable } from './unplannable.js';

/** One request, as far as a compiled question needs it. */
export interface Request extends Asked {
  /** Coerced. */
  variables: Record<string, unknown>;
  /** Asked after the lens is set, of which the key is part. */
  cursorKey: () => Uint8Array;
  /** What the resolvers say of the fields of the root that have no plan; known when the answer is put together. */
  rest?: Readonly<Record<string, unknown>> | undefined;
  /** Made once for a request, however many parts of the statement need it. */
  once<T extends object>(key: object, make: () => T): T;
}

/** A part of a statement that is made for each request. */
class Later {
  constructor(readonly make: (request: Request) => Sql) {}
}

export const later = (make: (request: Request) => Sql): Sql => ({ strings: ['', ''], values: [new Later(make)] });

/** Nothing in the statement: refuses, where `check` throws, what is asked. */
export const checked = (check: (request: Request) => unknown): Sql =>
  later((request) => {
    check(request);
    return NOTHING;
  });

const NOTHING: Sql = { strings: [''], values: [] };

export class NewRequest implements Request {
  readonly #made = new Map<object, object>();

  constructor(
    readonly today: Asked['today'],
    readonly variables: Request['variables'],
    readonly cursorKey: Request['cursorKey'],
    public rest?: Request['rest'],
  ) {}

  once<T extends object>(key: object, make: () => T): T {
    const known = this.#made.get(key);
    if (known) return known as T;
    const value = make();
    this.#made.set(key, value);
    return value;
  }
}

/** Texts kept of one question: with other arguments it has other conditions. */
const TEXTS_KEPT = 50;
/** Characters of a text: a longer one takes PostgreSQL longer to plan than the resolvers take to answer, and more memory. */
const LONGEST_TEXT = 100_000;
/** Characters kept of all questions together, since whoever asks chooses how many there are. */
const CHARACTERS_KEPT = 4_000_000;

/** What a text was joined from. */
interface Joined {
  parts: readonly (readonly string[])[];
  text: string;
}

/** Those of all questions, the oldest first; a question that nobody knows any more is not kept for its texts. */
const kept = new Map<Joined, WeakRef<Template>>();
let characters = 0;

function drop(joined: Joined): void {
  if (kept.delete(joined)) characters -= joined.text.length;
}

export class Template {
  readonly #fragment: Sql;
  readonly #self = new WeakRef(this);
  /** The one that was used last stands first. */
  #joined: Joined[] = [];

  constructor(fragment: Sql) {
    this.#fragment = fragment;
  }

  fill(request: Request): { text: string; values: unknown[]; isNew: boolean } {
    const values: unknown[] = [];
    const parts: Sql[] = [];
    for (const value of this.#fragment.values) {
      if (!(value instanceof Later)) {
        values.push(value);
        continue;
      }
      const made = value.make(request);
      parts.push(made);
      for (const inner of made.values) values.push(inner);
    }
    const place = this.#joined.findIndex((known) => isJoinOf(known.parts, parts));
    const known = this.#joined[place];
    if (known && place > 0) this.#joined = [known, ...this.#joined.filter((other) => other !== known)];
    if (known) return { text: known.text, values, isNew: false };
    const text = this.#join(parts);
    if (text.length > LONGEST_TEXT) throw new Unplannable('the statement would be too long');
    this.#keep({ parts: parts.map(({ strings }) => strings), text });
    return { text, values, isNew: true };
  }

  #keep(joined: Joined): void {
    while (this.#joined.length >= TEXTS_KEPT) this.#forget(this.#joined.at(-1)!);
    this.#joined.unshift(joined);
    kept.set(joined, this.#self);
    characters += joined.text.length;
    for (const [oldest, template] of kept) {
      if (characters <= CHARACTERS_KEPT) break;
      const owner = template.deref();
      if (owner) owner.#forget(oldest);
      else drop(oldest);
    }
  }

  #forget(joined: Joined): void {
    this.#joined = this.#joined.filter((other) => other !== joined);
    drop(joined);
  }

  #join(parts: readonly Sql[]): string {
    const [{ strings, values }, text] = [this.#fragment, [] as string[]];
    let [bound, part] = [0, 0];
    strings.forEach((string, i) => {
      text.push(string);
      if (i === values.length) return;
      if (!(values[i] instanceof Later)) return void text.push(`$${++bound}`);
      const made = parts[part++]!;
      made.strings.forEach((inner, j) => text.push(j === 0 ? inner : `$${++bound}${inner}`));
    });
    return text.join('');
  }
}

/** Most pieces are the same constants, which takes no comparing of characters. */
function isJoinOf(known: readonly (readonly string[])[], parts: readonly Sql[]): boolean {
  return known.every((strings, part) => {
    const made = parts[part]!.strings;
    return strings === made || (strings.length === made.length && strings.every((string, i) => string === made[i]));
  });
}
