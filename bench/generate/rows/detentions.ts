// Detentions, up to two of a person.
import { dated } from '../days.js';
import { SLOTS, type World } from '../world.js';
import { columnsOf, edtf, FIRST_DAY, perPerson, plain, type RowsOf } from './made.js';

const FACILITIES = ['POLICE_CUSTODY', 'PRETRIAL_DETENTION', 'PRISON', 'IMMIGRATION_DETENTION', 'UNKNOWN'];
const OUTCOMES = ['RELEASED_ACQUITTED', 'RELEASED_SENTENCE_SERVED', 'TRANSFERRED', 'UNKNOWN'];

function detentionStart({ chance, code }: World, person: number, slot: number): number {
  return FIRST_DAY + chance.below(8_000, code('detentions'), person, 4) + slot * 500;
}

export const detentions: RowsOf = {
  columns: [
    'person_id',
    'kind',
    'facility_kind',
    'facility',
    'place_id',
    'authority_id',
    'outcome',
    ...edtf('starts'),
    ...edtf('ends'),
  ],
  rows: (w) =>
    perPerson(w, w.detentionsOf, (person, slot) => {
      const [c, n] = [w.code('detentions'), person * SLOTS + slot];
      const start = detentionStart(w, person, slot);
      const ended = w.chance.unit(c, n, 5) < 0.7;
      return plain(w.id('detentions', n), w.level('persons', person), [
        w.id('persons', person),
        'UNKNOWN',
        w.chance.pick(FACILITIES, c, n, 6),
        n % 2 ? `House ${n % 97}` : null,
        w.id('places', w.chance.below(w.places, c, n, 7)),
        w.id('organizations', w.chance.below(w.organizations, c, n, 8)),
        ended ? w.chance.pick(OUTCOMES, c, n, 9) : null,
        ...columnsOf(dated(start, w.chance.unit(c, n, 10))),
        ...columnsOf(ended ? dated(start + 20 + w.chance.below(400, c, n, 11), w.chance.unit(c, n, 12)) : null),
      ]);
    }),
};
