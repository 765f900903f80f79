// Everything that can be known to be wrong before a row is written: values, words, required fields, references, rings.
// Pure: what the database knows (vocabulary, defaults) comes in as an argument.
import { columnsOfField } from '../records/field-names.js';
import type { Known as DatabaseKnown } from '../records/known.js';
import type { ReadValue, Vocabulary } from '../records/read-value.js';
import { digest } from '../values/digest.js';
import { nearest } from '../values/did-you-mean.js';
import { checkClaims } from './claim-check.js';
import type { Content, Dataset, LoadRecord } from './dataset.js';
import { fieldsOf, type DatasetField } from './dataset-fields.js';
import { readFiles } from './dataset-files.js';
import { HEADER_FILE, readHeader, readSensitivity } from './dataset-header.js';
import { flatten, type FlatRecord } from './dataset-records.js';
import { depths } from './depths.js';
import { Findings, type Place } from './problem.js';
import { readTree } from './read-tree.js';

/** What the database knows of words and defaults. */
export type Known = Pick<DatabaseKnown, 'vocabulary' | 'defaults'>;

/** Throws LoadRefused with every problem of every file. */
export function readDataset(directory: string, known: Known): Dataset {
  const findings = new Findings();
  const files = readFiles(directory, findings);
  // What stands in a file that cannot be read is not missing; such a file is told, and not all that points into it.
  const isComplete = findings.problems.length === 0;
  const header = readHeader(files, findings);
  const flat = flatten(
    files.filter(({ file }) => file !== HEADER_FILE),
    header.sensitivity,
    findings,
  );
  const keys = new Keys(flat, isComplete, findings);
  const drafts = new Map(flat.map((record) => [record.key, checkRecord(record, keys, known, findings)]));
  const ordered = orderRecords(flat, drafts, findings);
  const byKey = new Map(ordered.map((record) => [record.key, record]));
  const claims = checkClaims(flat, byKey, keys, known.vocabulary, findings);
  findings.throwIfAny();
  return { name: header.name, records: ordered, claims };
}

/** Which record a key means. */
export class Keys {
  private readonly byKey: Map<string, FlatRecord>;

  constructor(
    records: readonly FlatRecord[],
    readonly isComplete: boolean,
    private readonly findings: Findings,
  ) {
    this.byKey = new Map(records.map((record) => [record.key, record]));
  }

  find = (key: string): FlatRecord | undefined => this.byKey.get(key);

  /** A key near this one, of records that are not nested. */
  near = (key: string): string | undefined =>
    nearest(
      key,
      [...this.byKey.keys()].filter((known) => !known.includes('/')),
    );

  /** Tells when the key is not that of a record of one of these nouns. */
  require(at: Place, key: string, wanted: readonly string[]): void {
    const found = this.byKey.get(key);
    if (found ? wanted.includes('records') || wanted.includes(found.noun) : !this.isComplete) return;
    const meant = found ? undefined : this.near(key);
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
    const names = wanted.map((noun) => noun.replaceAll('_', ' ')).join(' or ');
    this.findings.add(
      at,
      found
        ? `"${key}" is one of the ${found.noun.replaceAll('_', ' ')}; here belongs one of the ${names}.`
        : `No record of the dataset has the key "${key}".${hint}`,
    );
  }
}

type Draft = Omit<LoadRecord, 'depth'>;

function checkRecord(flat: FlatRecord, keys: Keys, { vocabulary, defaults }: Known, findings: Findings): Draft {
  const fields = fieldsOf(flat.noun);
  const columns = new Map<string, Content>();
  if (flat.owner) columns.set(flat.owner.field.column, { key: flat.owner.key });
  for (const [name, tree] of flat.values) {
    const field = fields.get(name)!;
    const read = findings.trying(tree.at, () => readTree(field.field, tree, vocabulary));
    if (!read) continue;
    for (const [column, content] of columnsOf(field, read)) columns.set(column, content);
    if (field.field.shape === 'ref') keys.require(tree.at, String(read.value), [field.field.of!]);
  }
  const claimed = new Set(flat.claims.flatMap(({ field }) => (field ? columnsOfField(field) : [])));
  for (const field of fields.values()) {
    const isGiven = flat.values.has(field.name) || flat.owner?.field === field;
    if (field.field.required && !isGiven && !defaults.has(`${flat.noun}.${field.column}`)) {
      findings.add(flat.at, `${flat.noun} need "${field.name}"${wordsOf(field, vocabulary)}.`);
    }
  }
  const { sensitivity: level } = flat;
  const sensitivity =
    typeof level === 'number' ? level : (findings.trying(level.at, () => readSensitivity(level)) ?? 0);
  const content = [flat.noun, sensitivity, [...columns].sort(([a], [b]) => (a < b ? -1 : 1))];
  return { noun: flat.noun, key: flat.key, at: flat.at, sensitivity, columns, claimed, digest: digest(content) };
}

function columnsOf(field: DatasetField, { value, bounds }: ReadValue): [string, Content][] {
  if (field.field.shape === 'ref') return [[field.column, { key: String(value) }]];
  if (!bounds) return [[field.column, { value }]];
  const [own, first, last] = columnsOfField(field) as [string, string, string];
  return [
    [own, { value }],
    [first, { value: bounds.earliest }],
    [last, { value: bounds.latest }],
  ];
}

function wordsOf({ field }: DatasetField, vocabulary: Vocabulary): string {
  const words = field.shape === 'word' ? vocabulary.get(field.of!) : undefined;
  return words ? `: one of ${words.join(', ')}` : '';
}

/** In the order in which they can be written. */
function orderRecords(
  flat: readonly FlatRecord[],
  drafts: ReadonlyMap<string, Draft>,
  findings: Findings,
): LoadRecord[] {
  const needs = (key: string): string[] => {
    const contents = [...(drafts.get(key)?.columns.values() ?? [])];
    return contents.flatMap((content) => ('key' in content && drafts.has(content.key) ? [content.key] : []));
  };
  const { depth, rings } = depths(drafts.keys(), needs);
  for (const ring of rings) {
    const at = drafts.get(ring[0]!)!.at;
    findings.add(
      at,
      ring.length === 1
        ? `${ring[0]} points at itself.`
        : `${[...ring, ring[0]].join(' -> ')}: these records point at each other in a ring.`,
    );
  }
  const ordered = flat.map(({ key }) => ({ ...drafts.get(key)!, depth: depth.get(key) ?? 0 }));
  return ordered.sort((a, b) => a.depth - b.depth);
}
