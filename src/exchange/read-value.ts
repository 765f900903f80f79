// A text of a dataset as the value of a field: judged by src/values, written as a column or as the `value` of a claim.
import { parseDecimal } from '../values/decimal.js';
import { formatDuration, parseDuration } from '../values/duration.js';
import { parsePoint } from '../values/edtf.js';
import { parseInstant } from '../values/instant.js';
import { InvalidValue, quoted } from '../values/invalid-value.js';
import { parseLocalDate, type DateBound } from '../values/local-date.js';
import type { Field } from '../records/noun.js';
import type { Tree } from './dataset-files.js';
import { didYouMean } from './did-you-mean.js';

export interface ReadValue {
  /** Decimals and large integers as text, a reference as the key that was written. */
  value: string | number | boolean | string[];
  /** First and last day, for dates only. */
  bounds?: { earliest: DateBound; latest: DateBound };
}

/** The words of each SQL domain. */
export type Vocabulary = ReadonlyMap<string, readonly string[]>;

/** Throws InvalidValue with a sentence for whoever wrote the file. */
export function readValue(field: Field, tree: Tree, vocabulary: Vocabulary): ReadValue {
  if (field.shape === 'list') return { value: readList(tree) };
  const text = readText(tree);
  switch (field.shape) {
    case 'word':
      return { value: readWord(text, field.of!, vocabulary) };
    case 'edtf':
      return dated(text);
    case 'end':
      // Still so: no day is the last one.
      return text === '..' ? { value: text, bounds: { earliest: 'infinity', latest: 'infinity' } } : dated(text);
    case 'duration':
      return { value: formatDuration(parseDuration(text)) };
    case 'country':
      return { value: readCountry(text) };
    case 'integer':
      return { value: readInteger(text, 2 ** 31 - 1) };
    case 'bigint':
      return { value: String(readInteger(text, Number.MAX_SAFE_INTEGER)) };
    case 'decimal':
      return { value: parseDecimal(text) };
    case 'instant':
      return { value: parseInstant(text) };
    case 'day':
      return { value: parseLocalDate(text) };
    case 'flag':
      return { value: readFlag(text) };
    case 'text':
    case 'ref':
      return { value: text };
    case 'json':
    case 'ids':
      throw new InvalidValue('This field is not written in datasets.');
  }
}

/** A text that says something. */
export function readText(tree: Tree): string {
  if (tree.kind === 'list')
    throw new InvalidValue('A list stands here where one text belongs. Text that begins with [ stands in quotes.');
  if (tree.kind === 'table')
    throw new InvalidValue('Fields stand here where one text belongs. Text that begins with { stands in quotes.');
  if (tree.bare && ['', '~', 'null', 'Null', 'NULL'].includes(tree.text))
    throw new InvalidValue('This field is empty; leave it out when its value is not known.');
  if (tree.text.trim() === '')
    throw new InvalidValue('This text is blank; leave the field out when its value is not known.');
  if (tree.text.includes('{each}')) throw new InvalidValue('"{each}" is known only in a record with "each".');
  return tree.text;
}

function readInteger(text: string, limit: number): number {
  if (!/^-?(0|[1-9]\d*)$/.test(text)) throw new InvalidValue(`${quoted(text)} is not a whole number.`);
  if (Math.abs(Number(text)) > limit) throw new InvalidValue(`${quoted(text)} is larger than ${limit}.`);
  return Number(text);
}

export function readWord(text: string, domain: string, vocabulary: Vocabulary): string {
  const words = vocabulary.get(domain);
  if (!words)
    throw new InvalidValue(
      `The database does not know the vocabulary ${domain}; bring it up to date ("kualik migrate").`,
    );
  if (words.includes(text)) return text;
  throw new InvalidValue(
    `${quoted(text)} is not a word of ${domain}.${didYouMean(text, words)} Allowed: ${words.join(', ')}.`,
  );
}

function readList(tree: Tree): string[] {
  if (tree.kind !== 'list') throw new InvalidValue('This field is a list; write [one, another].');
  const items = tree.items.map(readText);
  const twice = items.find((item, index) => items.indexOf(item) < index);
  if (twice !== undefined) throw new InvalidValue(`${quoted(twice)} stands twice in this list.`);
  return items;
}

function dated(text: string): ReadValue {
  const { earliest, latest } = parsePoint(text);
  return { value: text, bounds: { earliest, latest } };
}

function readCountry(text: string): string {
  if (/^[A-Z]{2}$/.test(text)) return text;
  throw new InvalidValue(`${quoted(text)} is not a country code; write two capital letters, such as KZ (ISO 3166-1).`);
}

function readFlag(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidValue(`${quoted(text)} is neither true nor false.`);
  return text === 'true';
}
