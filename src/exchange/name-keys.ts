// The search key of a name follows the name that the house shows. It is made in TypeScript (src/values/name-key.ts) and
// not in SQL, so where claims decide the name it can only be written after they were accepted.
import type { HeldConnection } from '../db/held-connection.js';
import type { NounName } from '../model.js';
import { nameKey } from '../values/name-key.js';
import { NOUN_NAMES, nounOf } from './dataset-fields.js';

const isKeyed = (noun: NounName): boolean => 'nameKey' in nounOf(noun).fields;
const nameColumn = (noun: NounName): string => ('name' in nounOf(noun).fields ? 'name' : 'value');

/** The key to be written with a row that has a plain name; undefined when it has none, or its noun has no key. */
export function keyedName(noun: NounName, values: ReadonlyMap<string, unknown>): string | undefined {
  const name = isKeyed(noun) ? values.get(nameColumn(noun)) : undefined;
  return typeof name === 'string' ? nameKey(name) : undefined;
}

interface Named {
  id: string;
  name: string | null;
  key: string | null;
}

/** Writes the keys of those among the records whose name has another one by now. */
export async function renewNameKeys(connection: HeldConnection, ids: readonly string[]): Promise<void> {
  for (const noun of NOUN_NAMES.filter(isKeyed)) {
    const { table } = nounOf(noun);
    const select = `select id, ${nameColumn(noun)} as name, name_key as key from ${table} where id = any($1)`;
    const rows = await connection.rows<Named>('names and their keys', select, [ids], '');
    const wrong = rows
      .map(({ id, name, key }) => ({ id, key, right: name === null ? null : nameKey(name) }))
      .filter(({ key, right }) => key !== right);
    if (wrong.length === 0) continue;
    const update = `update ${table} set name_key = renewed.key from unnest($1::uuid[], $2::text[]) renewed(id, key) where ${table}.id = renewed.id`;
    await connection.rows(
      'renew keys of names',
      update,
      [wrong.map(({ id }) => id), wrong.map(({ right }) => right)],
      '',
    );
  }
}
