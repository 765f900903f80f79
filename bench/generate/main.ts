// Fills a database with an invented world and says how fast that was.
//   npx tsx bench/generate/main.ts --events 100k [--seed 1] [--data DIRECTORY] [--compare] [--triggers] [--same-state]
// Without --data the database is thrown away. --compare: against a bare COPY; --triggers: also through every trigger;
// --same-state: proves at 1,000 events that the bulk load leaves what the triggers leave.
import { parseArgs } from 'node:util';
import pg from 'pg';
import { withClient } from '../../src/db/client.js';
import { roleUrls } from '../../src/db/roles.js';
import { loadSecret } from '../../src/db/secret.js';
import { openPlace, type Place } from '../place.js';
import { loadBare } from './bare.js';
import { loadInBulk, type Loaded } from './bulk.js';
import { checkDays } from './days.js';
import { differencesOfState } from './same-state.js';
import { loadThroughTriggers } from './through-triggers.js';
import { makeWorld, type World } from './world.js';

/** 10k, 1M, 250000. */
export function readCount(text: string): number {
  const found = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text);
  if (!found) throw new Error(`${text} is not a number of events; write 10k, 100k, 1M or 10M.`);
  return Math.round(Number(found[1]) * { '': 1, k: 1e3, M: 1e6 }[found[2] as '' | 'k' | 'M']);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const perSecond = ({ rows, seconds }: Loaded): string => `${Math.round(rows / seconds).toLocaleString('en')} rows/s`;
const told = ({ parts }: Loaded): string =>
  Object.entries(parts).map(([part, s]) => `${part} ${s.toFixed(1)} s`).join(', '); // prettier-ignore

export interface Size {
  bytes: number;
  /** Of the largest tables, with indexes. */
  tables: { name: string; bytes: number }[];
}

/** Loads in bulk, and gathers what the planner and a reader need: figures, and a map of what is visible to all. */
export async function fill(place: Place, world: World): Promise<Loaded> {
  const loaded = await withClient(place.migrateUrl, (client) => loadInBulk(client, world));
  await withClient(place.adminUrl, async (client) => {
    await client.query("set maintenance_work_mem = '256MB'");
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
  return loaded;
}

export async function sizeOf(place: Place): Promise<Size> {
  return withClient(place.adminUrl, async (client) => {
    const { rows: all } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
    const { rows } = await client.query<{ name: string; bytes: string }>(
      `select n.nspname || '.' || c.relname as name, pg_total_relation_size(c.oid) as bytes from pg_class c
       join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('public', 'history', 'house', 'audit')
       order by 2 desc limit 12`,
    );
    return { bytes: Number(all[0]!.bytes), tables: rows.map(({ name, bytes }) => ({ name, bytes: Number(bytes) })) };
  });
}

const inMegabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576).toLocaleString('en')} MB`;

async function inCopy<T>(place: Place, name: string, work: (adminUrl: string) => Promise<T>): Promise<T> {
  const url = await place.copyOf(name);
  try {
    return await work(url);
  } finally {
    await place.drop(name);
  }
}

async function loadCopy(
  place: Place,
  url: string,
  how: (client: pg.Client, world: World) => Promise<Loaded>,
  world: World,
): Promise<Loaded> {
  const { migrateUrl } = roleUrls(url, loadSecret(place.dataDir));
  await withClient(url, (client) =>
    client.query(`grant connect on database ${new URL(url).pathname.slice(1)} to kualik_migrate`),
  );
  return withClient(migrateUrl, (client) => how(client, world));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '100k' },
      seed: { type: 'string', default: '1' },
      data: { type: 'string' },
      compare: { type: 'boolean' },
      triggers: { type: 'boolean' },
      'same-state': { type: 'boolean' },
    },
  });
  const world = makeWorld({ events: readCount(values.events), seed: Number(values.seed) });
  checkDays(world.chance);
  const place = await openPlace({ keep: values.data });
  try {
    if (values['same-state']) {
      const small = makeWorld({ events: 1_000, seed: Number(values.seed) });
      const differences = await inCopy(place, 'bench_triggers', (triggers) =>
        inCopy(place, 'bench_bulk', async (bulk) => {
          await loadCopy(place, triggers, loadThroughTriggers, small);
          await loadCopy(place, bulk, loadInBulk, small);
          return differencesOfState(triggers, bulk);
        }),
      );
      say(differences.length === 0 ? 'The bulk load leaves what the triggers leave.' : differences.join('\n'));
      if (differences.length > 0) process.exitCode = 1;
    }
    const bare = values.compare
      ? await inCopy(place, 'bench_bare', (url) => withClient(url, (client) => loadBare(client, world)))
      : undefined;
    if (bare)
      say(
        `bare COPY          ${perSecond(bare)}   (${bare.seconds.toFixed(1)} s; with the spine ${bare.withSpine.toFixed(1)} s)`,
      );
    if (values.triggers) {
      const slow = await inCopy(place, 'bench_triggers', (url) => loadCopy(place, url, loadThroughTriggers, world));
      say(
        `through triggers   ${perSecond(slow)}   ${bare ? `x ${(bare.seconds / slow.seconds).toFixed(3)} of the bare COPY` : ''}`,
      );
    }
    const loaded = await fill(place, world);
    say(
      `bulk load          ${perSecond(loaded)}   ${bare ? `x ${(bare.seconds / loaded.seconds).toFixed(3)} of the bare COPY` : ''}`,
    );
    say(`  ${loaded.rows.toLocaleString('en')} rows of nouns in ${loaded.seconds.toFixed(1)} s: ${told(loaded)}`);
    const { bytes, tables } = await sizeOf(place);
    say(`  ${inMegabytes(bytes)}; ${inMegabytes((bytes / world.events) * 1e6)} for each million events`);
    for (const table of tables) say(`    ${table.name.padEnd(28)} ${inMegabytes(table.bytes).padStart(10)}`);
  } finally {
    await place.end();
  }
}

if (import.meta.filename === process.argv[1]) await main();
