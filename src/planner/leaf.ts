// A column as the JSON that its scalar would make of it. What has no such SQL is left to the resolvers.
import { getNullableType, isEnumType, isListType, isScalarType, type GraphQLOutputType } from 'graphql';
import { raw, type Sql } from '../db/sql.js';
import type { Column } from '../records/noun.js';
import { Unplannable } from './unplannable.js';

/** Scalars whose text on the wire is the text in the column. */
const TEXTS = new Set(['ID', 'String', 'EDTF', 'CountryCode', 'Duration', 'Decimal', 'LocalDate']);
const TEXT_TYPES = new Set(['text', 'uuid', 'numeric', 'bigint', 'date']);

/** A column as what functions of PostgreSQL that make JSON write as its scalar does, null where it is null. */
export function leaf(row: string, { name, sqlType }: Column, type: GraphQLOutputType): Sql {
  const plain = getNullableType(type);
  const column = `${row}.${name}`;
  if (isListType(plain)) {
    const inner = getNullableType(plain.ofType as GraphQLOutputType);
    if (sqlType === 'text[]' && (isEnumType(inner) || (isScalarType(inner) && TEXTS.has(inner.name))))
      return raw(column);
  } else if (isEnumType(plain)) {
    if (sqlType === 'text') return raw(column);
  } else if (isScalarType(plain)) {
    if (TEXTS.has(plain.name) && TEXT_TYPES.has(sqlType) && plain.name !== 'Duration')
      return raw(sqlType === 'numeric' || sqlType === 'bigint' ? `${column}::text` : column);
    if (plain.name === 'Duration' && sqlType === 'text') return raw(column);
    if (plain.name === 'Int' && sqlType === 'integer') return raw(column);
    if (plain.name === 'Boolean' && sqlType === 'boolean') return raw(column);
    if (plain.name === 'JSON' && sqlType === 'jsonb') return raw(`${column}::json`);
    if (plain.name === 'DateTime' && sqlType === 'timestamptz')
      return raw(`(to_json(${column} at time zone 'UTC') #>> '{}') || 'Z'`);
  }
  throw new Unplannable(`${name} has no plan as ${String(type)}.`);
}

/** How a column reaches a rule in TypeScript: as the loaders would give it. */
export function property(row: string, { name, sqlType }: Column): Sql {
  const column = `${row}.${name}`;
  if (sqlType === 'numeric' || sqlType === 'bigint' || sqlType === 'date') return raw(`${column}::text`);
  if (sqlType === 'timestamptz') return raw(`((to_json(${column} at time zone 'UTC') #>> '{}') || 'Z')`);
  return raw(column);
}

const bound = (row: string, column: string): string =>
  `case when ${row}.${column} in ('-infinity', 'infinity') then null else ${row}.${column} end`;

/** The fields of the SDL type UncertainDate, made from the three columns. */
export const DATE_FIELDS: Record<string, (row: string, column: string) => Sql> = {
  edtf: (row, column) => raw(`nullif(${row}.${column}, '..')`),
  earliest: (row, column) => raw(bound(row, `${column}_earliest`)),
  latest: (row, column) => raw(bound(row, `${column}_latest`)),
  isOpen: (row, column) => raw(`${row}.${column} = '..'`),
  __typename: () => raw(`'UncertainDate'`),
};
