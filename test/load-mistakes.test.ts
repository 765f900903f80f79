// Every class of mistake in a dataset, with the place and the sentence that the writer of the file reads. No database.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDataset, type Known } from '../src/exchange/dataset-check.js';
import { depths } from '../src/exchange/depths.js';
import { nearest } from '../src/values/did-you-mean.js';

const known: Known = {
  vocabulary: new Map(
    Object.entries({
      person_kind: 'INDIVIDUAL GROUP', source_kind: 'NEWS_ARTICLE INTERVIEW', event_kind: 'RELEASE OTHER', place_kind: 'COUNTRY', stance: 'ASSERTS DENIES NEUTRAL_MENTION',
      basis: 'STATED INFERRED COMPUTED', claim_rank: 'PREFERRED NORMAL DEPRECATED', sex: 'FEMALE MALE', name_kind: 'MAIN', participant_role: 'VICTIM WITNESS', status_document_kind: 'OTHER',
    }).map(([domain, words]) => [domain, words.split(' ')]),
  ), // prettier-ignore
  defaults: new Set([
    'persons.kind',
    'sources.relation',
    'sources.reliability',
    'events.context',
    'events.extent',
    'person_names.display_order',
    'organizations.aliases',
    'places.kind',
  ]),
};

function problems(
  files: Record<string, string | Buffer>,
  links: Record<string, string> = {},
  pipes: string[] = [],
): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'kualik-mistakes-'));
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
    for (const [link, target] of Object.entries(links)) symlinkSync(target, join(directory, link));
    for (const pipe of pipes) execFileSync('mkfifo', [join(directory, pipe)]);
    readDataset(directory, known);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').slice(0, -1);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const HEADER = 'dataset: small\n';
/** Lines 1 to 3, so that what is tested begins on line 4. */
const BASE = 'sources:\n- { key: N1, kind: NEWS_ARTICLE }\n- { key: N2, kind: INTERVIEW }\n';
const inAll = (text: string): string[] => problems({ 'dataset.yaml': HEADER, 'all.yaml': BASE + text });

test('what is right has no problems', () => {
  expect(
    inAll(
      'persons:\n- { key: a, sex: [{ value: MALE, from: [N1 ¶1, { source: N2, informant: a }] }], names: [{ value: A, kind: MAIN }] }\n',
    ),
  ).toEqual([]);
});

