// An invented world of a given size: how many records of each noun there are, what each is called by its number, who is above
// whom. Everything is computed from numbers; see dice.ts.
import { dice, type Dice } from './dice.js';

export const NOUNS = [
  'places', 'organizations', 'persons', 'person_names', 'sources', 'cases', 'events', 'event_participants', 'legal_cases',
  'charges', 'relations', 'detentions', 'refugee_statuses', 'status_documents', 'status_decisions', 'event_links',
  'case_members', 'claims',
] as const; // prettier-ignore
export type NounName = (typeof NOUNS)[number];

/** A record a person has several of is numbered `person * SLOTS + slot`. */
export const SLOTS = 4;
export const MEMBERS = 20;
const PERSONS_IN_A_CASE = 16;

export interface World {
  chance: Dice;
  events: number;
  persons: number;
  sources: number;
  cases: number;
  places: number;
  organizations: number;
  legalCases: number;
  relations: number;
  links: number;
  code(noun: NounName): number;
  id(noun: NounName, n: number): string;
  /** The level of a record that has one of its own: persons, names, sources, cases, events; the others are as high as what they are about. */
  level(noun: NounName, n: number): number;
  participantsOf(event: number): readonly (readonly [kind: 'person' | 'organization', n: number])[];
  documentsOf(person: number): number;
  detentionsOf(person: number): number;
  hasStatus(person: number): boolean;
  /** Persons, then events. */
  memberOf(file: number, slot: number): readonly [noun: 'persons' | 'events', n: number];
  sourceOf(noun: NounName, n: number): number;
}

export interface WorldOptions {
  events: number;
  seed?: number;
}

/** 85, 10, 4 and 1 of a hundred. */
const levelBy = (unit: number): number => (unit < 0.85 ? 0 : unit < 0.95 ? 1 : unit < 0.99 ? 2 : 3);

export function makeWorld({ events, seed = 1 }: WorldOptions): World {
  const chance = dice(seed);
  const codes = Object.fromEntries(NOUNS.map((noun, code) => [noun, code])) as Record<NounName, number>;
  const persons = Math.max(100, Math.floor(events / 5));
  const world: World = {
    chance,
    events,
    persons,
    sources: Math.max(50, Math.floor(events / 10)),
    cases: Math.max(10, Math.floor(events / 50)),
    places: Math.min(5_000, Math.max(60, Math.floor(events / 1_000))),
    organizations: Math.min(5_000, Math.max(40, Math.floor(events / 2_000))),
    legalCases: Math.floor(events / 100),
    relations: Math.floor(events / 20),
    links: Math.floor(events / 50),
    code: (noun) => codes[noun],
    id: (noun, n) => chance.id(codes[noun], n),
    level: (noun, n) => levelBy(chance.unit(codes[noun], n, 1)),
    participantsOf(event) {
      return Array.from({ length: event % 5 === 4 ? 1 : 2 }, (_, slot) => {
        // One in ten acts for an organization, never the first.
        const isOffice = slot > 0 && chance.unit(codes.event_participants, event, 10 + slot) < 0.2;
        return isOffice
          ? (['organization', chance.below(world.organizations, codes.event_participants, event, 14 + slot)] as const)
          : (['person', chance.below(persons, codes.event_participants, event, 14 + slot)] as const);
      });
    },
    documentsOf: (person) => [0, 0, 1, 1, 1, 2, 2, 3][chance.below(8, codes.status_documents, person, 2)]!,
    detentionsOf: (person) => [0, 0, 1, 2][chance.below(4, codes.detentions, person, 2)]!,
    hasStatus: (person) => chance.unit(codes.refugee_statuses, person, 2) < 0.5,
    memberOf(file, slot) {
      const [of, all, first] =
        slot < PERSONS_IN_A_CASE
          ? (['persons', persons, 0] as const)
          : (['events', events, PERSONS_IN_A_CASE] as const);
      const begin = chance.below(all, codes.case_members, file, 2 + first);
      const step = 1 + chance.below(Math.floor(all / 32), codes.case_members, file, 3 + first);
      return [of, (begin + (slot - first) * step) % all];
    },
    sourceOf: (noun, n) => chance.below(world.sources, codes[noun], n, 3),
  };
  return world;
}
