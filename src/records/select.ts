// The one select list of each noun: every column by property name, exact numbers as text, its type beside it.
import type { Noun } from './noun.js';

const EXACT = new Set(['numeric', 'bigint']);

/** `'Detention' as "__typename", detentions.id as "id", detentions.starts as "starts", ...` */
export function columnsOf(noun: Noun): string {
  let columns = made.get(noun);
  if (columns === undefined) made.set(noun, (columns = madeOf(noun)));
  return columns;
}

const made = new WeakMap<Noun, string>();

function madeOf(noun: Noun): string {
  const columns = noun.columns.map(({ name, property, sqlType }) => {
    const column = `${noun.table}.${name}`;
    return `${EXACT.has(sqlType) ? `${column}::text` : column} as "${property}"`;
  });
  return [`'${noun.type}' as "__typename"`, ...columns].join(', ');
}
