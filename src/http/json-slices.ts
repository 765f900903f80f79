// Pieces of a JSON text as they were written. What is parsed and written anew loses digits: 43.2380 would become 43.238, and a
// number of twenty digits another number. The text comes from our own server, so it is well formed.

const OPEN = new Set(['{', '[']);
const CLOSE = new Set(['}', ']']);

const skipSpace = (text: string, at: number): number => {
  let i = at;
  while (i < text.length && ' \n\r\t'.includes(text[i]!)) i++;
  return i;
};

/** Behind the string that begins here. */
function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  throw new SyntaxError('A string has no end.');
}

/** Behind the value that begins here. */
function endOfValue(text: string, at: number): number {
  if (text[at] === '"') return endOfString(text, at);
  if (!OPEN.has(text[at]!)) {
    let i = at;
    while (i < text.length && !',]} \n\r\t'.includes(text[i]!)) i++;
    return i;
  }
  let depth = 0;
  for (let i = at; i < text.length;) {
    const sign = text[i]!;
    if (sign === '"') i = endOfString(text, i);
    else {
      if (OPEN.has(sign)) depth++;
      else if (CLOSE.has(sign) && --depth === 0) return i + 1;
      i++;
    }
  }
  throw new SyntaxError('A value has no end.');
}

/** The values of an object by their names; of two of one name the last, as JSON.parse has it. */
export function membersOf(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(text, 0);
  if (text[at] !== '{') throw new SyntaxError('This is no object.');
  at = skipSpace(text, at + 1);
  while (text[at] === '"') {
    const endOfName = endOfString(text, at);
    const name = JSON.parse(text.slice(at, endOfName)) as string;
    const start = skipSpace(text, skipSpace(text, endOfName) + 1);
    const end = endOfValue(text, start);
    members.set(name, text.slice(start, end));
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/** The elements of a list, in their order. */
export function elementsOf(text: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(text, 0);
  if (text[at] !== '[') throw new SyntaxError('This is no list.');
  at = skipSpace(text, at + 1);
  while (at < text.length && text[at] !== ']') {
    const end = endOfValue(text, at);
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return elements;
}
