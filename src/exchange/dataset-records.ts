// Trees to flat records and claims: `each` is written out, nested records stand beside their owner, and each claim has one
// source. What is said here is the shape of the format; whether values are right is the question of dataset-check.ts.
import type { NounName } from '../model.js';
import {
  fieldsOf,
  isNoun,
  nestedKey,
  nestedLists,
  NOUN_NAMES,
  ownerField,
  type DatasetField,
} from './dataset-fields.js';
import type { DatasetFile, Entry, Table, Text, Tree } from './dataset-files.js';
import { didYouMean } from '../values/did-you-mean.js';
import { whereIs, type Findings, type Place } from './problem.js';

export interface FlatRecord {
  noun: NounName;
  key: string;
  at: Place;
  sensitivity: Text | number;
  /** The record that this one is nested in. */
  owner?: { field: DatasetField; key: string };
  /** Plain values, by the name of the field. */
  values: Map<string, Tree>;
  claims: FlatClaim[];
}

/** One claim of one source, or derived: what stands in the claim and in its entry of `from`, together. */
export interface FlatClaim {
  record: FlatRecord;
  /** null: that the record exists. */
  field: DatasetField | null;
  at: Place;
  /** What `derivedFrom` of other claims calls it. */
  address: string;
  /** Its place among the claims of the field. */
  order: number;
  said: ReadonlyMap<string, Entry>;
  source: string | null;
}

const JUDGED = ['stance', 'basis', 'rank', 'because', 'credibility', 'sensitivity', 'ref'];
const QUOTED = ['wording', 'wordingLanguage', 'informant', 'note', 'published'];
const IN_CLAIM = new Set(['value', 'from', 'derivedFrom', ...JUDGED, ...QUOTED]);
const IN_FROM = new Set(['source', 'locator', ...JUDGED, ...QUOTED]);
const IN_SOURCES = new Set([...IN_FROM, 'derivedFrom']);

const KEY = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_:-]*$/u;
const EACH = '{each}';

/** All records of all files. `sensitivity` is the level of those that do not say otherwise. */
export function flatten(files: readonly DatasetFile[], sensitivity: number, findings: Findings): FlatRecord[] {
  const flattener = new Flattener(findings);
  for (const { root } of files) {
    for (const [noun, { at, value }] of root.entries) {
      if (!isNoun(noun)) findings.add(at, `"${noun}" is not a noun that datasets hold.${didYouMean(noun, NOUN_NAMES)}`);
      else flattener.list(noun, value, sensitivity);
    }
  }
  return flattener.records;
}

class Flattener {
  readonly records: FlatRecord[] = [];
  private readonly byKey = new Map<string, FlatRecord>();

  constructor(private readonly findings: Findings) {}

  list(noun: NounName, tree: Tree, sensitivity: Text | number, inside?: { owner: FlatRecord; list: string }): void {
    if (tree.kind !== 'list') return this.findings.add(tree.at, 'Records stand in a list; begin each one with "- ".');
    for (const item of tree.items) {
      if (item.kind === 'table')
        for (const written of this.eachOf(item)) this.record(noun, written, sensitivity, inside);
      else if (item.kind === 'text' && inside && noun === 'case_members')
        this.record(noun, memberTable(item), sensitivity, inside);
      else this.findings.add(item.at, 'A record is a list of fields with values, not a single text.');
    }
  }

  private eachOf(table: Table): Table[] {
    const each = table.entries.get('each');
    if (!each) return [table];
    const { value } = each;
    if (value.kind !== 'list' || value.items.length === 0 || value.items.some((item) => item.kind !== 'text')) {
      this.findings.add(each.at, '"each" is a list of keys or texts, such as [km, ma].');
      return [];
    }
    const rest: Table = { ...table, entries: new Map([...table.entries].filter(([name]) => name !== 'each')) };
    return value.items.map((item) => written(rest, (item as Text).text) as Table);
  }

