// Which nouns an editor saves as a whole. Claims are made and judged by verbs of their own, captures are taken, never edited,
// and what a sealed value says is no column.
import type { Noun } from '../records/noun.js';

const BY_OTHER_MEANS = ['claims', 'captures', 'custody_steps', 'sealed_values'];

export const savedNouns = (nouns: Record<string, Noun>): Noun[] =>
  Object.values(nouns).filter(({ table }) => !BY_OTHER_MEANS.includes(table));

/** `status document`, for sentences. */
export const inWords = ({ type }: Pick<Noun, 'type'>): string =>
  type.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
