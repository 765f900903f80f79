// The mistakes people and programs make when they write a date, each with the sentence that helps to repair it.
// The list is shared by calendar dates and EDTF, so that both doors refuse the same mistake in the same words.
import { quoted } from './invalid-value.js';

const WORDS = new Set(['today', 'yesterday', 'tomorrow', 'now', 'epoch']);

/** The sentence for a mistake we know by name, or undefined. It does not say that the text is right. */
export function commonDateMistake(text: string): string | undefined {
  const word = text.trim().toLowerCase();
  const said = quoted(text);
  if (word === '') return 'A date is empty text; leave the field out when the date is not known.';
  // Postgres would accept these words and turn them into the day of the import.
  if (WORDS.has(word)) return `${said} depends on the day it is read; write the date itself, such as 2024-03-10.`;
  if (/^[+-]?inf(inity)?$/.test(word))
    return `${said} is not a date; leave an unknown date empty, write an open end as "..".`;
  if (/\d{4}-?\d{2}-?\d{2}[T ]\d{2}/i.test(text))
    return `${said} has a time of day; write the date alone, such as 2024-03-10.`;
  if (/\s/.test(text)) return `${said} has a space in it; write the date without spaces.`;
  if (/[^\x21-\x7e]/.test(text))
    return `${said} has signs outside 0-9 and the plain hyphen; write it in plain digits, such as 2024-03-10.`;

  const dayOrMonthFirst = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text);
  if (dayOrMonthFirst) return dayOrMonthFirstMistake(said, dayOrMonthFirst);
  const yearFirst = /^(\d{4})([/.-])(\d{1,2})\2(\d{1,2})$/.exec(text);
  if (yearFirst && !/^\d{4}-\d\d-\d\d$/.test(text)) {
    return `${said} is not in the form YYYY-MM-DD; write ${yearFirst[1]}-${two(yearFirst[3]!)}-${two(yearFirst[4]!)}.`;
  }
  const bare = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
  if (bare) return `${said} needs hyphens; write ${bare[1]}-${bare[2]}-${bare[3]}.`;
  return undefined;
}

// 10/03/2024 is 10 March in Almaty and 3 October in New York: only the writer knows, so both readings are offered.
function dayOrMonthFirstMistake(said: string, [, a, b, year]: RegExpExecArray): string {
  const readings = new Set<string>();
  if (Number(b) <= 12) readings.add(`${year}-${two(b!)}-${two(a!)}`);
  if (Number(a) <= 12) readings.add(`${year}-${two(a!)}-${two(b!)}`);
  if (readings.size === 0) return `${said} is not a date; dates are written YYYY-MM-DD, such as 2024-03-10.`;
  const choice = [...readings].join(' or ');
  return readings.size > 1
    ? `${said} is ambiguous; write ${choice}.`
    : `${said} is not in the form YYYY-MM-DD; write ${choice}.`;
}

const two = (digits: string): string => digits.padStart(2, '0');
