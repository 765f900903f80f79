// One page of a list: Relay connections by keyset. Each list has one total order, so no row is lost or seen twice.
import { join, raw, sql, allOf, compile, type Sql } from '../db/sql.js';
import { invalid, reading } from '../errors.js';
import { openCursor, sealCursor, type CursorValues } from '../values/cursor.js';
import type { AnyRow, Rows } from './loaders.js';
import { snake, type Noun } from './noun.js';
import { columnsOf } from './select.js';

/** How many records a list may count: beyond it `totalCount` says "at least". */
export const COUNT_CAP = 10_000;
/** How many records a page may have. */
export const PAGE_CAP = 100;
const USUAL_PAGE = 25;

export interface PageArgs {
  first?: number | null | undefined;
  after?: string | null | undefined;
}

/** One step of the order. Days, texts and whole numbers only; unknown values come last. */
export interface SortKey {
  property: string;
  /** The SQL type of the column, for the cursor's bind parameter. */
  type: 'date' | 'text' | 'bigint' | 'uuid' | 'int';
  /** What is sorted by, where that is no column but made for the question; the row carries it under the property. */
  made?: Sql;
}

const sortedBy = ({ property, made }: SortKey, table: string): Sql => made ?? raw(`${table}.${snake(property)}`);

export interface List<T = AnyRow> {
  nodes: T[];
  edges: { cursor: string; node: T }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  totalCount(): Promise<Count>;
}
export interface Count {
  value: number;
  isExact: boolean;
}

export interface ListQuery {
  noun: Noun;
  /** Conditions on the noun's table, under its own name. */
  where: Sql[];
  /** As `PlannedPage.parts`. */
  parts?: readonly Sql[];
  within?: Within | undefined;
  orderBy: SortKey[];
  /** What the cursor belongs to: the list and its filters. A cursor of another list is refused. */
  scope: unknown;
}

/** After a place, on keys of which any may be unknown or made: for each in turn, equal so far and greater here. */
function beyond(keys: SortKey[], values: CursorValues, table: string): Sql {
  const column = (key: SortKey): Sql => sortedBy(key, table);
  const branches = keys.map((key, i) => {
    const equal = keys
      .slice(0, i)
      .map((k, j) => (values[j] === null ? sql`${column(k)} is null` : sql`${column(k)} = ${bound(k, values[j])}`));
    const value = values[i];
    const further =
      value === null || value === undefined
        ? raw('false')
        : sql`(${column(key)} > ${bound(key, value)} or ${column(key)} is null)`;
    return allOf([...equal, further]);
  });
  return join(
    branches.map((b) => sql`(${b})`),
    ' or ',
  );
}

const bound = (key: SortKey, value: unknown): Sql => sql`${value}${raw(`::${key.type}`)}`;

/** After a place, on columns that are never unknown here: the one form in which an index begins at the place itself. */
function rowsBeyond(keys: SortKey[], values: CursorValues, table: string): Sql {
  const columns = keys.map((key) => sortedBy(key, table));
  const bounds = keys.map((key, i) => bound(key, values[i]));
  return sql`(${join(columns, ', ')}) > (${join(bounds, ', ')})`;
}

/**
 * What all rows are at, such as the places of a country: each is walked on its own index as far as a page needs. One index for all
 * would be walked over everything that is elsewhere, and without one everything that is there would be sorted.
 */
export interface Within {
  property: string;
  /** A select in parentheses, of one column, each id once. May ask of PARENT. */
  ids: Sql;
}

interface Slice {
  noun: Noun;
  /** All that stands before `where`; one table under its own name, others beside it as they may be. */
  select: Sql;
  where: readonly Sql[];
  keys: SortKey[];
  from: CursorValues | null;
  limit: number;
}

/**
 * The rows of a page in their order. An index is walked from where the cursor stands, so a page deep in a list costs what the
 * first one does: a single condition that lets the unknown come last would be tried on every row before it.
 */
export function rowsOfPage({ parts = [], within, owner = raw(''), ...slice }: Slice & Ways): Sql {
  if (within) return walkedWithin(within, owner, slice);
  if (parts.length === 0) return walked(slice);
  const { where, keys, limit, noun } = slice;
  const each = parts.map((part) => sql`(${walked({ ...slice, where: [...where, part] })})`);
  return sql`select * from (${join(each, ' union all ')}) ${raw(noun.table)} order by ${orderOf(keys, noun.table)} limit ${limit}`;
}

interface Ways {
  parts?: readonly Sql[] | undefined;
  within?: Within | undefined;
  /** Where `ids` asks of PARENT and that is not there yet: what makes it, with a comma. */
  owner?: Sql;
}

/** One row for each that is counted, and no more for a place than are counted at all. */
export function rowsToCount({ noun, where, within, owner = raw('') }: Pick<Slice, 'noun' | 'where'> & Ways): Sql {
  const all = (conditions: readonly Sql[]): Sql =>
    sql`select 1 from ${owner}${raw(noun.table)} where ${allOf([...conditions])}`;
  if (!within) return all(where);
  const each = sql`${all([atOne(noun, within), ...where])} limit ${raw(String(COUNT_CAP + 1))}`;
  return sql`select 1 from ${owner}lateral ${within.ids} at(id) cross join lateral (${each}) one`;
}

const atOne = ({ table }: Noun, { property }: Within): Sql => raw(`${table}.${snake(property)} = at.id`);

function walkedWithin(within: Within, owner: Sql, slice: Slice): Sql {
  const { noun, keys, where, limit } = slice;
  const table = raw(noun.table);
  const each = walked({ ...slice, where: [atOne(noun, within), ...where] });
  return sql`select ${table}.* from ${owner}lateral ${within.ids} at(id) cross join lateral (${each}) ${table} order by ${orderOf(keys, noun.table)} limit ${limit}`;
}

