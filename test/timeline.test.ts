// The merged timeline: its order, its pages, what each scope holds, and who shares it. All people are invented.
import { house, type House } from './support/house.js';

let views: House;
beforeAll(async () => {
  views = await house({ load: 'views', today: '2022-08-01' });
});
afterAll(() => views?.close());

const TIMELINE = `query ($of: TimelineScope!, $from: LocalDate, $until: LocalDate, $kinds: [TimelineKind!], $text: String, $asOf: AsOf, $first: Int, $after: String) {
  timeline(of: $of, from: $from, until: $until, kinds: $kinds, text: $text, asOf: $asOf, first: $first, after: $after) {
    nodes { id kind title date { edtf earliest latest } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
    totalCount { value isExact }
  }
}`;
type Node = {
  id: string;
  kind: string;
  title: string;
  date: { edtf: string; earliest: string | null; latest: string | null } | null;
};

const page = async (variables: Record<string, unknown>) =>
  (await views.ask(TIMELINE, { first: 100, ...variables })).timeline;
const titles = async (variables: Record<string, unknown>): Promise<string[]> =>
  (await page(variables)).nodes.map(({ title }: Node) => title);
const amina = () => ({ of: { person: views.id('amina') } });
const listed = (nodes: Node[]) => nodes.map(({ date, title }) => `${date?.edtf ?? 'no date'}: ${title}`);

test('one list over events, detentions, charges, decisions, statuses and documents, in the order of time', async () => {
  const { nodes, totalCount } = await page(amina());
  expect(listed(nodes)).toEqual([
    '2019: A 100% secret_visit',
    '2019-02-10: Two people cross the old bridge',
    '2019-02-10: Detention begins: police custody',
    '2019-03: Detention goes on after a transfer: prison',
    '2019-03-01: Asylum-seeker status begins',
    '2019-03-01: Asylum-seeker certificate issued',
    '2019-03: Detention ends by transfer',
    '2019-04-01: Charge filed: crossing a border without leave',
    '2019-05-01: Trial of two',
    '2019-05-03: Convicted: crossing a border without leave',
    '2019-05-03: Trial of two (ends)',
    '2019-06: Asylum-seeker certificate runs out',
    '2019-09-30: Released after serving the sentence',
    '2019-10-14: Asylum-seeker status ends',
    '2019-10-15: Refugee status granted',
    '2019-10-15: Refugee status begins',
    '[2019-10-15..2019-10-16]: Refugee certificate issued in place of an earlier document',
    '[2020-02..2020-03]: Threat',
    '[2020-09-01..2020-10-20]: Refugee status extended',
    '[2020-10-14..2020-10-16]: Refugee certificate runs out',
    // Only known to lie on or before a day, so it stands at that day.
    '[..2020-10-20]: Refugee certificate extended',
    '2022-10-14: Refugee certificate runs out',
    'no date: Somebody watches the house',
  ]);
  expect(totalCount).toEqual({ value: nodes.length, isExact: true });
});

test('an end that is open or unknown is no entry', async () => {
  const { nodes } = await page({ of: { person: views.id('gulnara') } });
  expect(listed(nodes)).toEqual(['2021-02-08: Picket', 'no date: No status after a refusal begins']);
});

