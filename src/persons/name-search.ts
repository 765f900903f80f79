// Finding candidates for a name by the keys of src/values/name-key.ts. A key is lossy and spellings differ between
// languages, so a word is found by its usual variants or by its likeness; both use the trigram indexes on the keys.
import { raw, sql, type Sql } from '../db/sql.js';
import { nearnessOf, searchedKey } from '../records/filters.js';
import type { SortKey } from '../records/page.js';

/** Letters that transliterations of Kazakh, Uyghur, Russian and Chinese names write now one way, now another. */
const VARIANTS: [RegExp, string][] = [
  [/dzh|zh|dj|j/g, '(dzh|zh|dj|j)'],
  [/kh|gh|[hxqkg]/g, '(kh|gh|[hxqkg])'],
  [/iy|yi|ii|[iy]/g, '(iy|yi|ii|[iy])'],
  [/ou|oo|[uw]/g, '(ou|oo|[uw])'],
];

/** One pass, so that what one variant wrote is not read by the next. */
const ANY = new RegExp(VARIANTS.map(([letters]) => letters.source).join('|'), 'g');
const variantOf = (letters: string): string =>
  VARIANTS.find(([pattern]) => new RegExp(`^(?:${pattern.source})$`).test(letters))![1];

/** A regular expression over keys for the spellings of one word of a key. */
export const spellings = (word: string): string => word.replace(ANY, variantOf);

const wordsOf = (name: string): string[] => searchedKey(name).split(' ').filter(Boolean);

/** Whose name it is, or of whose name these are words, comes before those in whose name it is found somewhere inside. */
export function byNearness(name: string | null | undefined): SortKey[] {
  const words = wordsOf(name ?? '');
  if (words.length === 0) return [];
  const nearness = nearnessOf('n.name_key', words.join(' '), words.map(spellings));
  return [
    {
      property: 'nearness',
      type: 'int',
      made: sql`(select min(${nearness}) from person_names n where n.person_id = persons.id)`,
    },
  ];
}

/**
 * Some visible name of the person holds every word, in any order: migrations/repeatable/66-name-search.sql. What has no letters
 * is nobody's name. The longest words lead, being the rarest.
 */
export function namedLike(name: string): Sql {
  const words = wordsOf(name).sort((one, other) => other.length - one.length);
  if (words.length === 0) return raw('false');
  return sql`persons.id in (select named from persons_named(${words.map(spellings)}::text[], ${words}::text[]) named)`;
}
