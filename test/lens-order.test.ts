// Knowledge does not depend on the order in which it was written down: the founding case, loaded with its files and records
// in ten random orders, gives the same answers to the golden questions, now and under a lens.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, print, visit, type OperationDefinitionNode } from 'graphql';
import { isMap, isSeq, parseDocument } from 'yaml';
import { foundingCaseDirectory, packageRoot } from '../src/paths.js';
import { house, type House } from './support/house.js';

const ORDERS = 10;
const TODAY = '2026-11-01';

/** A directory with the same dataset: records in another order, in other files, and these in another order. */
function shuffled(order: <T>(list: T[]) => T[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'kualik-order-'));
  const files = readdirSync(foundingCaseDirectory).filter((file) => file.endsWith('.yaml') && file !== 'dataset.yaml');
  writeFileSync(join(directory, 'dataset.yaml'), readFileSync(join(foundingCaseDirectory, 'dataset.yaml')));
  const parts: { section: string; text: string }[] = [];
  for (const file of files) {
    const document = parseDocument(readFileSync(join(foundingCaseDirectory, file), 'utf8'));
    if (!isMap(document.contents)) throw new Error(`${file} is no list of sections.`);
    for (const { key, value } of document.contents.items) {
      if (!isSeq(value)) throw new Error(`${file} has a section that is no list.`);
      // Items are written as they were parsed, so that `NO` and `2019` stay what they were.
      for (const item of value.items) {
        const one = parseDocument('[]');
        one.contents = item as never;
        parts.push({ section: String(key), text: one.toString({ lineWidth: 0 }) });
      }
    }
  }
  const indented = (text: string): string => `  - ${text.trimEnd().replace(/\n(?=.)/g, '\n    ')}\n`;
  const spread = order(parts);
  const size = Math.ceil(spread.length / files.length);
  for (const [i, file] of files.entries()) {
    const bySection = new Map<string, string[]>();
    for (const { section, text } of spread.slice(i * size, (i + 1) * size))
      bySection.set(section, [...(bySection.get(section) ?? []), indented(text)]);
    writeFileSync(
      join(directory, file),
      [...bySection].map(([section, items]) => `${section}:\n${items.join('')}`).join('\n'),
    );
  }
  return directory;
}

/** The query with `asOf: $asOf` on each root field, and its lists whole: what stands on one page of a list depends on ids. */
function whole(query: string): string {
  let depth = 0;
  const operation = (text: string): any => parse(text).definitions[0] as OperationDefinitionNode;
  const argument = (text: string): any => operation(`{ x(${text}) }`).selectionSet.selections[0].arguments[0];
  const [asOf, after] = operation('query ($asOf: AsOf, $after: String) { x }').variableDefinitions;
  const [pageInfo] = operation('{ pageInfo { hasNextPage endCursor } }').selectionSet.selections;
  return print(
    visit(parse(query), {
      OperationDefinition: (node) => ({
        ...node,
        variableDefinitions: [
          ...(node.variableDefinitions ?? []).filter(({ variable }) => variable.name.value !== 'after'),
          asOf,
          after,
        ],
      }),
      Field: {
        enter: (node) => {
          depth += 1;
          const fields = (node.selectionSet?.selections ?? []).map((one) => ('name' in one ? one.name!.value : ''));
          if (!fields.includes('nodes'))
            return depth > 1 ? undefined : { ...node, arguments: [...node.arguments!, argument('asOf: $asOf')] };
          const own = (node.arguments ?? []).filter(({ name }) => !['first', 'after'].includes(name.value));
          const more = ['first: 100', ...(depth === 1 ? ['after: $after', 'asOf: $asOf'] : [])].map(argument);
          const selectionSet = { ...node.selectionSet!, selections: [...node.selectionSet!.selections, pageInfo] };
          return { ...node, arguments: [...own, ...more], selectionSet };
        },
        leave: () => void (depth -= 1),
      },
    }),
  );
}

