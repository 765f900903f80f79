// The one select list of each noun: every column by property name, exact numbers as text, its type beside it.
import type { Noun } from './noun.js';

const EXACT = new Set(['numeric', 'bigint']);

/** `d.id as "id", d.starts as "starts", ...`; the alias is the table's own name unless given. */
export function columnsOf(noun: Noun, alias = noun.table): string {
  const columns = noun.columns.map(({ name, property, sqlType }) => {
    const column = `${alias}.${name}`;
    return `${EXACT.has(sqlType) ? `${column}::text` : column} as "${property}"`;
  });
  return [`'${noun.type}' as "__typename"`, ...columns].join(', ');
}
