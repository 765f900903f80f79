// Whether two databases that were filled with the same rows in two ways are the same: every table, row for row, but for what
// differs by nature (instants, who loaded, numbers of transactions, salts), and what the house itself can check.
import type pg from 'pg';
import { compareVersions } from '../../src/audit/versions.js';
import { withClient } from '../../src/db/client.js';
import { nounRows } from './nouns.js';
import { catalogOf } from './aside.js';

/** Left out of the comparison, by table; '*' is every table. */
const BY_NATURE: Record<string, string[]> = {
  '*': ['created_at', 'created_by', 'updated_at', 'updated_by', 'recorded_from', 'transaction_id'],
  'audit.entries': ['at', 'actor', 'salt', 'payload', 'leaf', 'seq'],
};

const tables = (): string[] => [
  ...nounRows.flatMap(({ noun }) => [`public.${noun}`, `history.${noun}`]),
  'public.records',
  'house.lineage',
  'audit.entries',
];

/** One digest for each table: of its rows in the order of their texts. */
async function digests(client: pg.Client): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const table of tables()) {
    const without = [...BY_NATURE['*']!, ...(BY_NATURE[table] ?? [])];
    const { rows } = await client.query<{ digest: string }>(
      `select count(*) || ' rows, ' || md5(coalesce(string_agg(line, E'\\n' order by line), '')) as digest
       from (select (to_jsonb(t) - $1::text[])::text ${table === 'audit.entries' ? '|| (t.payload::jsonb - $2::text[])::text' : ''} as line from ${table} t) lines`,
      table === 'audit.entries' ? [without, BY_NATURE['*']] : [without],
    );
    found.set(table, rows[0]!.digest);
  }
  return found;
}

/** What history and claims would say of themselves: nothing, where all is well. */
async function faults(client: pg.Client): Promise<string[]> {
  const { rows: faulty } = await client.query<{ noun: string; fault: string; n: string }>(
    'select noun, fault, count(*) as n from history.faults() group by 1, 2',
  );
  const { rows: shown } = await client.query<{ codes: string }>(
    'select array(select unnest(shown_to) order by 1)::text as codes from history.transactions',
  );
  const { faults: unlike } = await compareVersions(client);
  // Accepting every claim again would change nothing, and settling it neither.
  const { rows: accepted } = await client.query<{ n: string }>(
    `select count(*) filter (where house.accept(id)) as n from records where noun <> 'claims'`,
  );
  const before = await client.query(
    'select md5(string_agg(to_jsonb(c)::text, $1 order by id)) from (select id, roots, level, bears, preference, published_earliest, published_latest from claims) c',
    [' '],
  );
  await client.query('update claims set rank = rank');
  const after = await client.query(
    'select md5(string_agg(to_jsonb(c)::text, $1 order by id)) from (select id, roots, level, bears, preference, published_earliest, published_latest from claims) c',
    [' '],
  );
  return [
    ...unlike.slice(0, 3).map((fault) => `audit and history: ${JSON.stringify(fault)}`),
    ...faulty.map(({ noun, fault, n }) => `${n} of history.${noun}: ${fault}`),
    ...(accepted[0]!.n === '0' ? [] : [`${accepted[0]!.n} records change when their claims are accepted.`]),
    ...(before.rows[0].md5 === after.rows[0].md5 ? [] : ['Claims change when they are settled again.']),
    `shown to ${shown.map(({ codes }) => codes).join(' ')}`,
  ];
}

async function stateOf(url: string): Promise<{ tables: Map<string, string>; catalog: string[]; faults: string[] }> {
  return withClient(url, async (client) => {
    await client.query(`set statement_timeout = 0; set search_path = public`);
    const state = { tables: await digests(client), catalog: await catalogOf(client) };
    return { ...state, faults: await faults(client) };
  });
}

/** @param urls superusers, in two databases that are thrown away afterwards. */
export async function differencesOfState(triggers: string, bulk: string): Promise<string[]> {
  const [a, b] = [await stateOf(triggers), await stateOf(bulk)];
  return [
    ...tables()
      .filter((table) => a.tables.get(table) !== b.tables.get(table))
      .map((table) => `${table}: ${a.tables.get(table)} through triggers, ${b.tables.get(table)} in bulk`),
    ...a.catalog.filter((line) => !b.catalog.includes(line)).map((line) => `only through triggers: ${line}`),
    ...b.catalog.filter((line) => !a.catalog.includes(line)).map((line) => `only in bulk: ${line}`),
    ...(JSON.stringify(a.faults) === JSON.stringify(b.faults) && a.faults.length === 1
      ? []
      : [`faults: ${a.faults.join('; ')} | ${b.faults.join('; ')}`]),
  ];
}
