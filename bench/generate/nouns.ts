// The rows of each noun, one after another, as COPY reads them. Values agree with what the claims say of them, so that
// accepting the claims would change nothing.
import { nameKey } from '../../src/values/name-key.js';
import { dated, type Day } from './days.js';
import { eventTitle, organizationName, personName, placeName, sentence, sourceTitle } from './words.js';
import { MEMBERS, NOUNS, SLOTS, type NounName, type World } from './world.js';

export interface Made {
  id: string;
  sensitivity: number;
  /** The level in the spine; of a claim it is that of its source too. */
  level: number;
  /** In the order of `columns`; without tabs, line ends or backslashes. */
  values: readonly (string | number | null)[];
}

export interface NounRows {
  noun: NounName;
  /** Besides id and what every record has. */
  columns: readonly string[];
  rows(world: World): Generator<Made>;
}

const COUNTRIES = ['KZ', 'CN', 'TR', 'UZ', 'KG', 'MN', 'GE', 'AZ'];
const ASYLUM = ['KZ', 'TR', 'KG', 'UZ'];
const EVENT_KINDS = [
  'ARREST', 'TRIAL', 'SENTENCING', 'RELEASE', 'BORDER_CROSSING', 'THREAT', 'SURVEILLANCE', 'PROTEST', 'PUBLIC_STATEMENT',
  'TRADE_MEASURE', 'NEGOTIATION', 'STATUS_DECISION', 'DENIAL_OF_ASYLUM', 'TRAVEL_RESTRICTION', 'OTHER',
]; // prettier-ignore
const SOURCE_KINDS = [
  'NEWS_ARTICLE',
  'LETTER',
  'INTERVIEW',
  'COURT_RECORD',
  'WEB_PAGE',
  'LEGAL_ACT',
  'WITNESS_TESTIMONY',
];
const FACILITIES = ['POLICE_CUSTODY', 'PRETRIAL_DETENTION', 'PRISON', 'IMMIGRATION_DETENTION', 'UNKNOWN'];
const OUTCOMES = ['RELEASED_ACQUITTED', 'RELEASED_SENTENCE_SERVED', 'TRANSFERRED', 'UNKNOWN'];
const ROLES = ['VICTIM', 'PERPETRATOR', 'WITNESS', 'LAWYER', 'PARTICIPANT', 'SPEAKER'];
const STATUS_KINDS = ['ASYLUM_SEEKER', 'REFUGEE_CONVENTION', 'COMPLEMENTARY_OR_SUBSIDIARY', 'TEMPORARY_PROTECTION'];
const DOCUMENT_KINDS = ['ASYLUM_SEEKER_CERTIFICATE', 'REFUGEE_CERTIFICATE', 'REFUGEE_CERTIFICATE', 'TRAVEL_DOCUMENT'];
const ACTIONS = ['APPLY', 'GRANT', 'EXTEND', 'REFUSE', 'APPEAL', 'UPHOLD'];
const LINKS = ['CAUSES', 'PRECEDES', 'PART_OF', 'PARALLEL', 'RETALIATION_FOR'];
/** Days since 1970: from 2000 on. */
const FIRST_DAY = 10_957;

const columnsOf = (day: Day | null): [string | null, string | null, string | null] =>
  day ? [day.edtf, day.earliest, day.latest] : [null, null, null];
const edtf = (name: string): string[] => [name, `${name}_earliest`, `${name}_latest`];
const reference = (n: number, all: number): number => {
  let first = 100_000;
  while (first * 9 < all * 2) first *= 10;
  // A prime step visits every number of that length once.
  return first + ((n * 611_953) % (first * 9));
};

/** When an event began, known so well; asked again by the claims on it. */
export const eventDay = ({ chance, code }: World, n: number): Day =>
  dated(FIRST_DAY + chance.below(9_450, code('events'), n, 4), chance.unit(code('events'), n, 5));
const eventStart = ({ chance, code }: World, n: number): number =>
  FIRST_DAY + chance.below(9_450, code('events'), n, 4);
const titleOf = (world: World, n: number): string | null =>
  world.chance.unit(world.code('events'), n, 6) < 0.7 ? eventTitle(world.chance, world.code('events'), n) : null;

/** A document is valid for about a year, the next one of the person begins ten days after its end. */
function documentDays({ chance, code }: World, person: number, slot: number): { from: Day; until: Day } {
  const c = code('status_documents');
  const start = FIRST_DAY + 1_000 + chance.below(8_000, c, person, 4) + slot * 370;
  const n = person * SLOTS + slot;
  return { from: dated(start, chance.unit(c, n, 5)), until: dated(start + 359, chance.unit(c, n, 6)) };
}

function detentionStart({ chance, code }: World, person: number, slot: number): number {
  return FIRST_DAY + chance.below(8_000, code('detentions'), person, 4) + slot * 500;
}

const plain = (id: string, level: number, values: Made['values']): Made => ({ id, sensitivity: level, level, values });