test.each([
  ['unknown noun', 'person:\n- { key: a }', '4: "person" is not a noun that datasets hold. Did you mean "persons"?'],
  ['unknown field', 'persons:\n- key: a\n  brn: 1990', '6: persons have no field "brn". Did you mean "born"?'],
  [
    'reference with Id',
    'persons:\n- { key: a, residenceId: x }',
    '5: persons have no field "residenceId". Did you mean "residence"?',
  ],
  [
    'computed field',
    'persons:\n- { key: a, reference: 7 }',
    '5: persons have no field "reference". Did you mean "residence"?',
  ],
  [
    'wrong word',
    'persons:\n- { key: a, kind: INDIVIDUEL }',
    '5: "INDIVIDUEL" is not a word of person_kind. Did you mean "INDIVIDUAL"? Allowed: INDIVIDUAL, GROUP.',
  ],
  [
    'wrong word in a claim',
    'persons:\n- key: a\n  sex:\n  - value: male\n    from: [N1]',
    '7: "male" is not a word of sex. Did you mean "MALE"? Allowed: FEMALE, MALE.',
  ],
  [
    'wrong date',
    'persons:\n- { key: a, born: 10/03/1990 }',
    '5: "10/03/1990" is ambiguous; write 1990-03-10 or 1990-10-03.',
  ],
  [
    'open end of a point',
    'persons:\n- { key: a, born: .. }',
    '5: ".." is an open end and stands only where something ends.',
  ],
  [
    'a set without quotes',
    'persons:\n- { key: a, born: [1990, 1991] }',
    '5: A list stands here where one text belongs. Text that begins with [ stands in quotes.',
  ],
  [
    'wrong country',
    'places:\n- { key: a, country: kz }',
    '5: "kz" is not a country code; write two capital letters, such as KZ (ISO 3166-1).',
  ],
  [
    'wrong decimal',
    'places:\n- { key: a, latitude: "43,2" }',
    '5: "43,2" has a comma; write a decimal point and no separators, such as 1250.5.',
  ],
  [
    'wrong integer',
    'persons:\n- { key: a, names: [{ value: A, kind: MAIN, displayOrder: first }] }',
    '5: "first" is not a whole number.',
  ],
  [
    'wrong level',
    'persons:\n- { key: a, sensitivity: 4 }',
    '5: "4" is not a level of sensitivity; write 0 (public) to 3 (sealed).',
  ],
  [
    'empty value',
    'persons:\n- key: a\n  summary:',
    '6: This field is empty; leave it out when its value is not known.',
  ],
  ['null', 'persons:\n- { key: a, summary: ~ }', '5: This field is empty; leave it out when its value is not known.'],
  [
    'a noun twice in a file',
    'sources: []\nevents:\n- { key: a }',
    '4: This name stands twice in the same record; keep one.',
  ],
  ['missing required word', 'events:\n- { key: a }', '5: events need "kind": one of RELEASE, OTHER.'],
  [
    'missing key',
    'persons:\n- { kind: GROUP }',
    '5: This record needs a key: "key:" and a word of letters, digits and hyphens.',
  ],
  [
    'key of a nested record',
    'persons:\n- { key: a, relations: [{ kind: X }] }',
    '5: This record needs a key: "key:" and a word of letters, digits and hyphens.',
  ],
  ['bad key', 'persons:\n- { key: a.b }', '5: "a.b" is not a key; write letters, digits, hyphens and underscores.'],
  [
    'each forgotten',
    "persons:\n- { key: '{each}' }",
    '5: "{each}" is not a key; write letters, digits, hyphens and underscores. "{each}" is known only in a record with "each".',
  ],
  [
    'unknown key',
    'persons:\n- { key: a, residence: almatty }\nplaces:\n- { key: almaty }',
    '5: No record of the dataset has the key "almatty". Did you mean "almaty"?',
  ],
  [
    'wrong noun',
    'persons:\n- { key: a, residence: N1 }',
    '5: "N1" is one of the sources; here belongs one of the places.',
  ],
  [
    'wrong noun of a claimed reference',
    'persons:\n- { key: a, residence: [{ value: a, from: [N1] }] }',
    '5: "a" is one of the persons; here belongs one of the places.',
  ],
  ['unknown source', 'persons:\n- { key: a, sources: [N7 ¶1] }', '5: No record of the dataset has the key "N7".'],
  [
    'duplicate key',
    'persons:\n- { key: a }\n- { key: a }',
    '6: The key "a" stands already at all.yaml:5; choose another one.',
  ],
  [
    'duplicate nested key',
    'persons:\n- { key: a, names: [{ value: A, kind: MAIN }, { value: A, kind: MAIN }] }',
    '5: The key "a/names/A" stands already at all.yaml:5; give this record a key of its own.',
  ],
  [
    'the same claim twice',
    'persons:\n- key: a\n  sex:\n  - { value: MALE, from: [N1] }\n  - { value: MALE, from: [N1] }',
    '8: The same claim stands already at all.yaml:7.',
  ],
  [
    'claims on a structural field',
    'persons:\n- { key: a, kind: [{ value: GROUP, from: [N1] }] }',
    '5: "kind" is not decided by claims; write its value alone.',
  ],
  [
    'plain and claimed',
    'persons:\n- { key: a, nationalities: [Kazakh, { value: [Chinese], from: [N1] }] }',
    '5: "nationalities" holds both plain values and claims; give each value a source, or none.',
  ],
  [
    'a claim without a list',
    'persons:\n- { key: a, sex: { value: MALE, from: [N1] } }',
    '5: Claims stand in a list; begin each one with "- ".',
  ],
  [
    'unknown part of a claim',
    'persons:\n- { key: a, sex: [{ value: MALE, form: [N1] }] }',
    '5: A claim has no "form". Did you mean "from"?',
  ],
  [
    'neither from nor derivedFrom',
    'persons:\n- { key: a, sex: [{ value: MALE }] }',
    '5: A claim rests either on sources ("from") or on the claims it is derived from ("derivedFrom").',
  ],
  ['no value', 'persons:\n- { key: a, sex: [{ from: [N1] }] }', '5: This claim has no "value".'],
  [
    'PREFERRED without because',
    'persons:\n- { key: a, sex: [{ value: MALE, rank: PREFERRED, from: [N1] }] }',
    '5: Preferring a claim over others needs a reason: "because".',
  ],
  [
    'wrong credibility',
    'persons:\n- { key: a, sex: [{ value: MALE, credibility: 7, from: [N1] }] }',
    '5: "7" is not a credibility; write 1 (confirmed by others) to 6 (cannot be judged).',
  ],
  [
    'a slip in the key of an informant',
    'persons:\n- { key: serik }\n- { key: a, sources: [{ source: N1, informant: serrik }] }',
    '6: "serrik" is no key of the dataset. Did you mean "serik"? A description of an informant has at least two words, or is far from any key.',
  ],
  [
    'unknown address',
    "persons:\n- { key: a, sex: [{ value: MALE, from: [N1] }, { value: MALE, basis: INFERRED, derivedFrom: ['a.sex@N2'] }] }",
    '5: No claim has the address "a.sex@N2". Did you mean "a.sex@N1"?',
  ],
  [
    'derived and stated',
    "persons:\n- { key: a, sex: [{ value: MALE, from: [N1] }, { value: MALE, derivedFrom: ['a.sex@N1'] }] }",
    '5: A claim derived from other claims says its basis: INFERRED or COMPUTED.',
  ],
  [
    'derived in a ring',
    "persons:\n- { key: a, sex: [{ value: MALE, basis: INFERRED, derivedFrom: ['a.sex~2'] }, { value: MALE, basis: INFERRED, derivedFrom: ['a.sex~1'] }] }",
    '5: a.sex~1 -> a.sex~2 -> a.sex~1: these claims are derived from each other in a ring.',
  ],
  [
    'records in a ring',
    'places:\n- { key: a, parent: b }\n- { key: b, parent: a }',
    '5: a -> b -> a: these records point at each other in a ring.',
  ],
  ['a record in itself', 'places:\n- { key: a, parent: a }', '5: a points at itself.'],
  [
    'the owner said twice',
    'persons:\n- { key: a, names: [{ person: a, value: A, kind: MAIN }] }',
    '5: "person" is said by where this record stands, inside a; leave it out.',
  ],
  [
    'an alias',
    'persons:\n- &x { key: a }\n',
    '5: Anchors (&) and aliases (*) are not used in datasets; use "each", or write it out.',
  ],
  [
    'a zero',
    'persons:\n- { key: a, summary: "a\\0b" }',
    '5: This text holds a sign that is not a letter of any script (a zero, or half a character).',
  ],
  [
    'broken YAML',
    'persons:\n- { key: a',
    '5: This is not YAML: Flow map in block collection must be sufficiently indented and end with a }.',
  ],
  ['two documents', '---\npersons: []', '4: A file holds one document; "---" begins another.'],
])('%s', (_, text, sentence) => {
  expect(inAll(text)).toContain(`all.yaml:${sentence}`);
});

