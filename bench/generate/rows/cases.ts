// Case files with what they hold, and proceedings with their charges.
import { dated } from '../days.js';
import { sentence } from '../words.js';
import { MEMBERS } from '../world.js';
import { columnsOf, COUNTRIES, edtf, FIRST_DAY, plain, reference, upTo, type RowsOf } from './made.js';

export const cases: RowsOf = {
  columns: ['reference', 'title', 'status', 'summary'],
  rows: (w) =>
    upTo(
      w.cases,
      (n) =>
      plain(w.id('cases', n), w.level('cases', n), [
        reference(n, w.cases), `Case ${n}`, n % 5 === 0 ? 'CLOSED' : 'OPEN', sentence(w.chance, w.code('cases'), n),
      ]), // prettier-ignore
    ),
};

export const caseMembers: RowsOf = {
  columns: ['case_id', 'record_id'],
  *rows(w) {
    for (let file = 0; file < w.cases; file++)
      for (let slot = 0; slot < MEMBERS; slot++) {
        const [noun, n] = w.memberOf(file, slot);
        const level = Math.max(w.level('cases', file), w.level(noun, n));
        yield plain(w.id('case_members', file * MEMBERS + slot), level, [w.id('cases', file), w.id(noun, n)]);
      }
  },
};

export const legalCases: RowsOf = {
  columns: ['title', 'court_id', 'number', 'country', 'stage'],
  rows: (w) =>
    upTo(
      w.legalCases,
      (n) =>
      plain(w.id('legal_cases', n), 0, [
        `Proceedings ${n}`, w.id('organizations', n % w.organizations), `${n}-1`, COUNTRIES[n % COUNTRIES.length]!, 'TRIAL',
      ]), // prettier-ignore
    ),
};

export const charges: RowsOf = {
  columns: ['legal_case_id', 'person_id', 'seq', 'offence', ...edtf('filed'), 'status', ...edtf('decided')],
  rows: (w) =>
    upTo(w.legalCases * 2, (n) => {
      const c = w.code('charges');
      const person = (w.chance.below(w.persons, c, n >> 1, 4) + (n & 1)) % w.persons;
      const filed = FIRST_DAY + w.chance.below(8_000, c, n, 5);
      return plain(w.id('charges', n), w.level('persons', person), [
        w.id('legal_cases', n >> 1),
        w.id('persons', person),
        1,
        w.chance.pick(['crossing the border', 'gathering without leave', null], c, n, 6),
        ...columnsOf(dated(filed, w.chance.unit(c, n, 7))),
        n % 3 === 0 ? 'CONVICTED' : 'PENDING',
        ...columnsOf(n % 3 === 0 ? dated(filed + 400, w.chance.unit(c, n, 8)) : null),
      ]);
    }),
};
