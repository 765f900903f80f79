// What a generated row is, and what the rows of all nouns are made with.
import type { Day } from '../days.js';
import type { World } from '../world.js';

export interface Made {
  id: string;
  sensitivity: number;
  /** The level in the spine; of a claim it is that of its source too. */
  level: number;
  /** In the order of `columns`; without tabs, line ends or backslashes. */
  values: readonly (string | number | null)[];
}

export interface RowsOf {
  /** Besides id and what every record has. */
  columns: readonly string[];
  rows(world: World): Generator<Made>;
}

export const COUNTRIES = ['KZ', 'CN', 'TR', 'UZ', 'KG', 'MN', 'GE', 'AZ'];
export const ASYLUM = ['KZ', 'TR', 'KG', 'UZ'];
/** Days since 1970: from 2000 on. */
export const FIRST_DAY = 10_957;

export const columnsOf = (day: Day | null): [string | null, string | null, string | null] =>
  day ? [day.edtf, day.earliest, day.latest] : [null, null, null];
export const edtf = (name: string): string[] => [name, `${name}_earliest`, `${name}_latest`];
/** `P-482913`: the number behind the letter. */
export const reference = (n: number, all: number): number => {
  let first = 100_000;
  while (first * 9 < all * 2) first *= 10;
  // A prime step visits every number of that length once.
  return first + ((n * 611_953) % (first * 9));
};

export const plain = (id: string, level: number, values: Made['values']): Made => ({
  id,
  sensitivity: level,
  level,
  values,
});

export function* upTo(n: number, make: (n: number) => Made): Generator<Made> {
  for (let i = 0; i < n; i++) yield make(i);
}

/** Those that a person has several of. */
export function* perPerson(
  world: World,
  count: (person: number) => number,
  make: (person: number, slot: number) => Made,
): Generator<Made> {
  for (let person = 0; person < world.persons; person++)
    for (let slot = 0; slot < count(person); slot++) yield make(person, slot);
}
