// Pieces of a JSON text are what JSON.parse finds there, and nothing of them is written anew.
import fc from 'fast-check';
import { elementsOf, membersOf } from '../src/http/json-slices.js';

const written = (value: unknown): fc.Arbitrary<string> =>
  fc.constantFrom(undefined, 1, '\n', '\t').map((space) => JSON.stringify(value, null, space));

test('elements of a list', () => {
  const lists = fc.array(fc.jsonValue()).chain((value) => written(value).map((text) => ({ value, text })));
  fc.assert(
    fc.property(lists, ({ value, text }) => {
      const found = elementsOf(text);
      expect(found.map((one) => JSON.parse(one) as unknown)).toEqual(JSON.parse(JSON.stringify(value)));
      for (const one of found) expect(text).toContain(one);
    }),
    { numRuns: 500 },
  );
});

test('members of an object', () => {
  const objects = fc
    .dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      fc.jsonValue(),
    )
    .chain((value) => written(value).map((text) => ({ value, text })));
  fc.assert(
    fc.property(objects, ({ value, text }) => {
      const found = [...membersOf(text)].map(([name, one]): [string, unknown] => [name, JSON.parse(one)]);
      expect(Object.fromEntries(found)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 500 },
  );
});

test('digits stay, and what is no list or object is refused', () => {
  expect(elementsOf('[ 43.2380 , 12345678901234567890,"a]\\"", [1,[2]] ]')).toEqual([
    '43.2380',
    '12345678901234567890',
    '"a]\\""',
    '[1,[2]]',
  ]);
  expect(elementsOf('[]')).toEqual([]);
  expect([...membersOf(' { "a" : {"b":[1]} , "c":null}')]).toEqual([
    ['a', '{"b":[1]}'],
    ['c', 'null'],
  ]);
  for (const broken of ['{}', '"a"', '1']) expect(() => elementsOf(broken)).toThrow(SyntaxError);
  expect(() => membersOf('[]')).toThrow(SyntaxError);
});
