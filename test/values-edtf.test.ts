// The value table of uncertain dates: every text with the days it can mean, worked out by hand and not by the library.
import fc from 'fast-check';
import edtfLibrary from 'edtf';
import { Temporal } from 'temporal-polyfill';
import { OPEN, parseEdtf, parsePoint, type EdtfInterval } from '../src/values/edtf.js';
import { InvalidValue } from '../src/values/invalid-value.js';
import { compare } from '../src/values/local-date.js';

test.each([
  // text, earliest, latest
  ['2019-05-12', '2019-05-12', '2019-05-12'],
  ['2020-02-29', '2020-02-29', '2020-02-29'],
  ['0001-01-01', '0001-01-01', '0001-01-01'],
  ['9999-12-31', '9999-12-31', '9999-12-31'],
  ['2019-05', '2019-05-01', '2019-05-31'],
  ['2019-02', '2019-02-01', '2019-02-28'],
  ['2020-02', '2020-02-01', '2020-02-29'],
  ['1900-02', '1900-02-01', '1900-02-28'],
  ['2019-12', '2019-12-01', '2019-12-31'],
  ['2019', '2019-01-01', '2019-12-31'],
  ['0001', '0001-01-01', '0001-12-31'],
  ['0099', '0099-01-01', '0099-12-31'],
  ['9999', '9999-01-01', '9999-12-31'],
  // unspecified digits: the full span
  ['2019-05-XX', '2019-05-01', '2019-05-31'],
  ['2019-02-XX', '2019-02-01', '2019-02-28'],
  ['2020-02-XX', '2020-02-01', '2020-02-29'],
  ['2019-XX', '2019-01-01', '2019-12-31'],
  ['2019-XX-XX', '2019-01-01', '2019-12-31'],
  ['199X', '1990-01-01', '1999-12-31'],
  ['19XX', '1900-01-01', '1999-12-31'],
  ['20XX', '2000-01-01', '2099-12-31'],
  ['000X', '0001-01-01', '0009-12-31'],
  ['00XX', '0001-01-01', '0099-12-31'],
  ['XXXX', '0001-01-01', '9999-12-31'],
  ['XXXX-XX', '0001-01-01', '9999-12-31'],
  ['XXXX-XX-XX', '0001-01-01', '9999-12-31'],
  // seasons: Northern meteorological; winter is both winters of its year
  ['2019-21', '2019-03-01', '2019-05-31'],
  ['2019-22', '2019-06-01', '2019-08-31'],
  ['2019-23', '2019-09-01', '2019-11-30'],
  ['2019-24', '2018-12-01', '2020-02-29'],
  ['2018-24', '2017-12-01', '2019-02-28'],
  ['0001-24', '0001-01-01', '0002-02-28'],
  ['9999-24', '9998-12-01', '9999-12-31'],
  // qualified: a day by a week, a month by a month, a season by a season, a year by a year
  ['2019-05-12~', '2019-05-05', '2019-05-19'],
  ['2019-05-12?', '2019-05-05', '2019-05-19'],
  ['2019-05-12%', '2019-05-05', '2019-05-19'],
  ['2020-03-01~', '2020-02-23', '2020-03-08'],
  ['2019-01-03?', '2018-12-27', '2019-01-10'],
  ['2019-05~', '2019-04-01', '2019-06-30'],
  ['2019-01?', '2018-12-01', '2019-02-28'],
  ['2019-02~', '2019-01-01', '2019-03-31'],
  ['2019-04?', '2019-03-01', '2019-05-31'],
  ['2020-01?', '2019-12-01', '2020-02-29'],
  ['2019-12%', '2019-11-01', '2020-01-31'],
  ['2019-03~', '2019-02-01', '2019-04-30'],
  ['2019~', '2018-01-01', '2020-12-31'],
  ['2019?', '2018-01-01', '2020-12-31'],
  ['2019%', '2018-01-01', '2020-12-31'],
  ['0001~', '0001-01-01', '0002-12-31'],
  ['9999~', '9998-01-01', '9999-12-31'],
  ['2019-21~', '2018-12-01', '2019-08-31'],
  ['2019-22?', '2019-03-01', '2019-11-30'],
  ['2019-23%', '2019-06-01', '2020-02-29'],
  ['2019-24~', '2018-09-01', '2020-05-31'],
  // one-of sets
  ['[2019]', '2019-01-01', '2019-12-31'],
  ['[2019,2021]', '2019-01-01', '2021-12-31'],
  ['[2021,2019]', '2019-01-01', '2021-12-31'],
  ['[2019-05-12,2019-06]', '2019-05-12', '2019-06-30'],
  ['[2019,2019-05-12]', '2019-01-01', '2019-12-31'],
  ['[2018..2020]', '2018-01-01', '2020-12-31'],
  ['[2018-03..2018-05]', '2018-03-01', '2018-05-31'],
  ['[2019-05-12..2019-05-20]', '2019-05-12', '2019-05-20'],
  ['[2019..2019]', '2019-01-01', '2019-12-31'],
  ['[2016,2018..2020]', '2016-01-01', '2020-12-31'],
  ['[2018..2020,2016]', '2016-01-01', '2020-12-31'],
  ['[..2018]', '-infinity', '2018-12-31'],
  ['[..2021-10-20]', '-infinity', '2021-10-20'],
  ['[2018..]', '2018-01-01', 'infinity'],
  ['[2018-05-12..]', '2018-05-12', 'infinity'],
  ['[2016,2018..]', '2016-01-01', 'infinity'],
  ['[..2016,2018]', '-infinity', '2018-12-31'],
  ['[..2016,2018..]', '-infinity', 'infinity'],
  ['[199X,2003]', '1990-01-01', '2003-12-31'],
  ['[2019-XX,2021]', '2019-01-01', '2021-12-31'],
  ['[2019~,2021]', '2018-01-01', '2021-12-31'],
  ['[2019,2021-05~]', '2019-01-01', '2021-06-30'],
  ['[2019~..2021~]', '2018-01-01', '2022-12-31'],
  ['[2020~..2019]', '2019-01-01', '2021-12-31'],
  ['[2019-21,2019-23]', '2019-03-01', '2019-11-30'],
])('%s means %s to %s', (text, earliest, latest) => {
  const point = parsePoint(text);
  expect(point).toMatchObject({ kind: 'point', text, earliest, latest, qualified: /[?~%]/.test(text) });
  expect(parseEdtf(text)).toEqual(point);
});

