// What the database refuses, in the words that the migration gave the rule.
import type { DatabaseError, Refusal } from './attempts.js';
import { LoadRefused } from './problem.js';

type Sentences = ReadonlyMap<string, string>;

export function sentenceOf({ code, message, constraint, routine }: DatabaseError, sentences: Sentences): string {
  const known = constraint === undefined ? undefined : sentences.get(constraint);
  if (known !== undefined) return known;
  // Raised by a function of ours: the message is already a sentence.
  if (routine === 'exec_stmt_raise') return message;
  if (code === '22003') return 'A number is too large for its field.';
  // Constraints are named as sentences, so the name alone helps.
  return constraint === undefined
    ? `The database refuses this: ${message}.`
    : `The database refuses this by its rule "${constraint.replaceAll('_', ' ')}".`;
}

export function throwIfRefused(refusals: readonly Refusal[], sentences: Sentences): void {
  if (refusals.length === 0) return;
  throw new LoadRefused(
    refusals.map(({ task, error }) => ({ at: task.at, sentence: `${task.about}: ${sentenceOf(error, sentences)}` })),
  );
}