describe('paging', () => {
  async function everyPage(variables: Record<string, unknown>, first: number): Promise<Node[]> {
    const all: Node[] = [];
    for (let after: string | null = null; ;) {
      const { nodes, pageInfo } = await page({ ...variables, first, after });
      all.push(...nodes);
      expect(pageInfo.hasPreviousPage).toBe(after !== null);
      if (!pageInfo.hasNextPage) return all;
      expect(nodes).toHaveLength(first);
      after = pageInfo.endCursor;
    }
  }

  /** Uncertain, half-open, tied and missing dates, drawn from a fixed seed. */
  beforeAll(async () => {
    let seed = 7;
    const draw = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const day = (n: number): string => `2010-01-${String(n + 1).padStart(2, '0')}`;
    const place = (
      await views.sql<{ id: string }>(
        `insert into places (kind, name, sensitivity) values ('OTHER', 'Nowhere', 0) returning id`,
      )
    )[0]!.id;
    for (let i = 0; i < 60; i++) {
      const first = draw(6);
      const last = first + draw(3);
      const [low, high] = (
        [
          [null, null],
          ['-infinity', day(last)],
          [day(first), 'infinity'],
          [day(first), day(last)],
          [day(first), day(last)],
        ] as const
      )[draw(5)]!;
      const ends = draw(3) === 0 && low !== null ? day(last + 2) : null;
      await views.sql(
        `insert into events (kind, title, extent, starts, starts_earliest, starts_latest, ends, ends_earliest, ends_latest, place_id, sensitivity)
         values ('OTHER', $1, 'SPAN', $2, $3, $4, $5::text, $5::text::date, $5::text::date, $6, 0)`,
        [`Random ${i}`, low === null ? null : `drawn ${i}`, low, high, ends, place],
      );
    }
  });

  /** The order as the schema tells it; the events were recorded one after the other. */
  function byRule(nodes: Node[]): Node[] {
    const order = ['EVENT', 'EVENT_ENDS'];
    const key = ({ date, kind, title }: Node): string =>
      `${date ? (date.earliest ?? date.latest) : '~'} ${order.indexOf(kind)} ${title.replace(/\d+/, (n) => n.padStart(3, '0'))}`;
    return [...nodes].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  test.each([1, 2, 3, 5, 7, 11, 24, 50, 63, 100])(
    'pages of %i together are the whole timeline, nothing twice and nothing missing',
    async (first) => {
      const [{ id }] = (await views.sql<{ id: string }>(`select id from places where name = 'Nowhere'`)) as [
        { id: string },
      ];
      const whole = await everyPage({ of: { place: id } }, 100);
      expect(whole.filter(({ kind }) => kind === 'EVENT')).toHaveLength(60);
      expect(whole).toEqual(byRule(whole));
      expect(await everyPage({ of: { place: id } }, first)).toEqual(whole);
      expect(await everyPage(amina(), first)).toEqual(await everyPage(amina(), 100));
    },
  );

  test('a cursor of another timeline is refused, and so are pages that are too large or too small', async () => {
    const { pageInfo } = await page({ ...amina(), first: 2 });
    await expect(page({ ...amina(), kinds: ['EVENT'], after: pageInfo.endCursor })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    await expect(page({ ...amina(), first: 101 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(page({ ...amina(), first: 0 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('a page costs the same few statements however many entries it has', async () => {
    const ask = async (first: number) => {
      const fields =
        'kind title date { edtf } record { id } persons { id } place { id } country sources { id } links { id } basis notes';
      const { statements, errors } = await views.run(
        `query ($of: TimelineScope!, $first: Int) { timeline(of: $of, first: $first) { nodes { ${fields} } } }`,
        { ...amina(), first },
      );
      expect(errors).toBeUndefined();
      return statements.length;
    };
    const [few, many] = [await ask(12), await ask(100)];
    expect(many).toBeLessThanOrEqual(few + 3); // one for the end of the list, and one for each noun that the first page lacks
    expect(many).toBeLessThan(24);
  });
});

describe('scopes', () => {
  test('an event is an entry for each of its participants', async () => {
    const shared = ['Two people cross the old bridge', 'Trial of two', 'Trial of two (ends)'];
    const of = { person: views.id('bakyt') };
    expect(await titles({ of, kinds: ['EVENT', 'EVENT_ENDS'] })).toEqual(shared);
    expect(await titles({ ...amina(), kinds: ['EVENT', 'EVENT_ENDS'] })).toEqual(expect.arrayContaining(shared));
  });

  test('a case file: the records it holds, and everything about the people it holds', async () => {
    const found = await titles({ of: { case: views.id('bridge-file') } });
    const own = await titles(amina());
    expect([...found].sort()).toEqual(
      [...own, 'Picket', 'Refugee certificate becomes valid', 'Refugee certificate runs out'].sort(),
    );
    expect(await titles({ of: { case: views.id('empty-file') } })).toEqual([]);
  });

  test('a place: what took place there and inside it', async () => {
    expect(await titles({ of: { place: views.id('harbour-town') } })).toEqual([
      'Two people cross the old bridge',
      'Detention begins: police custody',
      'Detention ends by transfer',
      'Trial of two',
      'Trial of two (ends)',
      'Refugee status granted',
      'Refugee status granted',
      'Picket',
    ]);
    expect(await titles({ of: { place: views.id('old-bridge') } })).toEqual(['Two people cross the old bridge']);
  });

  test('a country: its places, its decisions and papers, proceedings there, and trade measures by or against it', async () => {
    expect(await titles({ of: { country: 'AU' } })).toEqual([
      'A 100% secret_visit',
      'Freight is held',
      'Residence permit becomes valid',
      'No status after a refusal begins',
    ]);
    const there = await titles({ of: { country: 'NZ' } });
    expect(there).toEqual(expect.arrayContaining(['Freight is held', 'Charge filed: crossing a border without leave']));
    expect(there).not.toContain('Residence permit becomes valid');
  });

  test('everything', async () => {
    const everything = await page({ of: { all: true }, first: 1 });
    expect(everything.totalCount.value).toBeGreaterThan(40);
  });

  test.each([['person'], ['case'], ['place']])('a %s that is not there has an empty timeline', async (field) => {
    expect(await page({ of: { [field]: '00000000-0000-4000-8000-000000000000' } })).toMatchObject({
      nodes: [],
      totalCount: { value: 0 },
    });
  });

  test.each([[{}], [{ person: 'a', all: true }], [{ all: false }], [{ person: null }]])(
    'exactly one thing is asked about, not %j',
    async (of) => {
      await expect(page({ of })).rejects.toThrow();
    },
  );
});

describe('conditions', () => {
  test('days: what may lie between them; what has no date is left out', async () => {
    expect(await titles({ ...amina(), from: '2020-10-16', until: '2020-10-19' })).toEqual([
      'Refugee status extended',
      'Refugee certificate runs out',
      'Refugee certificate extended',
    ]);
    expect(await titles({ ...amina(), from: '2020-10-17', until: '2020-10-17' })).toEqual([
      'Refugee status extended',
      'Refugee certificate extended',
    ]);
    expect(await titles({ ...amina(), from: '2022-10-15' })).toEqual([]);
    expect(await titles({ ...amina(), from: '2022-10-14' })).toEqual(['Refugee certificate runs out']);
  });

  test.each([
    [
      'REFUGEE CERTIFICATE',
      [
        'Refugee certificate issued in place of an earlier document',
        'Refugee certificate runs out',
        'Refugee certificate extended',
        'Refugee certificate runs out',
      ],
    ],
    ['threat', ['Threat']],
    ['closed doors', ['Trial of two', 'Trial of two (ends)']],
    ['border without', ['Charge filed: crossing a border without leave', 'Convicted: crossing a border without leave']],
    ['order and quiet', ['Detention goes on after a transfer: prison', 'Released after serving the sentence']],
    ['status extended', ['Refugee status extended']],
    ['100%', ['A 100% secret_visit']],
    ['secret_', ['A 100% secret_visit']],
    ['t_o', []],
    ['nothing like it', []],
  ])('text: %s', async (text, expected) => {
    expect(await titles({ ...amina(), text })).toEqual(expected);
  });

  test('validOn: entries of records that were possibly going on that day', async () => {
    expect(await titles({ ...amina(), asOf: { validOn: '2022-10-14' } })).toEqual([
      'Refugee status begins',
      'Refugee certificate extended',
      'Refugee certificate runs out',
    ]);
    expect(await titles({ ...amina(), asOf: { validOn: '2022-10-15' } })).toEqual(['Refugee status begins']);
  });
});

test('an entry says whom it concerns, where, according to whom, and what to know about its date', async () => {
  const { timeline } = await views.ask(
    `query ($of: TimelineScope!) { timeline(of: $of, kinds: [EVENT, DOCUMENT_RENEWED, DOCUMENT_RUNS_OUT, DECISION], first: 100) { nodes {
      id title record { __typename id } persons { id } place { id } country sources { id } links { kind } basis notes } } }`,
    amina(),
  );
  const of = (title: string) => timeline.nodes.find((node: Node) => node.title === title);
  const { id } = views;
  expect(of('Two people cross the old bridge')).toEqual({
    id: `${id('crossing')}:EVENT`,
    title: 'Two people cross the old bridge',
    record: { __typename: 'Event', id: id('crossing') },
    persons: expect.arrayContaining([{ id: id('amina') }, { id: id('bakyt') }]),
    place: { id: id('old-bridge') },
    country: 'NZ',
    sources: [{ id: id('evening') }, { id: id('morning') }],
    links: [],
    basis: 'STATED',
    notes: ['Sources contradict each other on the date.'],
  });
  expect(of('Trial of two').persons).toHaveLength(2);
  expect(of('Refugee status granted')).toMatchObject({
    links: [{ kind: 'RETALIATION_FOR' }],
    country: 'NZ',
    basis: null,
    notes: ['No source supports the date; an editor entered it.'],
  });
  expect(of('Refugee certificate extended')).toMatchObject({
    place: null,
    basis: 'INFERRED',
    notes: [
      'It was on or before 2020-10-20.',
      'The date is inferred from other claims; no source states it as it stands here.',
    ],
  });
  expect(of('Somebody watches the house').notes).toEqual(['Nobody says when.']);
});

describe('who shares the timeline', () => {
  const COMPANIONS = `query ($person: ID!, $from: LocalDate, $until: LocalDate, $kinds: [TimelineKind!]) { companions(person: $person, from: $from, until: $until, kinds: $kinds) {
    person { id } sharedEntries shared { how entry { title persons { id } } theirs { title persons { id } } } } }`;
  const ask = async (variables: Record<string, unknown>) => (await views.ask(COMPANIONS, variables)).companions;

  test('through the same events, and through records of their own that are alike', async () => {
    const companions = await ask({ person: views.id('amina') });
    expect(companions.map(({ person }: { person: { id: string } }) => person.id)).toEqual([views.id('bakyt')]);
    const shared = companions[0].shared.map(({ how, entry }: { how: string; entry: Node }) => `${how}: ${entry.title}`);
    expect(shared).toEqual([
      'SAME_RECORD: Two people cross the old bridge',
      'SAME_RECORD: Trial of two',
      'SAME_RECORD: Trial of two (ends)',
      'ALIKE: Refugee status granted',
      'POSSIBLY_ALIKE: Refugee status extended',
    ]);
    expect(companions[0].sharedEntries).toBe(5);
  });

  test('between days, and of some kinds only', async () => {
    expect((await ask({ person: views.id('amina'), until: '2019-12-31', kinds: ['DECISION'] }))[0]).toMatchObject({
      sharedEntries: 1,
      shared: [{ how: 'ALIKE' }],
    });
    expect(await ask({ person: views.id('amina'), from: '2023-01-01' })).toEqual([]);
    expect(await ask({ person: '00000000-0000-4000-8000-000000000000' })).toEqual([]);
  });
});
