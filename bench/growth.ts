// How Kualik grows: the same questions at several sizes, at one connection, with what they share by nature (a page, a case file)
// the same. Beside them pages from the middle of long lists, and what walks more: the search of a name and statistics.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { compile, startKualik, type Contender, type Tree } from './contenders.js';
import { fill, sizeOf } from './generate/main.js';
import { makeWorld } from './generate/world.js';
import { startLoader, type Loader } from './load/loader.js';
import { memoryOf } from './load/proc.js';
import { openPlace, type Place } from './place.js';
import { graphqlOf, QUERIES } from './queries.js';
import { takeSamples } from './samples.js';
import { seal } from './seal.js';
import { hkdfSync } from 'node:crypto';
import { withClient } from '../src/db/client.js';
import { loadSecret } from '../src/db/secret.js';
import { sealCursor } from '../src/values/cursor.js';

export interface Sized {
  events: number;
  /** Milliseconds. */
  p50: Record<string, number>;
  p99: Record<string, number>;
  megabytes: number;
  rowsPerSecond: number;
  memory: number;
}

interface Means {
  seed: number;
  /** Where the databases are left, one for each size, and taken from again; absent: each is made and removed. */
  keep?: string | undefined;
  step(what: string): void;
  say(line: string): void;
  atEnd: (() => Promise<unknown>)[];
}

const NAMES = `query ($name: String!) { persons(filter: { name: $name }, first: 10) { nodes { id name } } }`;
const COUNTS = `query ($from: LocalDate!, $until: LocalDate!) {
  statistics(unit: EVENT, by: [MONTH, KIND], filter: { from: $from, until: $until }) { total rows { month kind count } } }`;

const TOTALS = `query ($unit: StatisticsUnit!, $by: [StatisticsGrouping!]!) { statistics(unit: $unit, by: $by) { total rows { year kind count } } }`;
const totals = (unit: string, ...by: string[]): string[] => [
  JSON.stringify({ query: TOTALS, variables: { unit, by } }),
];

/** The cursor behind row `place` of a list without conditions, sealed as the server seals it. */
function cursorAt(dataDir: string, [list, keys]: DeepList, row: readonly string[]): string {
  const key = Buffer.from(hkdfSync('sha256', loadSecret(dataDir), 'kualik', 'page cursors', 32));
  if (row.length !== keys.length) throw new Error(`${list} has no row here.`);
  return sealCursor(key, JSON.stringify([list, [null, null]]), row);
}

type DeepList = readonly [list: string, keys: readonly string[]];
const DEEP: readonly DeepList[] = [
  ['persons', ['sequence', 'id']],
  ['events', ['starts_earliest', 'sequence', 'id']],
];
/** Parts of a list at which pages are asked for. */
const DEPTHS = [0.1, 0.3, 0.5, 0.7, 0.9];

async function deepPages(place: Place): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  await withClient(place.adminUrl, async (client) => {
    for (const deep of DEEP) {
      const [list, keys] = deep;
      const query = `query ($after: String) { ${list}(first: 25, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }`;
      const order = keys.map((key) => `${key} nulls last`).join(', ');
      found[`first page of ${list}`] = [JSON.stringify({ query, variables: {} })];
      found[`deep pages of ${list}`] = [];
      for (const depth of DEPTHS) {
        const { rows } = await client.query<{ row: string[] }>(
          `select array[${keys.map((key) => `${key}::text`).join(', ')}] as row from ${list} order by ${order}
           offset (select (count(*) * $1::float8)::bigint from ${list}) limit 1`,
          [depth],
        );
        const after = cursorAt(place.dataDir, deep, rows[0]?.row ?? []);
        found[`deep pages of ${list}`]!.push(JSON.stringify({ query, variables: { after } }));
      }
    }
  });
  return found;
}

