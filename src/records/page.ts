// One page of a list: Relay connections by keyset. Each list has one total order, so no row is lost or seen twice.
import { join, raw, sql, allOf, compile, type Sql } from '../db/sql.js';
import { openCursor, sealCursor } from '../values/cursor.js';
import type { AnyRow, Rows } from './loaders.js';
import { snake, type Noun } from './noun.js';
import { columnsOf } from './select.js';

/** How many records a list may count: beyond it `totalCount` says "at least". */
export const COUNT_CAP = 10_000;

export interface PageArgs {
  first?: number | null | undefined;
  after?: string | null | undefined;
}

/** One step of the order. Days and texts only; unknown values come last. */
export interface SortKey {
  property: string;
  /** The SQL type of the column, for the cursor's bind parameter. */
  type: 'date' | 'text' | 'bigint' | 'uuid';
}

export interface List<T = AnyRow> {
  nodes: T[];
  edges: { cursor: string; node: T }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  totalCount(): Promise<{ value: number; isExact: boolean }>;
}

export interface ListQuery {
  noun: Noun;
  /** Conditions on the noun's table, under its own name. */
  where: Sql[];
  orderBy: SortKey[];
  /** What the cursor belongs to: the list and its filters. A cursor of another list is refused. */
  scope: unknown;
}

/** Rows after the cursor: for each key in turn, equal so far and greater here; unknown is greater than all. */
export function after(keys: SortKey[], values: (string | number | null)[], table: string): Sql {
  const column = (key: SortKey): Sql => raw(`${table}.${snake(key.property)}`);
  const bound = (key: SortKey, value: unknown): Sql => sql`${value}${raw(`::${key.type}`)}`;
  const branches = keys.map((key, i) => {
    const equal = keys.slice(0, i).map((k, j) => (values[j] === null ? sql`${column(k)} is null` : sql`${column(k)} = ${bound(k, values[j])}`));
    const value = values[i];
    const beyond = value === null || value === undefined ? raw('false') : sql`(${column(key)} > ${bound(key, value)} or ${column(key)} is null)`;
    return allOf([...equal, beyond]);
  });
  return join(branches.map((b) => sql`(${b})`), ' or ');
}

export interface PageContext {
  db: Rows;
  cursorKey: Buffer;
}

export async function page<T = AnyRow>({ db, cursorKey }: PageContext, args: PageArgs, query: ListQuery): Promise<List<T>> {
  const { noun } = query;
  const first = args.first ?? 25;
  const keys: SortKey[] = [...query.orderBy, { property: 'id', type: 'uuid' }];
  const scope = JSON.stringify([noun.table, query.scope]);
  const where = args.after ? [...query.where, after(keys, openCursor(cursorKey, scope, args.after), noun.table)] : query.where;
  const order = keys.map((key) => `${noun.table}.${snake(key.property)} nulls last`).join(', ');
  const statement = compile(
    sql`select ${raw(columnsOf(noun))} from ${raw(noun.table)} where ${allOf(where)} order by ${raw(order)} limit ${first + 1}`,
  );
  const rows = await db.rows<AnyRow>(`${noun.table} list`, statement.text, statement.values);
  const nodes = rows.slice(0, first);
  const edges = nodes.map((node) => ({
    node: node as unknown as T,
    cursor: sealCursor(cursorKey, scope, keys.map((key) => (node[key.property] ?? null) as string | null)),
  }));
  return {
    nodes: nodes as unknown as T[],
    edges,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: Boolean(args.after),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: () => countOf(db, noun.table, query.where),
  };
}

async function countOf(db: Rows, table: string, where: Sql[]): Promise<{ value: number; isExact: boolean }> {
  const { text, values } = compile(
    sql`select count(*)::int as n from (select 1 from ${raw(table)} where ${allOf(where)} limit ${COUNT_CAP + 1}) counted`,
  );
  const [row] = await db.rows<{ n: number }>(`${table} count`, text, values);
  return { value: Math.min(row!.n, COUNT_CAP), isExact: row!.n <= COUNT_CAP };
}