test('a set keeps what each of its elements can mean', () => {
  expect(parsePoint('[..2016,2018-05,2020~]').alternatives).toEqual([
    { earliest: '-infinity', latest: '2016-12-31' },
    { earliest: '2018-05-01', latest: '2018-05-31' },
    { earliest: '2019-01-01', latest: '2021-12-31' },
  ]);
  expect(parsePoint('2019').alternatives).toEqual([{ earliest: '2019-01-01', latest: '2019-12-31' }]);
});

const side = (value: EdtfInterval['starts']) =>
  value === null ? 'unknown' : value === OPEN ? 'open' : [value.earliest, value.latest];

test.each([
  // text, starts, ends
  ['2018/2019-05', ['2018-01-01', '2018-12-31'], ['2019-05-01', '2019-05-31']],
  ['2018/2018', ['2018-01-01', '2018-12-31'], ['2018-01-01', '2018-12-31']],
  ['2018-05-12/2018-05-12', ['2018-05-12', '2018-05-12'], ['2018-05-12', '2018-05-12']],
  ['2018-05/2018', ['2018-05-01', '2018-05-31'], ['2018-01-01', '2018-12-31']],
  ['2018/..', ['2018-01-01', '2018-12-31'], 'open'],
  ['2018/', ['2018-01-01', '2018-12-31'], 'unknown'],
  ['../2018', 'open', ['2018-01-01', '2018-12-31']],
  ['/2018', 'unknown', ['2018-01-01', '2018-12-31']],
  ['2018~/2017~', ['2017-01-01', '2019-12-31'], ['2016-01-01', '2018-12-31']],
  ['2018-21/2018-23', ['2018-03-01', '2018-05-31'], ['2018-09-01', '2018-11-30']],
  ['2018-XX/2019-05-12?', ['2018-01-01', '2018-12-31'], ['2019-05-05', '2019-05-19']],
])('the interval %s', (text, starts, ends) => {
  const interval = parseEdtf(text) as EdtfInterval;
  expect(interval).toMatchObject({ kind: 'interval', text });
  expect(side(interval.starts)).toEqual(starts);
  expect(side(interval.ends)).toEqual(ends);
});

