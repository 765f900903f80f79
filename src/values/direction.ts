// Signs that turn the direction of writing: a name with one of them reads otherwise than it is stored, and so is found by
// nobody, or taken for another one. What scripts themselves need stays: the joiners of Arabic script (U+200C, U+200D), and
// the marks that only place a neighbouring sign (U+200E, U+200F, U+061C).
import { InvalidValue } from './invalid-value.js';

/** Embeddings, overrides and isolates of the Unicode bidirectional algorithm (UAX #9), with what ends them. */
const TURNING = /[\u202A-\u202E\u2066-\u2069]/;

/** The text as it came; throws InvalidValue when a sign in it turns the direction. */
export function readUnturned(text: string): string {
  const sign = TURNING.exec(text)?.[0];
  if (sign === undefined) return text;
  const code = sign.charCodeAt(0).toString(16).toUpperCase();
  throw new InvalidValue(
    `This text holds an invisible sign (U+${code}) that turns the direction of writing, so it does not read as it is stored; remove that sign.`,
  );
}
