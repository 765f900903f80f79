// Sources: what a reader must know to weigh them, and how much rests on each.
import { house, type House } from './support/house.js';

let h: House;
beforeAll(async () => {
  h = await house({ load: 'graph' });
});
afterAll(() => h?.close());

const titles = (connection: { nodes: { title: string }[] }): string[] => connection.nodes.map((node) => node.title);

test('a source has its publisher and author in words and on record, interests, copies and captures with custody', async () => {
  const { source } = await h.ask(
    `query ($id: ID!) { source(id: $id) {
      kind title titleNote publisher publisherOrganization { name } author authorPerson { name } published { edtf } language url licence
      relation reliability reliabilityReason reliabilityAssessor readExtent origin { title } copies { title }
      interests { statement party { __typename ... on Person { name } } }
      captures { sha256 byteSize mediaType capturedAt tool operator copyKind custody { actor action reason happenedAt } } } }`,
    { id: h.id('s1') },
  );
  expect(source).toEqual({
    kind: 'NEWS_ARTICLE',
    title: 'The gate closes',
    titleNote: 'translated by Courier',
    publisher: 'Courier',
    publisherOrganization: { name: 'Courier' },
    author: 'Amina M.',
    authorPerson: { name: 'Amina Musakhanuly' },
    published: { edtf: '2021-10-20' },
    language: 'en',
    url: 'https://courier.example/gate',
    licence: null,
    relation: 'RELATIVE_OR_COLLEAGUE',
    reliability: 'C',
    reliabilityReason: 'writes about her husband',
    reliabilityAssessor: 'an editor',
    readExtent: 'FULL',
    origin: null,
    copies: [{ title: 'The gate closes (reprint)' }],
    interests: [{ statement: 'husband of the author', party: { __typename: 'Person', name: 'Bek Zhandarov' } }],
    captures: [
      {
        sha256: `${'0'.repeat(63)}1`,
        byteSize: '2048',
        mediaType: 'text/html',
        capturedAt: '2021-10-21T08:00:00Z',
        tool: 'wget 1.21',
        operator: 'an editor',
        copyKind: 'EVIDENTIARY',
        custody: [{ actor: 'an editor', action: 'stored', reason: 'first copy', happenedAt: '2021-10-21T08:05:00Z' }],
      },
    ],
  });
});

test('what rests on a source is listed and counted, derived claims included, for all sources in one statement', async () => {
  const { data, statements } = await h.run(
    `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Source { title support { claims records onlySupportOf }
      statements(first: 100) { nodes { isDerived source { id } } totalCount { value } }
      derived: statements(direct: false) { nodes { value isDerived } }
      records { nodes { id } totalCount { value } } only: records(onlySupport: true) { nodes { id } } } } }`,
    { ids: ['s2', 's4', 's5'].map((key) => h.id(key)) },
  );
  const [s2, s4, s5] = data.nodes;
  const counted = await h.sql<{ claims: number; records: number }>(
    'select count(*)::int as claims, count(distinct record_id)::int as records from claims where $1::uuid = any(roots)',
    [h.id('s4')],
  );
  expect(s4.support).toMatchObject(counted[0]!);
  expect(s4.statements.totalCount.value).toBe(counted[0]!.claims);
  expect(s4.records.totalCount.value).toBe(counted[0]!.records);
  expect(s4.statements.nodes.filter((node: { isDerived: boolean }) => node.isDerived)).toEqual([
    { isDerived: true, source: null },
  ]);
  expect(s4.derived.nodes).toEqual([{ value: '[2020-05,2020-06-22]', isDerived: true }]);
  // Loading writes what a claim on a field implies: that the record exists, from the same source.
  for (const source of [s2, s4, s5]) expect(source.support.onlySupportOf).toBe(source.only.nodes.length);
  expect(s4.only.nodes.map(({ id }: { id: string }) => id)).toEqual(
    expect.arrayContaining([h.id('trial'), h.id('arrest')]),
  );
  expect(s2.support.onlySupportOf).toBe(0);
  // Two statements where the query asks twice, under two names and with other arguments.
  const times = (name: string): number => statements.filter((statement) => statement.name === name).length;
  expect(
    ['Source.support', 'Source.statements', 'Source.records', 'Source.statements count', 'Source.records count'].map(
      times,
    ),
  ).toEqual([1, 2, 2, 1, 1]);
});

test.each([
  [{ title: 'gate' }, ['s1', 's2', 's3']],
  [{ title: 'translated' }, ['s1']],
  [{ publisher: 'court' }, ['s4']],
  [{ publishedBy: 'courier' }, ['s1']],
  [{ author: 'amina' }, ['s1']],
  [{ authoredBy: 'amina' }, ['s1']],
  [{ language: 'kk' }, ['s4']],
  [{ kind: ['LETTER', 'WEB_PAGE'] }, ['s3', 's5']],
  [{ relation: ['REPORTER_OR_THIRD_PARTY'] }, ['s2', 's3']],
  [{ reliability: ['A', 'B'] }, ['s4']],
  [{ published: { from: '2021-10-25', until: '2021-10-25' } }, ['s2']],
  [{ published: { from: '2021-11-02', until: '2021-11-30', certainty: 'CERTAIN' } }, []],
  [{ published: { until: '2021-11-02' } }, ['s1', 's2', 's3', 's4']],
  [{ url: 'courier.example' }, ['s1']],
  [{ interested: true }, ['s1', 's4']],
  [{ interested: false }, ['s2', 's3', 's5']],
  [{ originOf: 's3' }, ['s2']],
  [{ copyOf: 's1' }, ['s2']],
  [{ isOrigin: true }, ['s1', 's4', 's5']],
  [{ captured: true }, ['s1']],
  [{ about: 'release' }, ['s1', 's2', 's3', 's4']],
  [{ case: 'gate' }, ['s1', 's2', 's3', 's4', 's5']],
  [{ case: 'other' }, []],
])('sources with %j are %j', async (filter: Record<string, unknown>, keys: string[]) => {
  const refs = /^(publishedBy|authoredBy|originOf|copyOf|about|case)$/;
  const given = Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [name, refs.test(name) ? h.id(String(value)) : value]),
  );
  const { sources } = await h.ask(`query ($filter: SourceFilter) { sources(filter: $filter) { nodes { id } } }`, {
    filter: given,
  });
  expect(sources.nodes.map((node: { id: string }) => node.id).sort()).toEqual(keys.map((key) => h.id(key)).sort());
});

test('sources come in the order of publication, undated ones last', async () => {
  const { sources } = await h.ask(`{ sources { nodes { title } } }`);
  expect(titles(sources)).toEqual([
    'Record of a hearing',
    'The gate closes',
    'The gate closes (reprint)',
    'The gate closes (relay)',
    'A letter without a date',
  ]);
});
