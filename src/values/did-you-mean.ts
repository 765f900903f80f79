// A hint for a misspelt word: the nearest known one, if it is near enough to be meant.

/** ` Did you mean "starts"?`, or nothing. Case and underscores count for little: `startDate` is not near, `Starts` is. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known);
  return found === undefined ? '' : ` Did you mean "${found}"?`;
}

/** The known word with the fewest letters to change, at most a third of them. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = plain(word);
  let best: { name: string; changes: number } | undefined;
  for (const name of known) {
    const limit = Math.floor(Math.max(wanted.length, name.length) / 3);
    const changes = distance(wanted, plain(name), limit);
    if (changes <= limit && (!best || changes < best.changes)) best = { name, changes };
  }
  return best?.name;
}

const plain = (word: string): string => word.replaceAll('_', '').toLowerCase().slice(0, 100);

/** Letters to insert, remove, replace or swap with their neighbour; anything above the limit is just "too many". */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
