// Relay connections in SQL: the rows of a page in their order, and from them whatever is asked of the connection.
import {
  getNamedType,
  isAbstractType,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';
import { join, raw, sql, type Sql } from '../db/sql.js';
import { COUNT_CAP, opened, pageSize, rowsOfPage, rowsToCount, withTies, type SortKey } from '../records/page.js';
import type { Noun } from '../records/noun.js';
import type { Plan, PlannedPage, PlannedUnion } from '../records/plan.js';
import { sealCursor, type CursorValues } from '../values/cursor.js';
import {
  anyRecord,
  columnsOf,
  named,
  nextAlias,
  objectType,
  required,
  typeName,
  type Arguments,
  type Compiling,
  type Frame,
} from './compile.js';
import { property } from './leaf.js';
import { fieldsOf } from './selection.js';
import { orMissing } from './slots.js';
import { checked, later, type Request } from './template.js';
import { Unplannable } from './unplannable.js';

/** What is asked of a list besides its filter. */
interface PageArgs {
  first?: number | null;
  after?: string | null;
}

/** Where the rows of a page come from, and what is made of each. */
interface Source {
  args: Arguments;
  /** The row that the list belongs to; absent for a list of the root. */
  parent: Pick<Frame, 'alias' | 'id'> | null;
  scope: (request: Request, parent: string | null) => string;
  rows: (request: Request, limit: number, from: CursorValues | null) => Sql;
  /** JSON values of the cursor, from a row under the alias. */
  keys: (alias: string) => Sql;
  node: (alias: string, type: GraphQLOutputType, nodes: readonly FieldNode[]) => Sql;
  count: (request: Request) => Sql;
}

export function compilePage(
  compiling: Compiling,
  plan: Extract<Plan, { is: 'page' }>,
  args: Arguments,
  parent: Frame | null,
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Sql {
  const { noun } = plan;
  const { table } = noun;
  const owner = raw(parent ? `(select ${parent.alias}.*) parent, ` : '');
  const page = (request: Request): PlannedPage => request.once(nodes, () => plan.page(args(request) as never, request));
  const keysOf = (request: Request): SortKey[] => withTies(page(request).orderBy);
  return connection(compiling, output, nodes, {
    args,
    parent,
    scope: (request, id) => page(request).scope(id),
    rows: (request, limit, from) => {
      const { where, parts, within } = page(request);
      const keys = keysOf(request);
      const made = [
        ...keys.flatMap(({ made: value, property: name }): [string, Sql][] => (value ? [[name, value]] : [])),
        ...Object.entries(page(request).carry ?? {}),
      ].map(([name, value]) => sql`, ${value} as ${raw(`"${name}"`)}`);
      const select = sql`select ${raw(`${table}.*`)}${join(made, '')} from ${owner}${raw(table)}`;
      return rowsOfPage({ noun, select, where, parts, within, owner, keys, from, limit });
    },
    keys: (alias) => later((request) => list(keysOf(request).map((key) => keyOf(alias, noun, key)))),
    node: (alias, type, same) => {
      if (isAbstractType(getNamedType(type))) return anyRecord(compiling, raw(`${alias}.id`), type, same);
      const wrap = (row: never, _: number, request: Request): unknown => page(request).wrap?.(row) ?? row;
      return objectOf(compiling, type, { alias, noun, wrap }, same);
    },
    count: (request) => {
      const { where, within } = page(request);
      return rowsToCount({ noun, where, within, owner });
    },
  });
}

const objectOf = (compiling: Compiling, type: GraphQLOutputType, frame: Frame, same: readonly FieldNode[]): Sql =>
  sql`(select row_to_json("~") from (select ${columnsOf(compiling, objectType(type), frame, same)}) "~")`;

const list = (parts: readonly Sql[]): Sql => join(parts, ', ');

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
  plan: Extract<Plan, { is: 'union' }>,
  args: Arguments,
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Sql {
  const union = (request: Request): PlannedUnion => request.once(nodes, () => plan.union(args(request) as never));
  return connection(compiling, output, nodes, {
    args,
    parent: null,
    scope: (request) => union(request).scope,
    rows: (request, limit, from) => union(request).rows(limit, from),
    keys: (alias) => raw(plan.keys.map((key) => `${alias}.${key}`).join(', ')),
    node: (alias, type, same) => {
      const { kinds: own } = plan;
      if ('table' in own) return objectOf(compiling, type, { alias, noun: own }, same);
      const kinds = own.map(({ noun, ranks, wrap }) => {
        const row = nextAlias(compiling);
        const frame = { alias: row, noun, wrap, rank: `${alias}.rank`, ranks };
        const columns = columnsOf(compiling, objectType(type), frame, same);
        return sql`when ${raw(`${alias}.rank in (${ranks.join(', ')})`)} then (select row_to_json("~") from (select ${columns} from ${raw(`${noun.table} ${row}`)} where ${raw(`${row}.id = ${alias}.id`)}) "~")`;
      });
      return sql`case ${join(kinds, ' ')} end`;
    },
    count: (request) => union(request).count,
  });
}

/** The rows are numbered once, and stay in their order; each thing that is asked of the connection is a column of them, gathered again. */
function connection(compiling: Compiling, output: GraphQLOutputType, nodes: readonly FieldNode[], source: Source): Sql {
  const { parent } = source;
  const args = (request: Request): PageArgs => source.args(request);
  const sizeOf = (request: Request): number => pageSize(args(request).first);
  const size = later((request) => sql`${sizeOf(request)}::int`);
  const from = (request: Request): CursorValues | null => {
    // A cursor inside a list belongs to one parent, and all others refuse it: rare, and left to the resolvers.
    if (parent && !parent.id && args(request).after) throw new Unplannable('a cursor inside a list');
    const open = (): CursorValues | null =>
      opened(request.cursorKey(), source.scope(request, parent?.id?.(request) ?? null), args(request).after);
    return request.once(source, () => ({ values: open() })).values;
  };
  const type = objectType(output);
  const row = nextAlias(compiling);
  const columns: Sql[] = [];
  const made = (value: Sql): Sql => {
    columns.push(sql`, ${value} as ${raw(`c${columns.length}`)}`);
    return raw(`p.c${columns.length - 1}`);
  };
  const gathered = (value: Sql): Sql =>
    sql`coalesce(json_agg(${made(value)}) filter (where p.place <= ${size}), '[]'::json)`;
  const cursor = (): Sql =>
    compiling.slots.open(
      sql`json_build_array(${raw(parent ? `${parent.alias}.id` : 'null')}, json_build_array(${source.keys(row)}))`,
      (([id, values]: [string | null, CursorValues], request: Request) =>
        JSON.stringify(sealCursor(request.cursorKey(), source.scope(request, id), values))) as never,
    );
  const edge: Tell = (name, field, same) => {
    if (name === 'cursor') return cursor();
    if (name === 'node') return source.node(row, field.type, same);
    throw new Unplannable(`${name} is no part of an edge`);
  };
  const pageInfo: Record<string, () => Sql> = {
    hasNextPage: () => sql`to_json(count(p.place) > ${size})`,
    hasPreviousPage: () => later((request) => raw(`to_json(${from(request) !== null})`)),
    startCursor: () => sql`(json_agg(${made(cursor())}) filter (where p.place = 1))->0`,
    endCursor: () => sql`(json_agg(${made(cursor())}) filter (where p.place <= ${size}))->-1`,
  };
  const totals: Record<string, () => Sql> = {
    value: () => raw(`to_json(least(n, ${COUNT_CAP}))`),
    isExact: () => raw(`to_json(n <= ${COUNT_CAP})`),
  };
  let [reads, looksFurther] = [false, false];
  const parts: Record<string, (field: GraphQLField<unknown, unknown>, same: FieldNode[]) => Sql> = {
    nodes: (field, same) => gathered(orMissing(source.node(row, field.type, same))),
    edges: (field, same) => gathered(objectFrom(compiling, objectType(field.type), same, edge)),
    pageInfo: (field, same) => {
      looksFurther = true;
      return objectFrom(compiling, objectType(field.type), same, (name) => known(pageInfo, name)());
    },
    totalCount: (field, same) => {
      const counted = sql`(select count(*)::int as n from (${later(source.count)} limit ${raw(String(COUNT_CAP + 1))}) counted) total`;
      return sql`(select ${objectFrom(compiling, objectType(field.type), same, (name) => known(totals, name)())} from ${counted})`;
    },
  };
  const whole = objectFrom(compiling, type, nodes, (name, field, same) => {
    reads ||= name !== 'totalCount';
    return known(parts, name)(field, same);
  });
  // Also where no row is read, a size or a cursor that is none is refused.
  if (!reads) return sql`${checked((request) => [sizeOf(request), from(request)])}${whole}`;
  const rows = later((request) => source.rows(request, sizeOf(request) + (looksFurther ? 1 : 0), from(request)));
  const numbered = sql`(select rows.*, row_number() over () as place from (${rows}) rows) ${raw(row)}`;
  // One row also where nothing that is asked gathers any.
  return sql`(select ${whole} from (select ${raw(row)}.place${join(columns, '')} from ${numbered}) p having true)`;
}

/** What this schema has in a connection beside what every connection has is not known here. */
function known<T>(told: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(told, name) ? told[name] : undefined;
  if (found === undefined) throw new Unplannable(`${name} is no part of a page`);
  return found;
}

type Tell = (name: string, field: GraphQLField<unknown, unknown>, same: FieldNode[]) => Sql;

/** An object whose fields are told by their name. */
function objectFrom(compiling: Compiling, type: GraphQLObjectType, nodes: readonly FieldNode[], tell: Tell): Sql {
  const fields = [...fieldsOf(compiling, type, nodes)].map(([name, same]) => {
    const asked = same[0]!.name.value;
    if (asked === '__typename') return named(typeName(type), name);
    const field = type.getFields()[asked]!;
    return named(required(field.type, tell(asked, field, same)), name);
  });
  return sql`(select row_to_json("~") from (select ${join(fields, ', ')}) "~")`;
}
