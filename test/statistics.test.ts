// Counts: the unit is said, a unit counts once, and an uncertain month is never guessed. All people are invented.
import { house, type House } from './support/house.js';

let views: House;
beforeAll(async () => {
  views = await house({ load: 'views', today: '2022-08-01' });
});
afterAll(() => views?.close());

const STATISTICS = `query ($unit: StatisticsUnit!, $by: [StatisticsGrouping!]!, $filter: StatisticsFilter, $asOf: AsOf) {
  statistics(unit: $unit, by: $by, filter: $filter, asOf: $asOf) { unit by total rows { month year dating country fact kind count } } }`;
type Row = Record<'month' | 'year' | 'dating' | 'country' | 'fact' | 'kind', string | number | null> & {
  count: number;
};
const run = async (
  variables: Record<string, unknown>,
): Promise<{ unit: string; by: string[]; total: number; rows: Row[] }> =>
  (await views.ask(STATISTICS, variables)).statistics;
/** Rows without what was not asked about. */
const ask = async (variables: Record<string, unknown>) =>
  (await run(variables)).rows.map((row) =>
    Object.entries(row)
      .filter(([, value]) => value !== null)
      .map(([, value]) => value),
  );

test('events by month: certain ones in their month, undecided and undated ones apart', async () => {
  expect(await run({ unit: 'EVENT', by: ['MONTH'] })).toEqual({
    unit: 'EVENT',
    by: ['MONTH'],
    total: 7,
    rows: [
      ['2019-02', 2019, 'CERTAIN', 1],
      ['2019-05', 2019, 'CERTAIN', 1],
      ['2020-11', 2020, 'CERTAIN', 1],
      ['2021-02', 2021, 'CERTAIN', 1],
      [null, null, 'UNDATED', 1],
      [null, null, 'UNDECIDED', 2],
    ].map(([month, year, dating, count]) => ({ month, year, dating, country: null, fact: null, kind: null, count })),
  });
});

test('the same by year: a year is decided where its month is not', async () => {
  expect(await ask({ unit: 'EVENT', by: ['YEAR'] })).toEqual([
    [2019, 'CERTAIN', 3],
    [2020, 'CERTAIN', 2],
    [2021, 'CERTAIN', 1],
    ['UNDATED', 1],
  ]);
  expect((await run({ unit: 'EVENT', by: ['YEAR', 'MONTH'] })).by).toEqual(['MONTH']);
});

test('people are counted once per row and once in all, however many facts concern them', async () => {
  const facts = { facts: ['EVENT'] };
  expect(
    await run({ unit: 'PERSON', by: ['KIND'], filter: { ...facts, kinds: ['TRIAL', 'BORDER_CROSSING'] } }),
  ).toMatchObject({
    total: 2,
    rows: [
      { kind: 'BORDER_CROSSING', count: 2 },
      { kind: 'TRIAL', count: 2 },
    ],
  });
  expect(await ask({ unit: 'PERSON', by: ['KIND'], filter: { ...facts, roles: ['SPEAKER'] } })).toEqual([
    ['EVENT', 'PUBLIC_STATEMENT', 1],
    ['EVENT', 'TRIAL', 1],
  ]);
  // Nobody took part in the trade measure, so it concerns nobody.
  expect(await run({ unit: 'PERSON', by: ['KIND'], filter: { kinds: ['TRADE_MEASURE'] } })).toMatchObject({
    total: 0,
    rows: [],
  });
});

test('documents by country and kind; the order is by country, then kind', async () => {
  expect(await ask({ unit: 'DOCUMENT', by: ['KIND', 'COUNTRY'] })).toEqual([
    ['AU', 'DOCUMENT', 'RESIDENCE_PERMIT', 1],
    ['NZ', 'DOCUMENT', 'ASYLUM_SEEKER_CERTIFICATE', 3],
    ['NZ', 'DOCUMENT', 'REFUGEE_CERTIFICATE', 6],
  ]);
  expect(
    await ask({ unit: 'DOCUMENT', by: ['YEAR'], filter: { kinds: ['REFUGEE_CERTIFICATE'], country: ['NZ'] } }),
  ).toEqual([
    [2019, 'CERTAIN', 2],
    [2020, 'CERTAIN', 2],
    [2021, 'CERTAIN', 1],
    ['UNDECIDED', 1], // the third paper of Amina is only known to be older than a day
  ]);
});

