// A statement that was compiled once and is asked many times: what depends on the request alone is made when it comes, and
// the text is joined again only where that differs in more than its values.
import type { Sql } from '../db/sql.js';
import type { Asked } from '../records/plan.js';

/** One request, as far as a compiled question needs it. */
export interface Request extends Asked {
  /** Coerced. */
  variables: Record<string, unknown>;
  /** Asked after the lens is set, of which the key is part. */
  cursorKey: () => Uint8Array;
  /** Made once for a request, however many parts of the statement need it. */
  once: <T extends object>(key: object, make: () => T) => T;
}

/** A part of a statement that is made for each request. */
class Later {
  constructor(readonly make: (request: Request) => Sql) {}
}

export const later = (make: (request: Request) => Sql): Sql => ({ strings: ['', ''], values: [new Later(make)] });

export function newRequest(request: Omit<Request, 'once'>): Request {
  const made = new Map<object, object>();
  return {
    ...request,
    once: <T extends object>(key: object, make: () => T) => {
      const known = made.get(key);
      if (known) return known as T;
      const value = make();
      made.set(key, value);
      return value;
    },
  };
}

/** Texts kept of one question: with other arguments it has other conditions. */
const TEXTS_KEPT = 50;

export class Template {
  readonly #fragment: Sql;
  readonly #texts = new Map<string, string>();

  constructor(fragment: Sql) {
    this.#fragment = fragment;
  }

  fill(request: Request): { text: string; values: unknown[]; isNew: boolean } {
    const values: unknown[] = [];
    const parts: Sql[] = [];
    let shape = '';
    for (const value of this.#fragment.values) {
      if (!(value instanceof Later)) {
        values.push(value);
        continue;
      }
      const made = value.make(request);
      parts.push(made);
      shape += `${made.strings.join('\0')}\0\0`;
      for (const inner of made.values) values.push(inner);
    }
    const known = this.#texts.get(shape);
    if (known !== undefined) return { text: known, values, isNew: false };
    const text = this.#join(parts);
    if (this.#texts.size >= TEXTS_KEPT) this.#texts.clear();
    this.#texts.set(shape, text);
    return { text, values, isNew: true };
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
