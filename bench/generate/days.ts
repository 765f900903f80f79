// Uncertain days as the tables hold them: the EDTF text and the first and last day it may mean. Three shapes whose bounds
// need no parser; `checkDays` asks the real one.
import { parsePoint } from '../../src/values/edtf.js';
import type { Dice } from './dice.js';

export interface Day {
  edtf: string;
  earliest: string;
  latest: string;
}

const MS_A_DAY = 86_400_000;
/** Days since 1970 of a date. */
export const dayOf = (text: string): number => Date.parse(`${text}T00:00:00Z`) / MS_A_DAY;

const texts = new Map<number, string>();
/** Kept, since a world has some ten thousand days and many times as many dates. */
export function textOf(day: number): string {
  let text = texts.get(day);
  if (text === undefined) texts.set(day, (text = new Date(day * MS_A_DAY).toISOString().slice(0, 10)));
  return text;
}

const lastOfMonth = (year: number, month: number): string => textOf(Date.UTC(year, month, 0) / MS_A_DAY);

/** Known to the day (75 of 100), to the month (17) or to the year (8). */
export function dated(day: number, precision: number): Day {
  const text = textOf(day);
  if (precision < 0.75) return { edtf: text, earliest: text, latest: text };
  const [year, month] = [text.slice(0, 4), text.slice(5, 7)];
  if (precision < 0.92)
    return { edtf: `${year}-${month}`, earliest: `${year}-${month}-01`, latest: lastOfMonth(+year, +month) };
  return { edtf: year, earliest: `${year}-01-01`, latest: `${year}-12-31` };
}

/** @throws when the bounds are not those that the house would read from the text. */
export function checkDays(chance: Dice): void {
  for (let n = 0; n < 2000; n++) {
    const { edtf, earliest, latest } = dated(10_957 + chance.below(9_500, 99, n, 1), chance.unit(99, n, 2));
    const read = parsePoint(edtf);
    if (read.earliest !== earliest || read.latest !== latest)
      throw new Error(`${edtf} is not ${earliest} to ${latest}`);
  }
}
