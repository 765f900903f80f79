// Claims: who said what, what decides, what contradicts it, and what it rests on.
import { house, type House } from './support/house.js';

let h: House;
beforeAll(async () => {
  h = await house({ load: 'graph' });
});
afterAll(() => h?.close());

const CLAIM = `reference field value date { edtf earliest latest } wording wordingLanguage locator informant
  informantRecord { __typename ... on Person { name } } stance basis isDerived credibility rank rankReason bears isAccepted
  record { __typename id } source { title } derivedFrom { reference } published { edtf } origins { title } sources { title }
  restsOnInterest { statement } verification recordedAt`;

interface Claim {
  reference: string | null;
  [field: string]: unknown;
}

const claimsOn = async (key: string, field: string): Promise<Claim[]> =>
  (
    await h.ask(
      `query ($id: ID!, $field: String) { node(id: $id) { ... on Record { claims(field: $field) { ${CLAIM} } } } }`,
      { id: h.id(key), field },
    )
  ).node.claims;

describe('a claim', () => {
  test('says who said what, in whose words, where', async () => {
    const claims = await claimsOn('release', 'starts');
    expect(claims.find((claim) => claim.reference === 'P14')).toEqual({
      reference: 'P14',
      field: 'starts',
      value: '2020-06-22',
      date: { edtf: '2020-06-22', earliest: '2020-06-22', latest: '2020-06-22' },
      wording: '22 маусым',
      wordingLanguage: 'kk',
      locator: '¶2',
      informant: null,
      informantRecord: { __typename: 'Person', name: 'Bek Zhandarov' },
      stance: 'ASSERTS',
      basis: 'STATED',
      isDerived: false,
      credibility: 2,
      rank: 'NORMAL',
      rankReason: null,
      bears: true,
      isAccepted: false,
      record: { __typename: 'Event', id: h.id('release') },
      source: { title: 'Record of a hearing' },
      derivedFrom: [],
      published: { edtf: '2019-05-02' },
      origins: [{ title: 'Record of a hearing' }],
      sources: [{ title: 'Record of a hearing' }],
      restsOnInterest: [{ statement: 'published by a party' }],
      verification: 'DISPUTED',
      recordedAt: expect.any(String),
    });
  });

  test('that is derived rests on all its sources, is as late as the latest, and decides when preferred', async () => {
    const [first] = await claimsOn('release', 'starts');
    expect(first).toMatchObject({
      value: '[2020-05,2020-06-22]',
      date: { earliest: '2020-05-01', latest: '2020-06-22' },
      isDerived: true,
      isAccepted: true,
      source: null,
      rank: 'PREFERRED',
      published: { edtf: '2021-10-20' },
      sources: [{ title: 'Record of a hearing' }, { title: 'The gate closes' }],
    });
    expect(first!.derivedFrom).toEqual([{ reference: 'P13' }, { reference: 'P14' }]);
  });

  test('of a relay of a copy has the original piece as its origin', async () => {
    const claims = await claimsOn('release', '');
    const origins = claims.map(({ field, source, origins }) => [
      field,
      (source as { title: string }).title,
      (origins as { title: string }[])[0]!.title,
    ]);
    expect(origins).toEqual(
      expect.arrayContaining([
        [null, 'The gate closes (relay)', 'The gate closes'],
        [null, 'The gate closes (reprint)', 'The gate closes'],
      ]),
    );
  });

  test('of another record gives that record', async () => {
    const { person } = await h.ask(
      `query ($id: ID!) { person(id: $id) { residence { name } claims(field: "residence") { field value date { edtf } valueRecord { id ... on Place { name } } isAccepted } } }`,
      { id: h.id('bek') },
    );
    expect(person.claims).toEqual([
      {
        field: 'residence',
        value: h.id('town'),
        date: null,
        valueRecord: { id: h.id('town'), name: 'Oldtown' },
        isAccepted: true,
      },
      {
        field: 'residence',
        value: h.id('abroad'),
        date: null,
        valueRecord: { id: h.id('abroad'), name: 'Farburg' },
        isAccepted: false,
      },
    ]);
    expect(person.residence).toEqual({ name: 'Oldtown' });
  });

  test('in which an interested party speaks says so, and one in which somebody else speaks does not', async () => {
    const [statement] = await claimsOn('statement', '');
    expect(statement).toMatchObject({ restsOnInterest: [{ statement: 'husband of the author' }] });
    const { claims } = await h.ask(
      `query ($record: ID!, $source: ID!) { claims(filter: { record: $record, source: $source, field: "starts" }) { nodes { isDerived restsOnInterest { statement } } } }`,
      { record: h.id('release'), source: h.id('s1') },
    );
    expect(claims.nodes).toEqual(
      expect.arrayContaining([
        { isDerived: false, restsOnInterest: [] },
        { isDerived: true, restsOnInterest: [{ statement: 'published by a party' }] },
      ]),
    );
  });

  test('has no claims, conflicts or unsourced fields of its own', async () => {
    const { claims } = await h.ask(
      `{ claims(filter: { reference: "P14" }) { nodes { claims { id } conflicts { field } unsourcedFields } } }`,
    );
    expect(claims.nodes).toEqual([{ claims: [], conflicts: [], unsourcedFields: [] }]);
  });
});

