// What EDTF (or a writer) may say and we do not take in, each by name, so that the sentence tells what to write instead.
// The order matters: the first line that fits is the one the caseworker reads.
import { commonDateMistake } from './date-mistakes.js';
import { quoted } from './invalid-value.js';

const REFUSED: readonly [RegExp, string][] = [
  [/[{}]/, 'lists dates that are all meant; make one record for each date.'],
  [/\dE\d/, 'uses an exponent; write the year with four digits.'],
  [/\dS\d/, 'uses significant digits; write 195X for a year in the fifties.'],
  [/(^|[/[,.])Y-?\d/, 'is a year beyond four digits; years run from 0001 to 9999.'],
  [/(^|[/[,.])-\d/, 'is a year before 0001; years run from 0001 to 9999.'],
  [/(^|[^\d])0000/, 'is in the year 0000; years run from 0001 to 9999.'],
  [/[?~%]{2}/, 'has two qualifiers; write % for both uncertain and approximate.'],
  [/(^|[/[,.-])[?~%]|[?~%]-/, 'qualifies a part of the date; put ?, ~ or % at the end, for the whole date.'],
  [/x/, 'has a small x; an unspecified digit is a capital X.'],
  [/X[?~%]/, 'has both X and a qualifier; X alone already says the digit is not known.'],
  [
    /[X\d]{4}-\d\d-(?:X\d|\dX)|-(?:X\d|\dX)|X-\d|^X(?!XXX)|^\dX/,
    'has an X in the middle; X stands for the last one or two digits of the year, the month or the day, and for all after it.',
  ],
  [
    /^\d{4}-(?:2[5-9]|3\d|4[01])[?~%]?$/,
    'is a division of the year we do not use; write 21 to 24 for a season, or the months themselves.',
  ],
  [/^\d{4}-2[1-4]-/, 'has a day in a season; write the month, or the season alone.'],
  [/^\d{4}-(?:\d{3}|W\d)/, 'is a day or a week counted through the year; write month and day, such as 2024-03-10.'],
  [/^\d\d[?~%]?$/, 'is not a year; write 19XX for the years 1900 to 1999.'],
  [/^\d{3}[?~%]?$/, 'is not a year; write 199X for the years 1990 to 1999.'],
  [/^\d{4}-\d(?!\d)/, 'has a single digit; write months and days with two, such as 2024-03-10.'],
  [
    /^\d{4}-(?:00|1[3-9]|20|4[2-9]|[5-9]\d)(?!\d)/,
    'has no such month; months run from 01 to 12, seasons from 21 to 24.',
  ],
];

/** The sentence for a text we refuse by name, or undefined. Written for one date; safe to ask about an interval or a set. */
export function edtfRefusal(text: string): string | undefined {
  const said = quoted(text);
  // The common mistakes come first: 10/03/2024 would otherwise be read as an interval.
  const mistake = commonDateMistake(text);
  if (mistake) return mistake;
  const refused = REFUSED.find(([pattern]) => pattern.test(text));
  return refused && `${said} ${refused[1]}`;
}
