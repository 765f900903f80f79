// Sealed cursors: what goes in comes out, for the same list and for no other.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { openCursor, sealCursor } from '../src/values/cursor.js';
import { InvalidValue } from '../src/values/invalid-value.js';

const key = Buffer.alloc(32, 7);
const REFUSED = 'This cursor belongs to another list; start again without `after`.';
const refuses = (attempt: () => unknown) => {
  expect(attempt).toThrow(InvalidValue);
  expect(attempt).toThrow(REFUSED);
};

test('a cursor gives back its sort keys, whatever they are', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(value), fc.string(), (values, scope) => {
      expect(JSON.stringify(openCursor(key, scope, sealCursor(key, scope, values)))).toBe(JSON.stringify(values));
    }),
  );
});

test('a cursor shows nothing of the row and fits into a url', () => {
  const cursor = sealCursor(key, 'persons', ['Amina', '2019-05-12']);
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toMatch(/Amina|2019/);
});

test('one row of one list has one cursor; another list or row has another', () => {
  const cursor = sealCursor(key, 'persons', ['Amina', 1]);
  expect(sealCursor(key, 'persons', ['Amina', 1])).toBe(cursor);
  const others = [
    sealCursor(key, 'cases', ['Amina', 1]),
    sealCursor(key, 'persons', ['Amina', 2]),
    sealCursor(randomBytes(32), 'persons', ['Amina', 1]),
  ];
  expect(new Set([cursor, ...others].map((text) => text.slice(0, 16))).size).toBe(4);
});

test('a cursor of another list, viewer or key is refused', () => {
  const cursor = sealCursor(key, 'persons:public', ['Amina', 1]);
  refuses(() => openCursor(key, 'persons:sealed', cursor));
  refuses(() => openCursor(key, '', cursor));
  refuses(() => openCursor(randomBytes(32), 'persons:public', cursor));
});

test('a cursor with any one sign changed is refused', () => {
  const cursor = sealCursor(key, 'persons', ['Amina', 1]);
  for (let index = 0; index < cursor.length; index++) {
    const changed = cursor.slice(0, index) + (cursor[index] === 'A' ? 'B' : 'A') + cursor.slice(index + 1);
    refuses(() => openCursor(key, 'persons', changed));
  }
});

test.each([
  ['empty', () => ''],
  ['short', () => 'abc'],
  ['cut', (cursor: string) => cursor.slice(0, -4)],
  ['padded', (cursor: string) => `${cursor}==`],
  ['followed by a sign that base64url skips', (cursor: string) => `${cursor}!`],
  ['broken by a space', (cursor: string) => `${cursor.slice(0, 5)} ${cursor.slice(5)}`],
  ['in the other alphabet of base64', (cursor: string) => Buffer.from(cursor, 'base64url').toString('base64')],
  ['plain JSON', () => '["Amina",1]'],
  ['too long', () => 'A'.repeat(5000)],
  ['far too long', () => 'A'.repeat(5_000_000)],
  ['outside ASCII', () => 'ё'.repeat(100)],
])('a cursor that is %s is refused', (_, change) => {
  refuses(() => openCursor(key, 'persons', change(sealCursor(key, 'persons', ['Amina', 1]))));
});

test('what cannot be sealed is our mistake and not the client’s', () => {
  expect(() => sealCursor(key, 'persons', [Number.NaN])).toThrow(TypeError);
  expect(() => sealCursor(key, 'persons', ['x'.repeat(5000)])).toThrow(RangeError);
  expect(() => sealCursor(Buffer.alloc(16), 'persons', [1])).toThrow(/key length/i);
});
