// What the value of a claim is: the declaration of the noun says whether its field is a date or another record.
import { raw, sql, type Sql } from '../db/sql.js';
import { uncertainDate, type UncertainDateValue } from '../records/dates.js';
import type { AnyRow, Loading } from '../records/loaders.js';
import { camel, snake, type Field, type Noun } from '../records/noun.js';
import { planned } from '../records/plan.js';

/** A claim, or one of the values of a conflict. */
export interface Valued {
  recordId: string;
  /** The column; empty for the existence of the record. */
  field: string;
  value?: unknown;
  earliest: string | null;
  latest: string | null;
}

async function fieldOf(
  { recordId, field }: Valued,
  nouns: Record<string, Noun>,
  { load }: Loading,
): Promise<Field | undefined> {
  const known = field === '' ? null : await load.spine.load(recordId);
  return known ? (nouns[known.noun]?.fields[camel(field)] as Field | undefined) : undefined;
}

/** The value as an uncertain date; null where the field is no date. */
export async function dateOf(
  valued: Valued,
  nouns: Record<string, Noun>,
  loading: Loading,
): Promise<UncertainDateValue | null> {
  const shape = (await fieldOf(valued, nouns, loading))?.shape;
  if (shape !== 'edtf' && shape !== 'end') return null;
  return uncertainDate({ date: valued.value, dateEarliest: valued.earliest, dateLatest: valued.latest }, 'date');
}

/** The value as the record it points at; null where the field is none. */
export async function recordOfValue(
  valued: Valued,
  nouns: Record<string, Noun>,
  loading: Loading,
): Promise<AnyRow | null> {
  const shape = (await fieldOf(valued, nouns, loading))?.shape;
  return shape === 'ref' && typeof valued.value === 'string' ? loading.load.record.load(valued.value) : null;
}

/** The value as it may be told: the id of a record that the viewer may not see is none. */
export async function shownValue(valued: Valued, nouns: Record<string, Noun>, loading: Loading): Promise<unknown> {
  const shape = (await fieldOf(valued, nouns, loading))?.shape;
  if (shape !== 'ref' || typeof valued.value !== 'string') return valued.value;
  return (await loading.load.record.load(valued.value)) ? valued.value : null;
}

/** Whether the field of a row with the columns of `Valued` is one of these, by noun and column. */
function isField(row: string, fields: readonly [noun: string, column: string][]): string {
  if (fields.length === 0) return 'false';
  const columns = [...new Set(fields.map(([, column]) => `'${column}'`))];
  const pairs = fields.map(([noun, column]) => `('${noun}', '${column}')`);
  return `(${row}.field in (${columns.join(', ')})
    and exists (select from records r where r.id = ${row}.record_id and (r.noun, ${row}.field) in (${pairs.join(', ')})))`;
}

/** Fields of certain shapes that claims decide in all nouns, by the noun that they point at. */
function fieldsOfShape(nouns: Record<string, Noun>, ...shapes: Field['shape'][]): Map<string, [string, string][]> {
  const found = new Map<string, [string, string][]>();
  for (const { table, fields } of Object.values(nouns))
    for (const [property, { shape, claimed, of = '' }] of Object.entries(fields as Record<string, Field>))
      if (claimed && shapes.includes(shape)) found.set(of, [...(found.get(of) ?? []), [table, snake(property)]]);
  return found;
}

/** A record that may be seen; `records` knows of those that a lens leaves out as well. */
export function isThere(nouns: Record<string, Noun>, of: string, id: string): string {
  const tables = of === 'records' ? Object.keys(nouns) : [of];
  return `(${tables.map((table) => `exists (select from ${table} there where there.id = ${id})`).join(' or ')})`;
}

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
/** The value as text, and as an id where it is one. */
const textOf = (row: string): string => `(${row}.value #>> '{}')`;
const idOf = (row: string): string => `(case when ${textOf(row)} ~* '${UUID}' then ${textOf(row)} end)::uuid`;

/** The resolvers of the value of a claim, or of one of the values of a conflict. */
export function valueFields(nouns: Record<string, Noun>) {
  const dates = [...fieldsOfShape(nouns, 'edtf', 'end').values()].flat();
  const refs = fieldsOfShape(nouns, 'ref');
  const allRefs = [...refs.values()].flat();
  const isRef = (row: string): string => `(jsonb_typeof(${row}.value) = 'string' and ${isField(row, allRefs)})`;
  const shown = (row: string): string => {
    const each = [...refs].map(([of, fields]) => `when ${isField(row, fields)} then ${isThere(nouns, of, idOf(row))}`);
    return `case ${each.join(' ')} end`;
  };
  const asDate = (row: string): Sql => sql`
    select ${raw(textOf(row))} as date, ${raw(`${row}.earliest`)} as date_earliest, ${raw(`${row}.latest`)} as date_latest
    where ${raw(isField(row, dates))}`;
  return {
    value: planned((valued: Valued, _: unknown, loading: Loading) => shownValue(valued, nouns, loading), {
      is: 'leaf',
      madeOf: 'own',
      sql: (row) => raw(`case when not ${isRef(row)} or ${shown(row)} then ${row}.value::json end`),
    }),
    date: planned((valued: Valued, _: unknown, loading: Loading) => dateOf(valued, nouns, loading), {
      is: 'through',
      madeOf: 'own',
      row: asDate,
      then: { is: 'date', property: 'date' },
    }),
    valueRecord: planned((valued: Valued, _: unknown, loading: Loading) => recordOfValue(valued, nouns, loading), {
      is: 'record',
      noun: 'records',
      id: (row) => raw(`(case when ${isRef(row)} then ${idOf(row)} end)`),
    }),
  };
}
