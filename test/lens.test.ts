// What must hold for every lens: an open one shows what the view of today shows, one operation has one lens, the same query
// text is answered under all of them, and a read by id never walks all claims.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  print,
  visit,
  type FieldNode,
  type GraphQLOutputType,
  type OperationDefinitionNode,
} from 'graphql';
import { withClient } from '../src/db/client.js';
import { settingsOf, type Lens } from '../src/lens.js';
import { packageRoot } from '../src/paths.js';
import { AnswerError, house, type House } from './support/house.js';

let founding: House;
let sources: string[];
/** An instant at which everything had been recorded. */
let recorded: string;
beforeAll(async () => {
  founding = await house({ template: 'founding', today: '2026-11-01' });
  sources = (await founding.sql<{ id: string }>('select id from sources order by id')).map(({ id }) => id);
  const [row] = await founding.sql<{ at: string }>(
    `select to_char(max(recorded_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from history.transactions`,
  );
  recorded = row!.at;
});
afterAll(() => founding?.close());

const FAR = '9999-12-31';
const id = (key: string): string => founding.id(key);

/** All rows of a noun as JSON, as the reader sees them through a lens; by id. */
async function rowsOf(noun: string, lens: Lens): Promise<Map<string, Record<string, unknown>>> {
  return withClient(founding.database.readerUrl, async (client) => {
    await client.query('begin');
    for (const [name, value] of Object.entries(settingsOf(lens)))
      await client.query('select set_config($1, $2, true)', [name, value]);
    const { rows } = await client.query<{ row: { id: string } }>(`select to_jsonb(t) as row from ${noun} t`);
    return new Map(rows.map(({ row }) => [row.id, row]));
  });
}

interface Adopted {
  noun: string;
  claimed: string[];
  existence: string;
}
const adopted = (): Promise<Adopted[]> =>
  founding.sql<Adopted>('select noun, claimed, existence from house.adopted order by noun');

describe('an open lens shows what the view of today shows', () => {
  const open: [string, () => Lens][] = [
    ['published by the last day there is, possibly', () => ({ publishedBy: FAR, certainty: 'POSSIBLE' })],
    ['according to all sources', () => ({ accordingTo: sources })],
    [
      'both, recorded by now',
      () => ({ publishedBy: FAR, certainty: 'POSSIBLE', accordingTo: sources, recordedBy: recorded }),
    ],
  ];

  test.each(open)('%s: row for row, but for values that no source supports', async (_, lensOf) => {
    const lens = lensOf();
    /** Fields on which some claim counts, and records of which one speaks: of itself or of what cannot be without it. */
    const spoken = new Set(
      (
        await founding.sql<{ key: string }>(
          `select distinct record_id || ' ' || field as key from claims c join records r on r.id = c.record_id where c.bears and c.level <= r.sensitivity`,
        )
      ).map(({ key }) => key),
    );
    let rows = 0;
    const unsourced: string[] = [];
    for (const { noun, claimed, existence } of await adopted()) {
      const [today, known] = [await rowsOf(noun, {}), await rowsOf(noun, lens)];
      const missing = [...today.keys()].filter((one) => !known.has(one));
      // In this dataset every record that needs a source has one.
      expect([noun, missing]).toEqual([noun, []]);
      expect([...known.keys()].filter((one) => !today.has(one))).toEqual([]);
      for (const [one, row] of today) {
        rows += 1;
        const expected = { ...row };
        if (existence === 'CLAIMS')
          for (const field of claimed)
            if (row[field] !== null && !spoken.has(`${one} ${field}`)) {
              unsourced.push(`${noun}.${field}`);
              for (const suffix of ['', '_earliest', '_latest'])
                if (`${field}${suffix}` in expected) expected[`${field}${suffix}`] = null;
            }
        expect(known.get(one)).toEqual(expected);
      }
    }
    expect(rows).toBeGreaterThan(1800);
    // The files give the country of an organization as a plain value, for which they name no source.
    expect([...new Set(unsourced)]).toEqual(['organizations.jurisdiction']);
    expect(unsourced).toHaveLength(16);
  });

  test('published by the last day, certainly: only what stands on undated pages is missing', async () => {
    const lens: Lens = { publishedBy: FAR };
    const [today, known] = [await rowsOf('sources', {}), await rowsOf('sources', lens)];
    const missing = [...today.values()].filter((row) => !known.has(row.id as string));
    expect(missing.length).toBeGreaterThan(0);
    for (const row of missing) expect([null, 'infinity']).toContain(row.published_latest);
    const [claims, still] = [await rowsOf('claims', {}), await rowsOf('claims', lens)];
    for (const [one, row] of claims) expect([one, still.has(one)]).toEqual([one, row.published_latest !== 'infinity']);
  });

  test('recorded by now: every row of every noun', async () => {
    for (const { noun } of await adopted())
      expect([noun, await rowsOf(noun, { recordedBy: recorded })]).toEqual([noun, await rowsOf(noun, {})]);
  });

  test('before anything was recorded: no row of any noun', async () => {
    for (const lens of [
      { recordedBy: '2020-01-01T00:00:00Z' },
      { recordedBy: '2020-01-01T00:00:00Z', publishedBy: FAR },
    ])
      for (const { noun } of await adopted()) expect([noun, (await rowsOf(noun, lens)).size]).toEqual([noun, 0]);
  });
});