function* upTo(n: number, make: (n: number) => Made): Generator<Made> {
  for (let i = 0; i < n; i++) yield make(i);
}

/** Those that a person has several of. */
function* perPerson(
  world: World,
  count: (person: number) => number,
  make: (person: number, slot: number) => Made,
): Generator<Made> {
  for (let person = 0; person < world.persons; person++)
    for (let slot = 0; slot < count(person); slot++) yield make(person, slot);
}

const ROWS: Record<NounName, Omit<NounRows, 'noun'>> = {
  places: {
    columns: ['kind', 'name', 'name_key', 'parent_id', 'country'],
    rows: (w) =>
      upTo(w.places, (n) => {
        const country = COUNTRIES[n % COUNTRIES.length]!;
        const isCountry = n < COUNTRIES.length;
        const name = isCountry ? `Land ${country}` : placeName(w.chance, w.code('places'), n);
        const parent = isCountry ? null : w.id('places', n % COUNTRIES.length);
        return plain(w.id('places', n), 0, [isCountry ? 'COUNTRY' : 'LOCALITY', name, nameKey(name), parent, country]);
      }),
  },
  organizations: {
    columns: ['kind', 'name', 'name_key', 'jurisdiction', 'place_id'],
    rows: (w) =>
      upTo(w.organizations, (n) => {
        const name = organizationName(w.chance, w.code('organizations'), n);
        return plain(w.id('organizations', n), 0, [
          n % 3 === 0 ? 'COURT' : 'AGENCY', name, nameKey(name), COUNTRIES[n % COUNTRIES.length]!, w.id('places', n % w.places),
        ]); // prettier-ignore
      }),
  },
  persons: {
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
  },
  person_names: {
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
  },
  sources: {
    columns: ['kind', 'title', 'publisher', ...edtf('published'), 'language', 'url', 'relation', 'reliability'],
    rows: (w) =>
      upTo(w.sources, (n) => {
        const c = w.code('sources');
        return plain(w.id('sources', n), w.level('sources', n), [
          w.chance.pick(SOURCE_KINDS, c, n, 4),
          sourceTitle(w.chance, c, n),
          'The Daily Invention',
          ...columnsOf(publishedOf(w, n)),
          w.chance.pick(['kk', 'zh', 'en', 'ug'], c, n, 7),
          `https://news.example/${n}`,
          'REPORTER_OR_THIRD_PARTY',
          w.chance.pick(['A', 'B', 'C', 'D', 'F'], c, n, 8),
        ]);
      }),
  },
  cases: {
    columns: ['reference', 'title', 'status', 'summary'],
    rows: (w) =>
      upTo(
        w.cases,
        (n) =>
        plain(w.id('cases', n), w.level('cases', n), [
          reference(n, w.cases), `Case ${n}`, n % 5 === 0 ? 'CLOSED' : 'OPEN', sentence(w.chance, w.code('cases'), n),
        ]), // prettier-ignore
      ),
  },
  events: {
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
  },
  event_participants: {
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
  },
  legal_cases: {
    columns: ['title', 'court_id', 'number', 'country', 'stage'],
    rows: (w) =>
      upTo(
        w.legalCases,
        (n) =>
        plain(w.id('legal_cases', n), 0, [
          `Proceedings ${n}`, w.id('organizations', n % w.organizations), `${n}-1`, COUNTRIES[n % COUNTRIES.length]!, 'TRIAL',
        ]), // prettier-ignore
      ),
  },
  charges: {
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
  },
  relations: {
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
  },
  detentions: {
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
  },
  refugee_statuses: {
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
  },
  status_documents: {
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
  },
  status_decisions: {
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
  },
  event_links: {
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
  },
  case_members: {
    columns: ['case_id', 'record_id'],
    *rows(w) {
      for (let file = 0; file < w.cases; file++)
        for (let slot = 0; slot < MEMBERS; slot++) {
          const [noun, n] = w.memberOf(file, slot);
          const level = Math.max(w.level('cases', file), w.level(noun, n));
          yield plain(w.id('case_members', file * MEMBERS + slot), level, [w.id('cases', file), w.id(noun, n)]);
        }
    },
  },
  claims: {
    columns: [
      'sequence', 'record_id', 'field', 'value', 'earliest', 'latest', 'wording', 'source_id', 'locator', 'stance', 'basis',
      'credibility', 'published_earliest', 'published_latest', 'roots', 'bears', 'preference', 'level',
    ], // prettier-ignore
    rows: claims,
  },
};

export const nounRows: readonly NounRows[] = NOUNS.map((noun) => ({ noun, ...ROWS[noun] }));

function publishedOf({ chance, code }: World, n: number): Day | null {
  const c = code('sources');
  return chance.unit(c, n, 4) < 0.97 ? dated(FIRST_DAY + chance.below(9_500, c, n, 5), chance.unit(c, n, 6)) : null;
}

/** One on each event, document and detention, and on every second person. */
function* claims(w: World): Generator<Made> {
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
