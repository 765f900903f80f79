// What is wrong with the input of a mutation, collected and told at once: whoever filled in a form wants all its mistakes.
import { isRaised, isRefusal } from '../db/refusal.js';
import { DomainError, invalidAll, type InputPath, type Problem } from '../errors.js';
import { InvalidValue } from '../values/invalid-value.js';
import type { Rule } from './known.js';

export class Problems {
  private readonly found: Problem[] = [];

  /** @param path below `input`: `['citations', 2, 'source']`. */
  add(path: InputPath, rule: string, message: string): void {
    this.found.push({ path: ['input', ...path], rule, message });
  }

  /** What `read` gives, or undefined when the value is wrong, which is then among the problems. */
  trying<T>(path: InputPath, rule: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error;
      this.add(path, rule, error.message);
      return undefined;
    }
  }

  throwIfAny(): void {
    const [first, ...rest] = this.found;
    if (first) throw invalidAll([first, ...rest]);
  }
}

/** Collides with what is there already; every other refusal is wrong by itself. */
const COLLIDES = ['23505', '23P01', '23001'];

/**
 * What the database refused as the problem that it is, at the field that the rule speaks of; any other error as it came.
 * @param placeOf where in the input the columns of a rule are.
 */
export function refusedBy(
  error: unknown,
  rules: ReadonlyMap<string, Rule>,
  placeOf: (columns: readonly string[]) => InputPath = () => ['input'],
): unknown {
  if (error instanceof DomainError || !isRefusal(error)) return error;
  const rule = error.constraint;
  const message =
    (rule === undefined ? undefined : rules.get(rule)?.sentence) ?? (isRaised(error) ? error.message : undefined);
  // What nobody worded for a reader is left to the translator, which never repeats PostgreSQL's own text.
  if (message === undefined) return error;
  const path = placeOf((rule === undefined ? undefined : rules.get(rule)?.columns) ?? []);
  const named = rule === undefined ? {} : { rule };
  return new DomainError(COLLIDES.includes(error.code) ? 'CONFLICT' : 'BAD_USER_INPUT', message, {
    path,
    ...named,
    problems: [{ message, path, ...named }],
    cause: error,
  });
}
