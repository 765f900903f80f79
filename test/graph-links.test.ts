// Links between records: who says what about them, what time says, and what it would say if another claim were taken.
import { LINK_ORDER } from '../src/events/rules.js';
import { house, type House } from './support/house.js';

let home: House;
beforeAll(async () => {
  home = await house({ load: 'graph-events' });
});
afterAll(() => home?.close());

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('what time says of two records', () => {
  const CHECK = `query ($cause: ID!, $effect: ID!) {
    temporalCheck(cause: $cause, effect: $effect) { result isOrdered cause { id } effect { id } causeDate { edtf } effectDate { edtf } }
  }`;
  const check = (cause: string, effect: string) =>
    home.ask(CHECK, { cause, effect }).then((data) => data.temporalCheck);

  test.each([
    ['on-2020-10-15', 'on-2020-10-16', 'CONSISTENT'],
    ['on-2020-10-16', 'on-2020-10-15', 'IMPOSSIBLE'],
    ['on-2020-10-16', 'halt-same-day', 'UNDETERMINED'], // days cannot order one day
    ['on-2020-10', 'on-2020-10-16', 'UNDETERMINED'],
    ['on-2020-10', 'on-2020-11', 'CONSISTENT'],
    ['on-2020-11', 'on-2020-10', 'IMPOSSIBLE'],
    ['on-a-set', 'on-2020-10-17', 'UNDETERMINED'],
    ['on-a-set', 'on-2020-11', 'CONSISTENT'],
    ['on-a-set', 'on-2019', 'IMPOSSIBLE'],
    ['on-or-before', 'on-2020-10-16', 'CONSISTENT'], // no earliest day, and none is needed
    ['on-or-before', 'on-2019', 'UNDETERMINED'],
    ['on-2020-10-16', 'on-or-before', 'IMPOSSIBLE'],
    ['on-no-day', 'on-2020-10-16', 'UNDETERMINED'],
    ['on-2020-10-16', 'on-no-day', 'UNDETERMINED'],
    ['grant-aida', 'extend-aida', 'CONSISTENT'], // any two dated records
    ['extend-aida', 'certificate', 'IMPOSSIBLE'],
    ['aida', 'halt', 'UNDETERMINED'], // a person does not take place
  ])('%s before %s: %s', async (cause, effect, result) => {
    expect((await check(home.id(cause), home.id(effect))).result).toBe(result);
  });

  test('it names the two dates it rests on', async () => {
    expect(await check(home.id('grant-aida'), home.id('halt'))).toEqual({
      result: 'CONSISTENT',
      isOrdered: true,
      cause: { id: home.id('grant-aida') },
      effect: { id: home.id('halt') },
      causeDate: { edtf: '2020-10-16' },
      effectDate: { edtf: '2020-11-03' },
    });
  });

  test('of a record that is not there nothing is said, and what is no id is refused where it stands', async () => {
    expect(await check(NOBODY, home.id('halt'))).toBeNull();
    expect(await check(home.id('halt'), NOBODY)).toBeNull();
    for (const [side, sides] of Object.entries({
      cause: ['abc', home.id('halt')],
      effect: [home.id('halt'), 'abc'],
    } as Record<string, [string, string]>))
      await expect(check(...sides)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        path: [side],
        message: '"abc" is not an id; copy the id of a record from an answer.',
      });
  });
});

