// People, their names, and whom they know.
import { nameKey } from '../../../src/values/name-key.js';
import { dated } from '../days.js';
import { personName, sentence } from '../words.js';
import { SLOTS } from '../world.js';
import { columnsOf, edtf, perPerson, plain, reference, upTo, type RowsOf } from './made.js';

export const persons: RowsOf = {
  columns: ['reference', 'kind', 'sex', ...edtf('born'), 'ethnicity', 'nationalities', 'residence_id', 'summary'],
  rows: (w) =>
    upTo(w.persons, (n) => {
      const c = w.code('persons');
      const born =
        w.chance.unit(c, n, 4) < 0.8 ? dated(-3_000 + w.chance.below(13_000, c, n, 5), w.chance.unit(c, n, 6)) : null;
      return plain(w.id('persons', n), w.level('persons', n), [
        reference(n, w.persons),
        'INDIVIDUAL',
        w.chance.pick(['FEMALE', 'MALE', null], c, n, 7),
        ...columnsOf(born),
        w.chance.pick(['Aral', 'Belek', 'Ceyhan', null], c, n, 8),
        w.chance.pick(['{KZ}', '{CN}', '{CN,TR}', null], c, n, 9),
        w.id('places', w.chance.below(w.places, c, n, 10)),
        n % 4 === 0 ? sentence(w.chance, c, n) : null,
      ]);
    }),
};

export const personNames: RowsOf = {
  columns: ['person_id', 'kind', 'value', 'name_key', 'script', 'display_order'],
  rows: (w) =>
    perPerson(
      w,
      (person) => (person % 10 < 3 ? 2 : 1),
      (person, slot) => {
        const n = person * SLOTS + slot;
        const name = personName(w.chance, w.code('person_names'), n);
        const level = Math.max(w.level('persons', person), w.level('person_names', n));
        return plain(w.id('person_names', n), level, [
          w.id('persons', person), slot === 0 ? 'MAIN' : 'ALIAS', name, nameKey(name), 'Latn', 1 + slot,
        ]); // prettier-ignore
      },
    ),
};

export const relations: RowsOf = {
  columns: ['person_id', 'other_person_id', 'organization_id', 'kind'],
  rows: (w) =>
    upTo(w.relations, (n) => {
      const c = w.code('relations');
      const person = w.chance.below(w.persons, c, n, 4);
      const other = (person + 1 + w.chance.below(w.persons - 1, c, n, 5)) % w.persons;
      const level = Math.max(w.level('persons', person), w.level('persons', other));
      return plain(w.id('relations', n), level, [
        w.id('persons', person),
        w.id('persons', other),
        null,
        n % 2 ? 'RELATIVE' : 'COLLEAGUE',
      ]);
    }),
};
