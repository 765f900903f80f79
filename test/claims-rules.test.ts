// What claims add up to, without a database: each line is a set of claims on one field or record.
import type { ClaimRow } from '../src/claims/model.js';
import { conflictsOf, deciding, verificationOf, verificationOfClaim } from '../src/claims/rules.js';

let count = 0;
/** In the order of preference, as the database gives them. */
const claim = (said: Partial<ClaimRow>): ClaimRow =>
  ({
    id: `c${++count}`,
    field: 'starts',
    value: null,
    earliest: null,
    latest: null,
    bears: true,
    level: 0,
    stance: 'ASSERTS',
    rank: 'NORMAL',
    basis: 'STATED',
    derivedFrom: [],
    sourceId: 's1',
    roots: [said.sourceId ?? 's1'],
    publishedEarliest: '2021-10-20',
    publishedLatest: '2021-10-20',
    ...said,
  }) as ClaimRow;
const day = (value: string, said: Partial<ClaimRow> = {}): ClaimRow =>
  claim({ value, earliest: value, latest: value, ...said });
const days = (value: string, earliest: string, latest: string, said: Partial<ClaimRow> = {}): ClaimRow =>
  claim({ value, earliest, latest, ...said });
const derived = (row: ClaimRow, ...bases: ClaimRow[]): ClaimRow => ({
  ...row,
  basis: 'INFERRED',
  sourceId: null,
  derivedFrom: bases.map((base) => base.id),
  roots: [...new Set(bases.flatMap((base) => base.roots))],
});
const exists = (said: Partial<ClaimRow> = {}): ClaimRow => claim({ field: '', ...said });

const may = days('2020-05', '2020-05-01', '2020-05-31');
const june = day('2020-06-22', { sourceId: 's4' });
const both = days('[2020-05,2020-06-22]', '2020-05-01', '2020-06-22', { rank: 'PREFERRED' });

describe('conflicts', () => {
  test('a derived range that covers two stated values does not hide that they contradict each other', () => {
    const [conflict] = conflictsOf('r', [derived(both, may, june), may, june]);
    expect(conflict).toMatchObject({ recordId: 'r', field: 'starts', compatible: false });
    expect(conflict!.values.map(({ value, isAccepted }) => [value, isAccepted])).toEqual([
      ['[2020-05,2020-06-22]', true],
      ['2020-05', false],
      ['2020-06-22', false],
    ]);
  });

  test('nor does it make a conflict with the one value that it widens', () => {
    expect(conflictsOf('r', [may, derived(both, may)])).toEqual([]);
  });

  test('a value concluded from other fields is a voice of its own', () => {
    const sentence = claim({ field: 'lasted', value: 'P1Y' });
    expect(conflictsOf('r', [may, derived(june, sentence), sentence])).toMatchObject([
      { field: 'starts', compatible: false },
    ]);
  });

  test.each<[string, ClaimRow[], boolean | null]>([
    ['one value of two sources', [may, days('2020-05', '2020-05-01', '2020-05-31', { sourceId: 's2' })], null],
    ['a month and a day in it', [may, day('2020-05-10')], true],
    [
      'three that overlap by twos, but not all',
      [
        days('a', '2020-01-01', '2020-03-01'),
        days('b', '2020-02-01', '2020-05-01'),
        days('c', '2020-04-01', '2020-06-01'),
      ],
      false,
    ],
    ['two texts', [claim({ value: 'town' }), claim({ value: 'village' })], false],
    ['a day and a text', [may, claim({ value: 'spring' })], false],
    ['still so, and an end after that was published', [claim({ value: '..' }), day('2022-01-05')], true],
    ['still so, and an end before that was published', [claim({ value: '..' }), day('2021-01-05')], false],
    [
      'still so, said without a day, and an end',
      [claim({ value: '..', publishedEarliest: '-infinity' }), day('1990-01-05')],
      true,
    ],
    ['a deprecated value beside another', [may, day('1999-01-01', { bears: false, rank: 'DEPRECATED' })], null],
    ['a denied value beside another', [may, day('1999-01-01', { bears: false, stance: 'DENIES' })], null],
  ])('%s', (_, claims, compatible) => {
    expect(conflictsOf('r', claims).map((conflict) => conflict.compatible)).toEqual(
      compatible === null ? [] : [compatible],
    );
  });

  test('the accepted value comes first, though a claim above the level of the record is preferred', () => {
    const sealed = day('2020-05-03', { level: 3 });
    const [conflict] = conflictsOf('r', [sealed, june], 0);
    expect(conflict!.values.map(({ value, isAccepted }) => [value, isAccepted])).toEqual([
      ['2020-06-22', true],
      ['2020-05-03', false],
    ]);
    expect(deciding([sealed, june], 'starts', 0)).toBe(june);
    expect(deciding([sealed, june], 'starts')).toBe(sealed);
  });
});