describe('what time would say if other claims were taken', () => {
  const ALTERNATIVES = `query ($id: ID!) {
    eventLink(id: $id) { temporalCheck { result isOrdered alternatives {
      result causeDate { edtf } effectDate { edtf } causeClaim { source { title } } effectClaim { source { title } }
    } } }
  }`;
  const alternativesOf = async (key: string) => {
    const { eventLink } = await home.ask(ALTERNATIVES, { id: home.id(key) });
    const shown = eventLink.temporalCheck.alternatives.map((a: any) => [
      a.causeDate.edtf,
      a.causeClaim?.source.title ?? null,
      a.effectDate.edtf,
      a.effectClaim?.source.title ?? null,
      a.result,
    ]);
    return { ...eventLink.temporalCheck, alternatives: shown };
  };

  test('each pair of claimed dates has its answer, the accepted ones first, and names the claims', async () => {
    const [grant, rumour] = ['A grant at last', 'It began in June'];
    const [freight, closure] = ['Why the freight stands still', 'On the closure of the border'];
    expect(await alternativesOf('answer-to-grant')).toEqual({
      result: 'CONSISTENT',
      isOrdered: true,
      alternatives: [
        ['2020-10-16', grant, '2020-11-03', freight, 'CONSISTENT'],
        ['2020-10-16', grant, '2020-10', closure, 'UNDETERMINED'],
        ['2020-10-16', grant, '2020-06', rumour, 'IMPOSSIBLE'],
        ['2020-10-30', rumour, '2020-11-03', freight, 'CONSISTENT'],
        ['2020-10-30', rumour, '2020-10', closure, 'UNDETERMINED'],
        ['2020-10-30', rumour, '2020-06', rumour, 'IMPOSSIBLE'],
      ],
    });
  });

  test('a date that an editor typed has no claim to name', async () => {
    const { alternatives, result } = await alternativesOf('answer-to-extension');
    expect(result).toBe('IMPOSSIBLE');
    expect(alternatives[0]).toEqual([
      '[2021-06-01..2021-10-20]',
      null,
      '2020-11-03',
      'Why the freight stands still',
      'IMPOSSIBLE',
    ]);
  });

  test('a link that orders nothing has no alternatives', async () => {
    expect(await alternativesOf('picket-part-of-halt')).toEqual({
      result: 'UNDETERMINED',
      isOrdered: false,
      alternatives: [],
    });
  });
});