/** What is asked besides: by name, the bodies. */
async function others(place: Place): Promise<Record<string, string[]>> {
  const names = await withClient(place.readerUrls[0], async (client) =>
    (await client.query<{ value: string }>('select value from person_names order by md5(id::text) limit 200')).rows.map(
      ({ value }) => value,
    ),
  );
  const years = Array.from({ length: 20 }, (_, n) => 2003 + n);
  return {
    ...(await deepPages(place)),
    'name lookup': names.map((name) => JSON.stringify({ query: NAMES, variables: { name } })),
    'statistics of a year': years.map((year) =>
      JSON.stringify({ query: COUNTS, variables: { from: `${year}-01-01`, until: `${year}-12-31` } }),
    ),
    'statistics of all events': totals('EVENT', 'YEAR', 'KIND'),
    'people by year': totals('PERSON', 'YEAR'),
  };
}

async function measure(
  kualik: Contender,
  loader: Loader,
  questions: Record<string, string[]>,
  say: Means['say'],
): Promise<Pick<Sized, 'p50' | 'p99'>> {
  const [p50, p99]: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (const [name, bodies] of Object.entries(questions)) {
    const job = { port: kualik.port, path: '/graphql', headers: kualik.headers, bodies, connections: 1, from: 0 };
    await loader.run({ ...job, seconds: 1 });
    const found = await loader.run({ ...job, seconds: 3, from: 41 });
    if (found.failures > 0) say(`${name}: ${found.failures} answers are not good: ${found.firstFailure}`);
    [p50[name], p99[name]] = found.failures > 0 ? [NaN, NaN] : [found.p50, found.p99];
  }
  return { p50, p99 };
}

const isFilled = (place: Place): Promise<boolean> =>
  withClient(place.adminUrl, async (client) => {
    const { rows } = await client.query<{ filled: boolean }>('select exists (select from persons) as filled');
    return rows[0]!.filled;
  });

async function at(events: number, tree: Tree, { seed, keep, step, say, atEnd }: Means): Promise<Sized> {
  const directory = keep === undefined ? undefined : join(keep, String(events));
  if (directory !== undefined) fs.mkdirSync(directory, { recursive: true });
  const place = await openPlace({ tree, keep: directory });
  atEnd.push(place.end);
  step(`${events.toLocaleString('en')} events`);
  const loaded = (await isFilled(place)) ? undefined : await fill(place, makeWorld({ events, seed }));
  if (loaded) await seal(place);
  const kualik = await startKualik(place, tree);
  atEnd.push(kualik.end);
  const loader = startLoader();
  atEnd.push(loader.end);
  const samples = await takeSamples(place, kualik, undefined);
  const hot = QUERIES.map((query): [string, string[]] => [
    query,
    samples[query].map(({ graphql }) => JSON.stringify({ query: graphqlOf(query), variables: graphql })),
  ]);
  const found = await measure(kualik, loader, { ...Object.fromEntries(hot), ...(await others(place)) }, say);
  const sized = {
    events,
    ...found,
    memory: memoryOf(kualik.pid),
    megabytes: (await sizeOf(place)).bytes / 1_048_576,
    rowsPerSecond: loaded ? loaded.rows / loaded.seconds : NaN,
  };
  for (const work of atEnd.splice(-3).reverse()) await work();
  return sized;
}

export async function growth(sizes: readonly number[], means: Means): Promise<Sized[]> {
  means.step('compiling Kualik');
  const tree = await compile();
  const found: Sized[] = [];
  for (const events of sizes) found.push(await at(events, tree, means));
  const names = Object.keys(found[0]!.p50);
  const row = (what: string, cells: string[]): void => means.say(`| ${what} | ${cells.join(' | ')} |`);
  row(
    'p50 ms (p99), c=1',
    found.map(({ events }) => `${events.toLocaleString('en')} events`),
  );
  row(
    '---',
    found.map(() => '---'),
  );
  for (const name of names)
    row(
      name,
      found.map(({ p50, p99 }) => `${p50[name]!.toFixed(2)} (${p99[name]!.toFixed(1)})`),
    );
  row(
    'database, MB',
    found.map(({ megabytes }) => Math.round(megabytes).toLocaleString('en')),
  );
  row(
    'bulk load, rows/s',
    found.map(({ rowsPerSecond }) => Math.round(rowsPerSecond).toLocaleString('en')),
  );
  row(
    'memory of Kualik, MB',
    found.map(({ memory }) => String(Math.round(memory))),
  );
  return found;
}
