// Events, who took part in them, and the links between them.
import { dated, type Day } from '../days.js';
import { eventTitle, sentence } from '../words.js';
import type { World } from '../world.js';
import { columnsOf, edtf, FIRST_DAY, plain, upTo, type RowsOf } from './made.js';

const EVENT_KINDS = [
  'ARREST', 'TRIAL', 'SENTENCING', 'RELEASE', 'BORDER_CROSSING', 'THREAT', 'SURVEILLANCE', 'PROTEST', 'PUBLIC_STATEMENT',
  'TRADE_MEASURE', 'NEGOTIATION', 'STATUS_DECISION', 'DENIAL_OF_ASYLUM', 'TRAVEL_RESTRICTION', 'OTHER',
]; // prettier-ignore
const ROLES = ['VICTIM', 'PERPETRATOR', 'WITNESS', 'LAWYER', 'PARTICIPANT', 'SPEAKER'];
const LINKS = ['CAUSES', 'PRECEDES', 'PART_OF', 'PARALLEL', 'RETALIATION_FOR'];

/** When an event began, known so well; asked again by the claims on it. */
export const eventDay = ({ chance, code }: World, n: number): Day =>
  dated(FIRST_DAY + chance.below(9_450, code('events'), n, 4), chance.unit(code('events'), n, 5));
const eventStart = ({ chance, code }: World, n: number): number =>
  FIRST_DAY + chance.below(9_450, code('events'), n, 4);
/** Asked again by the claims on it. */
export const titleOf = (world: World, n: number): string | null =>
  world.chance.unit(world.code('events'), n, 6) < 0.7 ? eventTitle(world.chance, world.code('events'), n) : null;

export const events: RowsOf = {
  columns: ['kind', 'extent', 'title', ...edtf('starts'), ...edtf('ends'), 'place_id', 'description'],
  rows: (w) =>
    upTo(w.events, (n) => {
      const c = w.code('events');
      const span = w.chance.unit(c, n, 7) < 0.1;
      const ends = span ? dated(eventStart(w, n) + 30 + w.chance.below(300, c, n, 8), w.chance.unit(c, n, 9)) : null;
      return plain(w.id('events', n), w.level('events', n), [
        w.chance.pick(EVENT_KINDS, c, n, 10),
        span ? 'SPAN' : 'MOMENT',
        titleOf(w, n),
        ...columnsOf(eventDay(w, n)),
        ...columnsOf(ends),
        w.chance.unit(c, n, 11) < 0.8 ? w.id('places', w.chance.below(w.places, c, n, 12)) : null,
        n % 3 === 0 ? sentence(w.chance, c, n) : null,
      ]);
    }),
};

export const eventParticipants: RowsOf = {
  columns: ['event_id', 'person_id', 'organization_id', 'role'],
  *rows(w) {
    const c = w.code('event_participants');
    for (let event = 0; event < w.events; event++) {
      const level = w.level('events', event);
      for (const [slot, [kind, who]] of w.participantsOf(event).entries()) {
        const n = event * 2 + slot;
        const isPerson = kind === 'person';
        yield plain(w.id('event_participants', n), isPerson ? Math.max(level, w.level('persons', who)) : level, [
          w.id('events', event),
          isPerson ? w.id('persons', who) : null,
          isPerson ? null : w.id('organizations', who),
          isPerson ? w.chance.pick(ROLES, c, n, 4) : 'DECIDING_AUTHORITY',
        ]);
      }
    }
  },
};

export const eventLinks: RowsOf = {
  columns: ['from_id', 'to_id', 'kind', 'assessment'],
  rows: (w) =>
    upTo(w.links, (n) => {
      const c = w.code('event_links');
      // From one of its own, so that no two events are joined twice in one way.
      const from = n * Math.floor(w.events / w.links);
      const to = (from + 1 + w.chance.below(w.events - 1, c, n, 4)) % w.events;
      const level = Math.max(w.level('events', from), w.level('events', to));
      return plain(w.id('event_links', n), level, [
        w.id('events', from),
        w.id('events', to),
        w.chance.pick(LINKS, c, n, 5),
        'ALLEGED',
      ]);
    }),
};