test('all problems of all files are told at once, in the order of the files', () => {
  const found = problems({
    'dataset.yaml': 'dataset: Not A Name\ntitel: x\n',
    'b.yaml': 'persons:\n- { key: a, sex: X, born: never }\n',
    'a.yaml': 'events:\n- { key: e }\n',
  });
  expect(found.map((line) => line.split(': ')[0])).toEqual([
    'a.yaml:2',
    'b.yaml:2',
    'b.yaml:2',
    'dataset.yaml:1',
    'dataset.yaml:2',
  ]);
});

test('each: one mistake is told once, and each record is written with its entry', () => {
  expect(inAll("persons:\n- each: [a, b]\n  key: '{each}'\n  born: never")).toHaveLength(1);
  expect(
    inAll("persons:\n- each: [a, b]\n  key: '{each}'\n  names:\n  - { each: [X, Y], value: '{each}', kind: MAIN }"),
  ).toEqual([]);
  expect(inAll('persons:\n- each: []\n  key: a')).toEqual([
    'all.yaml:5: "each" is a list of keys or texts, such as [km, ma].',
  ]);
});

test('files: encoding, ending, size, name of the dataset; what an unreadable file holds is not called missing', () => {
  expect(problems({ 'dataset.yaml': HEADER, 'a.yaml': Buffer.from([0x61, 0xff]) })).toEqual([
    'a.yaml: The file is not UTF-8; save it in that encoding.',
  ]);
  expect(problems({ 'dataset.yaml': HEADER, 'a.yml': '' })).toEqual([
    'a.yml: Files of a dataset end in .yaml, in small letters; rename it, or it would be overlooked.',
  ]);
  expect(problems({ 'dataset.yaml': HEADER, 'a.YAML': '', 'b.Yml': '', '.c.yml': '', 'README.md': '' })).toEqual([
    'a.YAML: Files of a dataset end in .yaml, in small letters; rename it, or it would be overlooked.',
    'b.Yml: Files of a dataset end in .yaml, in small letters; rename it, or it would be overlooked.',
  ]);
  expect(problems({ 'dataset.yaml': HEADER, 'a.yaml': '#'.repeat(4 * 1024 * 1024 + 1) })).toEqual([
    'a.yaml: A file has at most 4 MB; split this one.',
  ]);
  expect(problems({})).toEqual([
    'dataset.yaml: This file is missing (or cannot be read); it names the dataset: "dataset: my-case".',
  ]);
  expect(problems({ 'dataset.yaml': HEADER, 'a.yaml': '['.repeat(20_000) })).toEqual([
    'a.yaml: The file is nested too deeply to be read.',
  ]);
  expect(
    problems({
      'dataset.yaml': HEADER,
      'a.yaml': 'places:\n- { key: x',
      'b.yaml': 'persons:\n- { key: a, residence: x }',
    }),
  ).toHaveLength(1);
});