  private record(
    noun: NounName,
    table: Table,
    sensitivity: Text | number,
    inside?: { owner: FlatRecord; list: string },
  ): void {
    const key = this.keyOf(noun, table, inside);
    const record: FlatRecord = { noun, key: key ?? '', at: table.at, sensitivity, values: new Map(), claims: [] };
    const owner = inside && ownerField(noun);
    if (owner) record.owner = { field: owner, key: inside.owner.key };
    const level = table.entries.get('sensitivity')?.value;
    if (level?.kind === 'text') record.sensitivity = level;
    else if (level) this.findings.add(level.at, '"sensitivity" is a level from 0 to 3.');
    if (key !== undefined) this.remember(record);
    for (const [name, entry] of table.entries) this.part(record, name, entry);
  }

  private keyOf(noun: NounName, table: Table, inside?: { owner: FlatRecord; list: string }): string | undefined {
    const textOf = (name: string): string | undefined => {
      const value = table.entries.get(name)?.value;
      return value?.kind === 'text' ? value.text : undefined;
    };
    const given = table.entries.get('key');
    const key = given ? textOf('key') : inside && nestedKey(inside.owner.key, inside.list, noun, textOf);
    if (key === undefined)
      this.findings.add(
        given?.at ?? table.at,
        'This record needs a key: "key:" and a word of letters, digits and hyphens.',
      );
    else if (given && !KEY.test(key))
      this.findings.add(
        given.at,
        `"${key}" is not a key; write letters, digits, hyphens and underscores.${hintAboutEach(key)}`,
      );
    else return key;
    return undefined;
  }

  private remember(record: FlatRecord): void {
    const before = this.byKey.get(record.key);
    if (before) {
      const advice = record.key.includes('/') ? 'give this record a key of its own' : 'choose another one';
      const sentence = `The key "${record.key}" stands already at ${whereIs(before.at)}; ${advice}.`;
      this.findings.addRepeat('keys', record.at, before.at, sentence);
      return;
    }
    this.byKey.set(record.key, record);
    this.records.push(record);
  }

  private part(record: FlatRecord, name: string, { at, value }: Entry): void {
    if (name === 'key' || name === 'sensitivity') return;
    if (name === 'sources') return this.existence(record, value);
    const field = fieldsOf(record.noun).get(name);
    const nested = nestedLists(record.noun).get(name);
    if (nested) return this.list(nested, value, record.sensitivity, { owner: record, list: name });
    if (!field) {
      const known = [
        ...fieldsOf(record.noun).keys(),
        ...nestedLists(record.noun).keys(),
        'key',
        'sources',
        'sensitivity',
        'each',
      ];
      const hint = didYouMean(known.includes(name.replace(/Id$/, '')) ? name.replace(/Id$/, '') : name, known);
      return this.findings.add(at, `${record.noun} have no field "${name}".${hint}`);
    }
    if (record.owner?.field === field)
      return this.findings.add(
        at,
        `"${name}" is said by where this record stands, inside ${record.owner.key}; leave it out.`,
      );
    this.value(record, field, value);
  }

  private value(record: FlatRecord, field: DatasetField, value: Tree): void {
    const items = value.kind === 'list' ? value.items : [value];
    const claims = items.filter((item): item is Table => item.kind === 'table');
    if (claims.length === 0) record.values.set(field.name, value);
    else if (!field.field.claimed)
      this.findings.add(claims[0]!.at, `"${field.name}" is not decided by claims; write its value alone.`);
    else if (value.kind !== 'list') this.findings.add(value.at, 'Claims stand in a list; begin each one with "- ".');
    else if (claims.length < items.length)
      this.findings.add(
        value.at,
        `"${field.name}" holds both plain values and claims; give each value a source, or none.`,
      );
    else this.claims(record, field, claims);
  }

  private claims(record: FlatRecord, field: DatasetField, tables: readonly Table[]): void {
    const addresses = new Addresses(`${record.key}.${field.name}`);
    for (const table of tables) {
      this.refuseUnknown(table, IN_CLAIM, 'A claim');
      const from = table.entries.get('from');
      const derived = table.entries.get('derivedFrom');
      if (!from === !derived) {
        this.findings.add(
          table.at,
          'A claim rests either on sources ("from") or on the claims it is derived from ("derivedFrom").',
        );
        continue;
      }
      const common = without(table.entries, ['from']);
      if (derived) this.claim(record, field, table.at, common, null, addresses);
      else
        for (const one of this.citations(from!, IN_FROM))
          this.claim(record, field, one.at, new Map([...common, ...one.said]), one.source, addresses);
    }
  }

