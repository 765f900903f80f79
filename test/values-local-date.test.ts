// Calendar days and lengths of time: what is accepted, what is refused by name, and how days are counted.
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../src/values/duration.js';
import { InvalidValue } from '../src/values/invalid-value.js';
import {
  addDays,
  addDuration,
  compare,
  dayAfter,
  dayBefore,
  daysBetween,
  parseLocalDate,
} from '../src/values/local-date.js';

const day = parseLocalDate;

test.each(['2024-03-10', '2024-02-29', '2000-02-29', '0001-01-01', '0099-12-31', '9999-12-31'])(
  '%s is a day',
  (text) => {
    expect(parseLocalDate(text)).toBe(text);
  },
);

test.each([
  ['2023-02-30', /no such day/],
  ['2023-02-29', /no such day/],
  ['1900-02-29', /no such day/],
  ['2024-04-31', /no such day/],
  ['2024-01-00', /no such day/],
  ['2024-13-01', /no such month/],
  ['2024-00-10', /no such month/],
  ['0000-01-01', /year 0000/],
  ['10/03/2024', /ambiguous; write 2024-03-10 or 2024-10-03/],
  ['10.03.2024', /ambiguous; write 2024-03-10 or 2024-10-03/],
  ['25/03/2024', /write 2024-03-25\.$/],
  ['03-25-2024', /write 2024-03-25\.$/],
  ['03/03/2024', /write 2024-03-03\.$/],
  ['40/40/2024', /YYYY-MM-DD/],
  ['2024-1-5', /write 2024-01-05/],
  ['2024/03/10', /write 2024-03-10/],
  ['20240310', /write 2024-03-10/],
  ['yesterday', /depends on the day it is read/],
  ['today', /depends on the day it is read/],
  ['NOW', /depends on the day it is read/],
  ['infinity', /leave an unknown date empty/],
  ['-infinity', /leave an unknown date empty/],
  ['2024-03-10T00:00:00Z', /time of day/],
  ['2024-03-10 10:00', /time of day/],
  [' 2024-03-10', /space/],
  ['2024-03-10\n', /space/],
  ['', /empty/],
  ['   ', /empty/],
  ['２０２４-03-10', /plain digits/],
  ['٢٠٢٤-٠٣-١٠', /plain digits/],
  ['2024–03–10', /plain hyphen/],
  ['2024-03', /YYYY-MM-DD/],
  ['+2024-03-10', /YYYY-MM-DD/],
  ['-2024-03-10', /YYYY-MM-DD/],
  ['12024-03-10', /YYYY-MM-DD/],
  ['2024-03-10~', /YYYY-MM-DD/],
  ['10 March 2024', /space/],
])('%j is refused, with help', (text, sentence) => {
  expect(() => parseLocalDate(text)).toThrow(InvalidValue);
  expect(() => parseLocalDate(text)).toThrow(sentence);
});

test('a refusal quotes no more than forty characters of the text', () => {
  expect(() => parseLocalDate('9'.repeat(10_000))).toThrow(/^"9{40}…" is not a date/);
});

test.each([
  ['2023-01-31', 'P1M', '2023-02-28'],
  ['2024-01-31', 'P1M', '2024-02-29'],
  ['2024-02-29', 'P1Y', '2025-02-28'],
  ['2024-02-29', 'P4Y', '2028-02-29'],
  ['2022-10-15', 'P90D', '2023-01-13'],
  ['2022-10-15', 'P2W', '2022-10-29'],
  ['2023-01-30', 'P1M1D', '2023-03-01'],
  ['2024-03-10', 'P0D', '2024-03-10'],
])('%s plus %s is %s', (from, duration, until) => {
  expect(addDuration(day(from), parseDuration(duration))).toBe(until);
});

test('counting does not leave the years we can write', () => {
  expect(() => addDuration(day('9999-12-01'), parseDuration('P1M'))).toThrow(/leaves the years/);
  expect(() => addDays(day('0001-01-01'), -1)).toThrow(/leaves the years/);
});

