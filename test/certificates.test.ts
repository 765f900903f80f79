// Certificates across people: what holds on a day and how surely, chains and their gaps, what runs out. All people are invented.
import { house, type House } from './support/house.js';

let views: House;
beforeAll(async () => {
  views = await house({ load: 'views', today: '2022-08-01' });
});
afterAll(() => views?.close());

const id = (key: string): string => views.id(key);
/** Keys instead of ids, so that answers can be read. */
const named = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, found) => (typeof found === 'string' ? (names().get(found) ?? found) : found));
const names = (): Map<string, string> =>
  new Map(
    [
      'amina',
      'bakyt',
      'cholpon',
      'daniyar',
      'erlan',
      'farida',
      'gulnara',
      'amina-first',
      'amina-second',
      'amina-third',
      'bakyt-certificate',
      'cholpon-first',
      'cholpon-second',
      'daniyar-paper',
      'erlan-paper',
      'farida-certificate',
      'farida-permit',
      'commission',
      'office',
      'amina-extension',
      'erlan-refusal',
    ].map((key) => [id(key), key]),
  );

describe('chains', () => {
  const CHAIN = `query ($person: ID!, $kind: StatusDocumentKind, $asOf: AsOf) { certificateChain(person: $person, kind: $kind, asOf: $asOf) { person { id } links {
    document { id } predecessor { id } succession basis gapBefore { certainty certain { from until } possible { from until } } successor { id } successorKnown } } }`;
  const ask = async (variables: Record<string, unknown>) => named((await views.ask(CHAIN, variables)).certificateChain);

  test('each document after the one it follows, with the days between the two', async () => {
    expect(await ask({ person: id('amina') })).toEqual([
      {
        person: { id: 'amina' },
        links: [
          {
            document: { id: 'amina-first' },
            predecessor: null,
            succession: null,
            basis: null,
            gapBefore: null,
            successor: { id: 'amina-second' },
            successorKnown: 'KNOWN',
          },
          {
            document: { id: 'amina-second' },
            predecessor: { id: 'amina-first' },
            succession: 'REPLACEMENT',
            basis: 'STATED',
            gapBefore: {
              certainty: 'CERTAIN',
              certain: { from: '2019-07-01', until: '2019-10-14' },
              possible: { from: '2019-06-02', until: '2019-10-15' },
            },
            successor: { id: 'amina-third' },
            successorKnown: 'KNOWN',
          },
          {
            document: { id: 'amina-third' },
            predecessor: { id: 'amina-second' },
            succession: 'EXTENSION',
            basis: 'STATED',
            gapBefore: { certainty: 'POSSIBLE', certain: null, possible: { from: '2020-10-15', until: '2020-10-19' } },
            successor: null,
            successorKnown: 'UNKNOWN',
          },
        ],
      },
    ]);
  });

  test('with a kind, the predecessor of another kind is still named', async () => {
    const links = {
      links: [
        { document: { id: 'amina-second' }, predecessor: { id: 'amina-first' } },
        { document: { id: 'amina-third' } },
      ],
    };
    expect(await ask({ person: id('amina'), kind: 'REFUGEE_CERTIFICATE' })).toMatchObject([links]);
  });

  test('documents whose links nobody tells stand alone; a refused extension is known, and no successor is not', async () => {
    expect(await ask({ person: id('farida') })).toMatchObject([
      { links: [{ document: { id: 'farida-certificate' }, predecessor: null, successorKnown: 'ENDED_BY_DECISION' }] },
      { links: [{ document: { id: 'farida-permit' }, successorKnown: 'UNKNOWN' }] },
    ]);
    expect(await ask({ person: id('bakyt') })).toMatchObject([
      { links: [{ successorKnown: 'UNKNOWN', gapBefore: null }] },
    ]);
  });

  test('validOn keeps what was possibly valid; nobody has no chains', async () => {
    expect(await ask({ person: id('amina'), asOf: { validOn: '2019-06-30' } })).toMatchObject([
      { links: [{ document: { id: 'amina-third' } }] },
      { links: [{ document: { id: 'amina-first' } }] },
    ]);
    expect(await ask({ person: id('gulnara') })).toEqual([]);
    expect(await ask({ person: '00000000-0000-4000-8000-000000000000' })).toEqual([]);
  });
});

