// A text or a list of a dataset as the value of a field; what the value means is judged in src/records/read-value.ts.
import type { Field } from '../records/noun.js';
import { readValue, type ReadValue, type Vocabulary } from '../records/read-value.js';
import { InvalidValue } from '../values/invalid-value.js';
import type { Tree } from './dataset-files.js';

/** Throws InvalidValue with a sentence for whoever wrote the file. */
export const readTree = (field: Field, tree: Tree, vocabulary: Vocabulary): ReadValue =>
  readValue(field, field.shape === 'list' ? readTexts(tree) : readText(tree), vocabulary);

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

function readTexts(tree: Tree): string | string[] {
  return tree.kind === 'list' ? tree.items.map(readText) : 'no list';
}
