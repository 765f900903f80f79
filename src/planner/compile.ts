// A question as one SQL statement whose answer is the JSON of `data`. Everything that says what a field is comes from its plan
// (src/records/plan.ts) or from the declaration of its noun; here is only how the pieces are put together.
import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';
import { allOf, join, raw, sql, type Sql } from '../db/sql.js';
import type { AsOf } from '../generated/resolvers-types.js';
import { takesLens } from '../lens.js';
import { snake, type Column, type Noun } from '../records/noun.js';
import { isPlain, planOf, type MadeOf, type Plan, type Rows } from '../records/plan.js';
import { isUuid } from '../values/identifier.js';
import { fillComputed } from './computed.js';
import { DATE_FIELDS, leaf } from './leaf.js';
import { compilePage, compileUnion } from './page.js';
import { fieldsOf, rootFields, type Question } from './selection.js';
import { orMissing, shownBeside, shownColumn, type Slots } from './slots.js';
import { later, type Request } from './template.js';
import { Unplannable } from './unplannable.js';

/** The row that an object is made from. */
export interface Frame {
  alias: string;
  noun: Noun;
  /** What resolvers of the object are given, where that is not the row itself. */
  wrap?: ((row: never, rank: number, request: Request) => unknown) | undefined;
  /** Where rows come from several tables: which of the entries it is, and what it may be. */
  rank?: string;
  ranks?: readonly number[];
  /** For rows that are no records. */
  madeOf?: MadeOf;
  /** Beside the fields of the object that is made: rows whose words they are. */
  also?: Sql[];
  /** The id of the row, where the question names it. */
  id?: ((request: Request) => string) | undefined;
}

export interface Compiling extends Question {
  nouns: Record<string, Noun>;
  slots: Slots;
  /** Told the lens of each field of the root, in their order, when a request comes. */
  lenses: ((request: Request) => AsOf | null | undefined)[];
  /** Fields of the root that the resolvers must answer, by their name in the answer. */
  left: Map<string, FieldNode[]>;
  /** Whether rows above level 1 are to be named beside the answer. */
  keepsShown: boolean;
  aliases: number;
  selects: number;
}

/** A question that would need more selects than this is left to the resolvers: the time to plan it grows with them. */
const MOST_SELECTS = 1000;

const selectsIn = ({ strings }: Sql): number =>
  strings.reduce((sum, text) => sum + text.split('select ').length - 1, 0);

export function nextAlias(compiling: Compiling): string {
  // Each stands for a select or two.
  if (++compiling.aliases > MOST_SELECTS) throw new Unplannable('too many selects');
  return `t${compiling.aliases}`;
}

/** Column names longer than this would be cut by PostgreSQL, and with them the names of the answer. */
const LONGEST_NAME = 63;

export const named = (value: Sql, name: string): Sql => {
  if (name.length > LONGEST_NAME) throw new Unplannable(`${name} is too long for a column`);
  return sql`${value} as ${raw(`"${name}"`)}`;
};

/** The whole operation; `data` as JSON. A field of the root without plan is left to the resolvers, and its place is kept open. */
export function compileQuery(
  compiling: Compiling,
  root: GraphQLObjectType,
  selection: Parameters<typeof rootFields>[2],
): Sql {
  const columns = [...rootFields(compiling, root, selection)].map(([name, nodes]) => {
    const asked = nodes[0]!.name.value;
    if (asked === '__typename') return named(typeName(root), name);
    const field = root.getFields()[asked];
    if (field && takesLens(field)) {
      const args = argumentsOf(field, nodes[0]!);
      compiling.lenses.push((request) => args(request).asOf as AsOf | null | undefined);
    }
    return named((field && compiledRoot(compiling, field, nodes)) ?? leftOpen(compiling, name, nodes), name);
  });
  return sql`select row_to_json("~")::text as data from (select ${join(columns, ', ')}) "~"`;
}

/** Undefined where the resolvers must answer this field. */
function compiledRoot(
  compiling: Compiling,
  field: GraphQLField<unknown, unknown>,
  nodes: FieldNode[],
): Sql | undefined {
  const plan = planOf(field);
  if (!plan) return undefined;
  try {
    const told = required(field.type, compileRoot(compiling, field, nodes, plan));
    const selects = compiling.selects + selectsIn(told);
    if (selects > MOST_SELECTS) throw new Unplannable('too many selects');
    compiling.selects = selects;
    return told;
  } catch (error) {
    if (!(error instanceof Unplannable)) throw error;
    return undefined;
  }
}