describe('the list of claims', () => {
  test('a field that claims never decide is refused, here and among conflicts', async () => {
    for (const [query, path] of [
      ['{ claims(filter: { field: "strats" }) { nodes { id } } }', ['filter', 'field']],
      ['{ conflicts(field: "strats") { nodes { field } } }', ['field']],
    ] as const)
      await expect(h.ask(query)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        path,
        message: '"strats" is not a field that claims decide. Did you mean "starts"?',
      });
  });

  test.each([
    [{ record: 'release', field: 'starts' }, 4],
    [{ reference: 'P14' }, 1],
    [{ record: 'bek', field: 'residence' }, 2],
    [{ record: 'bek', field: 'residence', accepted: true }, 1],
    [{ record: 'release', field: 'starts', basis: ['INFERRED'] }, 1],
    [{ record: 'release', field: 'starts', accepted: false }, 3],
    [{ record: 'release', field: 'starts', rank: ['PREFERRED'] }, 1],
    [{ record: 'release', field: 'starts', source: 's4' }, 2],
    [{ record: 'release', field: 'starts', interested: true }, 2],
    [{ record: 'release', field: 'starts', interested: false }, 2],
    [{ record: 'release', field: 'starts', singleOrigin: true }, 0],
    [{ record: 'undated', field: '', stance: ['OFFICIAL_DENIAL'] }, 1],
    [{ record: 'undated', field: '', singleOrigin: true }, 2],
    [{ record: 'amina', field: '', singleOrigin: true }, 2],
    [{ informant: 'bek' }, 2],
    [{ record: 'release', field: 'starts', published: { until: '2019-12-31' } }, 1],
    [{ case: 'other' }, 0],
  ])('with %j has %i', async (filter: Record<string, unknown>, count) => {
    const given = Object.fromEntries(
      Object.entries(filter).map(([name, value]) => [
        name,
        /^(record|source|informant|case)$/.test(name) ? h.id(String(value)) : value,
      ]),
    );
    const { claims } = await h.ask(
      `query ($filter: ClaimFilter) { claims(filter: $filter) { nodes { id } totalCount { value } } }`,
      { filter: given },
    );
    expect([claims.nodes.length, claims.totalCount.value]).toEqual([count, count]);
  });

  test('agrees with what each claim says of itself', async () => {
    const { claims: all } = await h.ask(
      `{ claims(first: 100) { totalCount { value } nodes { id isAccepted restsOnInterest { id } } pageInfo { hasNextPage } } }`,
    );
    expect(all.totalCount.value).toBeGreaterThan(20);
    for (const [filter, holds] of [
      ['accepted: true', (claim: { isAccepted: boolean }) => claim.isAccepted],
      ['interested: true', (claim: { restsOnInterest: unknown[] }) => claim.restsOnInterest.length > 0],
    ] as const) {
      const { claims } = await h.ask(`{ claims(first: 100, filter: { ${filter} }) { nodes { id } } }`);
      expect(claims.nodes.map(({ id }: { id: string }) => id)).toEqual(
        all.nodes.filter(holds).map(({ id }: { id: string }) => id),
      );
    }
  });

  test('of a case holds the claims on what belongs to its persons', async () => {
    const { claims } = await h.ask(
      `query ($case: ID!) { claims(first: 100, filter: { case: $case }) { nodes { record { __typename } } } }`,
      { case: h.id('gate') },
    );
    const types = new Set(claims.nodes.map((node: { record: { __typename: string } }) => node.record.__typename));
    expect([...types].sort()).toEqual(
      expect.arrayContaining(['Charge', 'Detention', 'Event', 'LegalCase', 'Person', 'Relation']),
    );
  });

  test('is paged without losing or repeating any', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { claims } = await h.ask(
        `query ($after: String) { claims(first: 7, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }`,
        { after },
      );
      seen.push(...claims.nodes.map(({ id }: { id: string }) => id));
      after = claims.pageInfo.hasNextPage ? claims.pageInfo.endCursor : null;
    } while (after);
    const [{ n }] = (await h.sql<{ n: number }>('select count(*)::int as n from claims')) as [{ n: number }];
    expect([new Set(seen).size, seen.length]).toEqual([n, n]);
  });
});

