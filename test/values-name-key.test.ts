// Name keys across scripts, and ids. The names are of public record or invented.
import { parseUuid, isUuid } from '../src/values/identifier.js';
import { InvalidValue } from '../src/values/invalid-value.js';
import { nameKey } from '../src/values/name-key.js';

test.each([
  ['Кастер Мусаханулы', 'kaster musakhanuly'],
  ['Қастер Мұсаханұлы', 'qaster musakhanuly'],
  ['Qaster Musakhanuly', 'qaster musakhanuly'],
  ['QASTER  MUSAKHANULY', 'qaster musakhanuly'],
  ['قاستەر', 'qaster'],
  ['Кульпаш', 'kulpash'],
  ["Kul'pash", 'kulpash'],
  ['Oʻgʻli', 'ogli'],
  ['O’Brien', 'obrien'],
  ['Айгуль', 'aygul'],
  ['Айгуль'.normalize('NFD'), 'aygul'],
  ['José', 'jose'],
  ['José'.normalize('NFD'), 'jose'],
  ['İlknur', 'ilknur'],
  ['Straße', 'strasse'],
  ['李明', 'liming'],
  ['Ｗｉｄｅ', 'wide'],
  ['al-Rashid, Omar', 'al rashid omar'],
  ['Ф.И.О.', 'f i o'],
  ['ЛА-155/14', 'la 155 14'],
  ['  —  ', ''],
  ['', ''],
])('%j is searched as %j', (name, key) => {
  expect(nameKey(name)).toBe(key);
});

test('a key is its own key', () => {
  for (const name of ['Қастер Мұсаханұлы', '李明', 'قاستەر', 'O’Brien'])
    expect(nameKey(nameKey(name))).toBe(nameKey(name));
});

const ID = '0b5cf9a2-63a5-4c4e-9d0b-2f6d2c1b7a90';

test('an id is a uuid of any version, kept in lower case', () => {
  expect(isUuid(ID)).toBe(true);
  expect(isUuid('018f0000-0000-7000-8000-000000000000')).toBe(true);
  expect(isUuid(ID.toUpperCase())).toBe(false);
  expect(parseUuid(ID.toUpperCase())).toBe(ID);
});

test.each([
  '',
  '1',
  `{${ID}}`,
  `urn:uuid:${ID}`,
  ID.replaceAll('-', ''),
  ` ${ID}`,
  `${ID}\n`,
  ID.replace('0', 'g'),
  ID.replace('0', '０'),
])('%j is not an id', (text) => {
  expect(isUuid(text)).toBe(false);
  expect(() => parseUuid(text)).toThrow(InvalidValue);
});