describe('verification', () => {
  const originOf = (id: string): string => (id === 's2' || id === 's3' ? 's1' : id);

  test.each<[string, ClaimRow[], string]>([
    ['no claim', [], 'UNSOURCED'],
    ['only a mention of a field', [claim({ stance: 'NEUTRAL_MENTION', bears: false })], 'UNSOURCED'],
    ['only a denial', [exists({ stance: 'DENIES', bears: false })], 'REFUTED'],
    ['only withdrawn claims', [exists({ rank: 'DEPRECATED', bears: false })], 'REFUTED'],
    ['only a conclusion from what was withdrawn', [exists({ basis: 'INFERRED', bears: false })], 'REFUTED'],
    ['a grade without a reason', [exists({ credibility: 1, credibilityReason: null })], 'REPORTED'],
    ['what a person confirmed', [exists({ credibility: 1, credibilityReason: 'seen' })], 'CONFIRMED'],
    [
      'what a person confirmed in spite of a denial',
      [exists({ credibility: 1, credibilityReason: 'seen' }), exists({ stance: 'OFFICIAL_DENIAL', bears: false })],
      'CONFIRMED',
    ],
    ['only a claim on a field', [may], 'REPORTED'],
    ['one source', [exists()], 'REPORTED'],
    ['a source and a copy of it', [exists(), exists({ sourceId: 's2' })], 'REPORTED'],
    ['two origins', [exists(), exists({ sourceId: 's4' })], 'CORROBORATED'],
    ['two sources of which one is about a field only', [exists(), june], 'REPORTED'],
    ['a conclusion from two sources together', [derived(exists(), may, june)], 'REPORTED'],
    ['a conclusion from another source', [exists(), derived(exists(), june)], 'CORROBORATED'],
    ['a conclusion that leans on the same source too', [exists(), derived(exists(), may, june)], 'REPORTED'],
    ['a denial', [exists(), exists({ stance: 'OFFICIAL_DENIAL', bears: false })], 'DISPUTED'],
    ['a withdrawn denial', [exists(), exists({ stance: 'DENIES', bears: false, rank: 'DEPRECATED' })], 'REPORTED'],
    ['a denial of the day', [exists(), day('2020-05-03', { stance: 'DENIES', bears: false })], 'DISPUTED'],
    [
      'a denial of a motive',
      [exists(), claim({ field: 'alleged_motive', value: 'spite', stance: 'DENIES', bears: false })],
      'REPORTED',
    ],
    ['dates that contradict each other', [exists(), may, june], 'DISPUTED'],
    ['dates that agree', [exists(), may, day('2020-05-03')], 'REPORTED'],
    [
      'places that contradict each other',
      [exists(), claim({ field: 'place_id', value: 'a' }), claim({ field: 'place_id', value: 'b' })],
      'REPORTED',
    ],
  ])('%s', (_, claims, expected) => {
    expect(verificationOf(claims, originOf)).toBe(expected);
  });

  test('of one claim, by the claims on the same field', () => {
    const again = days('2020-05', '2020-05-01', '2020-05-31', { sourceId: 's4' });
    expect(verificationOfClaim(may, [may, exists({ sourceId: 's4' })], originOf)).toBe('REPORTED');
    expect(verificationOfClaim(may, [may, again], originOf)).toBe('CORROBORATED');
    expect(verificationOfClaim(may, [may, again, june], originOf)).toBe('DISPUTED');
  });
});