/** Six lenses under which every query of ours must be answered. */
const six: [string, () => Record<string, unknown>][] = [
  ['published early', () => ({ publishedBy: '2019-12-31' })],
  ['published by the day before S1', () => ({ publishedBy: '2021-10-19', certainty: 'POSSIBLE' })],
  ['according to S1', () => ({ accordingTo: [id('S1')] })],
  [
    'according to two that disagree, by a day',
    () => ({ accordingTo: [id('S1'), id('S34')], publishedBy: '2021-10-20' }),
  ],
  ['recorded by now', () => ({ recordedBy: recorded })],
  ['all of them', () => ({ publishedBy: '2022-12-31', accordingTo: sources, recordedBy: recorded })],
];

/** The same query with `asOf: $asOf` on each of its root fields. */
function withLens(query: string): string {
  const { definitions } = parse('query ($asOf: AsOf) { x(asOf: $asOf) }');
  const { variableDefinitions, selectionSet } = definitions[0] as OperationDefinitionNode;
  const [asOf] = (selectionSet.selections[0] as FieldNode).arguments!;
  let depth = 0;
  return print(
    visit(parse(query), {
      OperationDefinition: (node) => ({
        ...node,
        variableDefinitions: [...(node.variableDefinitions ?? []), ...variableDefinitions!],
      }),
      Field: {
        enter: (node) => {
          depth += 1;
          return depth === 1 ? { ...node, arguments: [...(node.arguments ?? []), asOf!] } : undefined;
        },
        leave: () => void (depth -= 1),
      },
    }),
  );
}

