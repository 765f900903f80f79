// An exact decimal number as text, because a binary float turns 0.1 tonnes into something nobody wrote.
import { InvalidValue, quoted } from './invalid-value.js';

declare const decimal: unique symbol;
/** Digits with an optional minus and decimal point, kept as written: 1.50 stays 1.50. */
export type Decimal = string & { readonly [decimal]: true };

const MOST_DIGITS = 40;

/** Reads a decimal number; no exponent, no thousands separators, no leading zeros. Throws InvalidValue. */
export function parseDecimal(text: string): Decimal {
  const said = quoted(text);
  if (/^-?[\d ]+,\d+$/.test(text))
    throw new InvalidValue(`${said} has a comma; write a decimal point and no separators, such as 1250.5.`);
  if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text))
    throw new InvalidValue(`${said} is not a decimal number; write it as 1250.5 or -3.`);
  if (text.replace(/\D/g, '').length > MOST_DIGITS)
    throw new InvalidValue(`A number has at most ${MOST_DIGITS} digits.`);
  if (/^-0(\.0+)?$/.test(text)) throw new InvalidValue(`${said} is zero with a sign; write 0.`);
  return text as Decimal;
}