test('people by what was decided about them', async () => {
  expect(await ask({ unit: 'PERSON', by: ['KIND'], filter: { facts: ['DECISION'], country: ['NZ'] } })).toEqual([
    ['DECISION', 'EXTEND', 2],
    ['DECISION', 'GRANT', 2],
    ['DECISION', 'REFUSE', 1], // two refusals of one person
    ['DECISION', 'REFUSE_EXTENSION', 1],
  ]);
  expect(await ask({ unit: 'PERSON', by: ['COUNTRY'], filter: { facts: ['DETENTION'] } })).toEqual([['NZ', 1], [1]]);
});

test('case files that hold the fact or a person it concerns', async () => {
  expect(
    await ask({
      unit: 'CASE',
      by: ['KIND'],
      filter: { facts: ['EVENT', 'DETENTION'], kinds: ['PROTEST', 'TRIAL', 'TRADE_MEASURE', 'ADMINISTRATIVE'] },
    }),
  ).toEqual([
    ['DETENTION', 'ADMINISTRATIVE', 1],
    ['EVENT', 'PROTEST', 1],
    ['EVENT', 'TRIAL', 1],
  ]);
});

test('only between days, in a case file, or possibly going on that day', async () => {
  expect(
    (await run({ unit: 'EVENT', by: ['KIND'], filter: { from: '2020-03-31', until: '2020-11-01' } })).rows.map(
      ({ kind }) => kind,
    ),
  ).toEqual(['THREAT', 'TRADE_MEASURE']);
  expect((await run({ unit: 'DOCUMENT', by: ['KIND'], filter: { case: views.id('bridge-file') } })).total).toBe(4);
  expect(
    (await run({ unit: 'DOCUMENT', by: ['KIND'], asOf: { validOn: '2022-10-14' }, filter: { country: ['NZ'] } })).total,
  ).toBe(4);
  expect(
    (await run({ unit: 'DOCUMENT', by: ['KIND'], asOf: { validOn: '2022-10-15' }, filter: { country: ['NZ'] } })).total,
  ).toBe(3);
});

test('a kind that no counted fact has is refused with the vocabulary, and not counted nought times', async () => {
  const ask = (unit: string, filter: object) => run({ unit, by: ['KIND'], filter });
  await expect(ask('EVENT', { kinds: ['PROTEST', 'NOSUCH'] })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    path: ['filter', 'kinds', 1],
    message: '"NOSUCH" is not a word of EventKind.',
  });
  await expect(ask('PERSON', { kinds: ['GRNAT'] })).rejects.toMatchObject({
    message:
      '"GRNAT" is not a word of EventKind, DetentionKind, DecisionAction, StatusDocumentKind, RefugeeStatusKind. Did you mean "GRANT"?',
  });
  // A word of another sort of fact than those that are counted.
  await expect(ask('PERSON', { facts: ['DECISION'], kinds: ['PROTEST'] })).rejects.toMatchObject({
    message: '"PROTEST" is not a word of DecisionAction.',
  });
  expect((await ask('PERSON', { facts: ['DECISION', 'EVENT'], kinds: ['GRANT', 'PROTEST'] })).total).toBeGreaterThan(0);
});

test('one statement, and refusals that say why', async () => {
  expect((await views.run(STATISTICS, { unit: 'PERSON', by: ['MONTH', 'KIND'] })).statements).toHaveLength(1);
  await expect(run({ unit: 'PERSON', by: [] })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  await expect(run({ unit: 'PERSON', by: ['YEAR', 'COUNTRY', 'KIND'] })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
  });
  await expect(run({ unit: 'EVENT', by: ['YEAR'], filter: { facts: ['DETENTION'] } })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining('EVENT'),
  });
});
