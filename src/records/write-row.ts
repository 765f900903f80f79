// Rows of any noun, written by column. Ids, versions and history are the database's own.
import type { Rows } from './loaders.js';
import { keyedName } from './name-keys.js';
import type { Noun } from './noun.js';

/** By column. */
export type ColumnValues = ReadonlyMap<string, unknown>;

/** Gives the id of the new row. Asks for its one statement before it returns. */
export async function insertRow(db: Rows, noun: Noun, values: ColumnValues): Promise<string> {
  const written = withNameKey(noun, values);
  const columns = [...written.keys()].sort();
  const places = columns.map((_, index) => `$${index + 1}`);
  const text =
    columns.length > 0
      ? `insert into ${noun.table} (${columns.join(', ')}) values (${places.join(', ')}) returning id`
      : `insert into ${noun.table} default values returning id`;
  const [row] = await db.rows<{ id: string }>(
    `insert ${noun.table}`,
    text,
    columns.map((column) => written.get(column)),
  );
  return row!.id;
}

/** Writes these columns and no other. */
export async function updateRow(db: Rows, noun: Noun, id: string, values: ColumnValues): Promise<void> {
  const written = withNameKey(noun, values);
  const columns = [...written.keys()].sort();
  if (columns.length === 0) return;
  const sets = columns.map((column, index) => `${column} = $${index + 2}`);
  await db.rows(`update ${noun.table}`, `update ${noun.table} set ${sets.join(', ')} where id = $1`, [
    id,
    ...columns.map((column) => written.get(column)),
  ]);
}

function withNameKey(noun: Noun, values: ColumnValues): Map<string, unknown> {
  const key = keyedName(noun, values);
  return new Map([...values, ...(key === undefined ? [] : [['name_key', key] as const])]);
}
