// The search key of a name follows the name that the house shows. It is made in TypeScript (src/values/name-key.ts) and
// not in SQL, so where claims decide the name it can only be written after they were accepted.
import { nameKey } from '../values/name-key.js';
import type { Rows } from './loaders.js';
import type { Noun } from './noun.js';

export const isKeyed = (noun: Noun): boolean => 'nameKey' in noun.fields;
const nameColumn = (noun: Noun): string => ('name' in noun.fields ? 'name' : 'value');

/** The key to be written with a row that has a plain name; undefined when it has none, or its noun has no key. */
export function keyedName(noun: Noun, values: ReadonlyMap<string, unknown>): string | undefined {
  const name = isKeyed(noun) ? values.get(nameColumn(noun)) : undefined;
  return typeof name === 'string' ? nameKey(name) : undefined;
}

interface Named {
  id: string;
  name: string | null;
  key: string | null;
}

/** Writes the keys of those among the records of a keyed noun whose name has another one by now. */
export async function renewNameKeys(db: Rows, noun: Noun, ids: readonly string[]): Promise<void> {
  if (!isKeyed(noun)) return;
  const select = `select id, ${nameColumn(noun)} as name, name_key as key from ${noun.table} where id = any($1)`;
  const rows = await db.rows<Named>('names and their keys', select, [ids]);
  const wrong = rows
    .map(({ id, name, key }) => ({ id, key, right: name === null ? null : nameKey(name) }))
    .filter(({ key, right }) => key !== right);
  if (wrong.length === 0) return;
  const update = `update ${noun.table} set name_key = renewed.key from unnest($1::uuid[], $2::text[]) renewed(id, key) where ${noun.table}.id = renewed.id`;
  await db.rows('renew keys of names', update, [wrong.map(({ id }) => id), wrong.map(({ right }) => right)]);
}