  private existence(record: FlatRecord, value: Tree): void {
    const addresses = new Addresses(record.key);
    for (const { at, said, source } of this.citations({ at: value.at, value }, IN_SOURCES))
      this.claim(record, null, at, said, source, addresses);
  }

  private claim(
    record: FlatRecord,
    field: DatasetField | null,
    at: Place,
    said: ReadonlyMap<string, Entry>,
    source: string | null,
    addresses: Addresses,
  ): void {
    record.claims.push({
      record,
      field,
      at,
      said,
      source,
      address: addresses.next(source),
      order: record.claims.length,
    });
  }

  /** Entries of `from` and `sources`: `S23 ¶5`, or a table with `source` and what is to be said for that source alone. */
  private citations(
    { value }: Entry,
    allowed: ReadonlySet<string>,
  ): { at: Place; said: Map<string, Entry>; source: string | null }[] {
    const items = value.kind === 'list' ? value.items : [value];
    if (items.length === 0)
      this.findings.add(value.at, 'This list of sources is empty; leave it out when there is none.');
    return items.flatMap((item) => {
      if (item.kind === 'text') {
        const [source, ...place] = item.text.trim().split(/\s+/);
        const locator: [string, Entry][] =
          place.length > 0 ? [['locator', { at: item.at, value: { ...item, text: place.join(' ') } }]] : [];
        return [{ at: item.at, said: new Map(locator), source: source! }];
      }
      if (item.kind === 'list')
        return this.nothing(item.at, 'A citation is the key of a source and the place in it, such as "S23 ¶5".');
      this.refuseUnknown(item, allowed, 'A citation');
      const source = item.entries.get('source')?.value;
      if (source?.kind !== 'text' && (source || !item.entries.has('derivedFrom')))
        return this.nothing(item.at, 'A citation needs a "source": its key.');
      if (source && item.entries.has('derivedFrom'))
        return this.nothing(item.at, 'A claim rests either on one source or on the claims it is derived from.');
      return [{ at: item.at, said: without(item.entries, ['source']), source: source ? (source as Text).text : null }];
    });
  }

  private nothing(at: Place, sentence: string): [] {
    this.findings.add(at, sentence);
    return [];
  }

  private refuseUnknown(table: Table, allowed: ReadonlySet<string>, what: string): void {
    for (const [name, { at }] of table.entries) {
      if (!allowed.has(name)) this.findings.add(at, `${what} has no "${name}".${didYouMean(name, allowed)}`);
    }
  }
}

/** Counts: the second claim of a source on a field is `...@source~2`, the n-th derived one `...~n`. */
class Addresses {
  private readonly counts = new Map<string | null, number>();
  constructor(private readonly about: string) {}

  next(source: string | null): string {
    const count = (this.counts.get(source) ?? 0) + 1;
    this.counts.set(source, count);
    if (source === null) return `${this.about}~${count}`;
    return count === 1 ? `${this.about}@${source}` : `${this.about}@${source}~${count}`;
  }
}

const without = (entries: ReadonlyMap<string, Entry>, names: string[]): Map<string, Entry> =>
  new Map([...entries].filter(([name]) => !names.includes(name)));
const memberTable = (item: Text): Table => ({
  kind: 'table',
  at: item.at,
  entries: new Map([['record', { at: item.at, value: item }]]),
});
const hintAboutEach = (key: string): string =>
  key.includes(EACH) ? ` "${EACH}" is known only in a record with "each".` : '';

/** The tree with `{each}` replaced in every text. A record inside that has an `each` of its own keeps its own. */
function written(tree: Tree, each: string): Tree {
  if (tree.kind === 'text') return { ...tree, text: tree.text.replaceAll(EACH, each) };
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => written(item, each)) };
  const own = tree.entries.has('each');
  const entries = [...tree.entries].map(([name, entry]): [string, Entry] =>
    own && name !== 'each' ? [name, entry] : [name, { ...entry, value: written(entry.value, each) }],
  );
  return { ...tree, entries: new Map(entries) };
}
