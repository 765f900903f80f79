// Periods: what is certain, possible, unknown or not so on one day, and whether time permits a cause.
import { parsePoint } from '../src/values/edtf.js';
import { parseLocalDate } from '../src/values/local-date.js';
import { certain, inForceOn, parsePeriod, possible, temporalCheck } from '../src/values/period.js';

const day = parseLocalDate;

test('a paper until 14 October 2022 is valid on the 14th and not on the 15th', () => {
  const paper = parsePeriod('2022-04-15', '2022-10-14');
  expect(inForceOn(paper, day('2022-04-14'))).toBe('NO');
  expect(inForceOn(paper, day('2022-04-15'))).toBe('CERTAIN');
  expect(inForceOn(paper, day('2022-10-14'))).toBe('CERTAIN');
  expect(inForceOn(paper, day('2022-10-15'))).toBe('NO');
});

test.each([
  // starts, ends, still true until, possible, certain
  ['2019-05-12', '2020-03-01', undefined, ['2019-05-12', '2020-03-01'], ['2019-05-12', '2020-03-01']],
  ['2019', '2020', undefined, ['2019-01-01', '2020-12-31'], ['2019-12-31', '2020-01-01']],
  ['2019', '2019', undefined, ['2019-01-01', '2019-12-31'], null],
  ['2019~', '2021', undefined, ['2018-01-01', '2021-12-31'], ['2020-12-31', '2021-01-01']],
  [null, '2020', undefined, ['-infinity', '2020-12-31'], null],
  ['2019', null, undefined, ['2019-01-01', 'infinity'], null],
  ['2019', null, '2021-06-01', ['2019-01-01', 'infinity'], null],
  [null, null, undefined, ['-infinity', 'infinity'], null],
  ['2019', '..', undefined, ['2019-01-01', 'infinity'], null],
  ['2019', '..', '2021-06-01', ['2019-01-01', 'infinity'], ['2019-12-31', '2021-06-01']],
  ['2019', '..', '2019-06-01', ['2019-01-01', 'infinity'], null],
  ['2019-05-12', '..', '2019-05-12', ['2019-05-12', 'infinity'], ['2019-05-12', '2019-05-12']],
  [null, '..', '2021-06-01', ['-infinity', 'infinity'], null],
  ['[..2021-10-20]', '2022', undefined, ['-infinity', '2022-12-31'], ['2021-10-20', '2022-01-01']],
  ['2019', '[2021..]', undefined, ['2019-01-01', 'infinity'], ['2019-12-31', '2021-01-01']],
  ['[2019..]', '[..2021]', undefined, ['2019-01-01', '2021-12-31'], null],
])('from %s to %s, still true until %s', (starts, ends, until, all, sure) => {
  const period = parsePeriod(starts, ends);
  const span = (pair: string[] | null) => pair && { from: pair[0], until: pair[1] };
  expect(possible(period)).toEqual(span(all));
  expect(certain(period, until === undefined ? until : day(until))).toEqual(span(sure));
});

