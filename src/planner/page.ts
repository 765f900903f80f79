// Relay connections in SQL: the rows of a page in their order, and from them whatever is asked of the connection.
import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLOutputType } from 'graphql';
import { allOf, join, raw, sql, type Sql } from '../db/sql.js';
import { after, COUNT_CAP, opened, orderOf, pageSize, withTies, type SortKey } from '../records/page.js';
import type { Noun } from '../records/noun.js';
import type { PlannedPage, PlannedUnion } from '../records/plan.js';
import { sealCursor, type CursorValues } from '../values/cursor.js';
import { columnsOf, named, nextAlias, objectType, required, type Compiling } from './compile.js';
import { property } from './leaf.js';
import { fieldsOf } from './selection.js';
import { orMissing } from './slots.js';
import { Unplannable } from './unplannable.js';

/** What is asked of a list besides its filter. */
interface PageArgs {
  first?: number | null;
  after?: string | null;
}

/** Where the rows of a page come from, and what is made of each. */
interface Source {
  args: PageArgs;
  /** Who the list belongs to, as SQL; absent for a list of the root. */
  parent: string | null;
  scope: (parent: string | null) => string;
  rows: (limit: number, from: CursorValues | null) => Sql;
  /** JSON values of the cursor, from a row under the alias. */
  keys: (alias: string) => Sql;
  node: (alias: string, type: GraphQLOutputType, nodes: readonly FieldNode[]) => Sql;
  count: Sql;
}

