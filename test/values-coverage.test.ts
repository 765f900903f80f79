// Coverage: worked examples first, then the same rules against a model that asks about every single day.
import fc from 'fast-check';
import { coverage, type Coverage, type Covering } from '../src/values/coverage.js';
import { OPEN, parsePoint } from '../src/values/edtf.js';
import { addDays, compare, earlier, later, parseLocalDate, type LocalDate } from '../src/values/local-date.js';
import { inForceOn, parsePeriod, type Period, type Span } from '../src/values/period.js';
import type { Bounds } from '../src/values/simple-date.js';

const day = parseLocalDate;
const paper = (id: string, starts: string | null, ends: string | null, stillTrueUntil?: string): Covering => ({
  id,
  period: parsePeriod(starts, ends),
  stillTrueUntil: stillTrueUntil === undefined ? undefined : day(stillTrueUntil),
});
const span = (from: string, until: string) => ({ from, until });

test('papers that follow each other day by day leave no gap and do not overlap', () => {
  const found = coverage([paper('a', '2021-10-15', '2022-10-14'), paper('b', '2022-10-15', '2023-10-14')]);
  expect(found).toEqual({
    certain: [span('2021-10-15', '2023-10-14')],
    possible: [span('2021-10-15', '2023-10-14')],
    certainGaps: [],
    possibleGaps: [],
    certainOverlaps: [],
    possibleOverlaps: [],
  });
});

test('a late renewal leaves a gap whose two ends are the days without paper', () => {
  const found = coverage([paper('b', '2022-11-01', '2023-10-14'), paper('a', '2021-10-15', '2022-10-14')]);
  expect(found.certainGaps).toEqual([span('2022-10-15', '2022-10-31')]);
  expect(found.possibleGaps).toEqual([span('2022-10-15', '2022-10-31')]);
});

test('a vague renewal makes the gap possible, not certain', () => {
  const found = coverage([paper('a', '2021-10-15', '2022-10-14'), paper('b', '2022-10', '2023-10-14')]);
  expect(found.certainGaps).toEqual([]);
  expect(found.possibleGaps).toEqual([span('2022-10-15', '2022-10-30')]);
  expect(found.certainOverlaps).toEqual([]);
  expect(found.possibleOverlaps).toEqual([{ ids: ['a', 'b'], ...span('2022-10-01', '2022-10-14') }]);
});

test('papers that certainly overlap are named, with the days', () => {
  const found = coverage([paper('a', '2021-10-15', '2022-10-14'), paper('b', '2022-10-14', '2023-10-14')]);
  expect(found.certainOverlaps).toEqual([{ ids: ['a', 'b'], ...span('2022-10-14', '2022-10-14') }]);
});

test('an end nobody stated is possible for ever and certain never', () => {
  const found = coverage([paper('a', '2021-10-15', null)]);
  expect(found).toMatchObject({ certain: [], possible: [span('2021-10-15', 'infinity')], certainGaps: [] });
  expect(found.possibleGaps).toEqual([span('2021-10-15', 'infinity')]);
});

test('an open end is certain as far as its sources reach', () => {
  const found = coverage([paper('a', '2021-10-15', '..', '2022-06-01')], { until: day('2022-12-31') });
  expect(found.certain).toEqual([span('2021-10-15', '2022-06-01')]);
  expect(found.possibleGaps).toEqual([span('2022-06-02', '2022-12-31')]);
});

test('a horizon cuts what is found and shows the days before and after', () => {
  const found = coverage([paper('a', '2021-10-15', '2022-10-14')], span('2022-01-01', '2022-12-31') as Span);
  expect(found.certain).toEqual([span('2022-01-01', '2022-10-14')]);
  expect(found.certainGaps).toEqual([span('2022-10-15', '2022-12-31')]);
});

test('no papers: nothing to say without a horizon, one whole gap inside it', () => {
  expect(coverage([]).certainGaps).toEqual([]);
  expect(coverage([], { from: day('2022-01-01') }).certainGaps).toEqual([]);
  const horizon = span('2022-01-01', '2022-12-31') as Span;
  expect(coverage([], horizon)).toMatchObject({ certainGaps: [horizon], possibleGaps: [horizon] });
});

test('a horizon that begins after all papers finds nothing, and one that runs backwards is refused', () => {
  expect(coverage([paper('a', '2021', '2022')], { from: day('2025-01-01') }).possibleGaps).toEqual([]);
  expect(() => coverage([], { from: day('2022-01-02'), until: day('2022-01-01') })).toThrow(/lies before the first/);
});

// The model: days 0 to 29 of January 2020, each asked about by itself.
const DAYS = 30;
const at = (offset: number): LocalDate => addDays(day('2020-01-01'), offset);
const point = (a: number, b: number): Bounds => ({ earliest: at(Math.min(a, b)), latest: at(Math.max(a, b)) });
const offset = fc.integer({ min: 0, max: DAYS - 1 });
const vague = fc.tuple(offset, offset).map(([a, b]) => point(a, b));
const exact = offset.map((a) => point(a, a));
const starts = fc.option(fc.oneof(exact, vague), { freq: 6 });
const ends = fc.oneof({ weight: 6, arbitrary: fc.oneof(exact, vague) }, fc.constant(OPEN), fc.constant(null));
const records = fc
  .array(fc.record({ starts, ends, stillTrueUntil: fc.option(offset.map(at), { nil: undefined }) }), { maxLength: 6 })
  .map((all) =>
    all.filter(inOrder).map(({ stillTrueUntil, ...period }, index) => ({ id: `p${index}`, period, stillTrueUntil })),
  );

