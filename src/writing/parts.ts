// A verb that writes several records tries them all, so that what is wrong with one does not hide what is wrong with the next.
import { BEARING_STANCES } from '../claims/write-claim.js';
import type { Context } from '../context.js';
import { DomainError, invalidAll, type InputPath, type Problem } from '../errors.js';
import type { CitationInput } from '../generated/resolvers-types.js';
import type { AnyRow } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { saveRecord, type SaveInput } from './save.js';

/** A citation of a part, and which one of the whole input it comes from. */
interface Drawn {
  citation: CitationInput;
  from: number;
}

/** How a part stands in the whole: where its fields are, and which citations speak of them. */
export interface Part {
  /** Where a rule stands that speaks of the part as a whole. */
  at: InputPath;
  /** From a field of the part to where it stands below `input`. */
  placeOf(field: string): InputPath;
  citations: Drawn[];
}

export class Parts {
  private readonly problems: Problem[] = [];

  constructor(private readonly context: Context) {}

  add(path: InputPath, rule: string, message: string): void {
    this.problems.push({ path: ['input', ...path], rule, message });
  }

  /** Saves one of the records, in a savepoint of its own; undefined when it was refused, which is then among the problems. */
  async save(noun: Noun, input: object, part: Part): Promise<AnyRow | undefined> {
    const given = Object.fromEntries(
      Object.entries(input).filter(([, value]) => value !== null && value !== undefined),
    );
    const citations = part.citations.map(({ citation }) => citation);
    await this.send('savepoint part');
    try {
      const record = await saveRecord(noun, { ...given, citations } as SaveInput, this.context);
      await this.send('release savepoint part');
      return record;
    } catch (error) {
      if (!(error instanceof DomainError) || !error.problems) throw error;
      await this.send('rollback to savepoint part');
      this.context.renew();
      for (const { path = ['input'], rule, message } of error.problems) this.take(path.slice(1), rule, message, part);
      return undefined;
    }
  }

  private async send(text: string): Promise<void> {
    await this.context.db.rows(text, text, []);
  }

  private take(path: InputPath, rule: string | undefined, message: string, part: Part): void {
    const [field, index, ...rest] = path;
    const place =
      field === 'citations'
        ? ['citations', part.citations[Number(index)]?.from ?? 0, ...rest]
        : field === undefined
          ? part.at
          : [...part.placeOf(String(field)), ...path.slice(1)];
    const problem = { path: ['input', ...place], ...(rule === undefined ? {} : { rule }), message };
    const print = JSON.stringify(problem);
    if (!this.problems.some((other) => JSON.stringify(other) === print)) this.problems.push(problem);
  }

  throwIfAny(): void {
    const [first, ...rest] = this.problems;
    if (first) throw invalidAll([first, ...rest]);
  }
}

/**
 * What each citation says of one part: without a field, that the record exists and every value given for it; with one, that
 * value alone. A denial or a mention speaks of existence only.
 * @param fields given in the part, by the name that a citation has for them: `document.validUntil` -> `validUntil`.
 */
export function drawn(citations: readonly CitationInput[], fields: ReadonlyMap<string, string>): Drawn[] {
  return citations.flatMap((citation, from) => {
    if (citation.field) {
      const field = fields.get(citation.field);
      return field === undefined ? [] : [{ citation: { ...citation, field }, from }];
    }
    const vouches = BEARING_STANCES.includes(citation.stance ?? 'ASSERTS');
    const values = vouches ? [...fields.values()].map((field) => ({ citation: { ...citation, field }, from })) : [];
    return [{ citation, from }, ...values];
  });
}

/** Of these fields of an input, those that were given. */
export const givenOf = (input: object, names: readonly string[]): string[] =>
  names.filter((name) => {
    const value = (input as Record<string, unknown>)[name];
    return value !== null && value !== undefined;
  });
