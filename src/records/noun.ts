// A noun, said once. Entity columns, loaders, default resolvers, filters, the loader of datasets and the lens
// all read this declaration; the SQL of the table is written by hand and compared with it by a test.
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';

/** How a field is written in datasets, stored in columns and shown in the graph. */
export type FieldShape =
  | 'text'
  | 'word'
  | 'edtf'
  | 'end'
  | 'duration'
  | 'country'
  | 'integer'
  | 'bigint'
  | 'decimal'
  | 'list'
  | 'instant'
  | 'ref'
  | 'json'
  | 'day'
  | 'flag'
  | 'ids';

export interface Field<Value = unknown> {
  shape: FieldShape;
  /** Chosen among claims; every other field is structural. */
  claimed: boolean;
  required: boolean;
  /** The SQL domain of a word, or the noun a ref points at (`records` = any noun). */
  of?: string;
  /** Set by the database or by the house itself, never by a dataset. */
  derived?: boolean;
  /** Only so that TypeScript can infer the row. */
  value?: Value;
}

type Nullable<T> = Field<T | null>;
const optional = <T>(shape: FieldShape, of?: string): Nullable<T> => ({
  shape,
  claimed: false,
  required: false,
  ...(of ? { of } : {}),
});

export const text = (): Nullable<string> => optional('text');
/** A value of a closed vocabulary: the SQL domain, and the SDL enum of the same name. */
export const word = <T extends string = string>(domain: string): Nullable<T> => optional('word', domain);
/** An uncertain point in time: three columns, one field. */
export const edtf = (): Nullable<string> & { shape: 'edtf' } => ({ ...optional<string>('edtf'), shape: 'edtf' });
/** The end of a period: EDTF, or `..` for "still so"; null is an unknown end. */
export const end = (): Nullable<string> & { shape: 'end' } => ({ ...optional<string>('end'), shape: 'end' });
/** ISO 8601 duration. */
export const duration = (): Nullable<string> => optional('duration');
/** ISO 3166-1 alpha-2. */
export const country = (): Nullable<string> => optional('country');
export const integer = (): Nullable<number> => optional('integer');
/** Exact, as text. */
export const bigint = (): Nullable<string> => optional('bigint');
/** Exact, as text. */
export const decimal = (): Nullable<string> => optional('decimal');
export const list = (): Nullable<string[]> => optional('list');
export const instant = (): Nullable<string> => optional('instant');
/** A certain calendar day, as text. */
export const day = (): Nullable<string> => optional('day');
export const flag = (): Nullable<boolean> => optional('flag');
/** Ids of several records. */
export const ids = (noun: string): Nullable<string[]> => optional('ids', noun);
export const json = (): Nullable<unknown> => optional('json');
/** Points at one record of a noun; the field is named `somethingId`, the graph shows `something`. */
export const ref = (noun: string): Nullable<string> => optional('ref', noun);

/** Marks a field as decided by claims. */
export const claimed = <F extends Field>(field: F): F => ({ ...field, claimed: true });
/** Marks a structural field that every record has. */
export const required = <T, S extends FieldShape>(field: Field<T | null> & { shape: S }): Field<T> & { shape: S } =>
  ({ ...field, required: true }) as Field<T> & { shape: S };
/** Marks a column that the database or the house computes. */
export const derived = <F extends Field>(field: F): F => ({ ...field, derived: true });

/** What house.adopt gives every table. */
const RECORD_FIELDS = {
  id: derived(required(text())),
  sequence: derived(required(bigint())),
  sensitivity: required(integer()),
  teamId: derived(required(integer())),
  version: derived(required(integer())),
  createdAt: derived(required(instant())),
  createdBy: derived(required(text())),
  updatedAt: derived(required(instant())),
  updatedBy: derived(required(text())),
};

export type Fields = Record<string, Field>;
type ValueOf<F> = F extends Field<infer V> ? V : never;
type DatedKeys<F extends Fields> = {
  [K in keyof F & string]: F[K] extends { shape: 'edtf' | 'end' } ? K : never;
}[keyof F & string];
export type RowOf<F extends Fields> = { [K in keyof F & string]: ValueOf<F[K]> } & {
  [K in DatedKeys<F> as `${K}Earliest` | `${K}Latest`]: string | null;
} & RecordRow;

/** The columns of every record. `__typename` is put there by the loaders, so that interfaces resolve themselves. */
// A type, not an interface: a row must be readable by the name of any column.
export type RecordRow = {
  __typename: string;
  id: string;
  /** Counts the records of a noun in the order of recording; settles the ties of every list. Never shown. */
  sequence: string;
  sensitivity: number;
  teamId: number;
  version: number;
  createdAt: string;
  createdBy: string;
  updatedAt: string;
  updatedBy: string;
};

export interface Column {
  property: string;
  name: string;
  sqlType: string;
  nullable: boolean;
}

export interface Noun<F extends Fields = Fields> {
  table: string;
  /** The SDL type. */
  type: string;
  fields: F;
  columns: Column[];
  /** The EDTF field that says when the record took place; sorts lists and feeds temporal checks. */
  happens?: string;
  /** The ref that this record belongs to. */
  owner?: string;
}
export type Row<N> = N extends Noun<infer F> ? RowOf<F> : never;

export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const SQL_TYPES: Record<FieldShape, string> = {
  text: 'text', word: 'text', edtf: 'text', end: 'text', duration: 'text', country: 'text', integer: 'integer', bigint: 'bigint',
  decimal: 'numeric', list: 'text[]', instant: 'timestamptz', ref: 'uuid', json: 'jsonb', day: 'date',
  flag: 'boolean', ids: 'uuid[]',
}; // prettier-ignore

function columnsFor(fields: Fields): Column[] {
  return Object.entries(fields).flatMap(([property, field]) => {
    const column = (suffix: string, sqlType: string): Column => ({
      property: property + suffix,
      name: snake(property + suffix),
      sqlType,
      nullable: !field.required,
    });
    const own = column('', property === 'id' ? 'uuid' : SQL_TYPES[field.shape]);
    return field.shape === 'edtf' || field.shape === 'end'
      ? [own, column('Earliest', 'date'), column('Latest', 'date')]
      : [own];
  });
}

export function defineNoun<F extends Fields>(
  noun: Pick<Noun<F>, 'table' | 'type' | 'fields'> & { happens?: keyof F & string; owner?: keyof F & string },
): Noun<F> {
  return { ...noun, columns: columnsFor({ ...RECORD_FIELDS, ...noun.fields }) };
}

/** The TypeORM entity of a noun: id columns only, never relations. */
export function entityOf(noun: Noun): EntitySchema {
  const columns = Object.fromEntries(
    noun.columns.map((column): [string, EntitySchemaColumnOptions] => [
      column.property,
      {
        name: column.name,
        type: column.sqlType.replace('[]', '') as 'text',
        array: column.sqlType.endsWith('[]'),
        nullable: column.nullable,
        ...(column.property === 'id' ? { primary: true, generated: 'uuid' as const } : {}),
      },
    ]),
  );
  return new EntitySchema({ name: noun.type, tableName: noun.table, columns });
}
