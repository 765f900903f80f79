// Rows by id and rows by parent, gathered into one statement per relation and level of a query.
// A set of loaders lives for one operation: nothing is remembered between viewers.
import DataLoader from 'dataloader';
import { isUuid } from '../values/identifier.js';
import type { Links, ManyLink } from './links.js';
import { snake, type Noun, type RecordRow, type Row } from './noun.js';
import { columnsOf } from './select.js';

/** Runs one named, prepared statement on the operation's snapshot. */
export interface Rows {
  rows<T>(name: string, text: string, values: readonly unknown[]): Promise<T[]>;
}

export type AnyRow = RecordRow & Record<string, unknown>;

/** What the spine knows of any record. */
export interface SpineRow {
  id: string;
  noun: string;
  sensitivity: number;
}

/**
 * By id: null where there is no such record, or none that the viewer may see; the two look alike on purpose.
 * What is not an id at all is no record either, and must not spoil the statement for the others.
 */
function byIdLoader<R extends { id: string }>(db: Rows, name: string, select: string): DataLoader<string, R | null> {
  return new DataLoader(async (asked) => {
    const ids = asked.map((id) => id.toLowerCase());
    const wanted = ids.filter(isUuid);
    const rows = wanted.length > 0 ? await db.rows<R>(name, `${select} where id = any($1::uuid[])`, [wanted]) : [];
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

/** SQL for a total order: the named properties, unknown values last, then the order of recording, then the id. */
export const orderOf = ({ orderBy }: ManyLink, table: string): string =>
  [...orderBy.map((property) => `${table}.${snake(property)} nulls last`), `${table}.sequence`, `${table}.id`].join(
    ', ',
  );

function byParentLoader(db: Rows, name: string, noun: Noun, link: ManyLink): DataLoader<string, AnyRow[]> {
  const text = `select ${columnsOf(noun)} from ${noun.table} where ${snake(link.by)} = any($1::uuid[]) order by ${orderOf(link, noun.table)}`;
  return new DataLoader(async (ids) => {
    const rows = await db.rows<AnyRow>(name, text, [ids]);
    const found = new Map<string, AnyRow[]>(ids.map((id) => [id, []]));
    for (const row of rows) found.get(row[link.by] as string)!.push(row);
    return ids.map((id) => found.get(id)!);
  });
}

/** Any record by id: the spine says of which noun it is, and the loader of that noun has the rest. */
function recordLoader(
  spine: DataLoader<string, SpineRow | null>,
  one: Record<string, DataLoader<string, AnyRow | null>>,
) {
  const load = async (id: string): Promise<AnyRow | null> => {
    const known = await spine.load(id);
    return known ? one[known.noun]!.load(known.id) : null;
  };
  return new DataLoader<string, AnyRow | null>((ids) => Promise.all(ids.map(load)));
}

type Loaders<N extends Record<string, Noun>> = { [K in keyof N]: DataLoader<string, Row<N[K]> | null> };

export interface Load<N extends Record<string, Noun>> {
  /** `one.persons.load(id)` */
  one: Loaders<N>;
  /** `many('Person', 'detentions').load(personId)` */
  many(type: string, field: string): DataLoader<string, AnyRow[]>;
  /** A record of any noun. */
  record: DataLoader<string, AnyRow | null>;
  /** Of which noun and level a record is. */
  spine: DataLoader<string, SpineRow | null>;
}

/** What a rule that works for any noun needs of the context. */
export interface Loading {
  load: Load<Record<string, Noun>>;
}

/** An operation uses few of them, so each is made when it is first asked for. */
function lazily<V>(nouns: Record<string, Noun>, make: (noun: Noun) => V): Record<string, V> {
  const made: Record<string, V> = {};
  for (const [name, noun] of Object.entries(nouns)) {
    let value: V | undefined;
    Object.defineProperty(made, name, { enumerable: true, get: () => (value ??= make(noun)) });
  }
  return made;
}

export function createLoaders<N extends Record<string, Noun>>(db: Rows, nouns: N, links: Links): Load<N> {
  const one = lazily(nouns, (noun) =>
    byIdLoader<AnyRow>(db, `${noun.table} by id`, `select ${columnsOf(noun)} from ${noun.table}`),
  );
  const spine = byIdLoader<SpineRow>(db, 'records by id', 'select id, noun, sensitivity from records');
  const lists = new Map<string, DataLoader<string, AnyRow[]>>();
  return {
    one: one as unknown as Loaders<N>,
    spine,
    record: recordLoader(spine, one),
    many(type, field) {
      const name = `${type}.${field}`;
      const link = links[type]?.[field];
      if (!link) throw new Error(`no link ${name}`);
      const loader = lists.get(name) ?? byParentLoader(db, name, nouns[link.noun]!, link);
      lists.set(name, loader);
      return loader;
    },
  };
}