test('a link or a pipe in the place of a file is refused and never opened; one that is no part of the dataset is left alone', () => {
  const link = 'This is a link, and links are not followed; put what it leads to in its place.';
  const files = { 'dataset.yaml': HEADER, 'all.yaml': BASE };
  expect(
    problems(
      files,
      { 'a.yaml': '/etc/passwd', 'b.yml': '/nowhere', more: tmpdir(), 'LICENSE.md': '/etc/passwd', ring: 'ring' },
      ['c.yaml', 'pipe'],
    ),
  ).toEqual([
    `a.yaml: ${link}`,
    `b.yml: ${link}`,
    'c.yaml: This is not a plain file (a pipe, a socket or a device); put a file in its place.',
    `more: ${link}`,
  ]);
});

test('a sign that turns the direction of writing is refused in any text; what Arabic script needs stays', () => {
  const named = (name: string) =>
    inAll(
      `persons:\n- { key: a, names: [{ value: "${name}", kind: MAIN }], summary: [{ value: "${name}", from: [N1] }] }\n`,
    );
  const sentence = (code: string) =>
    `all.yaml:5: This text holds an invisible sign (U+${code}) that turns the direction of writing, so it does not read as it is stored; remove that sign.`;
  for (const code of ['202A', '202B', '202C', '202D', '202E', '2066', '2067', '2068', '2069'])
    expect(named(`Ai${String.fromCharCode(parseInt(code, 16))}da`)).toEqual([sentence(code)]);
  // Joiner and non-joiner, and the marks that only place a neighbour: "می‌خواهد" is not spelled without them.
  expect(named('می\u200cخواهد')).toEqual([]);
  expect(named('ئا\u200dيدا \u200e(\u200f1\u061c)')).toEqual([]);
});

test('a file that repeats another one is told in one sentence with a count', () => {
  const people = (n: number) => `persons:\n${Array.from({ length: n }, (_, i) => `- { key: p${i} }\n`).join('')}`;
  const twice = (n: number) => problems({ 'dataset.yaml': HEADER, 'a.yaml': people(n), 'b.yaml': people(n) });
  expect(twice(3)).toHaveLength(3);
  expect(twice(4)).toEqual(['b.yaml:2: 4 keys stand already in a.yaml, the first at a.yaml:2; keep each once.']);
  const claim = '{ value: MALE, from: [N1] }';
  expect(inAll(`persons:\n- key: a\n  sex:\n${`  - ${claim}\n`.repeat(6)}`)).toEqual([
    'all.yaml:8: 5 claims stand already in the same file, the first at all.yaml:7; keep each once.',
  ]);
});

test('depths: a long chain, a diamond, and two rings', () => {
  const needs: Record<string, string[]> = { a: ['b', 'c'], b: ['d'], c: ['d'], d: [], x: ['y'], y: ['x'], z: ['z'] };
  const { depth, rings } = depths(Object.keys(needs), (name) => needs[name]!);
  expect(Object.fromEntries(depth)).toEqual({ d: 0, b: 1, c: 1, a: 2 });
  expect(rings).toEqual([['x', 'y'], ['z']]);
  const chain = depths(Array.from({ length: 50_000 }, (_, n) => n), (n) => (n < 49_999 ? [n + 1] : [])); // prettier-ignore
  expect(chain.depth.get(0)).toBe(49_999);
});

test.each([
  ['strats', 'starts'],
  ['Starts', 'starts'],
  ['display_order', 'displayOrder'],
  ['sb', undefined],
  ['something', undefined],
])('nearest(%s)', (word, expected) => {
  expect(nearest(word, ['starts', 'ends', 'displayOrder', 'S1'])).toBe(expected);
});
