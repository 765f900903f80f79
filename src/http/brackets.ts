// How deep brackets nest in a text, found before any parser sees it.
// Parsers call themselves once per bracket: a few thousand `[` overflow the stack long before a token limit is reached.

const LIMIT = 100;

const TAB = 9,
  NEWLINE = 10,
  RETURN = 13,
  QUOTE = 34,
  HASH = 35,
  BACKSLASH = 92;

/**
 * True if `{`, `[` and `(` nest deeper than `limit` anywhere in a GraphQL document.
 * Brackets inside strings, block strings and comments do not count; a string that never ends is left to the parser.
 */
export function documentNestsTooDeep(text: string, limit = LIMIT): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfString(text, at);
    else if (char === HASH) at = endOfLine(text, at);
    else if (isOpening(char) && ++depth > limit) return true;
    else if (isClosing(char) && depth > 0) depth--;
  }
  return false;
}

/** The same for JSON, which has no comments and no block strings. */
export function jsonNestsTooDeep(text: string, limit = LIMIT): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfQuoted(text, at);
    else if (isOpening(char) && ++depth > limit) return true;
    else if (isClosing(char) && depth > 0) depth--;
  }
  return false;
}

/** `(` is 40, `[` is 91, `{` is 123. */
const isOpening = (char: number) => char === 123 || char === 91 || char === 40;
const isClosing = (char: number) => char === 125 || char === 93 || char === 41;

function endOfString(text: string, start: number): number {
  return text.startsWith('"""', start) ? endOfBlock(text, start) : endOfQuoted(text, start);
}

/** The only escape inside a block string is `\"""`. */
function endOfBlock(text: string, start: number): number {
  for (let at = start + 3; ;) {
    const end = text.indexOf('"""', at);
    if (end < 0) return text.length;
    if (text.charCodeAt(end - 1) !== BACKSLASH) return end + 2;
    at = end + 3;
  }
}

/** A line break also ends it: the parser refuses such a string, and what follows must not hide inside it. */
function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at++;
    else if (char === QUOTE || char === NEWLINE || char === RETURN) return at;
  }
  return text.length;
}

function endOfLine(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === NEWLINE || char === RETURN) return at;
  }
  return text.length;
}

/** True if the text is nothing but what JSON calls white space. */
export function isBlank(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char !== 32 && char !== TAB && char !== NEWLINE && char !== RETURN) return false;
  }
  return true;
}
