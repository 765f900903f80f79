// Files to trees: the YAML of a directory as texts, lists and maps that remember their line. Every scalar stays the text
// that was written, so `NO` is Norway and `2019` a year; what a text means is decided by the field it stands in.
import * as fs from 'node:fs';
import { join, relative, sep } from 'node:path';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  Scalar,
  type Document,
  type Node,
} from 'yaml';
import { readUnturned } from '../values/direction.js';
import type { Findings, Place } from './problem.js';

export type Tree = Text | List | Table;
export interface Text {
  readonly kind: 'text';
  readonly text: string;
  /** Written without quotes, so that `null` and `~` are mistakes and not words. */
  readonly bare: boolean;
  readonly at: Place;
}
export interface List {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly at: Place;
}
export interface Entry {
  readonly at: Place;
  readonly value: Tree;
}
export interface Table {
  readonly kind: 'table';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly at: Place;
}

export interface DatasetFile {
  readonly file: string;
  readonly root: Table;
}

const LARGEST_FILE = 4 * 1024 * 1024;
const MOST_FILES = 2000;

/**
 * Every *.yaml below the directory, in the order of their paths. Hidden files are left alone. Nothing that looks like a part
 * of the dataset is passed over in silence: links, pipes and other endings are refused.
 */
export function readFiles(directory: string, findings: Findings): DatasetFile[] {
  const names = namesBelow(directory, findings);
  if (names.length > MOST_FILES) {
    findings.add(
      { file: '.', line: 0 },
      `A dataset has at most ${MOST_FILES} files; this directory has ${names.length}.`,
    );
    return [];
  }
  return names.flatMap((file) => {
    const root = readOne(join(directory, file), file, findings);
    return root ? [{ file: file.replaceAll(sep, '/'), root }] : [];
  });
}

function namesBelow(directory: string, findings: Findings): string[] {
  let found: fs.Dirent[];
  try {
    found = fs.readdirSync(directory, { withFileTypes: true, recursive: true });
  } catch (error) {
    findings.add(
      { file: directory, line: 0 },
      `This directory cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no reason given'}).`,
    );
    return [];
  }
  const entries = found
    .map((entry) => ({ entry, name: relative(directory, join(entry.parentPath, entry.name)) }))
    .filter(({ entry, name }) => !entry.isDirectory() && !name.split(sep).some((part) => part.startsWith('.')))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { entry, name } of entries) {
    const sentence = whyNotRead(entry, join(directory, name));
    if (sentence) findings.add({ file: name.replaceAll(sep, '/'), line: 0 }, sentence);
  }
  return entries.filter(({ entry, name }) => entry.isFile() && name.endsWith('.yaml')).map(({ name }) => name);
}

/** Undefined for a file of the dataset, and for what is plainly none, such as a README. */
function whyNotRead(entry: fs.Dirent, path: string): string | undefined {
  const looksLikeYaml = /\.ya?ml$/i.test(entry.name);
  if (entry.isSymbolicLink() && (looksLikeYaml || leadsToDirectory(path)))
    return 'This is a link, and links are not followed; put what it leads to in its place.';
  if (!looksLikeYaml || entry.isSymbolicLink()) return undefined;
  if (!entry.isFile()) return 'This is not a plain file (a pipe, a socket or a device); put a file in its place.';
  return entry.name.endsWith('.yaml')
    ? undefined
    : 'Files of a dataset end in .yaml, in small letters; rename it, or it would be overlooked.';
}

function leadsToDirectory(link: string): boolean {
  try {
    return fs.statSync(link).isDirectory();
  } catch {
    return false; // leads nowhere, or in a ring
  }
}

function readOne(path: string, file: string, findings: Findings): Table | undefined {
  const whole = { file: file.replaceAll(sep, '/'), line: 0 };
  const bytes = fs.readFileSync(path);
  if (bytes.length > LARGEST_FILE) {
    findings.add(whole, `A file has at most ${LARGEST_FILE / 1024 / 1024} MB; split this one.`);
    return undefined;
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    findings.add(whole, 'The file is not UTF-8; save it in that encoding.');
    return undefined;
  }
  return readText(text, whole.file, findings);
}

