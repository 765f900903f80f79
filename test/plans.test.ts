// What grows: no question that people ask often may walk over a whole table, whatever its level sees. A world is generated that
// is large enough for PostgreSQL to choose an index by itself, and the statements are explained as they are really sent.
import {
  getNamedType,
  isAbstractType,
  isLeafType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { loadInBulk } from '../bench/generate/bulk.js';
import { makeWorld, type World } from '../bench/generate/world.js';
import { graphqlOf, QUERIES } from '../bench/queries.js';
import { withClient } from '../src/db/client.js';
import { withTies } from '../src/records/page.js';
import { isPlain, planOf } from '../src/records/plan.js';
import { snake } from '../src/records/noun.js';
import { buildSchema } from '../src/schema.js';
import { sealCursor } from '../src/values/cursor.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { CURSOR_KEY, explained } from './support/explaining.js';
import { asker, asking, type Asker } from './support/rights.js';

const EVENTS = 20_000;
const TODAY = '2023-05-01';
/** A table with more rows is never walked over. */
const BIG = 1_000;
/** So many rows may be read and thrown away again for one answer; a whole table is many times as much. */
const WASTE = 300;

let database: FreshDatabase;
let world: World;
let viewers: Record<'level 0' | 'level 3', Asker>;
let big: Set<string>;
const schema: GraphQLSchema = buildSchema();

const ask = <T extends object>(sql: string, values: unknown[] = []): Promise<T[]> =>
  withClient(database.adminUrl, async (client) => (await client.query<T>(sql, values)).rows);

beforeAll(async () => {
  database = await freshDatabase();
  world = makeWorld({ events: EVENTS });
  await withClient(database.migrateUrl, (client) => loadInBulk(client, world));
  // More names than there are people: only of many does an index of trigrams spare anything.
  await withClient(database.adminUrl, (client) =>
    client.query(`set session_replication_role = replica;
      insert into person_names (person_id, kind, value, name_key, script, sensitivity)
      select p.id, 'ALIAS', k, k, 'Latn', p.sensitivity
      from persons p cross join generate_series(1, 10) n cross join lateral (select translate(md5(p.id::text || n), '0123456789', 'ghijklmnop') as k) made;
      insert into auth.teams (id, name) overriding system value values (71, 'Team 71'), (72, 'Team 72');
      update person_names set team_id = 71 + ascii(name_key) % 2 where sensitivity >= 2`),
  );
  await ask('vacuum analyze');
  // As the bench sets it, and as is usual where nothing turns: with the value for turning disks a table must be larger.
  await ask(`alter database ${database.name} set random_page_cost = 1.1`);
  // Closed to readers otherwise (src/db/hardening.ts): it would tell them of hidden rows.
  await ask('grant execute on function pg_stat_get_xact_tuples_returned to kualik_reader');
  viewers = {
    'level 0': { login: 'nobody', level: 0, teams: [], roles: [] },
    'level 3': await asker(database, { login: 'all', level: 3, teams: [] }),
  };
  const tables = await ask<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and reltuples > $1`,
    [BIG],
  );
  big = new Set(tables.map(({ name }) => name));
}, 120_000);
afterAll(() => database?.drop());

const VIEWERS = ['level 0', 'level 3'] as const;

/** What walks over a big table, or over many rows of it that the answer does not need. */
async function faultsOf(who: keyof typeof viewers, source: string, variables: Record<string, unknown>) {
  const { scans, walked, answer } = await explained(database, schema, viewers[who], source, variables);
  const faults = [
    ...scans
      .filter(({ what, table, wasted }) => big.has(table) && (what.startsWith('Seq Scan') || wasted > WASTE))
      .map(({ what, rows, wasted }) => `${what}: ${rows} rows, ${wasted} for nothing`),
    ...walked.filter(({ table }) => big.has(table)).map(({ table, rows }) => `${table} walked over: ${rows} rows`),
  ];
  return { faults, answer };
}

test('the generated world is large enough to tell', () => {
  expect([...big]).toEqual(
    expect.arrayContaining(['persons', 'person_names', 'events', 'event_participants', 'sources', 'claims']),
  );
});

test('every column that points at another table has an index that begins with it', async () => {
  const without = await ask<{ column: string }>(
    `select format('%s.%s', c.conrelid::regclass, a.attname) as column from pg_constraint c
     join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
     where c.contype = 'f' and c.connamespace = 'public'::regnamespace
       and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = a.attnum)`,
  );
  expect(without.map(({ column }) => column)).toEqual([]);
});

/** As the bench asks them; the fifth is a search for people of one's name. */
const HOT: Record<string, () => [source: string, variables: Record<string, unknown>]> = {
  person: () => [graphqlOf('person'), { id: visible('persons') }],
  page: () => [graphqlOf('page'), {}],
  timeline: () => [graphqlOf('timeline'), { case: visible('cases') }],
  expiring: () => [graphqlOf('expiring'), { on: TODAY }],
};
const visible = (noun: 'persons' | 'cases'): string => {
  for (let n = 0; ; n++) if (world.level(noun, n) === 0) return world.id(noun, n);
};

describe('the questions of the bench', () => {
  test('are all here', () => expect(Object.keys(HOT)).toEqual([...QUERIES]));

  test.each(VIEWERS.flatMap((who) => QUERIES.map((query) => [query, who] as const)))('%s at %s', async (query, who) => {
    const found = await faultsOf(who, ...HOT[query]!());
    expect(found.faults).toEqual([]);
    expect(JSON.stringify(found.answer).length).toBeGreaterThan(100);
  });
});

/** Lists of a noun at the root: those of what is made from several have rules of their own. */
const LISTS = Object.values(schema.getQueryType()!.getFields()).flatMap((field) => {
  const plan = planOf(field);
  const isOfNoun = plan?.is === 'page' && getNamedType(field.type).name === `${plan.noun.type}Connection`;
  return isOfNoun && field.args.every(({ type }) => !isNonNullType(type)) ? [{ name: field.name, plan }] : [];
});

describe.each(VIEWERS)('lists at %s', (who) => {
  test.each(LISTS)('$name, the first page and one from the middle', async ({ name, plan }) => {
    const { noun } = plan;
    const { args } = schema.getQueryType()!.getFields()[name]!;
    const given = Object.fromEntries(args.map((arg) => [arg.name, arg.defaultValue]));
    const asked = plan.page(given as never, { today: TODAY } as never);
    const question = `query ($after: String) { ${name}(first: 25, after: $after) { nodes { __typename } pageInfo { endCursor hasNextPage } } }`;
    const first = await faultsOf(who, question, {});
    const keys = withTies(asked.orderBy).map(({ property }) => `${noun.table}.${snake(property)}`);
    const [row] = await ask<{ values: string[] }>(
      `select to_json(array[${keys.map((key) => `${key}::text`).join(', ')}]) as values from ${noun.table}
       order by ${keys.map((key) => `${key} nulls last`).join(', ')} offset (select count(*) / 2 from ${noun.table}) limit 1`,
    );
    const after = row && sealCursor(CURSOR_KEY, asked.scope(null), row.values);
    const deep = after ? await faultsOf(who, question, { after }) : first;
    expect({ first: first.faults, deep: deep.faults }).toEqual({ first: [], deep: [] });
    if (big.has(noun.table) && asked.where.length === 0) expect(deep.answer[name].nodes).toHaveLength(25);
  });
});

describe.each(VIEWERS)('searches at %s', (who) => {
  test.each(['events', 'detentions'])('%s of a land, and of the same by its code', async (list) => {
    const source = `query ($filter: ${list === 'events' ? 'EventFilter' : 'DetentionFilter'}) {
      ${list}(filter: $filter, first: 10) { nodes { id } pageInfo { hasNextPage } } }`;
    const land = world.id('places', 0);
    const [{ code }] = (await ask<{ code: string }>('select country as code from places where id = $1', [land])) as [
      { code: string },
    ];
    const found = await faultsOf(who, source, { filter: { place: land } });
    const same = await faultsOf(who, source, { filter: { country: [code] } });
    expect([found.faults, same.faults]).toEqual([[], []]);
    expect(found.answer[list].nodes).toHaveLength(10);
    expect(same.answer).toEqual(found.answer);
    const counted = source.replace('nodes { id }', 'totalCount { value isExact }');
    const { answer } = await explained(database, schema, viewers[who], counted, { filter: { place: land } });
    const { n } = (
      await asking(database, 'reader', viewers[who], (client) =>
        client.query<{ n: number }>(
          `select count(*)::int as n from ${list} t join places p on p.id = t.place_id where $1 in (p.id, p.parent_id)`,
          [land],
        ),
      )
    ).rows[0]!;
    expect(answer[list].totalCount).toEqual({ value: n, isExact: true });
    expect(n).toBeGreaterThan(100);
  });
  test('people of a name', async () => {
    const [{ value }] = (await ask<{ value: string }>(
      "select value from person_names where sensitivity = 0 and kind = 'MAIN' order by id limit 1",
    )) as [{ value: string }];
    const source = 'query ($name: String!) { persons(filter: { name: $name }, first: 10) { nodes { id name } } }';
    const found = await faultsOf(who, source, { name: value });
    expect(found.faults).toEqual([]);
    expect(found.answer.persons.nodes[0].name).toBe(value);
  });
});

test.each([
  [0, []],
  [1, []],
  [2, [71]],
  [3, []],
  [3, [71]],
])('at level %i in the teams %p a search finds the names that can be seen, and no other', async (level, teams) => {
  const viewer = await asker(database, { login: `seer-${level}-${teams.length}`, level, teams });
  const word = ['gi'];
  const [found, seen] = await asking(database, 'reader', viewer, async (client) => {
    const ids = async (sql: string): Promise<string[]> =>
      (await client.query<{ id: string }>(sql, [word, word])).rows.map(({ id }) => id);
    return [
      await ids('select distinct id from persons_named($1::text[], $2::text[]) id order by 1'),
      await ids(`select distinct person_id as id from person_names
        where name_key ~ ($1::text[])[1] or name_key %> ($2::text[])[1] order by 1`),
    ];
  });
  expect(found).toEqual(seen);
  expect(found.length).toBeGreaterThan(50);
});

test('whoever did not enter finds nobody at level 2, and may not ask as the gate', async () => {
  const stranger = { level: 2 };
  const { rows } = await asking(database, 'reader', stranger, (client) =>
    client.query(`select from persons_named('{k}', '{k}')`),
  );
  expect(rows).toEqual([]);
  const asGate = withClient(database.gateUrl, (client) => client.query(`select public.persons_named('{k}', '{k}')`));
  await expect(asGate).rejects.toThrow(/permission denied/);
});

/** Fields of an object that need no argument, but for totals, which read what they count; and of those that are objects what can be asked without going further. */
function everythingOf(type: GraphQLObjectType, depth: number): string[] {
  const fields = Object.values(type.getFields()).flatMap((field) => {
    if (field.name === 'totalCount' || field.args.some(isRequiredArgument) || (!planOf(field) && !isPlain(field)))
      return [];
    const named = getNamedType(field.type);
    if (isLeafType(named)) return [field.name];
    if (isAbstractType(named)) return depth > 0 ? [`${field.name} { __typename }`] : [];
    if (!isObjectType(named) || depth === 0) return [];
    const inner = everythingOf(named, named.name.endsWith('Connection') ? depth : depth - 1);
    return [`${field.name} { ${inner.join(' ')} }`];
  });
  return ['__typename', ...fields];
}

const FIELDS_AT_ONCE = 8;

describe.each(VIEWERS)('records by their ids at %s', (who) => {
  const types = Object.values(schema.getQueryType()!.getFields()).filter((field) => planOf(field)?.is === 'byId');
  test.each(types.map(({ name }) => name))('%s, with everything that is told of it', async (name) => {
    const field = schema.getQueryType()!.getFields()[name]!;
    const { noun: table } = planOf(field) as { noun: string };
    const type = getNamedType(field.type);
    if (!isObjectType(type)) throw new Error(`${name} is no record.`);
    const [row] = await ask<{ id: string }>(`select id from ${table} where sensitivity = 0 order by sequence limit 1`);
    const fields = everythingOf(type, 1);
    // In parts: all at once would be too long a statement for a plan.
    for (let at = 0; at < fields.length; at += FIELDS_AT_ONCE) {
      const some = fields.slice(at, at + FIELDS_AT_ONCE).join(' ');
      const id = row?.id ?? visible('persons');
      const { faults } = await faultsOf(who, `query ($id: ID!) { ${name}(id: $id) { ${some} } }`, { id });
      expect({ some, faults }).toEqual({ some, faults: [] });
    }
  });
});
