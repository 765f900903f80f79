// The values of an input: which fields were given, read as the house keeps them.
import { columnsOfField, type NamedField } from '../records/field-names.js';
import type { Known } from '../records/known.js';
import type { AnyRow } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import type { Problems } from '../records/problems.js';
import { readValue, type ReadValue } from '../records/read-value.js';
import { parseUuid } from '../values/identifier.js';
import { InvalidValue } from '../values/invalid-value.js';

/** What was given for a field: a value, or null, which clears it. */
export type Given = ReadValue | 'cleared';

/** By the name of the field; absent ones keep what they have. */
export function readGiven(
  input: Readonly<Record<string, unknown>>,
  fields: ReadonlyMap<string, NamedField>,
  { vocabulary }: Known,
  problems: Problems,
): Map<string, Given> {
  const given = new Map<string, Given>();
  for (const named of fields.values()) {
    const value = input[named.name];
    if (value === undefined) continue;
    if (value === null) {
      if (named.field.required) problems.add([named.name], 'required', `"${named.name}" cannot be cleared.`);
      else given.set(named.name, 'cleared');
      continue;
    }
    const read = problems.trying([named.name], 'value', () =>
      readValue(named.field, writtenOf(named, value), vocabulary),
    );
    if (read) given.set(named.name, read);
  }
  return given;
}

/** Numbers and flags as the text that a file would hold: there is one reading of values. */
function writtenOf({ field }: NamedField, value: unknown): string | string[] {
  if (Array.isArray(value)) return value.map((item) => solid(String(item)));
  const text = solid(String(value));
  return field.shape === 'ref' ? parseUuid(text) : text;
}

function solid(text: string): string {
  if (text.trim() === '') throw new InvalidValue('This text is blank; leave the field out, or send null to clear it.');
  return text;
}

/** What a new record of the noun still lacks. */
export function requireAll(
  noun: Noun,
  words: string,
  fields: ReadonlyMap<string, NamedField>,
  input: Readonly<Record<string, unknown>>,
  { defaults, vocabulary }: Known,
  problems: Problems,
): void {
  for (const { name, column, field } of fields.values()) {
    if (!field.required || (input[name] !== undefined && input[name] !== null)) continue;
    if (defaults.has(`${noun.table}.${column}`)) continue;
    const allowed = field.shape === 'word' ? vocabulary.get(field.of!) : undefined;
    problems.add([name], 'required', `A ${words} needs "${name}"${allowed ? `: one of ${allowed.join(', ')}` : ''}.`);
  }
}

/** The columns of a field with what was given for it. */
export function columnsGiven(field: NamedField, given: Given): [string, unknown][] {
  const [own, first, last] = columnsOfField(field);
  const value = given === 'cleared' ? null : given.value;
  if (first === undefined || last === undefined) return [[own!, value]];
  const bounds = given === 'cleared' ? undefined : given.bounds;
  return [[own!, value], [first, bounds?.earliest ?? null], [last, bounds?.latest ?? null]]; // prettier-ignore
}

/** Whether the row holds just that already. */
export function isHeld({ property, field }: NamedField, given: Given, row: AnyRow): boolean {
  const plain = (value: unknown): string => {
    const text = JSON.stringify(value ?? null);
    return field.shape === 'decimal' && typeof value === 'string' ? String(Number(value)) : text;
  };
  return plain(given === 'cleared' ? null : given.value) === plain(row[property]);
}
