// Claims: who said what, and how that agrees with what is accepted.
import type { Day } from '../days.js';
import { sentence } from '../words.js';
import { SLOTS, type World } from '../world.js';
import { eventDay, titleOf } from './events.js';
import type { Made, RowsOf } from './made.js';
import { documentDays } from './refugees.js';
import { publishedOf } from './sources.js';

/** One on each event, document and detention, and on every second person. */
function* allClaims(w: World): Generator<Made> {
  const make = claimMaker(w);
  for (let n = 0; n < w.events; n++) {
    const side = n % 4;
    const title = side === 1 ? titleOf(w, n) : null;
    yield make(
      n,
      w.id('events', n),
      w.level('events', n),
      title !== null ? ['title', title] : side === 2 ? ['starts', eventDay(w, n)] : null,
    );
  }
  const [documents, detentions, people] = [w.events, w.events + w.persons * SLOTS, w.events + 2 * w.persons * SLOTS];
  for (let person = 0; person < w.persons; person++) {
    const level = w.level('persons', person);
    for (let slot = 0; slot < w.documentsOf(person); slot++) {
      const n = person * SLOTS + slot;
      const said = n % 2 ? null : (['valid_until', documentDays(w, person, slot).until] as const);
      yield make(documents + n, w.id('status_documents', n), level, said);
    }
    for (let slot = 0; slot < w.detentionsOf(person); slot++)
      yield make(detentions + person * SLOTS + slot, w.id('detentions', person * SLOTS + slot), level, null);
    if (person % 2 === 0) yield make(people + person, w.id('persons', person), level, null);
  }
}

const BASES = ['STATED', 'COMPUTED', 'INFERRED'] as const;

function claimMaker(w: World) {
  const c = w.code('claims');
  let sequence = 0;
  return (n: number, record: string, sensitivity: number, said: readonly [string, string | Day] | null): Made => {
    const source = w.sourceOf('claims', n);
    const published = publishedOf(w, source);
    const doubt = w.chance.unit(c, n, 4);
    // A denial bears no value, so it is only ever of the record itself.
    const stance = doubt < 0.9 || (said && doubt > 0.98) ? 'ASSERTS' : doubt < 0.98 ? 'REPORTS_ALLEGATION' : 'DENIES';
    const basis = w.chance.unit(c, n, 5) < 0.95 ? 0 : 2;
    const credibility = 1 + w.chance.below(6, c, n, 6);
    const level = Math.max(sensitivity, w.level('sources', source));
    const [field, value] = said ?? ['', null];
    const day = typeof value === 'object' ? value : null;
    sequence += 1;
    return {
      id: w.id('claims', n),
      sensitivity,
      level,
      values: [
        sequence,
        record,
        field,
        value === null ? null : JSON.stringify(day ? day.edtf : value),
        day?.earliest ?? null,
        day?.latest ?? null,
        n % 3 === 0 ? sentence(w.chance, c, n) : null,
        w.id('sources', source),
        `p. ${1 + (n % 40)}`,
        stance,
        BASES[basis],
        credibility,
        published?.earliest ?? '-infinity',
        published?.latest ?? 'infinity',
        `{${w.id('sources', source)}}`,
        stance === 'DENIES' ? 'f' : 't',
        // As house.settle_claim: rank NORMAL, then basis, then credibility, then the order of recording.
        ((10 + basis) * 10 + credibility) * 2 ** 40 + sequence,
        level,
      ],
    };
  };
}

export const claims: RowsOf = {
  columns: [
    'sequence', 'record_id', 'field', 'value', 'earliest', 'latest', 'wording', 'source_id', 'locator', 'stance', 'basis',
    'credibility', 'published_earliest', 'published_latest', 'roots', 'bears', 'preference', 'level',
  ], // prettier-ignore
  rows: allClaims,
};