test.each([
  // starts, ends, still true until, day, answer
  ['2019', '2020', undefined, '2018-12-31', 'NO'],
  ['2019', '2020', undefined, '2019-01-01', 'POSSIBLE'],
  ['2019', '2020', undefined, '2019-12-30', 'POSSIBLE'],
  ['2019', '2020', undefined, '2019-12-31', 'CERTAIN'],
  ['2019', '2020', undefined, '2020-01-01', 'CERTAIN'],
  ['2019', '2020', undefined, '2020-01-02', 'POSSIBLE'],
  ['2019', '2020', undefined, '2020-12-31', 'POSSIBLE'],
  ['2019', '2020', undefined, '2021-01-01', 'NO'],
  ['2019', '2019', undefined, '2019-06-01', 'POSSIBLE'],
  // a limit that was said is not an unknown one
  ['[..2021-10-20]', '2022', undefined, '2015-01-01', 'POSSIBLE'],
  [null, '2022', undefined, '2015-01-01', 'UNKNOWN'],
  [null, '2022', undefined, '2023-01-01', 'NO'],
  ['2019', null, undefined, '2018-12-31', 'NO'],
  ['2019', null, undefined, '2019-06-01', 'UNKNOWN'],
  ['2019', null, undefined, '2025-01-01', 'UNKNOWN'],
  ['2019', null, '2030-01-01', '2025-01-01', 'UNKNOWN'],
  [null, null, undefined, '2025-01-01', 'UNKNOWN'],
  ['2019', '[2021..]', undefined, '2025-01-01', 'POSSIBLE'],
  // "still detained" in an article of 2021 proves nothing for 2023
  ['2019', '..', '2021-06-01', '2018-12-31', 'NO'],
  ['2019', '..', '2021-06-01', '2019-06-01', 'POSSIBLE'],
  ['2019', '..', '2021-06-01', '2020-06-01', 'CERTAIN'],
  ['2019', '..', '2021-06-01', '2021-06-01', 'CERTAIN'],
  ['2019', '..', '2021-06-01', '2021-06-02', 'UNKNOWN'],
  ['2019', '..', '2021-06-01', '2023-01-01', 'UNKNOWN'],
  ['2019', '..', undefined, '2018-12-31', 'NO'],
  ['2019', '..', undefined, '2019-06-01', 'UNKNOWN'],
  ['2019', '..', undefined, '2020-01-01', 'UNKNOWN'],
  [null, '..', '2021-06-01', '2020-01-01', 'UNKNOWN'],
])('from %s to %s, still true until %s: on %s %s', (starts, ends, until, asked, answer) => {
  expect(inForceOn(parsePeriod(starts, ends), day(asked), until === undefined ? until : day(until))).toBe(answer);
});

test('a period cannot certainly end before it starts', () => {
  expect(() => parsePeriod('2019', '2018')).toThrow('A period cannot end before it starts.');
  expect(() => parsePeriod('2019', '[..2018]')).toThrow(/before it starts/);
  expect(parsePeriod('2018', '2018')).toBeDefined();
  expect(parsePeriod('2019~', '2018~')).toBeDefined();
});

test('a period is two points, never an interval in one of them', () => {
  expect(() => parsePeriod('2018/2019', null)).toThrow(/write it as starts and ends/);
  expect(() => parsePeriod('..', '2019')).toThrow(/open end/);
  expect(() => parsePeriod('2018', '')).toThrow(/empty/);
});

test.each([
  // cause, effect, answer
  ['2019-05-12', '2019-05-13', 'CONSISTENT'],
  ['2019-05-12', '2019-05-12', 'UNDETERMINED'],
  ['2019-05-12', '2019-05-11', 'IMPOSSIBLE'],
  ['2019', '2019-06-01', 'UNDETERMINED'],
  ['2019', '2020-01-01', 'CONSISTENT'],
  ['2019', '2018', 'IMPOSSIBLE'],
  ['2019-05-12~', '2019-05-08', 'UNDETERMINED'],
  ['2019-05-12~', '2019-05-04', 'IMPOSSIBLE'],
  ['[..2019-05-12]', '2010', 'UNDETERMINED'],
  ['[..2019-05-12]', '2019-05-13', 'CONSISTENT'],
  ['[2019-05-12..]', '2019-05-11', 'IMPOSSIBLE'],
  ['[2019-05-12..]', '2030', 'UNDETERMINED'],
  ['2019', '[..2018]', 'IMPOSSIBLE'],
  ['2019', '[2021..]', 'CONSISTENT'],
  [null, '2019', 'UNDETERMINED'],
  ['2019', null, 'UNDETERMINED'],
])('a cause in %s and an effect in %s: %s', (cause, effect, answer) => {
  const point = (text: string | null) => (text === null ? null : parsePoint(text));
  expect(temporalCheck(point(cause), point(effect))).toBe(answer);
});

test('one known bound is enough where it decides', () => {
  expect(
    temporalCheck({ earliest: day('2019-01-01'), latest: null }, { earliest: null, latest: day('2018-01-01') }),
  ).toBe('IMPOSSIBLE');
  expect(
    temporalCheck({ earliest: null, latest: day('2019-01-01') }, { earliest: day('2020-01-01'), latest: null }),
  ).toBe('CONSISTENT');
  expect(temporalCheck({ earliest: null, latest: null }, { earliest: null, latest: null })).toBe('UNDETERMINED');
});
