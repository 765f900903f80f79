// Invented words: names put together from syllables, titles from a few nouns. Nobody is meant.
import type { Dice } from './dice.js';

const FIRST = ['Ai', 'Bo', 'Da', 'Er', 'Gul', 'Kai', 'Ma', 'Nur', 'Sa', 'Te', 'Ul', 'Za', 'Bek', 'Yl', 'Ora', 'Tur'];
const MIDDLE = ['ra', 'lo', 'mi', 'ze', 'ka', 'ne', 'shi', 'do', 'vu', 'ba', 'ri', 'ta', 'me', 'lu', 'sa', 'ho'];
const LAST = [
  'n',
  'ya',
  'rat',
  'la',
  'lan',
  'dina',
  'le',
  'mir',
  'ina',
  'bek',
  'gul',
  'ken',
  'zhan',
  'mat',
  'ir',
  'ra',
];
const FAMILY = ['ov', 'ova', 'uly', 'kyzy', 'ev', 'eva', 'bay', 'oglu', 'tekin', 'aliev', 'mukhan', 'zade'];
const THINGS = [
  'march',
  'hearing',
  'letter',
  'visit',
  'search',
  'meeting',
  'transfer',
  'announcement',
  'crossing',
  'strike',
];
const PLACES = [
  'Aksu',
  'Birlik',
  'Charyn',
  'Dostyk',
  'Egin',
  'Karlyk',
  'Mirny',
  'Orda',
  'Sholak',
  'Tasty',
  'Uzen',
  'Zhana',
];

type Word = (chance: Dice, noun: number, n: number) => string;

const word = (chance: Dice, noun: number, n: number, side: number): string =>
  chance.pick(FIRST, noun, n, side) + chance.pick(MIDDLE, noun, n, side + 1) + chance.pick(LAST, noun, n, side + 2);

/** Some 70 million different ones. */
export const personName: Word = (chance, noun, n) =>
  `${word(chance, noun, n, 20)} ${word(chance, noun, n, 24)}${chance.pick(FAMILY, noun, n, 28)}`;
export const placeName: Word = (chance, noun, n) =>
  `${chance.pick(PLACES, noun, n, 20)}${chance.pick(MIDDLE, noun, n, 21)} ${n}`;
export const organizationName: Word = (chance, noun, n) => `Office ${word(chance, noun, n, 20)} ${n}`;
export const eventTitle: Word = (chance, noun, n) =>
  `The ${chance.pick(THINGS, noun, n, 20)} of ${word(chance, noun, n, 24)}`;
export const sourceTitle: Word = (chance, noun, n) =>
  `On the ${chance.pick(THINGS, noun, n, 20)} at ${word(chance, noun, n, 24)}, report ${n}`;
export const sentence: Word = (chance, noun, n) =>
  `${word(chance, noun, n, 20)} was told that the ${chance.pick(THINGS, noun, n, 28)} had been put off until the ${chance.pick(THINGS, noun, n, 29)}.`;
