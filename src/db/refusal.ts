// What the database refuses because of what was to be written, and the sentence for it. The migrations give each rule its
// words, as the comment of the constraint or as the message of a function.

/** What PostgreSQL says, as pg hands it on. */
export interface DatabaseError {
  code: string;
  message: string;
  constraint?: string;
  routine?: string;
}

/** Class 22: a value does not fit; 23: a constraint; P0001: a rule of ours. Anything else is no fault of what was written. */
export const isRefusal = (error: unknown): error is DatabaseError =>
  /^(22|23)...$|^P0001$/.test((error as { code?: string }).code ?? '');

/** Raised by a function of ours: the message is already a sentence. */
export const isRaised = ({ routine }: { routine?: unknown }): boolean => routine === 'exec_stmt_raise';

export function sentenceOf(
  { code, message, constraint, routine }: DatabaseError,
  rules: ReadonlyMap<string, { sentence: string }>,
): string {
  const known = constraint === undefined ? undefined : rules.get(constraint);
  if (known !== undefined) return known.sentence;
  if (isRaised({ routine })) return message;
  if (code === '22003') return 'A number is too large for its field.';
  // Constraints are named as sentences, so the name alone helps.
  return constraint === undefined
    ? `The database refuses this: ${message}.`
    : `The database refuses this by its rule "${constraint.replaceAll('_', ' ')}".`;
}
