// dataset.yaml: under which name keys are remembered, and the level of records that do not say theirs.
import type { DatasetFile, Tree } from './dataset-files.js';
import { didYouMean } from '../values/did-you-mean.js';
import type { Findings } from './problem.js';
import { InvalidValue, quoted } from '../values/invalid-value.js';
import { readText } from './read-tree.js';

export interface Header {
  name: string;
  sensitivity: number;
}

export const HEADER_FILE = 'dataset.yaml';
const KNOWN = ['dataset', 'title', 'sensitivity'];
/** As in house.adopt: a level that nobody chose is not public. */
const DEFAULT_SENSITIVITY = 1;

export function readHeader(files: readonly DatasetFile[], findings: Findings): Header {
  const found = files.find(({ file }) => file === HEADER_FILE);
  const header = { name: '', sensitivity: DEFAULT_SENSITIVITY };
  if (!found) {
    findings.add(
      { file: HEADER_FILE, line: 0 },
      'This file is missing (or cannot be read); it names the dataset: "dataset: my-case".',
    );
    return header;
  }
  for (const [name, { at }] of found.root.entries) {
    if (!KNOWN.includes(name))
      findings.add(
        at,
        `${HEADER_FILE} has no "${name}".${didYouMean(name, KNOWN)} Records stand in files of their own.`,
      );
  }
  const entry = (name: string): Tree | undefined => found.root.entries.get(name)?.value;
  const read = <T>(tree: Tree | undefined, parse: (tree: Tree) => T): T | undefined =>
    findings.trying(tree?.at ?? found.root.at, () => tree && parse(tree));
  if (!entry('dataset')) findings.add(found.root.at, 'A dataset needs a name: "dataset: my-case".');
  header.name = read(entry('dataset'), readName) ?? '';
  header.sensitivity = read(entry('sensitivity'), readSensitivity) ?? DEFAULT_SENSITIVITY;
  return header;
}

function readName(tree: Tree): string {
  const name = readText(tree);
  if (/^[a-z0-9][a-z0-9-]{0,99}$/.test(name)) return name;
  throw new InvalidValue(`${quoted(name)} cannot name a dataset; write small letters, digits and hyphens.`);
}

/** Throws InvalidValue. */
export function readSensitivity(tree: Tree): number {
  const text = readText(tree);
  if (/^[0-3]$/.test(text)) return Number(text);
  throw new InvalidValue(`${quoted(text)} is not a level of sensitivity; write 0 (public) to 3 (sealed).`);
}