/** All pages of the first root field that has more than one, with the other root fields as they stand on the first. */
async function everyPage(one: House, query: string, asOf: object): Promise<Record<string, any>> {
  const all = await one.ask(query, { asOf });
  const longer = Object.entries<any>(all).filter(([, list]) => list?.pageInfo?.hasNextPage);
  expect(longer.length).toBeLessThanOrEqual(1);
  for (const [name, list] of longer)
    for (let { pageInfo } = list; pageInfo.hasNextPage;) {
      const next = (await one.ask(query, { asOf, after: pageInfo.endCursor }))[name];
      list.nodes.push(...next.nodes);
      pageInfo = next.pageInfo;
      if (!pageInfo.hasNextPage) list.pageInfo = pageInfo;
    }
  return all;
}

/** The same whatever the order of a list, since ties are settled by ids; an id in a value stands for the key in the files. */
function canonical(value: any, keys: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return keys.get(value) ?? value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value))
    return value
      .map((one) => canonical(one, keys))
      .map((one): [string, unknown] => [JSON.stringify(one), one])
      .sort(([x], [y]) => (x < y ? -1 : x > y ? 1 : 0))
      .map(([, one]) => one);
  // Which records stand on the first page of a long list below a record depends on ids; how many does not.
  if (value.pageInfo?.hasNextPage) return value.nodes.length;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'endCursor')
      .map(([key, inner]) => [key, canonical(inner, keys)]),
  );
}

const queries = [join(packageRoot, 'web', 'explorer', 'questions'), join(packageRoot, 'test', 'golden')].flatMap(
  (folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.graphql'))
      .map((file): [string, string] => [file, whole(readFileSync(join(folder, file), 'utf8'))]),
);

const lenses: [string, (house: House) => Record<string, unknown>][] = [
  ['now', () => ({})],
  ['published by 20 October 2021', () => ({ publishedBy: '2021-10-20' })],
  ['according to S1 and S24', (one) => ({ accordingTo: [one.id('S1'), one.id('S24')] })],
];

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Lists of claims and of conflicts stand by the id of their record, which is random; they have no ties. */
const BY_RECORD = /^(07-contradictions|08-weak-support|sources-and-what-rests-on-them)\./;

/** The same in the order in which it was answered. */
function ordered(value: any, keys: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return value.replace(UUID, (id) => keys.get(id) ?? 'a claim');
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((one) => ordered(one, keys));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'endCursor')
      .map(([key, inner]) => [key, ordered(inner, keys)]),
  );
}

async function answersOf(one: House, told = canonical): Promise<Map<string, unknown>> {
  const answers = new Map<string, unknown>();
  const imports = await one.sql<{ id: string; key: string }>('select record_id as id, key from imports');
  const keys = new Map(imports.map(({ id, key }) => [id, key]));
  for (const [lens, asOf] of lenses)
    for (const [file, query] of queries)
      answers.set(`${file}, ${lens}`, told(await everyPage(one, query, asOf(one)), keys));
  return answers;
}

test(`${ORDERS} random orders of files and records give the same answers through ${lenses.length} lenses`, async () => {
  const founding = await house({ template: 'founding', today: TODAY });
  const expected = await answersOf(founding).finally(() => founding.close());
  expect(expected.size).toBe(queries.length * lenses.length);
  const length = 1000;
  const orders = fc.sample(
    fc.array(fc.double({ noNaN: true }), { minLength: length, maxLength: length, size: 'max' }),
    ORDERS,
  );
  for (const [n, weights] of orders.entries()) {
    const directory = shuffled(
      (list) =>
      list.map((item, i) => ({ item, weight: weights[i % length]! })).sort((a, b) => a.weight - b.weight).map(({ item }) => item), // prettier-ignore
    );
    try {
      const other = await house({ load: directory, today: TODAY });
      const found = await answersOf(other).finally(() => other.close());
      for (const [question, answer] of found)
        expect([n, question, answer]).toEqual([n, question, expected.get(question)]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
}, 300_000);

test(`the same files loaded twice are listed in the same order, through ${lenses.length} lenses`, async () => {
  const [first, second] = await Promise.all([1, 2].map(() => house({ load: foundingCaseDirectory, today: TODAY })));
  try {
    const expected = await answersOf(first!, ordered);
    for (const [question, answer] of await answersOf(second!, ordered))
      if (!BY_RECORD.test(question)) expect([question, answer]).toEqual([question, expected.get(question)]);
  } finally {
    await Promise.all([first, second].map((one) => one?.close()));
  }
}, 120_000);