test.each([
  // level 2 and beyond, by name
  ['{2019,2020}', /one record for each date/],
  ['{2019..2020}', /one record for each date/],
  ['Y2E3', /exponent/],
  ['Y-17E7', /exponent/],
  ['1950S2', /significant digits/],
  ['Y171010000S3', /significant digits/],
  ['Y20190', /beyond four digits/],
  ['Y-17000', /beyond four digits/],
  ['[Y20190,2019]', /beyond four digits/],
  ['-0001', /before 0001/],
  ['-2019-05', /before 0001/],
  ['[-0100..2019]', /before 0001/],
  ['0000', /year 0000/],
  ['0000-05-12', /year 0000/],
  ['[0000..]', /year 0000/],
  ['0000-XX', /year 0000/],
  ['?2019', /part of the date/],
  ['2019?-05', /part of the date/],
  ['2019-~05', /part of the date/],
  ['2019-05-?12', /part of the date/],
  ['[2019-~05,2020]', /part of the date/],
  ['2019?~', /two qualifiers; write %/],
  ['2019~~', /two qualifiers/],
  ['199X~', /both X and a qualifier/],
  ['2019-XX?', /both X and a qualifier/],
  ['199x', /capital X/],
  ['1XXX', /X in the middle/],
  ['X', /X in the middle/],
  ['2019-1X', /X in the middle/],
  ['2019-05-1X', /X in the middle/],
  ['2019-XX-12', /X in the middle/],
  ['XXXX-12-25', /X in the middle/],
  ['201X-05', /X in the middle/],
  ['201X-24', /X in the middle/],
  ['20XX-29', /X in the middle/],
  ['[2019,201X-24]', /X in the middle/],
  ['[2019,2020-29]', /division of the year/],
  ['2019-29/2020', /division of the year/],
  ['2019-25', /division of the year/],
  ['2019-33', /division of the year/],
  ['2019-41~', /division of the year/],
  ['2019-21-05', /day in a season/],
  ['2019-132', /counted through the year/],
  ['2019-W05', /counted through the year/],
  ['20', /19XX/],
  ['20~', /19XX/],
  ['201', /199X/],
  ['201?', /199X/],
  // times of day
  ['2019-05-12T10:00:00Z', /time of day/],
  ['2019-05-12T10:00', /time of day/],
  ['2019-05-12T24:00:00', /time of day/],
  ['2019-05-12/2019-05-13T10:00Z', /time of day/],
  ['2019-05-12 10:00', /time of day/],
  // days and months that do not exist
  ['2020-13', /no such month/],
  ['2020-00', /no such month/],
  ['2020-13-01', /no such month/],
  ['2020-20', /no such month/],
  ['2020-02-30', /no such day/],
  ['2023-02-29', /no such day/],
  ['2023-02-29~', /no such day/],
  ['1900-02-29', /no such day/],
  ['2023-04-31', /no such day/],
  ['2023-04-00', /no such day/],
  ['[2023-02-29,2024]', /no such day/],
  // habits of writing
  ['', /empty/],
  [' 2019', /space/],
  ['2019 ', /space/],
  ['2019\t', /space/],
  ['[2019, 2020]', /space/],
  ['10/03/2024', /ambiguous/],
  ['10.03.2024', /ambiguous/],
  ['2019-5', /single digit/],
  ['2019-5-3', /write 2019-05-03/],
  ['20190512', /write 2019-05-12/],
  ['12345', /not a date/],
  ['123456789', /not a date/],
  ['２０１９', /plain digits/],
  ['2019–2021', /plain hyphen/],
  ['c. 2019', /space/],
  ['2019xx', /capital X/],
  ['yesterday', /depends on the day/],
  ['infinity', /open end as/],
  ['May', /not a date/],
  ['null', /not a date/],
  ['2019-', /not a date/],
  ['2019/2020/2021', /slash/],
  // sets
  ['[]', /not a set/],
  ['[2019', /not a set/],
  ['2019]', /not a date/],
  ['[[2019],2020]', /not a set/],
  ['[..]', /at least one date/],
  ['[2019,]', /empty/],
  ['[..,2019]', /at least one date/],
  ['[2021..2019]', /backwards/],
  ['[2019-05-12..2019-05-11]', /backwards/],
  ['[2019..2020..2021]', /more than one/],
  ['[..2019..]', /more than one/],
  ['[2019,..2020]', /open in the middle/],
  ['[2019..,2020]', /open in the middle/],
  ['..2019', /not a date/],
  ['2018..2019', /not a date/],
  // intervals
  ['2020/2019', /before it starts/],
  ['2019-05-12/2019-05-11', /before it starts/],
  ['/', /no date in it/],
  ['../..', /no date in it/],
  ['../', /no date in it/],
  ['[2018,2019]/2020', /set inside an interval/],
])('%j is refused, with help', (text, sentence) => {
  expect(() => parseEdtf(text)).toThrow(InvalidValue);
  expect(() => parseEdtf(text)).toThrow(sentence);
});