test('a day that a clock change skipped is a day like any other', () => {
  // Apia had no 30 December 2011; New York has 23 hours on 10 March 2024. Calendar days do not care.
  expect(addDays(day('2011-12-29'), 1)).toBe('2011-12-30');
  expect(addDays(day('2011-12-29'), 2)).toBe('2011-12-31');
  expect(addDays(day('2024-03-10'), 1)).toBe('2024-03-11');
});

test('days and infinities have one order', () => {
  const bounds = ['infinity', day('9999-12-31'), day('0001-01-01'), '-infinity', day('2024-03-10')] as const;
  expect([...bounds].sort(compare)).toEqual(['-infinity', '0001-01-01', '2024-03-10', '9999-12-31', 'infinity']);
  expect(compare('infinity', 'infinity')).toBe(0);
  expect(dayAfter('infinity')).toBe('infinity');
  expect(dayBefore('-infinity')).toBe('-infinity');
  expect(dayAfter(day('9999-12-31'))).toBe('infinity');
  expect(dayBefore(day('0001-01-01'))).toBe('-infinity');
});

test('going some days forward orders and going back returns', () => {
  fc.assert(
    fc.property(fc.integer({ min: -700_000, max: 2_900_000 }), fc.integer({ min: 1, max: 4000 }), (offset, days) => {
      const from = addDays(day('2000-01-01'), offset);
      const until = addDays(from, days);
      expect(compare(from, until)).toBe(-1);
      expect(addDays(until, -days)).toBe(from);
      expect(daysBetween(from, until)).toBe(days);
      expect(daysBetween(until, from)).toBe(-days);
      expect(parseLocalDate(until)).toBe(until);
    }),
  );
});

test.each([
  ['2024-02-28', '2024-03-01', 2],
  ['2023-02-28', '2023-03-01', 1],
  ['1900-02-28', '1900-03-01', 1],
  ['2000-02-28', '2000-03-01', 2],
  ['2024-12-31', '2025-01-01', 1],
  ['0001-01-01', '9999-12-31', 3_652_058],
  ['2024-03-10', '2024-03-10', 0],
])('from %s to %s it is %i days', (from, to, days) => {
  expect(daysBetween(day(from), day(to))).toBe(days);
});

test.each([
  ['P90D', 'P90D'],
  ['P090D', 'P90D'],
  ['P1Y', 'P1Y'],
  ['P3M', 'P3M'],
  ['P2W', 'P2W'],
  ['P1Y6M', 'P1Y6M'],
  ['P0Y3M0D', 'P3M'],
  ['P1Y2M3W4D', 'P1Y2M3W4D'],
  ['P0D', 'P0D'],
  ['P0Y', 'P0D'],
  ['P200Y', 'P200Y'],
  ['P2400M', 'P2400M'],
])('%s is a length of time, written %s', (text, canonical) => {
  expect(formatDuration(parseDuration(text))).toBe(canonical);
});

test.each([
  ['P', /not a length of time/],
  ['', /not a length of time/],
  ['90D', /not a length of time/],
  ['90 days', /not a length of time/],
  ['p90d', /not a length of time/],
  ['P1D1Y', /not a length of time/],
  ['P90D ', /not a length of time/],
  ['P٩D', /not a length of time/],
  ['P999999D', /not a length of time/],
  ['PT1H', /time of day/],
  ['P1DT2H', /time of day/],
  ['PT', /time of day/],
  ['-P1D', /sign/],
  ['+P1D', /sign/],
  ['P-1D', /sign/],
  ['P1.5Y', /fraction/],
  ['P1,5Y', /fraction/],
  ['P201Y', /200 years/],
  ['P200Y1D', /200 years/],
  ['P2401M', /200 years/],
  ['P99999D', /200 years/],
])('%j is refused as a length of time', (text, sentence) => {
  expect(() => parseDuration(text)).toThrow(InvalidValue);
  expect(() => parseDuration(text)).toThrow(sentence);
});
