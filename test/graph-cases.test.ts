// Case files with their members, proceedings and charges.
import { house, type House } from './support/house.js';

let h: House;
beforeAll(async () => {
  h = await house({ load: 'graph' });
});
afterAll(() => h?.close());

const withIds = (filter: Record<string, unknown>, refs: RegExp) =>
  Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [name, refs.test(name) ? h.id(String(value)) : value]),
  );
const idsOf = (connection: { nodes: { id: string }[] }): string[] => connection.nodes.map((node) => node.id).sort();
const idsFor = (keys: string[]): string[] => keys.map((key) => h.id(key)).sort();

describe('case files', () => {
  test('a file has a reference, a status and its members, each as what it is', async () => {
    const { data, statements } = await h.run(
      `query ($id: ID!) { case(id: $id) { reference title status summary verification
        members { totalCount { value } nodes { role case { title } record { __typename ... on Person { name } ... on Event { title } ... on LegalCase { proceedings: title } } } } } }`,
      { id: h.id('gate') },
    );
    expect(data.case).toMatchObject({
      reference: expect.stringMatching(/^C-\d+$/),
      title: 'The gate of Oldtown',
      status: 'OPEN',
      summary: 'What happened at the gate',
      verification: 'REPORTED',
    });
    expect(data.case.members.totalCount.value).toBe(4);
    const members = data.case.members.nodes.map(({ role, record }: { role: string; record: object }) => ({
      role,
      ...record,
    }));
    expect(members).toEqual(
      expect.arrayContaining([
        { role: null, __typename: 'Person', name: 'Bek Zhandarov' },
        { role: null, __typename: 'Event', title: 'Release of Bek' },
        { role: null, __typename: 'Event', title: 'Arrest of Bek' },
        { role: 'proceedings', __typename: 'LegalCase', proceedings: 'State v. Bek' },
      ]),
    );
    expect(Math.max(...Object.values(countBy(statements.map(({ name }) => name))))).toBe(1);
  });

  test('members are paged and chosen by type', async () => {
    const { case: file } = await h.ask(
      `query ($id: ID!) { case(id: $id) {
        events: members(type: ["Event"]) { nodes { record { __typename } } }
        none: members(type: ["Place"]) { nodes { id } }
        page: members(first: 3) { nodes { id } pageInfo { hasNextPage endCursor } } } }`,
      { id: h.id('gate') },
    );
    expect(file.events.nodes).toEqual([{ record: { __typename: 'Event' } }, { record: { __typename: 'Event' } }]);
    expect(file.none.nodes).toEqual([]);
    await expect(
      h.ask(`query ($id: ID!) { case(id: $id) { members(type: ["Event", "Persn"]) { nodes { id } } } }`, {
        id: h.id('gate'),
      }),
    ).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      path: ['type', 1],
      message: '"Persn" is not a type of records in this graph. Did you mean "Person"?',
    });
    expect(file.page.pageInfo.hasNextPage).toBe(true);
    const next = await h.ask(
      `query ($id: ID!, $after: String) { case(id: $id) { members(after: $after) { nodes { id } } } }`,
      { id: h.id('gate'), after: file.page.pageInfo.endCursor },
    );
    expect(next.case.members.nodes).toHaveLength(1);
  });

  test.each([
    [{ title: 'GATE' }, ['gate']],
    [{ title: '100%' }, []],
    [{ status: ['CLOSED'] }, ['other']],
    [{ holds: 'bek' }, ['gate']],
    [{ source: 's4' }, ['gate']],
    [{ source: 's1' }, ['gate']],
    [{}, ['gate', 'other']],
  ])('cases with %j are %j', async (filter: Record<string, unknown>, keys: string[]) => {
    const { cases } = await h.ask(`query ($filter: CaseFilter) { cases(filter: $filter) { nodes { id } } }`, {
      filter: withIds(filter, /holds|source/),
    });
    expect(idsOf(cases)).toEqual(idsFor(keys));
  });

  test('a record knows its files', async () => {
    const { person } = await h.ask(`query ($id: ID!) { person(id: $id) { cases { title } } }`, { id: h.id('bek') });
    expect(person.cases).toEqual([{ title: 'The gate of Oldtown' }]);
  });
});