test('a point refuses what only an interval can say', () => {
  expect(() => parsePoint('2018/2019')).toThrow(/write it as starts and ends/);
  expect(() => parsePoint('2018/..')).toThrow(/write it as starts and ends/);
  expect(() => parsePoint('..')).toThrow(/open end/);
});

test('a text longer than 200 characters is refused before it is read', () => {
  const set = (years: number) => `[${Array.from({ length: years }, (_, i) => 1950 + i).join(',')}]`;
  expect(parsePoint(set(39)).alternatives).toHaveLength(39);
  expect(() => parsePoint(set(40))).toThrow(/at most 200 characters; this one has 201/);
  expect(() => parseEdtf('['.repeat(100_000))).toThrow(/at most 200/);
});

const signs = fc.array(
  fc.constantFrom(...'0129X?~%[]{},./-YESTZ: '.split(''), '..', '2019', '-02', '-29', '-24', '20', 'XX'),
  {
    maxLength: 14,
  },
);

test('any text is either read or refused with a sentence, never met with another error', () => {
  const read = (text: string) => {
    try {
      const value = parseEdtf(text);
      expect(value.text).toBe(text);
      if (value.kind === 'point') expect(compare(value.earliest, value.latest)).not.toBe(1);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidValue);
      expect((error as Error).message).toMatch(/^\S.*[^.]\.$/s);
    }
  };
  fc.assert(
    fc.property(signs, (parts) => read(parts.join(''))),
    { numRuns: 3000 },
  );
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 30 }), read), { numRuns: 500 });
});

// The library's bounds are trusted where its author and our table agree: plain dates and X digits.
const number = (min: number, max: number, width: number) =>
  fc.integer({ min, max }).map((n) => String(n).padStart(width, '0'));
const plainDate = fc.oneof(
  number(1, 9999, 4),
  fc.tuple(number(1, 9999, 4), number(1, 12, 2)).map((parts) => parts.join('-')),
  fc.tuple(number(1, 9999, 4), number(1, 12, 2), number(1, 28, 2)).map((parts) => parts.join('-')),
  number(1, 999, 3).map((digits) => `${digits}X`),
  number(1, 99, 2).map((digits) => `${digits}XX`),
  fc.tuple(number(1, 9999, 4), number(1, 12, 2)).map(([year, month]) => `${year}-${month}-XX`),
  number(1, 9999, 4).map((year) => `${year}-XX`),
);

const dayOf = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toString().slice(0, 10);

test('plain dates and X digits have the bounds the edtf library gives them', () => {
  fc.assert(
    fc.property(plainDate, (written) => {
      const theirs = edtfLibrary(written);
      expect(parsePoint(written)).toMatchObject({ earliest: dayOf(theirs.min), latest: dayOf(theirs.max) });
    }),
    { numRuns: 3000 },
  );
});

test.each([
  // Why the bounds are ours. When the library mends one of these, this test says so.
  ['2023-02-29', '2023-03-01', '2023-03-01'],
  ['[2018..2020]', '2018-01-01', '2018-12-31'],
  ['[2021,2019]', '2021-01-01', '2019-12-31'],
  ['2019-21', '2019-01-01', '2019-03-31'],
  ['2019~', '2019-01-01', '2019-12-31'],
  ['20190512', '1970-01-01', '1970-01-01'],
])('the edtf library alone reads %s as %s to %s', (written, earliest, latest) => {
  const { min, max } = edtfLibrary(written);
  expect([min, max].map(dayOf)).toEqual([earliest, latest]);
});

test('the edtf library alone refuses an interval of one day', () => {
  expect(() => edtfLibrary('2018-05-12/2018-05-12')).toThrow();
});
