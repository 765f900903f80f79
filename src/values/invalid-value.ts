// The one error of this floor: a value that cannot be what it claims to be, said as a sentence for a caseworker.
// It knows no HTTP, no GraphQL and no field; whoever holds those adds them.
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue';
}

/** The value as it may stand inside a sentence: quoted, and cut short so that a hostile text cannot fill a log. */
export function quoted(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}
