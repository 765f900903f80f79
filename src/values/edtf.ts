// Uncertain dates as people write them: EDTF (ISO 8601-2) level 0 and 1, and one-of sets. The text is kept exactly as
// written; the bounds only make it searchable, and are chosen so that "certainly" is never said too early.
import { edtfRefusal } from './edtf-refusals.js';
import { InvalidValue, quoted } from './invalid-value.js';
import { compare, earlier, later } from './local-date.js';
import { simpleDate, type Bounds } from './simple-date.js';

declare const edtfText: unique symbol;
/** Text that parseEdtf has accepted. */
export type EdtfText = string & { readonly [edtfText]: true };

/** A day that is known only in part. Infinite only where a one-of set is open: [..2019], [2019..]. */
export interface PartialDate extends Bounds {
  readonly kind: 'point';
  readonly text: EdtfText;
  /** Written with `?`, `~` or `%`, whole or in part: the bounds are wider than the text. */
  readonly qualified: boolean;
  /** What each element of a one-of set can mean, in the order written; one element for everything else. */
  readonly alternatives: readonly Bounds[];
}

/** An end that is stated to be still to come ("still so"), in text `..`. An unknown side is null, in text empty. */
export const OPEN = 'OPEN';
export type Open = typeof OPEN;

export interface EdtfInterval {
  readonly kind: 'interval';
  readonly text: EdtfText;
  readonly starts: PartialDate | Open | null;
  readonly ends: PartialDate | Open | null;
}

const LONGEST = 200;

/** Reads a point in time: a date, month, season, year, X digits, qualified, or a one-of set. Throws InvalidValue. */
export function parsePoint(text: string): PartialDate {
  refuse(text);
  if (text.includes('/')) throw new InvalidValue(`${quoted(text)} is an interval; write it as starts and ends.`);
  if (text === '..') throw new InvalidValue('".." is an open end and stands only where something ends.');
  const elements = text.startsWith('[') ? setElements(text) : [simpleDate(text)];
  return {
    kind: 'point',
    text: text as EdtfText,
    earliest: elements.map((e) => e.earliest).reduce(earlier),
    latest: elements.map((e) => e.latest).reduce(later),
    qualified: elements.some((e) => e.qualified),
    alternatives: elements.map(({ earliest, latest }) => ({ earliest, latest })),
  };
}

/** Reads a point or an interval `starts/ends`, where a side may be `..` (open) or empty (unknown). Throws InvalidValue. */
export function parseEdtf(text: string): PartialDate | EdtfInterval {
  refuse(text);
  const sides = text.split('/');
  if (sides.length === 1) return parsePoint(text);
  if (sides.length > 2) throw new InvalidValue(`${quoted(text)} has more than one slash; an interval is starts/ends.`);
  const [starts, ends] = sides.map(intervalSide) as [EdtfInterval['starts'], EdtfInterval['ends']];
  if (!isDated(starts) && !isDated(ends))
    throw new InvalidValue(`${quoted(text)} has no date in it; give at least one side.`);
  refuseReversed(starts, ends, `${quoted(text)} ends before it starts.`);
  return { kind: 'interval', text: text as EdtfText, starts, ends };
}

/** Throws when the end certainly lies before the start; two vague dates that may be in order are let through. */
export function refuseReversed(
  starts: PartialDate | Open | null,
  ends: PartialDate | Open | null,
  sentence: string,
): void {
  if (isDated(starts) && isDated(ends) && compare(ends.latest, starts.earliest) < 0) throw new InvalidValue(sentence);
}

function refuse(text: string): void {
  if (text.length > LONGEST)
    throw new InvalidValue(`A date has at most ${LONGEST} characters; this one has ${text.length}.`);
  const refusal = edtfRefusal(text);
  if (refusal) throw new InvalidValue(refusal);
}

function isDated(side: PartialDate | Open | null): side is PartialDate {
  return side !== null && side !== OPEN;
}

function intervalSide(text: string): PartialDate | Open | null {
  if (text === '') return null;
  if (text === '..') return OPEN;
  if (text.includes('['))
    throw new InvalidValue(`${quoted(text)} is a set inside an interval; write starts and ends apart.`);
  return parsePoint(text);
}

type Element = Bounds & { readonly qualified: boolean };

// Brackets are read here: the package takes [2018..2020] for 2018 alone and believes the order of [2020,2018].
function setElements(text: string): Element[] {
  const inside = /^\[([^[\]]+)\]$/.exec(text)?.[1];
  if (!inside) throw new InvalidValue(`${quoted(text)} is not a set of dates; write [2019,2021] or [2019..2021].`);
  const items = inside.split(',');
  return items.map((item, index) => setElement(item, index === 0, index === items.length - 1));
}

function setElement(item: string, isFirst: boolean, isLast: boolean): Element {
  const [from, until, tooMany] = item.split('..');
  if (from === undefined || tooMany !== undefined) throw new InvalidValue(`${quoted(item)} has more than one "..".`);
  if (until === undefined) return simpleDate(from);
  if (from === '' && until === '') throw new InvalidValue('A set needs at least one date beside "..".');
  if ((from === '' && !isFirst) || (until === '' && !isLast)) {
    throw new InvalidValue(`${quoted(item)} is open in the middle of a set; only its first and last side can be open.`);
  }
  const first = from === '' ? undefined : simpleDate(from);
  const last = until === '' ? undefined : simpleDate(until);
  if (first && last && compare(last.latest, first.earliest) < 0) {
    throw new InvalidValue(`${quoted(item)} runs backwards; write the earlier date first.`);
  }
  return {
    // An open side has no limit. A qualified first date may lie after the last: take the widest reading of both.
    earliest: first ? (last ? earlier(first.earliest, last.earliest) : first.earliest) : '-infinity',
    latest: last ? (first ? later(first.latest, last.latest) : last.latest) : 'infinity',
    qualified: Boolean(first?.qualified || last?.qualified),
  };
}