/** Filled with what the resolvers say. */
function leftOpen(compiling: Compiling, name: string, nodes: FieldNode[]): Sql {
  compiling.left.set(name, nodes);
  return compiling.slots.open(raw('null'), (_, { rest }) => JSON.stringify(rest?.[name] ?? null));
}

export const typeName = (type: GraphQLObjectType): Sql => raw(`to_json('${type.name}'::text)`);

function compileRoot(compiling: Compiling, field: GraphQLField<unknown, unknown>, nodes: FieldNode[], plan: Plan): Sql {
  const args = argumentsOf(field, nodes[0]!);
  switch (plan.is) {
    case 'byId': {
      const asked = (request: Request): string => (args(request) as { id: string }).id.toLowerCase();
      const id = later((request) => (isUuid(asked(request)) ? sql`${asked(request)}::uuid` : raw('null::uuid')));
      return byId(compiling, plan.noun, id, field.type, nodes, asked);
    }
    case 'page':
      return compilePage(compiling, plan, args, null, field.type, nodes);
    case 'union':
      return compileUnion(compiling, plan, args, field.type, nodes);
    case 'list':
      return compileList(compiling, plan, args, field.type, nodes);
    case 'nodes':
      return compileNodes(compiling, plan, args, field.type, nodes);
    case 'byNoun':
    case 'byRank':
    case 'computed':
    case 'date':
    case 'first':
    case 'leaf':
    case 'own':
    case 'record':
    case 'rows':
    case 'through':
      throw new Unplannable(`${field.name} is no plan of a question`);
  }
}

export type Arguments = (request: Request) => Record<string, unknown>;

/** The arguments of a field, when a request comes. */
export const argumentsOf =
  (field: GraphQLField<unknown, unknown>, node: FieldNode): Arguments =>
  (request) =>
    request.once(node, () => getArgumentValues(field, node, request.variables));

/** `!` of the schema: where the database has nothing all the same, the resolvers decide what that means. */
export const required = (type: GraphQLOutputType, value: Sql): Sql => (isNonNullType(type) ? orMissing(value) : value);

/** The columns of an object: each field of the selection under its name in the answer. */
export function columnsOf(
  compiling: Compiling,
  type: GraphQLObjectType,
  frame: Frame,
  nodes: readonly FieldNode[],
): Sql {
  const also: Sql[] = [];
  const inside = { ...frame, also };
  if (frame.madeOf) noteMadeOf(compiling, inside, frame.madeOf);
  const fields = [...fieldsOf(compiling, type, nodes)].map(([name, same]) => {
    const asked = same[0]!.name.value;
    if (asked === '__typename') return named(typeName(type), name);
    const field = type.getFields()[asked]!;
    return named(compileField(compiling, type, field, inside, same), name);
  });
  const shown = compiling.keepsShown && isLevelled(frame.noun) ? [shownColumn(frame.alias)] : [];
  return join([...shown, ...also.map(shownBeside), ...fields], ', ');
}

/** Keeps apart, for readers of whom it is entered, of which other rows a value is made. */
export function noteMadeOf({ keepsShown }: Compiling, { alias, also }: Frame, madeOf: MadeOf): void {
  if (!keepsShown || madeOf === 'own') return;
  if (madeOf === 'others' || !also) throw new Unplannable('made of rows that are not named');
  also.push(madeOf(alias));
}

/** Whose reading is entered in the audit, above level 1. */
const isLevelled = ({ columns }: Noun): boolean => columns.some(({ property }) => property === 'sensitivity');

function compileField(
  compiling: Compiling,
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  frame: Frame,
  nodes: FieldNode[],
): Sql {
  const plan = planOf(field);
  if (plan) return required(field.type, compilePlan(compiling, plan, field, frame, nodes));
  const column = ownColumn(field, frame, type);
  const value = leaf(frame.alias, column, field.type);
  return column.nullable && isNonNullType(field.type) ? orMissing(sql`to_json(${value})`) : value;
}

