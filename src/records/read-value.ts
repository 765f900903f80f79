// What somebody wrote as the value of a field: judged by src/values, kept as a column or as the `value` of a claim. The one
// reading of values for datasets and for the graph.
import { parseCountry } from '../values/country.js';
import { parseDecimal } from '../values/decimal.js';
import { didYouMean } from '../values/did-you-mean.js';
import { readUnturned } from '../values/direction.js';
import { formatDuration, parseDuration } from '../values/duration.js';
import { parsePoint } from '../values/edtf.js';
import { parseInstant } from '../values/instant.js';
import { InvalidValue, quoted } from '../values/invalid-value.js';
import { parseLocalDate, type DateBound } from '../values/local-date.js';
import type { Field } from './noun.js';

export interface ReadValue {
  /** Decimals and large integers as text, a reference as it was written. */
  value: string | number | boolean | string[];
  /** First and last day, for dates only. */
  bounds?: { earliest: DateBound; latest: DateBound };
}

/** The words of each SQL domain. */
export type Vocabulary = ReadonlyMap<string, readonly string[]>;

/** Throws InvalidValue with a sentence for whoever wrote it. Texts are not blank, lists not given as text. */
export function readValue(field: Field, given: string | readonly string[], vocabulary: Vocabulary): ReadValue {
  if (field.shape === 'list') return { value: readList(given) };
  if (typeof given !== 'string') throw new InvalidValue('A list stands here where one text belongs.');
  switch (field.shape) {
    case 'word':
      return { value: readWord(given, field.of!, vocabulary) };
    case 'edtf':
      return dated(given);
    case 'end':
      // Still so: no day is the last one.
      return given === '..' ? { value: given, bounds: { earliest: 'infinity', latest: 'infinity' } } : dated(given);
    case 'duration':
      return { value: formatDuration(parseDuration(given)) };
    case 'country':
      return { value: parseCountry(given) };
    case 'integer':
      return { value: readInteger(given, 2 ** 31 - 1) };
    case 'bigint':
      return { value: String(readInteger(given, Number.MAX_SAFE_INTEGER)) };
    case 'decimal':
      return { value: parseDecimal(given) };
    case 'instant':
      return { value: parseInstant(given) };
    case 'day':
      return { value: parseLocalDate(given) };
    case 'flag':
      return { value: readFlag(given) };
    case 'text':
      return { value: readText(given) };
    case 'ref':
      return { value: given };
    case 'json':
    case 'ids':
      throw new InvalidValue('This field is not written by hand.');
  }
}

/** More is no value of a field but a document; that belongs in a capture, which is kept with its hash. */
const LONGEST_TEXT = 50_000;

function readText(given: string): string {
  if (given.length > LONGEST_TEXT)
    throw new InvalidValue(
      `This text has ${given.length} characters; a field holds ${LONGEST_TEXT}. Shorten it, and keep the whole as a capture.`,
    );
  return readUnturned(given);
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

function readInteger(text: string, limit: number): number {
  if (!/^-?(0|[1-9]\d*)$/.test(text)) throw new InvalidValue(`${quoted(text)} is not a whole number.`);
  if (Math.abs(Number(text)) > limit) throw new InvalidValue(`${quoted(text)} is larger than ${limit}.`);
  return Number(text);
}

function readList(given: string | readonly string[]): string[] {
  if (typeof given === 'string') throw new InvalidValue('This field is a list; write [one, another].');
  given.forEach(readUnturned);
  const twice = given.find((item, index) => given.indexOf(item) < index);
  if (twice !== undefined) throw new InvalidValue(`${quoted(twice)} stands twice in this list.`);
  return [...given];
}

function dated(text: string): ReadValue {
  const { earliest, latest } = parsePoint(text);
  return { value: text, bounds: { earliest, latest } };
}

function readFlag(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidValue(`${quoted(text)} is neither true nor false.`);
  return text === 'true';
}