describe('who held a certificate on a day', () => {
  const HOLDERS = `query ($on: LocalDate!, $kind: StatusDocumentKind, $country: CountryCode, $case: ID, $persons: [ID!], $asOf: AsOf, $first: Int, $after: String) {
    certificateHolders(on: $on, kind: $kind, country: $country, case: $case, persons: $persons, asOf: $asOf, first: $first, after: $after) {
      nodes { person { id } answer reason documents { document { id } certainty basis } } pageInfo { hasNextPage endCursor } totalCount { value } } }`;
  const ask = async (variables: Record<string, unknown>) => {
    const { certificateHolders } = await views.ask(HOLDERS, { kind: 'REFUGEE_CERTIFICATE', ...variables });
    return named(certificateHolders) as {
      nodes: { person: { id: string }; answer: string; reason: string; documents: unknown[] }[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
      totalCount: { value: number };
    };
  };
  const answer = async (person: string, on: string, kind = 'REFUGEE_CERTIFICATE') =>
    (await ask({ on, kind, persons: [id(person)] })).nodes[0]!;

  test.each([
    // The last day is inclusive.
    ['amina', '2022-10-14', 'CERTAIN'],
    ['amina', '2022-10-15', 'UNKNOWN'],
    // Beginnings and ends between two days.
    ['amina', '2019-10-14', 'POSSIBLE'],
    ['amina', '2019-10-16', 'CERTAIN'],
    ['amina', '2020-10-14', 'CERTAIN'],
    ['amina', '2020-10-15', 'POSSIBLE'],
    ['amina', '2020-10-19', 'POSSIBLE'],
    ['amina', '2020-10-20', 'CERTAIN'],
    // A paper with an inferred last day, of which the first day is told, is certain; one that is merely inferred is not.
    ['cholpon', '2021-01-01', 'CERTAIN'],
    ['cholpon', '2021-10-29', 'POSSIBLE'],
    ['cholpon', '2022-01-01', 'POSSIBLE'],
    ['cholpon', '2022-10-31', 'UNKNOWN'],
    ['cholpon', '2020-10-28', 'NONE'],
    // Ended by a decision: unknown for the two days before it, then no.
    ['farida', '2021-01-31', 'CERTAIN'],
    ['farida', '2021-02-02', 'UNKNOWN'],
    ['farida', '2021-02-03', 'NO'],
    // Only papers of other kinds, or none at all.
    ['daniyar', '2022-01-01', 'NONE'],
    ['erlan', '2022-01-01', 'NONE'],
    ['gulnara', '2022-01-01', 'NONE'],
  ])('%s on %s: %s', async (person, on, expected) => {
    expect((await answer(person, on)).answer).toBe(expected);
  });

  test.each([
    ['daniyar', '2022-01-01', 'UNKNOWN'], // a paper without any date
    ['erlan', '2018-10-05', 'UNKNOWN'],
    ['amina', '2019-06-15', 'POSSIBLE'],
    ['amina', '2019-07-01', 'NO'], // the one that follows began later
    ['amina', '2020-01-01', 'NO'], // a document of another kind followed
  ])('the certificate of an asylum-seeker: %s on %s: %s', async (person, on, expected) => {
    expect((await answer(person, on, 'ASYLUM_SEEKER_CERTIFICATE')).answer).toBe(expected);
  });

  test('the reason, and the documents that it rests on', async () => {
    expect(await answer('cholpon', '2022-01-01')).toEqual({
      person: { id: 'cholpon' },
      answer: 'POSSIBLE',
      reason: 'A document that would hold on 2022-01-01 is merely inferred: no source says that there is one.',
      documents: [{ document: { id: 'cholpon-second' }, certainty: 'POSSIBLE', basis: 'INFERRED' }],
    });
    expect(await answer('bakyt', '2022-10-31')).toMatchObject({
      reason: 'The last known document ended by 2022-10-30, and no successor is known.',
      documents: [{ document: { id: 'bakyt-certificate' }, certainty: 'NO', basis: 'STATED' }],
    });
  });

  test('everyone with a refugee record in scope has an answer, page after page', async () => {
    const whole = await ask({ on: '2021-12-01', country: 'NZ', first: 100 });
    const answers = Object.fromEntries(whole.nodes.map(({ person, answer: found }) => [person.id, found]));
    expect(answers).toEqual({
      amina: 'CERTAIN',
      bakyt: 'CERTAIN',
      cholpon: 'POSSIBLE',
      daniyar: 'NONE',
      erlan: 'NONE',
      farida: 'NO',
    });
    expect(whole.totalCount.value).toBe(6);
    const paged: unknown[] = [];
    for (let after: string | null = null; ;) {
      const { nodes, pageInfo } = await ask({ on: '2021-12-01', country: 'NZ', first: 4, after });
      paged.push(...nodes);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(paged).toEqual(whole.nodes);
  });

  test('in a case file: people it holds, and holders of papers it holds', async () => {
    const { nodes } = await ask({ on: '2021-12-01', case: id('bridge-file') });
    expect(nodes.map(({ person }) => person.id).sort()).toEqual(['amina', 'farida']);
  });

  test('two different days are refused', async () => {
    await expect(ask({ on: '2021-12-01', asOf: { validOn: '2021-12-02' } })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    await expect(ask({ on: '2021-12-01', asOf: { validOn: '2021-12-01' } })).resolves.toBeDefined();
  });

  test('a page costs as many statements as one person does', async () => {
    const statements = async (variables: Record<string, unknown>) =>
      (await views.run(HOLDERS, { kind: 'REFUGEE_CERTIFICATE', on: '2021-12-01', ...variables })).statements.length;
    expect(await statements({ first: 100 })).toBeLessThanOrEqual(await statements({ persons: [id('cholpon')] }));
  });
});

describe('what runs out', () => {
  const EXPIRING = `query ($within: Duration, $on: LocalDate, $person: ID, $kind: StatusDocumentKind, $country: CountryCode, $case: ID, $asOf: AsOf, $first: Int, $after: String) {
    expiring(within: $within, on: $on, person: $person, kind: $kind, country: $country, case: $case, asOf: $asOf, first: $first, after: $after) {
      nodes { document { id } person { id } lastDay { edtf } certainty basis daysLeftAtLeast daysLeftAtMost successor { id } successorKnown sources { id } }
      pageInfo { hasNextPage endCursor } totalCount { value } } }`;
  type Row = { document: { id: string }; certainty: string; daysLeftAtLeast: number; daysLeftAtMost: number };
  const run = async (variables: Record<string, unknown>) =>
    named((await views.ask(EXPIRING, { within: 'P90D', ...variables })).expiring) as {
      nodes: Row[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
      totalCount: { value: number };
    };
  const ask = async (variables: Record<string, unknown>) =>
    (await run(variables)).nodes.map(({ document, certainty, daysLeftAtLeast, daysLeftAtMost }) => [
      document.id,
      certainty,
      daysLeftAtLeast,
      daysLeftAtMost,
    ]);

  test('within ninety days of today, the last one inclusive; an inferred last day is possible only', async () => {
    expect(await ask({})).toEqual([
      ['amina-third', 'CERTAIN', 74, 74],
      ['cholpon-second', 'POSSIBLE', 87, 90],
      ['bakyt-certificate', 'CERTAIN', 90, 90],
    ]);
    expect(await ask({ within: 'P89D' })).toEqual([
      ['amina-third', 'CERTAIN', 74, 74],
      ['cholpon-second', 'POSSIBLE', 87, 90],
    ]);
    expect(await ask({ within: 'P3M' })).toHaveLength(3);
  });

  test.each([
    ['2022-10-14', 'P0D', [['amina-third', 'CERTAIN', 0, 0]]],
    ['2022-10-15', 'P0D', []],
    ['2022-10-13', 'P1D', [['amina-third', 'CERTAIN', 1, 1]]],
    ['2022-10-12', 'P1D', []],
    // A month that may end before or after an edge.
    ['2019-06-30', 'P1D', [['amina-first', 'POSSIBLE', -29, 0]]],
    ['2019-05-01', 'P31D', [['amina-first', 'POSSIBLE', 31, 60]]],
    ['2019-05-01', 'P60D', [['amina-first', 'CERTAIN', 31, 60]]],
    ['2019-07-01', 'P1Y', []],
  ])('from %s for %s', async (on, within, expected) => {
    expect(await ask({ on, within })).toEqual(expected);
  });

  test('with the deciding basis, the successor, the sources, and whether one is known', async () => {
    const { nodes } = await run({ on: '2020-10-01', within: 'P30D' });
    expect(nodes).toEqual([
      {
        document: { id: 'amina-second' },
        person: { id: 'amina' },
        lastDay: { edtf: '[2020-10-14..2020-10-16]' },
        certainty: 'POSSIBLE',
        basis: 'INFERRED',
        daysLeftAtLeast: 13,
        daysLeftAtMost: 15,
        successor: { id: 'amina-third' },
        successorKnown: 'KNOWN',
        sources: [{ id: id('evening') }],
      },
    ]);
  });

  test('page after page, and by person, kind, country, case and day of validity', async () => {
    const first = await run({ first: 2 });
    expect(first).toMatchObject({ totalCount: { value: 3 }, pageInfo: { hasNextPage: true } });
    expect((await ask({ first: 2, after: first.pageInfo.endCursor })).map(([document]) => document)).toEqual([
      'bakyt-certificate',
    ]);
    expect(await ask({ person: id('cholpon') })).toHaveLength(1);
    expect(await ask({ kind: 'TRAVEL_DOCUMENT' })).toEqual([]);
    expect(await ask({ country: 'AU' })).toEqual([]);
    expect((await ask({ case: id('bridge-file') })).map(([document]) => document)).toEqual(['amina-third']);
    expect((await ask({ asOf: { validOn: '2022-10-30' } })).map(([document]) => document)).toEqual([
      'cholpon-second',
      'bakyt-certificate',
    ]);
    await expect(run({ within: 'P89D', after: first.pageInfo.endCursor })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});

describe('coverage', () => {
  const COVERAGE = `query ($person: ID!, $kind: StatusDocumentKind, $from: LocalDate, $until: LocalDate, $day: LocalDate = "2020-01-01") { coverage(person: $person, kind: $kind, from: $from, until: $until) {
    person { id } documents { id } certain { from until } possible { from until } certainGaps { from until } possibleGaps { from until }
    certainOverlaps { documents { id } days { from until } } possibleOverlaps { documents { id } days { from until } } on(date: $day) { answer documents { document { id } } } } }`;
  const ask = async (variables: Record<string, unknown>) =>
    named((await views.ask(COVERAGE, variables)).coverage) as Record<string, unknown>;

  test('certain and possible days, gaps and overlaps', async () => {
    expect(await ask({ person: id('amina'), from: '2019-01-01', until: '2022-12-31' })).toEqual({
      person: { id: 'amina' },
      documents: [{ id: 'amina-third' }, { id: 'amina-first' }, { id: 'amina-second' }],
      certain: [
        { from: '2019-03-01', until: '2019-06-01' },
        { from: '2019-10-16', until: '2020-10-14' },
        { from: '2020-10-20', until: '2022-10-14' },
      ],
      // The third paper has no first day from below, so it may cover all days before.
      possible: [{ from: '2019-01-01', until: '2022-10-14' }],
      certainGaps: [{ from: '2022-10-15', until: '2022-12-31' }],
      possibleGaps: [
        { from: '2019-01-01', until: '2019-02-28' },
        { from: '2019-06-02', until: '2019-10-15' },
        { from: '2020-10-15', until: '2020-10-19' },
        { from: '2022-10-15', until: '2022-12-31' },
      ],
      certainOverlaps: [],
      possibleOverlaps: [
        {
          documents: [{ id: 'amina-third' }, { id: 'amina-second' }],
          days: { from: '2019-10-15', until: '2020-10-16' },
        },
      ],
      on: { answer: 'CERTAIN', documents: [{ document: { id: 'amina-second' } }] },
    });
  });

  test('papers of different kinds or countries do not overlap; an open end reaches as far as a source vouches for it', async () => {
    expect(await ask({ person: id('farida'), day: '2022-06-01' })).toMatchObject({
      certain: [{ from: '2020-02-01', until: '2022-06-01' }],
      possible: [{ from: '2020-02-01', until: null }],
      certainGaps: [],
      possibleGaps: [{ from: '2022-06-02', until: null }],
      certainOverlaps: [],
      possibleOverlaps: [],
      on: { answer: 'CERTAIN', documents: [{ document: { id: 'farida-permit' } }] },
    });
    expect(await ask({ person: id('farida'), day: '2022-06-02' })).toMatchObject({ on: { answer: 'UNKNOWN' } });
  });

  test('what is merely inferred covers no day certainly', async () => {
    expect(await ask({ person: id('cholpon') })).toMatchObject({
      certain: [{ from: '2020-10-30', until: '2021-10-28' }],
      possible: [{ from: '2020-10-29', until: '2022-10-30' }],
      certainOverlaps: [],
    });
  });

  test('without documents there is nothing to look at but the days asked about', async () => {
    expect(await ask({ person: id('gulnara') })).toMatchObject({
      certain: [],
      certainGaps: [],
      on: { answer: 'NONE', documents: [] },
    });
    expect(await ask({ person: id('gulnara'), from: '2020-01-01', until: '2020-01-02' })).toMatchObject({
      certainGaps: [{ from: '2020-01-01', until: '2020-01-02' }],
    });
    expect(await ask({ person: '00000000-0000-4000-8000-000000000000' })).toMatchObject({
      person: null,
      documents: [],
    });
    await expect(ask({ person: id('amina'), from: '2020-01-02', until: '2020-01-01' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});

describe('renewals', () => {
  const RENEWALS = `query ($filter: RenewalFilter) { renewals(filter: $filter) { nodes { document { id } predecessor { id } succession person { id } renewed { edtf }
    decisions { id } authorities { id } announcements { field informant source { id } } gapBefore { certainty } } totalCount { value } } }`;
  const ask = async (filter: Record<string, unknown> = {}) =>
    named((await views.ask(RENEWALS, { filter })).renewals.nodes) as { document: { id: string } }[];
  const documents = async (filter: Record<string, unknown>) => (await ask(filter)).map(({ document }) => document.id);

  test('who renewed whose certificate, by which decision, and who made it known', async () => {
    const all = await ask();
    expect(all.map(({ document }) => document.id)).toEqual(['amina-third', 'amina-second', 'cholpon-second']);
    expect(all[0]).toMatchObject({
      predecessor: { id: 'amina-second' },
      succession: 'EXTENSION',
      person: { id: 'amina' },
      renewed: { edtf: '[2020-09-01..2020-10-20]' },
      decisions: [{ id: 'amina-extension' }],
      authorities: [{ id: 'commission' }, { id: 'office' }],
      gapBefore: { certainty: 'POSSIBLE' },
    });
    expect((all[0] as unknown as { announcements: unknown[] }).announcements).toContainEqual({
      field: 'validUntil',
      informant: null,
      source: { id: id('morning') },
    });
    expect(all[1]).toMatchObject({
      renewed: { edtf: '[2019-10-15..2019-10-16]' },
      decisions: [],
      authorities: [{ id: 'office' }],
    });
  });

  test('the day is that of the decision, else of issue, else the first day of validity', async () => {
    expect(await documents({ during: { from: '2020-09-01', until: '2020-09-01' } })).toEqual(['amina-third']);
    expect(await documents({ during: { from: '2020-08-31', until: '2020-08-31' } })).toEqual([]);
    expect(await documents({ during: { until: '2019-10-15' } })).toEqual(['amina-second']);
    expect(await documents({ during: { until: '2019-10-15', certainty: 'CERTAIN' } })).toEqual([]);
    expect(await documents({ during: { from: '2021-10-31' } })).toEqual(['cholpon-second']);
  });

  test('by person, kind, country, issuer, succession and case', async () => {
    expect(await documents({ person: id('cholpon') })).toEqual(['cholpon-second']);
    expect(await documents({ issuer: id('office'), succession: ['EXTENSION'] })).toEqual(['amina-third']);
    expect(await documents({ kind: ['ASYLUM_SEEKER_CERTIFICATE'] })).toEqual([]);
    expect(await documents({ country: 'AU' })).toEqual([]);
    expect(await documents({ case: id('bridge-file') })).toEqual(['amina-third', 'amina-second']);
  });
});

test('without status: refused, or merely no grant known', async () => {
  const WITHOUT = `query ($country: CountryCode, $kind: [RefugeeStatusKind!], $asOf: AsOf, $case: ID) { withoutStatus(country: $country, kind: $kind, asOf: $asOf, case: $case) {
    nodes { person { id } answer refusals { id } documents { id } } } }`;
  const KINDS = [
    'REFUGEE_CONVENTION',
    'REFUGEE_MANDATE',
    'PRIMA_FACIE',
    'COMPLEMENTARY_OR_SUBSIDIARY',
    'TEMPORARY_PROTECTION',
  ];
  const ask = async (variables: Record<string, unknown>) => {
    const { withoutStatus } = await views.ask(WITHOUT, { kind: KINDS, ...variables });
    const nodes = named(withoutStatus.nodes) as {
      person: { id: string };
      answer: string;
      refusals: { id: string }[];
      documents: { id: string }[];
    }[];
    return Object.fromEntries(
      nodes.map(({ person, answer, refusals, documents }) => [
        person.id,
        [answer, refusals.map((r) => r.id), documents.map((d) => d.id)],
      ]),
    );
  };
  expect(await ask({ country: 'NZ' })).toEqual({
    daniyar: ['NOT_GRANTED', [], ['daniyar-paper']],
    erlan: ['REFUSED', ['erlan-refusal'], ['erlan-paper']], // the refusal of citizenship is not counted
  });
  expect(await ask({})).toMatchObject({ gulnara: ['REFUSED', [], []] });
  expect(await ask({ country: 'NZ', asOf: { validOn: '2018-10-03' } })).toMatchObject({
    erlan: ['NOT_GRANTED', [], ['erlan-paper']],
    farida: ['NOT_GRANTED', [], ['farida-certificate']],
  });
  expect(await ask({ country: 'NZ', kind: ['NATURALIZED'] })).toMatchObject({
    erlan: ['REFUSED', [expect.any(String)], ['erlan-paper']],
    amina: ['NOT_GRANTED', [], expect.anything()],
  });
  expect(await ask({ case: id('bridge-file') })).toEqual({});
});