function compilePlan(
  compiling: Compiling,
  plan: Plan,
  field: GraphQLField<unknown, unknown>,
  frame: Frame,
  nodes: FieldNode[],
): Sql {
  const { alias, noun, rank, ranks = [] } = frame;
  switch (plan.is) {
    case 'leaf':
      noteMadeOf(compiling, frame, plan.madeOf);
      return plan.sql(alias);
    case 'date':
      return dateOf(compiling, alias, [plan.property].flat().map(snake), field.type, nodes);
    case 'byNoun':
      return compilePlan(compiling, plan.of(noun), field, frame, nodes);
    case 'byRank': {
      const each = ranks.map((one) => {
        const value = compilePlan(compiling, plan.of(one, noun), field, frame, nodes);
        return sql`when ${raw(String(one))} then ${value}`;
      });
      return sql`case ${raw(rank!)} ${join(each, ' ')} end`;
    }
    case 'record':
      return plan.noun === 'records'
        ? anyRecord(compiling, plan.id(alias), field.type, nodes)
        : byId(compiling, plan.noun, plan.id(alias), field.type, nodes);
    case 'rows':
    case 'first':
      return rowsOf(compiling, chosen(plan, field, nodes), plan.is === 'first', alias, field.type, nodes);
    case 'page':
      return compilePage(compiling, plan, argumentsOf(field, nodes[0]!), frame, field.type, nodes);
    case 'own':
      return own(compiling, frame, field.type, nodes);
    case 'computed':
      return fillComputed(compiling, plan, field, frame, nodes);
    case 'through':
      return through(compiling, plan, field, frame, nodes);
    case 'byId':
    case 'list':
    case 'nodes':
    case 'union':
      throw new Unplannable(`${noun.type}.${field.name} is no plan of a field`);
  }
}

/** The rows that are left by the arguments. */
function chosen(
  { rows, choose, order }: Extract<Plan, { is: 'rows' | 'first' }>,
  field: GraphQLField<unknown, unknown>,
  nodes: readonly FieldNode[],
): Rows {
  const args = argumentsOf(field, nodes[0]!);
  return {
    ...rows,
    ...(choose && { where: later((request) => allOf([rows.where, ...choose(args(request) as never)])) }),
    ...(order && { orderBy: later((request) => order(args(request) as never)) }),
  };
}

/** A field without resolver is the column of its name, where the object is the row itself. */
function ownColumn(field: GraphQLField<unknown, unknown>, { noun, wrap }: Frame, type: GraphQLObjectType): Column {
  const column = noun.columns.find(({ property: own }) => own === field.name);
  if (!isPlain(field)) throw new Unplannable(`${type.name}.${field.name} has no plan`);
  if ((wrap && type.name !== noun.type) || !column || !isLeafType(getNamedType(field.type)))
    throw new Unplannable(`${type.name}.${field.name} is no column`);
  return column;
}

export function objectType(type: GraphQLOutputType): GraphQLObjectType {
  const found = getNamedType(type);
  if (!isObjectType(found)) throw new Unplannable(`${String(type)} is no object`);
  return found;
}

function byId(
  compiling: Compiling,
  table: string,
  id: Sql,
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
  asked?: Frame['id'],
): Sql {
  const noun = compiling.nouns[table]!;
  const alias = nextAlias(compiling);
  const columns = columnsOf(compiling, objectType(output), { alias, noun, id: asked }, nodes);
  return sql`(select row_to_json("~") from (select ${columns} from ${raw(`${table} ${alias}`)} where ${raw(alias)}.id = ${id}) "~")`;
}

/** What is told of a row that is made from the row of the parent. */
function through(
  compiling: Compiling,
  { row, noun, then, madeOf }: Extract<Plan, { is: 'through' }>,
  field: GraphQLField<unknown, unknown>,
  frame: Frame,
  nodes: FieldNode[],
): Sql {
  noteMadeOf(compiling, frame, madeOf);
  const alias = nextAlias(compiling);
  const told = compilePlan(compiling, then, field, { alias, noun: noun ?? frame.noun }, nodes);
  return sql`(select ${told} from (${row(frame.alias)}) ${raw(alias)})`;
}

