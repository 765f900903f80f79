// Structural rows: a new key is inserted, a changed one updated, an unchanged one left alone, whoever edited it since.
import type { HeldConnection } from '../db/held-connection.js';
import { columnsOfField } from '../records/field-names.js';
import { keyedName } from '../records/name-keys.js';
import { insertRow } from '../records/write-row.js';
import { rowsOf, type Task } from './attempts.js';
import type { Content, LoadRecord } from './dataset.js';
import { fieldsOf, nounOf } from './dataset-fields.js';

/** Key -> id, filled while records are written. */
export type Ids = Map<string, string>;

const content = (part: Content, ids: Ids): unknown => ('key' in part ? ids.get(part.key) : part.value);
const needed = (record: LoadRecord): string[] =>
  [...record.columns.values()].flatMap((part) => ('key' in part ? [part.key] : []));

/** Columns and values of a row. */
function written(record: LoadRecord, ids: Ids): Map<string, unknown> {
  const values = new Map<string, unknown>([['sensitivity', record.sensitivity]]);
  for (const [column, part] of record.columns) values.set(column, content(part, ids));
  return values;
}

export function insertTask(connection: HeldConnection, record: LoadRecord, ids: Ids): Task {
  const needs = needed(record);
  return {
    at: record.at,
    about: record.key,
    depth: record.depth,
    isReady: () => needs.every((key) => ids.has(key)),
    async run() {
      ids.delete(record.key);
      ids.set(record.key, await insertRow(rowsOf(connection), nounOf(record.noun), written(record, ids)));
    },
  };
}

/**
 * Everything that the files say, and unknown where they are silent. A column that claims speak of, in the files or from
 * before, is left to them.
 */
export function updateTask(
  connection: HeldConnection,
  record: LoadRecord,
  ids: Ids,
  defaults: ReadonlySet<string>,
): Task {
  const needs = needed(record);
  return {
    at: record.at,
    about: record.key,
    depth: record.depth,
    isReady: () => needs.every((key) => ids.has(key)),
    async run() {
      const values = written(record, ids);
      const bound: unknown[] = [ids.get(record.key)];
      const sets = [`sensitivity = $${bound.push(record.sensitivity)}`];
      const key = keyedName(nounOf(record.noun), values);
      if (key !== undefined) sets.push(`name_key = $${bound.push(key)}`);
      for (const field of fieldsOf(record.noun).values()) {
        for (const column of columnsOfField(field)) {
          if (record.claimed.has(column)) continue;
          const silent = defaults.has(`${record.noun}.${column}`) ? 'default' : 'null';
          const value = values.has(column) ? `$${bound.push(values.get(column))}` : silent;
          sets.push(
            field.field.claimed
              ? `${column} = case when ${spokenOf(field.column)} then ${column} else ${value} end`
              : `${column} = ${value}`,
          );
        }
      }
      const sql = `update ${nounOf(record.noun).table} set ${sets.join(', ')} where id = $1`;
      await connection.rows(`update ${record.noun}`, sql, bound, '');
    },
  };
}

const spokenOf = (column: string): string => `exists (select from claims where record_id = $1 and field = '${column}')`;