function inOrder({ starts, ends }: Period): boolean {
  return !starts || !ends || ends === OPEN || compare(ends.latest, starts.earliest) >= 0;
}

const mayHold = ({ period: { starts, ends } }: Covering, asked: LocalDate) =>
  (!starts || starts.earliest <= asked) && (!ends || ends === OPEN || asked <= ends.latest);
const mustHold = ({ period: { starts, ends }, stillTrueUntil }: Covering, asked: LocalDate) => {
  const until = ends === OPEN ? stillTrueUntil : ends?.earliest;
  return Boolean(starts && until && starts.latest <= asked && asked <= until);
};
const inside = (spans: readonly Span[], asked: LocalDate) =>
  spans.filter(({ from, until }) => from <= asked && asked <= until).length;

function agreesWithModel(found: Coverage, all: Covering[], asked: LocalDate): void {
  const may = all.filter((record) => mayHold(record, asked));
  const must = all.filter((record) => mustHold(record, asked));
  expect(inside(found.possible, asked)).toBe(may.length ? 1 : 0);
  expect(inside(found.certain, asked)).toBe(must.length ? 1 : 0);
  expect(inside(found.certainGaps, asked)).toBe(may.length ? 0 : 1);
  expect(inside(found.possibleGaps, asked)).toBe(must.length ? 0 : 1);
  const pairs = (n: number) => n && (n * (n - 1)) / 2;
  expect(inside(found.possibleOverlaps, asked)).toBe(pairs(may.length));
  expect(inside(found.certainOverlaps, asked)).toBe(pairs(must.length));
  const named = new Set(found.certainOverlaps.filter((o) => inside([o], asked)).flatMap((o) => o.ids));
  expect(named).toEqual(new Set(must.length > 1 ? must.map(({ id }) => id) : []));
}

test('coverage agrees with a model that asks about every day', () => {
  fc.assert(
    fc.property(records, offset, offset, (all, a, b) => {
      const horizon = { from: earlier(at(a), at(b)), until: later(at(a), at(b)) };
      const found = coverage(all, horizon);
      for (let asked = horizon.from; asked <= horizon.until; asked = addDays(asked, 1))
        agreesWithModel(found, all, asked);
      for (const { from, until } of Object.values(found).flat()) {
        expect(
          compare(horizon.from, from) <= 0 && compare(from, until) <= 0 && compare(until, horizon.until) <= 0,
        ).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
});

test('a period is certain, or not so, on exactly the days the model says', () => {
  fc.assert(
    fc.property(records, offset.map(at), (all, asked) => {
      for (const record of all) {
        const answer = inForceOn(record.period, asked, record.stillTrueUntil);
        expect(answer === 'CERTAIN').toBe(mustHold(record, asked));
        expect(answer === 'NO').toBe(!mayHold(record, asked));
      }
    }),
  );
});

test('without a horizon every day between the first and the last possible day is answered', () => {
  fc.assert(
    fc.property(records, (all) => {
      const found = coverage(all);
      for (let n = 0; n < DAYS; n++) {
        const answered = inside(found.possible, at(n)) + inside(found.certainGaps, at(n));
        const before = all.every(({ period }) => period.starts && at(n) < period.starts.earliest);
        const after = all.every(({ period: { ends } }) => ends && ends !== OPEN && ends.latest < at(n));
        expect(answered).toBe(before || after ? 0 : 1);
      }
    }),
  );
});

test('spans are sorted, apart from each other and do not depend on the order of the records', () => {
  fc.assert(
    fc.property(records, (all) => {
      const found = coverage(all);
      for (const spans of [found.certain, found.possible, found.certainGaps, found.possibleGaps]) {
        spans.slice(1).forEach(({ from }, index) => {
          const last = spans[index]!.until;
          expect(last !== 'infinity' && last !== '-infinity' && addDays(last, 1) < from).toBe(true);
        });
      }
      const { certain, possible, certainGaps, possibleGaps } = coverage([...all].reverse());
      expect({ certain, possible, certainGaps, possibleGaps }).toEqual({
        certain: found.certain,
        possible: found.possible,
        certainGaps: found.certainGaps,
        possibleGaps: found.possibleGaps,
      });
    }),
  );
});

test('a season is as good a start as a day', () => {
  const found = coverage([{ id: 'a', period: { starts: parsePoint('2019-21'), ends: parsePoint('2019-08') } }]);
  expect(found.certain).toEqual([span('2019-05-31', '2019-08-01')]);
  expect(found.possible).toEqual([span('2019-03-01', '2019-08-31')]);
});
