// Rows by id and rows by parent, gathered into one statement per relation and level of a query.
// A set of loaders lives for one operation: nothing is remembered between viewers.
import DataLoader from 'dataloader';
import type { Links, ManyLink } from './links.js';
import { snake, type Noun, type RecordRow, type Row } from './noun.js';
import { columnsOf } from './select.js';

/** Runs one named, prepared statement on the operation's snapshot. */
export interface Rows {
  rows<T>(name: string, text: string, values: readonly unknown[]): Promise<T[]>;
}

export type AnyRow = RecordRow & Record<string, unknown>;

/** By id: null where there is no such record, or none that the viewer may see; the two look alike on purpose. */
function byIdLoader(db: Rows, noun: Noun): DataLoader<string, AnyRow | null> {
  return new DataLoader(async (ids) => {
    const text = `select ${columnsOf(noun)} from ${noun.table} where id = any($1::uuid[])`;
    const rows = await db.rows<AnyRow>(`${noun.table} by id`, text, [ids]);
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

/** SQL for a total order: the named properties, unknown values last, then the id. */
export const orderOf = (link: ManyLink, alias: string): string =>
  [...link.orderBy.map((property) => `${alias}.${snake(property)} nulls last`), `${alias}.id`].join(', ');

function byParentLoader(db: Rows, name: string, noun: Noun, link: ManyLink): DataLoader<string, AnyRow[]> {
  const text = `select ${columnsOf(noun)} from ${noun.table} where ${snake(link.by)} = any($1::uuid[]) order by ${orderOf(link, noun.table)}`;
  return new DataLoader(async (ids) => {
    const rows = await db.rows<AnyRow>(name, text, [ids]);
    const found = new Map<string, AnyRow[]>();
    for (const row of rows) {
      const parent = row[link.by] as string;
      found.set(parent, [...(found.get(parent) ?? []), row]);
    }
    return ids.map((id) => found.get(id) ?? []);
  });
}

/** Any record by id, whatever its noun: one statement over all tables, each an index look-up. */
function recordLoader(db: Rows, nouns: Noun[]): DataLoader<string, AnyRow | null> {
  const text = nouns
    .map((noun) => `select to_jsonb(r) as record from (select ${columnsOf(noun)} from ${noun.table} where id = any($1::uuid[])) r`)
    .join(' union all ');
  return new DataLoader(async (ids) => {
    const rows = await db.rows<{ record: AnyRow }>('any record by id', text, [ids]);
    const found = new Map(rows.map(({ record }) => [record.id, record]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

type Loaders<N extends Record<string, Noun>> = { [K in keyof N]: DataLoader<string, Row<N[K]> | null> };

export interface Load<N extends Record<string, Noun>> {
  /** `one.persons.load(id)` */
  one: Loaders<N>;
  /** `many('Person', 'detentions').load(personId)` */
  many(type: string, field: string): DataLoader<string, AnyRow[]>;
  /** A record of any noun. */
  record: DataLoader<string, AnyRow | null>;
}

export function createLoaders<N extends Record<string, Noun>>(db: Rows, nouns: N, links: Links): Load<N> {
  const one = Object.fromEntries(Object.entries(nouns).map(([name, noun]) => [name, byIdLoader(db, noun)]));
  const lists = new Map<string, DataLoader<string, AnyRow[]>>();
  return {
    one: one as unknown as Loaders<N>,
    record: recordLoader(db, Object.values(nouns)),
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