describe('proceedings and charges', () => {
  test('proceedings have a court, a period and charges in order, and each charge its own outcome', async () => {
    const { legalCase } = await h.ask(
      `query ($id: ID!) { legalCase(id: $id) { title number country courtKind stage court { name } opened { edtf } closed { edtf }
        period { certain { from until } possible { from until } }
        charges { offence law status seq decided { edtf } sentenceLength person { name } legalCase { title } verification unsourcedFields } } }`,
      { id: h.id('trial') },
    );
    expect(legalCase).toMatchObject({
      number: '1-22',
      court: { name: 'Court of Oldtown' },
      stage: null,
      period: {
        certain: { from: '2019-04-30', until: '2019-05-02' },
        possible: { from: '2019-04-01', until: '2019-05-02' },
      },
    });
    expect(legalCase.charges).toEqual([
      {
        offence: 'crossing the gate',
        law: 'article 1',
        status: 'CONVICTED',
        seq: 1,
        decided: { edtf: '2019-05-02' },
        sentenceLength: 'P1Y',
        person: { name: 'Bek Zhandarov' },
        legalCase: { title: 'State v. Bek' },
        verification: 'REPORTED',
        unsourcedFields: ['offence', 'law', 'decided', 'sentenceLength'],
      },
      expect.objectContaining({ offence: 'whistling', status: 'DROPPED', seq: 2 }),
    ]);
  });

  test.each([
    [{ title: 'state' }, ['trial']],
    [{ number: '1-22' }, ['trial']],
    [{ court: 'court', courtKind: ['CIVILIAN'] }, ['trial']],
    [{ person: 'bek' }, ['trial']],
    [{ person: 'amina' }, []],
    [{ during: { from: '2019-05-03' } }, []],
    [{ during: { from: '2019-04-15', until: '2019-04-16' } }, ['trial']],
    [{ during: { from: '2019-04-15', until: '2019-04-16', certainty: 'CERTAIN' } }, []],
    [{ case: 'gate', source: 's4' }, ['trial']],
  ])('legal cases with %j are %j', async (filter: Record<string, unknown>, keys: string[]) => {
    const { legalCases } = await h.ask(
      `query ($filter: LegalCaseFilter) { legalCases(filter: $filter) { nodes { id } } }`,
      { filter: withIds(filter, /^(court|person|case|source)$/) },
    );
    expect(idsOf(legalCases)).toEqual(idsFor(keys));
  });

  test.each([
    [{ person: 'bek' }, ['charge1', 'charge2']],
    [{ status: ['CONVICTED'] }, ['charge1']],
    [{ offence: 'Article' }, ['charge1']],
    [{ court: 'court', country: 'KZ', legalCase: 'trial' }, ['charge1', 'charge2']],
    [{ decided: { from: '2019-05-02', until: '2019-05-02', certainty: 'CERTAIN' } }, ['charge1', 'charge2']],
    [{ filed: { from: '2000-01-01' } }, []],
    [{ case: 'gate' }, ['charge1', 'charge2']],
    [{ case: 'other' }, []],
    [{ source: 's4' }, ['charge1']],
  ])('charges with %j are %j', async (filter: Record<string, unknown>, keys: string[]) => {
    const { charges } = await h.ask(`query ($filter: ChargeFilter) { charges(filter: $filter) { nodes { id } } }`, {
      filter: withIds(filter, /^(court|person|case|source|legalCase)$/),
    });
    expect(idsOf(charges)).toEqual(idsFor(keys));
  });

  test('charges are paged in their order', async () => {
    const PAGE = `query ($after: String) { charges(first: 1, after: $after) { nodes { offence } pageInfo { endCursor } } }`;
    const first = await h.ask(PAGE);
    const second = await h.ask(PAGE, { after: first.charges.pageInfo.endCursor });
    expect([first.charges.nodes, second.charges.nodes]).toEqual([
      [{ offence: 'crossing the gate' }],
      [{ offence: 'whistling' }],
    ]);
  });
});

function countBy(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