describe('conflicts', () => {
  const CONFLICTS = `query ($record: ID, $case: ID, $field: String, $compatible: Boolean, $first: Int, $after: String) {
    conflicts(record: $record, case: $case, field: $field, compatible: $compatible, first: $first, after: $after) {
      totalCount { value } pageInfo { endCursor hasNextPage }
      nodes { record { __typename id } field compatible values { value date { edtf isOpen } valueRecord { ... on Place { name } } isAccepted claims { basis source { title } } } } } }`;

  test('a derived range is accepted, and the two values it covers are still in conflict', async () => {
    const { conflicts } = await h.ask(CONFLICTS, { record: h.id('release') });
    expect(conflicts.totalCount.value).toBe(1);
    expect(conflicts.nodes[0]).toMatchObject({
      record: { __typename: 'Event', id: h.id('release') },
      field: 'starts',
      compatible: false,
    });
    expect(conflicts.nodes[0].values).toEqual([
      {
        value: '[2020-05,2020-06-22]',
        date: { edtf: '[2020-05,2020-06-22]', isOpen: false },
        valueRecord: null,
        isAccepted: true,
        claims: [{ basis: 'INFERRED', source: null }],
      },
      expect.objectContaining({ value: '2020-06-22', isAccepted: false }),
      expect.objectContaining({
        value: '2020-05',
        claims: [
          { basis: 'STATED', source: { title: 'The gate closes' } },
          { basis: 'STATED', source: { title: 'The gate closes (reprint)' } },
        ],
      }),
    ]);
  });

  test('a month and a day in it are compatible, and so are "still so" and a later end', async () => {
    const { conflicts } = await h.ask(CONFLICTS, { record: h.id('bek-held') });
    expect(
      conflicts.nodes.map(
        ({ field, compatible, values }: { field: string; compatible: boolean; values: { value: string }[] }) => [
          field,
          compatible,
          values.map(({ value }) => value),
        ],
      ),
    ).toEqual([
      ['ends', true, ['..', '2022-01-05']],
      ['starts', true, ['2019-03', '2019-03-10']],
    ]);
    expect(conflicts.nodes[0].values[0].date).toEqual({ edtf: null, isOpen: true });
  });

  test('places in conflict are given as places', async () => {
    const { conflicts } = await h.ask(CONFLICTS, { field: 'residence' });
    expect(conflicts.nodes).toMatchObject([
      {
        field: 'residence',
        compatible: false,
        values: [{ valueRecord: { name: 'Oldtown' } }, { valueRecord: { name: 'Farburg' } }],
      },
    ]);
  });

  test.each([
    [{}, 4],
    [{ compatible: true }, 2],
    [{ compatible: false }, 2],
    [{ field: 'starts' }, 2],
    [{ case: 'gate' }, 4],
    [{ case: 'other' }, 0],
    [{ record: 'amina' }, 0],
  ])('with %j are %i', async (asked: Record<string, unknown>, count) => {
    const given = Object.fromEntries(
      Object.entries(asked).map(([name, value]) => [name, /record|case/.test(name) ? h.id(String(value)) : value]),
    );
    const { conflicts } = await h.ask(CONFLICTS, given);
    expect([conflicts.nodes.length, conflicts.totalCount.value]).toEqual([count, count]);
  });

  test('are paged, and are those that the records tell themselves', async () => {
    const first = await h.ask(CONFLICTS, { first: 3 });
    const second = await h.ask(CONFLICTS, { first: 3, after: first.conflicts.pageInfo.endCursor });
    const listed = [...first.conflicts.nodes, ...second.conflicts.nodes].map(({ record, field, compatible }) => [
      record.id,
      field,
      compatible,
    ]);
    const ids = await h.sql<{ id: string }>(`select id from records where noun <> 'claims' order by id`);
    const told = await h.ask(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Record { conflicts { field compatible } } } }`,
      { ids: ids.map(({ id }) => id).slice(0, 100) },
    );
    const own = told.nodes.flatMap((node: { id: string; conflicts: { field: string; compatible: boolean }[] }) =>
      node.conflicts.map(({ field, compatible }) => [node.id, field, compatible]),
    );
    expect(listed).toEqual(own);
  });
});

test('what every record says about its claims costs one statement for each relation, however many records are asked', async () => {
  const { data, errors, statements } = await h.run(
    `{ events(first: 10) { nodes { verification unsourcedFields conflicts { field } sources { title } claims { isAccepted verification origins { title } restsOnInterest { statement } date { edtf } } } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data.events.nodes.map(({ verification }: { verification: string }) => verification)).toEqual([
    'REPORTED',
    'DISPUTED',
    'REPORTED',
    'DISPUTED',
  ]);
  const names = statements.map(({ name }) => name);
  // Chains of copies are followed step by step: each step may ask once whether there is such a record, and once for the source.
  const STEPS = ['sources by id', 'records by id'];
  const repeated = names.filter((name, i) => names.indexOf(name) !== i && !STEPS.includes(name));
  expect(repeated).toEqual([]);
  for (const step of STEPS) expect(names.filter((name) => name === step).length).toBeLessThanOrEqual(3);
});