const queries = [join(packageRoot, 'web', 'explorer', 'questions'), join(packageRoot, 'test', 'golden')].flatMap(
  (folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.graphql'))
      .map((file): [string, string] => [file.replace('.graphql', ''), readFileSync(join(folder, file), 'utf8')]),
);

describe.each(six)('%s', (_, asOf) => {
  test.each(queries)('%s is answered', async (_, query) => {
    const { data, errors } = await founding.run(withLens(query), { asOf: asOf() });
    expect(errors).toBeUndefined();
    expect(Object.values(data).every((field) => field !== undefined)).toBe(true);
  });

  test('every list: pages, edges and total agree', async () => {
    const seen: string[] = [];
    for (const name of lists()) {
      const query = (first: number, after: string | null) =>
        founding.ask(
          `query ($asOf: AsOf, $after: String) { ${name}(asOf: $asOf, first: ${first}, after: $after) { nodes { id } edges { cursor node { id } } totalCount { value isExact } pageInfo { hasNextPage endCursor } } }`,
          { asOf: asOf(), after },
        );
      const found: string[] = [];
      let total: unknown;
      for (let after: string | null = null; ;) {
        // A short step at the start, so that most lists have a second page.
        const { [name]: page }: any = await query(after === null ? 3 : 60, after);
        expect(page.edges.map((edge: any) => edge.node.id)).toEqual(page.nodes.map((node: any) => node.id));
        found.push(...page.nodes.map((node: any) => node.id));
        total ??= page.totalCount;
        expect(page.totalCount).toEqual(total);
        if (!page.pageInfo.hasNextPage) break;
        after = page.pageInfo.endCursor;
      }
      expect([name, new Set(found).size]).toEqual([name, found.length]);
      expect([name, total]).toEqual([name, { value: found.length, isExact: true }]);
      if (found.length > 3) seen.push(name);
    }
    expect(seen).toContain('events');
  });
});

/** Root fields that list records with an id, and need no argument. */
function lists(): string[] {
  const bare = (type: GraphQLOutputType): any => (isNonNullType(type) || isListType(type) ? bare(type.ofType) : type);
  return Object.values(founding.schema.getQueryType()!.getFields())
    .filter(({ args, type }) => {
      const connection = bare(type);
      if (!isObjectType(connection) || !connection.name.endsWith('Connection')) return false;
      const node = bare(connection.getFields().nodes!.type);
      const optional = args.every((arg) => !isNonNullType(arg.type) || arg.defaultValue !== undefined);
      return optional && isObjectType(node) && node.getFields().id !== undefined;
    })
    .map(({ name }) => name);
}

describe('a name that is not told cannot be found by', () => {
  test.each(['places', 'organizations'])('%s', async (list) => {
    const all = `query ($asOf: AsOf) { all: ${list}(asOf: $asOf, first: 100) { nodes { id name } } }`;
    const byName = `query ($name: String, $asOf: AsOf) { found: ${list}(filter: { name: $name }, asOf: $asOf, first: 100) { nodes { id name } } }`;
    const today = (await founding.ask(all)).all.nodes;
    const asOf = { accordingTo: [id('S1')] };
    const told = new Map<string, string | null>(
      (await founding.ask(all, { asOf })).all.nodes.map((node: any) => [node.id, node.name]),
    );
    const hidden = today.filter((node: any) => !told.get(node.id));
    const shown = today.filter((node: any) => told.get(node.id));
    expect(hidden.length).toBeGreaterThan(3);
    expect(shown.length).toBeGreaterThan(3);
    for (const { id: one, name } of hidden) {
      const { found } = await founding.ask(byName, { name, asOf });
      expect([name, found.nodes.map((node: any) => node.id)]).toEqual([name, expect.not.arrayContaining([one])]);
    }
    for (const { id: one, name } of shown) {
      const { found } = await founding.ask(byName, { name, asOf });
      expect([name, found.nodes]).toEqual([name, expect.arrayContaining([{ id: one, name }])]);
    }
  });
});

test('every field of Query takes a lens, but for those that tell of the recording itself', () => {
  const without = Object.values(founding.schema.getQueryType()!.getFields()).filter(
    ({ args }) => !args.some((arg) => arg.name === 'asOf'),
  );
  expect(without.map(({ name }) => name).sort()).toEqual(['changes', 'verifyCapture', 'viewer']);
});

describe('one operation looks through one lens', () => {
  const MIXED =
    'One operation looks through one lens: give all its fields the same clocks and sources in `asOf`, or ask in two operations.';
  const both = (a: string, b: string): string =>
    `{ a: persons${a} { totalCount { value } } b: events${b} { totalCount { value } } }`;
  const S1 = (): string => id('S1');

  const mixed: [string, () => string][] = [
    ['two days', () => both('(asOf: { publishedBy: "2021-10-19" })', '(asOf: { publishedBy: "2021-10-20" })')],
    ['a day and none', () => both('(asOf: { publishedBy: "2021-10-19" })', '')],
    ['none and a day', () => both('', '(asOf: { publishedBy: "2021-10-19" })')],
    [
      'two certainties',
      () => both('(asOf: { publishedBy: "2021-10-19" })', '(asOf: { publishedBy: "2021-10-19", certainty: POSSIBLE })'),
    ],
    ['two sources', () => both(`(asOf: { accordingTo: ["${S1()}"] })`, `(asOf: { accordingTo: ["${id('S2')}"] })`)],
    [
      'two instants',
      () => both('(asOf: { recordedBy: "2020-01-01T00:00:00Z" })', '(asOf: { recordedBy: "2020-01-01T00:00:01Z" })'),
    ],
  ];
  test.each(mixed)('%s are refused', async (_, query) => {
    const error = await founding.ask(query()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AnswerError);
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT', message: MIXED });
  });

  const same: [string, () => string][] = [
    ['days on which something is valid are no lens', () => both('', '(asOf: { validOn: "2021-10-19" })')],
    ['the order, the case and the number of sources do not matter', () =>
      both(`(asOf: { accordingTo: ["${S1().toUpperCase()}", "${id('S2')}", "${S1()}"] })`, `(asOf: { accordingTo: ["${id('S2')}", "${S1()}"] })`)],
    ['instants are told in any zone', () => both('(asOf: { recordedBy: "2020-01-01T00:00:00Z" })', '(asOf: { recordedBy: "2020-01-01T01:00:00.000+01:00" })')],
    ['certainty without a day of publication says nothing', () => both('(asOf: { certainty: POSSIBLE })', '')],
    ['an empty lens is none', () => both('(asOf: {})', '(asOf: null)')],
  ]; // prettier-ignore
  test.each(same)('%s', async (_, query) => {
    expect(await founding.ask(query())).toMatchObject({ a: { totalCount: {} }, b: { totalCount: {} } });
  });
});

describe('what is refused', () => {
  const persons = (asOf: object, after?: string): Promise<any> =>
    founding.ask(
      'query ($asOf: AsOf, $after: String) { persons(asOf: $asOf, first: 2, after: $after) { nodes { id } pageInfo { endCursor } totalCount { value } } }',
      { asOf, after },
    );
  const ahead = (ms: number): string => new Date(Date.now() + ms).toISOString();

  const wrong: [string, () => object, RegExp][] = [
    ['an instant that has not passed', () => ({ recordedBy: '2999-01-01T00:00:00Z' }), /cannot be told; give an instant that has passed/],
    ['an instant a minute ahead', () => ({ recordedBy: ahead(60_000) }), /give an instant that has passed/],
    ['no source', () => ({ accordingTo: [] }), /Name at least one source/],
    ['251 sources', () => ({ accordingTo: Array.from({ length: 251 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`) }), /Name at most 250 sources/],
    ['what is no id', () => ({ accordingTo: [id('S1'), 'S1'] }), /"S1" is not/],
    ['what would end the list', () => ({ accordingTo: ['00000000-0000-4000-8000-000000000000}'] }), /is not/],
  ]; // prettier-ignore
  test.each(wrong)('%s', async (_, asOf, sentence) => {
    const error = await persons(asOf()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringMatching(sentence) });
  });

  test('an instant of the second that is running has passed, with and without a fraction', async () => {
    const now = ahead(0);
    for (const recordedBy of [now, now.replace(/\.\d+Z/, 'Z')])
      expect((await persons({ recordedBy })).persons.totalCount.value).toBe(10);
  });

  test('250 sources, of which none is known: nobody is', async () => {
    const accordingTo = Array.from({ length: 250 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`);
    expect((await persons({ accordingTo })).persons).toMatchObject({ nodes: [], totalCount: { value: 0 } });
    // A record that is no source supports nothing either.
    expect((await persons({ accordingTo: [id('km')] })).persons).toMatchObject({ nodes: [] });
  });

  test('cursors of another lens, and of none', async () => {
    const lenses: object[] = [
      {},
      { publishedBy: '2021-10-20' },
      { publishedBy: '2021-10-20', certainty: 'POSSIBLE' },
      { publishedBy: '2021-10-21' },
      { accordingTo: sources },
      { accordingTo: sources.slice(1) },
      { recordedBy: recorded },
    ];
    for (const lens of lenses) {
      const { persons: page } = await persons(lens);
      for (const other of lenses) {
        const answer = await persons(other, page.pageInfo.endCursor).catch((thrown: unknown) => thrown);
        if (other === lens) expect(answer).toMatchObject({ persons: { nodes: [{}, {}] } });
        else expect([lens, other, answer]).toMatchObject([lens, other, { code: 'BAD_USER_INPUT', rule: 'cursor' }]);
      }
    }
  });
});

describe('a read by id never walks all claims', () => {
  let large: House;
  let some: Map<string, string[]>;
  beforeAll(async () => {
    large = await house();
    // 20,000 claims on 5,000 events and 5,000 persons.
    await large.sql(`
      insert into sources (kind, published, published_earliest, published_latest)
      select 'NEWS_ARTICLE', '2020', '2020-01-01'::date + n, '2020-01-01'::date + n from generate_series(1, 200) n`);
    await large.sql(`insert into events (kind) select 'OTHER' from generate_series(1, 5000)`);
    await large.sql(`insert into persons (kind) select 'INDIVIDUAL' from generate_series(1, 5000)`);
    await large.sql(`
      insert into claims (record_id, field, value, source_id, stance, basis)
      select r.id, f.field, f.value, (array(select id from sources order by id))[1 + (r.n * 7 + f.n) % 200], 'ASSERTS', 'STATED'
      from (select id, noun, row_number() over () as n from records where noun in ('events', 'persons')) r
      cross join lateral (values (1, '', null), (2, case r.noun when 'events' then 'title' else 'ethnicity' end, to_jsonb('a text'::text))) f(n, field, value)`);
    await large.sql('analyze');
    some = new Map();
    for (const noun of ['events', 'persons'])
      some.set(
        noun,
        (await large.sql<{ id: string }>(`select id from ${noun} limit 25`)).map(({ id }) => id),
      );
  }, 120_000);
  afterAll(() => large?.close());

  interface Plan {
    'Node Type': string;
    'Relation Name'?: string;
    Alias?: string;
    'Subplan Name'?: string;
    Filter?: string;
    Plans?: Plan[];
  }
  const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

  async function planOf(noun: string, lens: Lens, ids: readonly string[]): Promise<Plan[]> {
    return withClient(large.database.readerUrl, async (client) => {
      await client.query('begin');
      for (const [name, value] of Object.entries(settingsOf(lens)))
        await client.query('select set_config($1, $2, true)', [name, value]);
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (format json) select * from ${noun} where id = any('{${ids.join(',')}}'::uuid[])`,
      );
      return nodesOf(rows[0]!['QUERY PLAN'][0].Plan);
    });
  }

  const lenses: [string, Lens][] = [
    ['published by a day', { publishedBy: '2020-03-01' }],
    ['according to one source', { accordingTo: ['00000000-0000-4000-8000-000000000000'] }],
    ['recorded by an instant', { recordedBy: '2026-01-01T00:00:00Z' }],
    ['all three', { publishedBy: '2020-03-01', accordingTo: ['00000000-0000-4000-8000-000000000000'], recordedBy: '2026-01-01T00:00:00Z' }],
  ]; // prettier-ignore
  test.each(lenses)('%s', async (_, lens) => {
    for (const noun of ['events', 'persons', 'claims', 'status_documents', 'event_participants'])
      for (const ids of [some.get('events')!.slice(0, 1), some.get('events')!]) {
        const nodes = await planOf(noun, lens, ids);
        const text = JSON.stringify(nodes);
        expect([noun, text]).toEqual([noun, expect.not.stringMatching(/hashed SubPlan/)]);
        const scans = nodes.filter(
          (node) =>
            node['Node Type'] === 'Seq Scan' && ['claims', 'events', 'persons'].includes(node['Relation Name'] ?? ''),
        );
        expect([noun, scans]).toEqual([noun, []]);
      }
  });

  test('there are as many claims as it says', async () => {
    const [row] = await large.sql<{ n: number }>('select count(*)::int as n from history.claims');
    expect(row!.n).toBe(20_000);
  });
});