function compileList(
  compiling: Compiling,
  { noun, from, orderBy }: Extract<Plan, { is: 'list' }>,
  args: Arguments,
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Sql {
  const alias = nextAlias(compiling);
  const columns = columnsOf(compiling, objectType(output), { alias, noun }, nodes);
  const made = later((request) => from(args(request) as never));
  return sql`(select coalesce(json_agg("~"), '[]'::json) from (select ${columns} from (${made}) ${raw(alias)} order by ${raw(`${alias}.${orderBy}`)}) "~")`;
}

/** One record by its id, or all of a list in its order. */
function compileNodes(
  compiling: Compiling,
  { ids, instead, choose }: Extract<Plan, { is: 'nodes' }>,
  args: Arguments,
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Sql {
  const wanted = nextAlias(compiling);
  const alias = nextAlias(compiling);
  const id = raw(`${wanted}.id`);
  const { noun, from, where } = instead;
  const type = compiling.schema.getType(noun.type) as GraphQLObjectType;
  const other = sql`(select row_to_json("~") from (select ${columnsOf(compiling, type, { alias, noun }, nodes)} from (select ${raw(`${noun.table}.*`)} from (select ${id}) parent, lateral (${from!}) ${raw(noun.table)} where ${later((request) => allOf([where, ...choose(args(request) as never)]))}) ${raw(alias)}) "~")`;
  const each = sql`coalesce(${anyRecord(compiling, id, output, nodes)}, ${other})`;
  const asked = later((request) => {
    const known = ids(args(request) as never).map((one) => (isUuid(one.toLowerCase()) ? one.toLowerCase() : null));
    return sql`unnest(${known}::uuid[]) with ordinality ${raw(`${wanted}(id, place)`)}`;
  });
  return isListType(getNullableType(output))
    ? sql`(select coalesce(json_agg(${each} order by ${raw(wanted)}.place), '[]'::json) from ${asked})`
    : sql`(select ${each} from ${asked})`;
}

/** A record of any noun: the spine says of which. */
export function anyRecord(compiling: Compiling, id: Sql, output: GraphQLOutputType, nodes: readonly FieldNode[]): Sql {
  const named = getNamedType(output);
  if (!isAbstractType(named)) throw new Unplannable(`${String(output)} holds one type`);
  const spine = nextAlias(compiling);
  const kinds = Object.entries(compiling.nouns).flatMap(([table, { type }]) => {
    const possible = compiling.schema.getType(type);
    if (!isObjectType(possible) || !compiling.schema.isSubType(named, possible)) return [];
    return [sql`when ${raw(`'${table}'`)} then ${byId(compiling, table, raw(`${spine}.id`), possible, nodes)}`];
  });
  return sql`(select case ${raw(spine)}.noun ${join(kinds, ' ')} end from records ${raw(spine)} where ${raw(spine)}.id = ${id})`;
}

/** Rows that belong to the row of the parent; the table stands under its own name, so that conditions read as in any list. */
function rowsOf(
  compiling: Compiling,
  { noun: given, from, where, orderBy, madeOf }: Rows,
  onlyFirst: boolean,
  parent: string,
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Sql {
  const alias = nextAlias(compiling);
  const noun = typeof given === 'string' ? compiling.nouns[given]! : given;
  const { table } = noun;
  const made = from ? sql`lateral (${from}) ${raw(table)}` : raw(table);
  const isList = isListType(getNullableType(output));
  const one = onlyFirst || !isList;
  const words: MadeOf = from && !isLevelled(noun) ? (madeOf ?? 'others') : 'own';
  const columns = columnsOf(compiling, objectTypeOf(compiling, output, noun), { alias, noun, madeOf: words }, nodes);
  const found = sql`(select ${raw(`${table}.*`)} from (select ${raw(parent)}.*) parent, ${made} where ${where} order by ${orderBy}${raw(one ? ' limit 1' : '')}) ${raw(alias)}`;
  return one
    ? sql`(select row_to_json("~") from (select ${columns} from ${found}) "~")`
    : sql`(select coalesce(json_agg("~"), '[]'::json) from (select ${columns} from ${found}) "~")`;
}

function own(compiling: Compiling, frame: Frame, output: GraphQLOutputType, nodes: readonly FieldNode[]): Sql {
  const { alias, noun } = frame;
  const type = objectTypeOf(compiling, output, noun);
  return sql`(select row_to_json("~") from (select ${columnsOf(compiling, type, { alias, noun }, nodes)}) "~")`;
}

/** Where any record may stand, the type of this one. */
function objectTypeOf({ schema }: Compiling, output: GraphQLOutputType, { type }: Noun): GraphQLObjectType {
  const named = getNamedType(output);
  const found = isAbstractType(named) ? schema.getType(type) : named;
  if (!isObjectType(found)) throw new Unplannable(`${String(output)} is no object`);
  return found;
}

function dateOf(
  compiling: Compiling,
  row: string,
  columns: readonly string[],
  output: GraphQLOutputType,
  nodes: FieldNode[],
): Sql {
  const each = columns.map((column) => {
    const fields = [...fieldsOf(compiling, objectType(output), nodes)].map(
      ([name, same]) => sql`${raw(`'${name}'`)}, ${DATE_FIELDS[same[0]!.name.value]!(row, column)}`,
    );
    // Not a select as elsewhere: there are three dates to a record, and this takes half the time.
    return sql`when ${raw(`${row}.${column}`)} is not null then json_build_object(${join(fields, ', ')})`;
  });
  return sql`case ${join(each, ' ')} end`;
}
