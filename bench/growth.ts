// How Kualik grows: the same questions at several sizes, at one connection, with what they share by nature (a page, a case file)
// the same. Beside them what walks more: the search of a name and statistics of a year.
import { compile, startKualik, type Contender, type Tree } from './contenders.js';
import { fill, sizeOf } from './generate/main.js';
import { makeWorld } from './generate/world.js';
import { startLoader, type Loader } from './load/loader.js';
import { memoryOf } from './load/proc.js';
import { openPlace, type Place } from './place.js';
import { graphqlOf, QUERIES } from './queries.js';
import { takeSamples } from './samples.js';
import { seal } from './seal.js';
import { withClient } from '../src/db/client.js';

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
  step(what: string): void;
  say(line: string): void;
  atEnd: (() => Promise<unknown>)[];
}

const NAMES = `query ($name: String!) { persons(filter: { name: $name }, first: 10) { nodes { id name } } }`;
const COUNTS = `query ($from: LocalDate!, $until: LocalDate!) {
  statistics(unit: EVENT, by: [MONTH, KIND], filter: { from: $from, until: $until }) { total rows { month kind count } } }`;

/** What is asked besides: by name, the bodies. */
async function others(place: Place): Promise<Record<string, string[]>> {
  const names = await withClient(place.readerUrls[0], async (client) =>
    (await client.query<{ value: string }>('select value from person_names order by md5(id::text) limit 200')).rows.map(
      ({ value }) => value,
    ),
  );
  const years = Array.from({ length: 20 }, (_, n) => 2003 + n);
  return {
    'name lookup': names.map((name) => JSON.stringify({ query: NAMES, variables: { name } })),
    'statistics of a year': years.map((year) =>
      JSON.stringify({ query: COUNTS, variables: { from: `${year}-01-01`, until: `${year}-12-31` } }),
    ),
  };
}

async function measure(
  kualik: Contender,
  loader: Loader,
  questions: Record<string, string[]>,
): Promise<Pick<Sized, 'p50' | 'p99'>> {
  const [p50, p99]: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (const [name, bodies] of Object.entries(questions)) {
    const job = { port: kualik.port, path: '/graphql', headers: kualik.headers, bodies, connections: 1, from: 0 };
    await loader.run({ ...job, seconds: 1 });
    const found = await loader.run({ ...job, seconds: 3, from: 41 });
    if (found.failures > 0) throw new Error(`${name}: ${found.failures} answers are not good: ${found.firstFailure}`);
    [p50[name], p99[name]] = [found.p50, found.p99];
  }
  return { p50, p99 };
}

async function at(events: number, tree: Tree, { seed, step, atEnd }: Means): Promise<Sized> {
  const place = await openPlace({ tree });
  atEnd.push(place.end);
  step(`${events.toLocaleString('en')} events`);
  const loaded = await fill(place, makeWorld({ events, seed }));
  await seal(place);
  const kualik = await startKualik(place, tree);
  atEnd.push(kualik.end);
  const loader = startLoader();
  atEnd.push(loader.end);
  const samples = await takeSamples(place, kualik, undefined);
  const hot = QUERIES.map((query): [string, string[]] => [
    query,
    samples[query].map(({ graphql }) => JSON.stringify({ query: graphqlOf(query), variables: graphql })),
  ]);
  const found = await measure(kualik, loader, { ...Object.fromEntries(hot), ...(await others(place)) });
  const sized = {
    events,
    ...found,
    memory: memoryOf(kualik.pid),
    megabytes: (await sizeOf(place)).bytes / 1_048_576,
    rowsPerSecond: loaded.rows / loaded.seconds,
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
