// What the database refuses of a dataset, in the words that the migration gave the rule.
import { sentenceOf } from '../db/refusal.js';
import type { Known } from '../records/known.js';
import type { Refusal } from './attempts.js';
import { LoadRefused } from './problem.js';

export function throwIfRefused(refusals: readonly Refusal[], rules: Known['rules']): void {
  if (refusals.length === 0) return;
  throw new LoadRefused(
    refusals.map(({ task, error }) => ({ at: task.at, sentence: `${task.about}: ${sentenceOf(error, rules)}` })),
  );
}