export function compilePage(
  compiling: Compiling,
  page: PlannedPage,
  args: PageArgs,
  parent: string | null,
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Sql {
  const { noun, where } = page;
  const { table } = noun;
  const keys = withTies(page.orderBy);
  const owner = parent ? sql`(select ${raw(parent)}.*) parent, ` : sql``;
  const made = keys.flatMap((key) => (key.made ? [sql`, ${key.made} as ${raw(`"${key.property}"`)}`] : []));
  return connection(compiling, output, nodes, {
    args,
    parent,
    scope: page.scope,
    rows: (limit, from) =>
      sql`select ${raw(`${table}.*`)}${join(made, '')} from ${owner}${raw(table)} where ${allOf(from ? [...where, after(keys, from, table)] : where)} order by ${orderOf(keys, table)} limit ${limit}`,
    keys: (alias) =>
      join(
        keys.map((key) => keyOf(alias, noun, key)),
        ', ',
      ),
    node: (alias, type, same) => {
      const columns = columnsOf(compiling, objectType(type), { alias, noun, wrap: page.wrap }, same);
      return sql`(select row_to_json(o) from (select ${columns}) o)`;
    },
    count: sql`select 1 from ${owner}${raw(table)} where ${allOf(where)}`,
  });
}

/** As the loaders read it. */
const keyOf = (alias: string, noun: Noun, key: SortKey): Sql =>
  key.made
    ? raw(`${alias}."${key.property}"`)
    : property(
        alias,
        noun.columns.find((column) => column.property === key.property)!,
      );

export function compileUnion(
  compiling: Compiling,
  union: PlannedUnion,
  args: PageArgs,
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Sql {
  return connection(compiling, output, nodes, {
    args,
    parent: null,
    scope: () => union.scope,
    rows: union.rows,
    keys: (alias) => raw(union.keys.map((key) => `${alias}.${key}`).join(', ')),
    node: (alias, type, same) => {
      const kinds = union.kinds.map(({ noun, ranks, wrap }) => {
        const row = nextAlias(compiling);
        const frame = { alias: row, noun, wrap, rank: `${alias}.rank` };
        const columns = columnsOf(compiling, objectType(type), frame, same);
        return sql`when ${raw(`${alias}.rank in (${ranks.join(', ')})`)} then (select row_to_json(o) from (select ${columns} from ${raw(`${noun.table} ${row}`)} where ${raw(`${row}.id = ${alias}.id`)}) o)`;
      });
      return kinds.length > 0 ? sql`case ${join(kinds, ' ')} end` : sql`null::json`;
    },
    count: union.count,
  });
}

/** The rows are numbered once; each thing that is asked of the connection is a column of them, gathered again. */
function connection(compiling: Compiling, output: GraphQLOutputType, nodes: readonly FieldNode[], source: Source): Sql {
  const { args, parent, count } = source;
  const type = objectType(output);
  const size = pageSize(args.first);
  // A cursor inside a list belongs to one parent, and all others refuse it: rare, and left to the resolvers.
  if (parent && args.after) throw new Unplannable('a cursor inside a list');
  const from = opened(compiling.cursorKey(), source.scope(null), args.after);
  const row = nextAlias(compiling);
  const columns: Sql[] = [];
  const made = (value: Sql): string => {
    columns.push(sql`, ${value} as ${raw(`c${columns.length}`)}`);
    return `p.c${columns.length - 1}`;
  };
  const gathered = (value: Sql): Sql =>
    raw(`coalesce(json_agg(${made(value)} order by p.place) filter (where p.place <= ${size}), '[]'::json)`);
  const cursor = (): Sql => {
    const owner = raw(parent ? `${parent}.id` : 'null');
    return compiling.slots.open(sql`json_build_array(${owner}, json_build_array(${source.keys(row)}))`, (([
      id,
      values,
    ]: [string | null, CursorValues]) =>
      JSON.stringify(sealCursor(compiling.cursorKey(), source.scope(id), values))) as never);
  };
  const edge = (name: string, field: GraphQLField<unknown, unknown>, same: FieldNode[]): Sql =>
    name === 'cursor' ? cursor() : source.node(row, field.type, same);
  const pageInfo: Record<string, () => Sql> = {
    hasNextPage: () => raw(`to_json(count(p.place) > ${size})`),
    hasPreviousPage: () => raw(`to_json(${from !== null})`),
    startCursor: () => raw(`(json_agg(${made(cursor())} order by p.place) filter (where p.place = 1))->0`),
    endCursor: () => raw(`(json_agg(${made(cursor())} order by p.place desc) filter (where p.place <= ${size}))->0`),
  };
  const totals: Record<string, () => Sql> = {
    value: () => raw(`to_json(least(n, ${COUNT_CAP}))`),
    isExact: () => raw(`to_json(n <= ${COUNT_CAP})`),
  };
  let rowsAsked = 0;
  const parts: Record<string, (field: GraphQLField<unknown, unknown>, same: FieldNode[]) => Sql> = {
    nodes: (field, same) => gathered(orMissing(source.node(row, field.type, same))),
    edges: (field, same) => gathered(objectFrom(compiling, objectType(field.type), same, edge)),
    pageInfo: (field, same) => {
      rowsAsked = size + 1;
      return objectFrom(compiling, objectType(field.type), same, (name) => pageInfo[name]!());
    },
    totalCount: (field, same) => {
      const counted = sql`(select count(*)::int as n from (${count} limit ${raw(String(COUNT_CAP + 1))}) counted) total`;
      return sql`(select ${objectFrom(compiling, objectType(field.type), same, (name) => totals[name]!())} from ${counted})`;
    },
  };
  const whole = objectFrom(compiling, type, nodes, (name, field, same) => {
    if (name !== 'totalCount') rowsAsked = Math.max(rowsAsked, size);
    return parts[name]!(field, same);
  });
  if (rowsAsked === 0) return whole;
  const rows = source.rows(rowsAsked, from);
  const numbered = sql`(select rows.*, row_number() over () as place from (${rows}) rows) ${raw(row)}`;
  return sql`(select ${whole} from (select ${raw(row)}.place${join(columns, '')} from ${numbered}) p)`;
}

/** An object whose fields are told by their name. */
function objectFrom(
  compiling: Compiling,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  tell: (name: string, field: GraphQLField<unknown, unknown>, same: FieldNode[]) => Sql,
): Sql {
  const fields = [...fieldsOf(compiling, type, nodes)].map(([name, same]) => {
    const asked = same[0]!.name.value;
    if (asked === '__typename') return named(raw(`to_json('${type.name}'::text)`), name);
    const field = type.getFields()[asked]!;
    return named(required(field.type, tell(asked, field, same)), name);
  });
  return sql`(select row_to_json(o) from (select ${join(fields, ', ')}) o)`;
}
