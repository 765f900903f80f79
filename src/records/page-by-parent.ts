// The same page for many parents: a list inside a list costs one statement for each level of a query, not one for each row.
import { compile, raw, sql, type Sql } from '../db/sql.js';
import { sealCursor } from '../values/cursor.js';
import { batched } from './batched.js';
import type { AnyRow } from './loaders.js';
import { byDay } from './list.js';
import type { Noun } from './noun.js';
import {
  capped,
  COUNT_CAP,
  listOf,
  opened,
  pageSize,
  rowsOfPage,
  rowsToCount,
  sortValues,
  withTies,
  type Count,
  type List,
  type PageArgs,
  type PageContext,
  type SortKey,
  type Within,
} from './page.js';
import { planned } from './plan.js';
import { columnsOf } from './select.js';

/** Which parent a row belongs to; the sign keeps it apart from every property of a noun. */
interface Parented {
  '@parent': string;
}

/** The id of the parent, for the conditions of a nested list. */
export const PARENT = raw('parent.id');

export interface NestedList {
  /** The field of the graph, such as `Person.events`; names the statement too. */
  name: string;
  noun: Noun;
  /** Conditions on the noun's table, one of which ties it to PARENT. Made from the arguments and nothing else. */
  where: Sql[];
  orderBy?: SortKey[];
  within?: Within | undefined;
}

const scopeOfNested = (name: string, filter: object, parent: string | null): string =>
  JSON.stringify([name, filter, parent]);

/** The resolver of a list inside a record: `events: nested({ name: 'Person.events', noun: events, where: (args) => [...] })`. */
export function nested<A extends PageArgs, T>({
  name,
  noun,
  where,
  orderBy = byDay(noun),
  within,
}: Omit<NestedList, 'where'> & { where: (args: A) => Sql[] }): (
  parent: { id: string },
  args: A,
  context: PageContext,
) => Promise<List<T>> {
  return planned(
    (parent: { id: string }, args: A, context: PageContext) =>
      pageByParent<T>(context, parent, args, { name, noun, where: where(args), orderBy, within }),
    {
      is: 'page',
      noun,
      page: (args: A) => {
        const { first: _, after: __, ...filter } = args;
        return { where: where(args), orderBy, within, scope: (parent) => scopeOfNested(name, filter, parent) };
      },
    },
  );
}

/** A page of what belongs to `parent`. Every argument besides `first` and `after` is part of what a cursor belongs to. */
export async function pageByParent<T = AnyRow>(
  { db, cursorKey }: PageContext,
  parent: { id: string },
  { first, after: cursor, ...filter }: PageArgs,
  { name, noun, where, orderBy = byDay(noun), within }: NestedList,
): Promise<List<T>> {
  const size = pageSize(first);
  const keys = withTies(orderBy);
  const scope = scopeOfNested(name, filter, parent.id);
  // A cursor opens for its own parent alone, so all that share it in one batch share its place as well.
  const from = opened(cursorKey, scope, cursor);
  const found = batched(db, JSON.stringify([name, filter, size, cursor ?? null]), async (ids) => {
    const columns = raw(`select ${columnsOf(noun)} from`);
    const own = raw(noun.table);
    const rowsOf = (select: Sql): Sql => rowsOfPage({ noun, select, where, within, keys, from, limit: size + 1 });
    // As in `page`: what is brought together is named after it is ordered.
    const rows = within
      ? sql`${columns} (${rowsOf(sql`select ${own}.* from ${own}`)}) ${own}`
      : rowsOf(sql`${columns} ${own}`);
    const statement = compile(sql`
      select parent.id as "@parent", nested.* from unnest(${ids}::uuid[]) parent(id)
      cross join lateral (
        select rows.*, row_number() over () as "@place" from (${rows}) rows
      ) nested order by parent.id, nested."@place"`);
    return grouped(await db.rows<AnyRow & Parented>(name, statement.text, statement.values));
  });
  const counted = batched(db, JSON.stringify([name, filter, 'count']), async (ids) => {
    const statement = compile(sql`
      select parent.id as "@parent", nested.n from unnest(${ids}::uuid[]) parent(id)
      cross join lateral (
        select count(*)::int as n from (${rowsToCount({ noun, where, within })} limit ${COUNT_CAP + 1}) counted
      ) nested`);
    const rows = await db.rows<Parented & { n: number }>(`${name} count`, statement.text, statement.values);
    return new Map(rows.map((row): [string, Count] => [row['@parent'], capped(row.n)]));
  });
  return listOf({
    rows: ((await found.load(parent.id)) ?? []) as unknown as T[],
    size,
    hasPreviousPage: from !== null,
    cursorOf: (row) => sealCursor(cursorKey, scope, sortValues(keys, row as object)),
    totalCount: async () => (await counted.load(parent.id)) ?? capped(0),
  });
}

function grouped<R extends Parented>(rows: readonly R[]): Map<string, R[]> {
  const groups = new Map<string, R[]>();
  for (const row of rows) {
    const group = groups.get(row['@parent']);
    if (group) group.push(row);
    else groups.set(row['@parent'], [row]);
  }
  return groups;
}