describe('links', () => {
  const LINK = `query ($id: ID!) { eventLink(id: $id) {
    kind assessment assessmentReason from { __typename id } to { __typename id ... on StatusDecision { action } }
    stances { stance locator informant informantRecord { id } wording source { title } claim { field stance } }
  } }`;

  test('each source has its stance; a deprecated one is not among them', async () => {
    const { eventLink } = await home.ask(LINK, { id: home.id('answer-to-grant') });
    expect(eventLink).toMatchObject({
      kind: 'RETALIATION_FOR',
      assessment: 'DISPUTED',
      assessmentReason: 'The ministry denies it.',
      from: { __typename: 'Event', id: home.id('halt') },
      to: { __typename: 'StatusDecision', action: 'GRANT' },
    });
    expect(eventLink.stances).toEqual([
      {
        stance: 'ASSERTS',
        locator: '¶4',
        informant: 'an analyst of freight',
        informantRecord: null,
        wording: 'every time it grants',
        source: { title: 'Why the freight stands still' },
        claim: { field: null, stance: 'ASSERTS' },
      },
      expect.objectContaining({
        stance: 'REPORTS_ALLEGATION',
        informant: null,
        informantRecord: { id: home.id('bolat') },
      }),
      expect.objectContaining({
        stance: 'OFFICIAL_DENIAL',
        locator: '¶3',
        source: { title: 'On the closure of the border' },
      }),
    ]);
  });

  test('a link that is not there is null', async () => {
    expect(await home.ask(LINK, { id: NOBODY })).toEqual({ eventLink: null });
  });

  const LIST = `query ($filter: EventLinkFilter) { eventLinks(filter: $filter) { nodes { id } totalCount { value } } }`;
  const keysOf = async (filter: object): Promise<string[]> => {
    const { eventLinks } = await home.ask(LIST, { filter });
    expect(eventLinks.totalCount.value).toBe(eventLinks.nodes.length);
    const all = [
      'answer-to-grant',
      'answer-to-extension',
      'grant-causes-edge',
      'picket-part-of-halt',
      'grant-precedes-picket',
    ];
    return all.filter((key) => eventLinks.nodes.some((node: { id: string }) => node.id === home.id(key)));
  };

  test.each<[string, () => object, string[]]>([
    ['of a kind', () => ({ kind: ['RETALIATION_FOR'] }), ['answer-to-grant', 'answer-to-extension']],
    [
      'of an assessment',
      () => ({ assessment: ['REFUTED', 'CONFIRMED'] }),
      ['grant-causes-edge', 'grant-precedes-picket'],
    ],
    ['that time forbids', () => ({ temporalCheck: ['IMPOSSIBLE'] }), ['answer-to-extension', 'grant-causes-edge']],
    ['that time allows', () => ({ temporalCheck: ['CONSISTENT'] }), ['answer-to-grant', 'grant-precedes-picket']],
    ['of which time says nothing', () => ({ temporalCheck: ['UNDETERMINED'] }), ['picket-part-of-halt']],
    ['from a record', () => ({ from: home.id('halt') }), ['answer-to-grant', 'answer-to-extension']],
    ['to a record', () => ({ to: home.id('halt') }), ['picket-part-of-halt']],
    [
      'from or to it',
      () => ({ record: home.id('halt') }),
      ['answer-to-grant', 'answer-to-extension', 'picket-part-of-halt'],
    ],
    ['that somebody denies', () => ({ stance: ['OFFICIAL_DENIAL', 'DENIES'] }), ['answer-to-grant']],
    ['of which a source speaks', () => ({ source: home.id('rumour') }), ['answer-to-grant', 'grant-causes-edge']],
    ['that a source asserts', () => ({ source: home.id('rumour'), stance: ['ASSERTS'] }), ['grant-causes-edge']],
    [
      'that a source denies, when another one does',
      () => ({ source: home.id('rumour'), stance: ['OFFICIAL_DENIAL'] }),
      [],
    ],
    [
      'of a case',
      () => ({ case: home.id('freight-file') }),
      ['answer-to-grant', 'answer-to-extension', 'grant-causes-edge', 'picket-part-of-halt', 'grant-precedes-picket'],
    ],
    [
      'of several conditions',
      () => ({ from: home.id('halt'), temporalCheck: ['IMPOSSIBLE'] }),
      ['answer-to-extension'],
    ],
    ['of a case that is not there', () => ({ case: NOBODY }), []],
  ])('links %s', async (_, filter, expected) => {
    expect(await keysOf(filter())).toEqual(expected);
  });

  test('any number of links is answered with the same number of statements', async () => {
    const QUERY = `query ($first: Int, $from: ID) { eventLinks(first: $first, filter: { from: $from }) { nodes {
      from { id } to { id } stances { source { title } } temporalCheck { result alternatives { result causeClaim { id } effectClaim { id } } }
    } } }`;
    const from = home.id('halt');
    const [one, two] = [await home.run(QUERY, { first: 1, from }), await home.run(QUERY, { first: 2, from })];
    expect(two.data.eventLinks.nodes).toHaveLength(2);
    expect(two.statements.map((s) => s.name)).toEqual(one.statements.map((s) => s.name));
  });
});

describe('one rule in two languages', () => {
  test('the order of each kind of link is the same in SQL', async () => {
    const rows = await home.sql<{ kind: string; first: string | null }>(
      `select kind, house.link_order(kind::link_kind) as first from unnest($1::text[]) kind`,
      [Object.keys(LINK_ORDER)],
    );
    expect(Object.fromEntries(rows.map((row) => [row.kind, row.first]))).toEqual(LINK_ORDER);
  });

  test('every link has the same temporal check in SQL and in the graph', async () => {
    const { eventLinks } = await home.ask('{ eventLinks(first: 100) { nodes { id temporalCheck { result } } } }');
    const rows = await home.sql<{ id: string; result: string }>(
      `select id, house.temporal_check(from_id, to_id, kind) as result from event_links`,
    );
    const inSql = Object.fromEntries(rows.map((row) => [row.id, row.result]));
    expect(Object.fromEntries(eventLinks.nodes.map((node: any) => [node.id, node.temporalCheck.result]))).toEqual(
      inSql,
    );
  });
});
