// Record ids are random uuids, written in lower case everywhere, so that equal ids are equal text.
import { InvalidValue, quoted } from './invalid-value.js';

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a uuid of any version in its canonical form: lower case, hyphens, no braces. */
export function isUuid(text: string): boolean {
  return FORM.test(text);
}

/** Reads a uuid in either case and gives the canonical form. Throws InvalidValue. */
export function parseUuid(text: string): string {
  const canonical = text.toLowerCase();
  if (!isUuid(canonical))
    throw new InvalidValue(`${quoted(text)} is not an id; copy the id of a record from an answer.`);
  return canonical;
}