/** One file as a tree; undefined when its YAML is wrong, which is then among the findings. */
export function readText(text: string, file: string, findings: Findings): Table | undefined {
  const lines = new LineCounter();
  const at = (offset: number): Place => ({ file, line: lines.linePos(offset).line });
  const tooDeep = (): undefined =>
    findings.add({ file, line: 0 }, 'The file is nested too deeply to be read.') as undefined;
  let documents: Document.Parsed[];
  try {
    documents = parseAllDocuments(text, {
      schema: 'failsafe',
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
    }) as Document.Parsed[];
  } catch {
    // The parser calls itself for each level of nesting; sometimes it says so itself.
    return tooDeep();
  }
  const errors = documents.flatMap((document) => [...document.errors, ...document.warnings]);
  if (errors.some(({ message }) => message.includes('call stack'))) return tooDeep();
  for (const { code, message, pos } of errors) {
    findings.add(
      at(pos[0]),
      code === 'DUPLICATE_KEY'
        ? 'This name stands twice in the same record; keep one.'
        : `This is not YAML: ${firstSentence(message)}`,
    );
  }
  if (errors.length > 0) return undefined;
  if (documents.length > 1) {
    findings.add(at(documents[1]!.range[0]), 'A file holds one document; "---" begins another.');
    return undefined;
  }
  const contents = documents[0]?.contents;
  if (!contents || (isScalar(contents) && contents.value === ''))
    return { kind: 'table', entries: new Map(), at: { file, line: 1 } };
  try {
    const tree = new Reader(at, findings).read(contents);
    if (tree?.kind === 'table') return tree;
    if (tree) findings.add(tree.at, 'A file begins with the name of a noun, such as "persons:".');
  } catch {
    return tooDeep();
  }
  return undefined;
}

const firstSentence = (message: string): string => `${message.split('\n')[0]!.replace(/[.:]?$/, '')}.`;

class Reader {
  constructor(
    private readonly at: (offset: number) => Place,
    private readonly findings: Findings,
  ) {}

  read(node: Node): Tree | undefined {
    const at = this.at(node.range?.[0] ?? 0);
    if (isAlias(node) || ('anchor' in node && node.anchor))
      return this.refuse(at, 'Anchors (&) and aliases (*) are not used in datasets; use "each", or write it out.');
    if (node.tag) return this.refuse(at, 'Tags (!) are not used in datasets.');
    if (isScalar(node)) return this.text(node, at);
    if (isSeq(node)) return { kind: 'list', at, items: node.items.flatMap((item) => this.read(item as Node) ?? []) };
    if (!isMap(node)) return this.refuse(at, 'This cannot be read.');
    const entries = new Map<string, Entry>();
    for (const { key, value } of node.items) {
      const name = key as Node;
      const place = this.at(name.range?.[0] ?? 0);
      if (!isScalar(name) || typeof name.value !== 'string') {
        this.refuse(place, 'The name of a field is one word. Text that begins with { or [ stands in quotes.');
        continue;
      }
      // `{each}` without quotes is YAML for a map with one name and no value.
      if (value === null) {
        this.refuse(place, `"${name.value}" has no value. Text that begins with { stands in quotes.`);
        continue;
      }
      const tree = this.read(value as Node);
      if (tree) entries.set(name.value, { at: place, value: tree });
    }
    return { kind: 'table', at, entries };
  }

  private text(node: Scalar, at: Place): Text | undefined {
    const text = String(node.value);
    if (text.includes('\0') || /\p{Surrogate}/u.test(text))
      return this.refuse(
        at,
        'This text holds a sign that is not a letter of any script (a zero, or half a character).',
      );
    this.findings.trying(at, () => readUnturned(text));
    return { kind: 'text', text, bare: node.type === Scalar.PLAIN, at };
  }

  private refuse(at: Place, sentence: string): undefined {
    this.findings.add(at, sentence);
    return undefined;
  }
}