function walked({ noun, select, where, keys, from, limit }: Slice): Sql {
  const { table } = noun;
  const some = (conditions: readonly Sql[]): Sql =>
    sql`${select} where ${allOf([...where, ...conditions])} order by ${orderOf(keys, table)} limit ${limit}`;
  if (!from) return some([]);
  const known = (key: SortKey): boolean =>
    !key.made && noun.columns.some(({ property, nullable }) => property === key.property && !nullable);
  const [first, ...rest] = keys as [SortKey, ...SortKey[]];
  if (first.made || !rest.every(known)) return some([beyond(keys, from, table)]);
  const column = sortedBy(first, table);
  if (from[0] === null) return some([sql`${column} is null`, rowsBeyond(rest, from.slice(1), table)]);
  const told = some([rowsBeyond(keys, from, table)]);
  if (known(first)) return told;
  // One after the other, each in its order: what is limited is never read by several at once.
  const untold = some([sql`${column} is null`]);
  return sql`select * from ((${told}) union all (${untold})) rows limit ${limit}`;
}

export interface PageContext {
  db: Rows;
  cursorKey: Uint8Array;
}

/** 1 to 100, 25 unless said otherwise. */
export function pageSize(first: number | null | undefined): number {
  const size = first ?? USUAL_PAGE;
  if (size < 1 || size > PAGE_CAP)
    throw invalid('first', `A page has 1 to ${PAGE_CAP} records; ask for the next with \`after\`.`, {
      rule: 'page-size',
    });
  return size;
}

/** What the cursor holds, or null for the first page. */
export function opened(cursorKey: Uint8Array, scope: string, cursor: string | null | undefined): CursorValues | null {
  if (cursor === null || cursor === undefined) return null;
  return reading('after', () => openCursor(cursorKey, scope, cursor), { rule: 'cursor' });
}

interface Found<T> {
  /** One more than the page may have, when there are more. */
  rows: T[];
  size: number;
  hasPreviousPage: boolean;
  cursorOf: (row: T) => string;
  totalCount: () => Promise<Count>;
}

/** Rows as a Relay connection. */
export function listOf<T>({ rows, size, hasPreviousPage, cursorOf, totalCount }: Found<T>): List<T> {
  const nodes = rows.slice(0, size);
  const edges = nodes.map((node) => ({ node, cursor: cursorOf(node) }));
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount,
  };
}

/** The same page, with something made of each record. */
export const mapList = <A, B>(list: List<A>, make: (row: A) => B): List<B> => ({
  ...list,
  nodes: list.nodes.map(make),
  edges: list.edges.map(({ cursor, node }) => ({ cursor, node: make(node) })),
});

/** Ties are settled by the order of recording, which is the same in every database that was filled alike; ids are random. */
export const withTies = (orderBy: SortKey[]): SortKey[] => [
  ...orderBy,
  { property: 'sequence', type: 'bigint' },
  { property: 'id', type: 'uuid' },
];
export const orderOf = (keys: SortKey[], table: string): Sql =>
  join(
    keys.map((key) => sql`${sortedBy(key, table)} nulls last`),
    ', ',
  );
/** Columns beside those of the noun, for the cursor. */
const madeFor = (keys: SortKey[]): Sql[] =>
  keys.flatMap(({ property, made }) => (made ? [sql`, ${made} as ${raw(`"${property}"`)}`] : []));
export const sortValues = (keys: SortKey[], row: object): CursorValues =>
  keys.map((key) => ((row as Record<string, unknown>)[key.property] ?? null) as string | null);

/** What the cursors of a list belong to. */
export const scopeOfList = ({ table }: Noun, scope: unknown): string => JSON.stringify([table, scope]);

export async function page<T = AnyRow>(
  { db, cursorKey }: PageContext,
  args: PageArgs,
  query: ListQuery,
): Promise<List<T>> {
  const { noun } = query;
  const size = pageSize(args.first);
  const keys = withTies(query.orderBy);
  const scope = scopeOfList(noun, query.scope);
  const from = opened(cursorKey, scope, args.after);
  const { where, parts, within } = query;
  const columns = sql`select ${raw(columnsOf(noun))}${join(madeFor(keys), '')} from`;
  const rowsOf = (select: Sql): Sql => rowsOfPage({ noun, select, where, parts, within, keys, from, limit: size + 1 });
  const own = raw(noun.table);
  // What is brought together is ordered by its columns, so it is named after that.
  const statement = compile(
    parts || within
      ? sql`${columns} (${rowsOf(sql`select ${own}.* from ${own}`)}) ${own}`
      : rowsOf(sql`${columns} ${own}`),
  );
  const rows = await db.rows<AnyRow>(`${noun.table} list`, statement.text, statement.values);
  return listOf({
    rows: rows as unknown as T[],
    size,
    hasPreviousPage: from !== null,
    cursorOf: (row) => sealCursor(cursorKey, scope, sortValues(keys, row as object)),
    totalCount: () => countOf(db, `${noun.table} count`, rowsToCount({ noun, where, within })),
  });
}

/** How many rows a select has, counted as far as the cap. */
export async function countOf(db: Rows, name: string, select: Sql): Promise<Count> {
  const { text, values } = compile(sql`select count(*)::int as n from (${select} limit ${COUNT_CAP + 1}) counted`);
  const [row] = await db.rows<{ n: number }>(name, text, values);
  return capped(row!.n);
}

export const capped = (n: number): Count => ({ value: Math.min(n, COUNT_CAP), isExact: n <= COUNT_CAP });
