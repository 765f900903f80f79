// Statuses, the documents that prove them in chains, and decisions.
import { dated, type Day } from '../days.js';
import { SLOTS, type World } from '../world.js';
import { ASYLUM, columnsOf, edtf, FIRST_DAY, perPerson, plain, type RowsOf } from './made.js';

const STATUS_KINDS = ['ASYLUM_SEEKER', 'REFUGEE_CONVENTION', 'COMPLEMENTARY_OR_SUBSIDIARY', 'TEMPORARY_PROTECTION'];
const DOCUMENT_KINDS = ['ASYLUM_SEEKER_CERTIFICATE', 'REFUGEE_CERTIFICATE', 'REFUGEE_CERTIFICATE', 'TRAVEL_DOCUMENT'];
const ACTIONS = ['APPLY', 'GRANT', 'EXTEND', 'REFUSE', 'APPEAL', 'UPHOLD'];

/** A document is valid for about a year, the next one of the person begins ten days after its end. */
export function documentDays({ chance, code }: World, person: number, slot: number): { from: Day; until: Day } {
  const c = code('status_documents');
  const start = FIRST_DAY + 1_000 + chance.below(8_000, c, person, 4) + slot * 370;
  const n = person * SLOTS + slot;
  return { from: dated(start, chance.unit(c, n, 5)), until: dated(start + 359, chance.unit(c, n, 6)) };
}

export const refugeeStatuses: RowsOf = {
  columns: ['person_id', 'country', 'kind', ...edtf('starts'), ...edtf('ends')],
  rows: (w) =>
    perPerson(
      w,
      (person) => (w.hasStatus(person) ? 1 : 0),
      (person) => {
        const c = w.code('refugee_statuses');
        const start = FIRST_DAY + 600 + w.chance.below(8_000, c, person, 4);
        const end = w.chance.unit(c, person, 5);
        const ends =
          end < 0.4 ? dated(start + 400 + w.chance.below(900, c, person, 6), w.chance.unit(c, person, 7)) : null;
        return plain(w.id('refugee_statuses', person), w.level('persons', person), [
          w.id('persons', person),
          w.chance.pick(ASYLUM, c, person, 8),
          w.chance.pick(STATUS_KINDS, c, person, 9),
          ...columnsOf(dated(start, w.chance.unit(c, person, 10))),
          ...(end > 0.8 ? ['..', 'infinity', 'infinity'] : columnsOf(ends)),
        ]);
      },
    ),
};

export const statusDocuments: RowsOf = {
  columns: [
    'person_id',
    'country',
    'kind',
    'status_id',
    'issuer_id',
    ...edtf('valid_from'),
    ...edtf('valid_until'),
    'predecessor_id',
    'succession',
  ],
  rows: (w) =>
    perPerson(w, w.documentsOf, (person, slot) => {
      const [c, n] = [w.code('status_documents'), person * SLOTS + slot];
      const { from, until } = documentDays(w, person, slot);
      const follows = slot > 0 && w.chance.unit(c, n, 7) < 0.8;
      return plain(w.id('status_documents', n), w.level('persons', person), [
        w.id('persons', person),
        w.chance.pick(ASYLUM, c, person, 8),
        w.chance.pick(DOCUMENT_KINDS, c, person, 9),
        w.hasStatus(person) ? w.id('refugee_statuses', person) : null,
        w.id('organizations', w.chance.below(w.organizations, c, person, 10)),
        ...columnsOf(from),
        ...columnsOf(until),
        follows ? w.id('status_documents', n - 1) : null,
        follows ? 'EXTENSION' : null,
      ]);
    }),
};

export const statusDecisions: RowsOf = {
  columns: ['person_id', 'country', 'action', 'concerns', ...edtf('decided'), 'authority_id'],
  rows: (w) =>
    perPerson(
      w,
      (person) => (w.hasStatus(person) ? 1 : 0),
      (person) => {
        const c = w.code('status_decisions');
        return plain(w.id('status_decisions', person), w.level('persons', person), [
          w.id('persons', person),
          w.chance.pick(ASYLUM, c, person, 4),
          w.chance.pick(ACTIONS, c, person, 5),
          w.chance.pick(STATUS_KINDS, c, person, 6),
          ...columnsOf(dated(FIRST_DAY + w.chance.below(9_000, c, person, 7), w.chance.unit(c, person, 8))),
          w.id('organizations', w.chance.below(w.organizations, c, person, 9)),
        ]);
      },
    ),
};
