// Chance without memory: what is rolled for the n-th record of a noun is a function of the seed, the noun and n alone. So any
// record can be asked about at any time, and ten million of them need no table in memory.
export interface Dice {
  /** 0 to below 1. `side` tells the rolls of one record apart. */
  unit(noun: number, n: number, side: number): number;
  below(limit: number, noun: number, n: number, side: number): number;
  pick<T>(of: readonly T[], noun: number, n: number, side: number): T;
  /** A UUID of version 4 form, a different one for each n. */
  id(noun: number, n: number): string;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const ID_SIDE = 1000;

export function dice(seed: number): Dice {
  /** One to one in n, so that ids never meet. */
  function roll(noun: number, n: number, side: number): number {
    let h = Math.imul(seed ^ Math.imul(noun + 1, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(side + 1, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = (h + Math.imul(n + 1, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    return (h ^ (h >>> 16)) >>> 0;
  }
  const unit = (noun: number, n: number, side: number): number => roll(noun, n, side) / 4294967296;
  const below = (limit: number, noun: number, n: number, side: number): number =>
    Math.floor(unit(noun, n, side) * limit);
  const hex = (word: number): string =>
    HEX[word >>> 24]! + HEX[(word >>> 16) & 255]! + HEX[(word >>> 8) & 255]! + HEX[word & 255]!;

  function id(noun: number, n: number): string {
    const b = hex((roll(noun, n, ID_SIDE + 1) & 0xffff0fff) | 0x4000);
    const c = hex((roll(noun, n, ID_SIDE + 2) & 0x3fffffff) | 0x80000000);
    const d = hex(roll(noun, n, ID_SIDE + 3));
    return `${hex(roll(noun, n, ID_SIDE))}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`;
  }

  return { unit, below, pick: (of, noun, n, side) => of[below(of.length, noun, n, side)]!, id };
}
