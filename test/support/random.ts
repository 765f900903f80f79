// Chance that can be repeated: the same seed gives the same numbers.
export interface Chance {
  /** 0 to below 1. */
  next(): number;
  below(limit: number): number;
  odds(probability: number): boolean;
  pick<T>(of: readonly T[]): T;
}

export function chance(seed: number): Chance {
  let state = seed >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { next, below, odds: (probability) => next() < probability, pick: (of) => of[below(of.length)]! };
}
