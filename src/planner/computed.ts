// Fields that a rule in TypeScript computes from columns: the statement sends the columns, the rule runs when the answer is filled.
import {
  getNullableType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type FieldNode,
  type GraphQLField,
  type GraphQLOutputType,
} from 'graphql';
import { join, raw, sql, type Sql } from '../db/sql.js';
import { snake, type Column } from '../records/noun.js';
import { isPlain, type Beside, type Plan } from '../records/plan.js';
import type { Compiling, Frame } from './compile.js';
import { argumentsOf, nextAlias, noteMadeOf } from './compile.js';
import { property } from './leaf.js';
import { fieldsOf } from './selection.js';
import type { Request } from './template.js';
import { Unplannable } from './unplannable.js';

type Computed = Extract<Plan, { is: 'computed' }>;
type Row = Record<string, unknown>;
/** What a slot is filled from: rank, properties of the row, of its claims, sources that are copies, and rows beside it. */
type Data = [number, unknown[], unknown[][] | null, Record<string, string> | null, unknown[][][]];

export function fillComputed(
  compiling: Compiling,
  plan: Computed,
  field: GraphQLField<unknown, unknown>,
  frame: Frame,
  nodes: FieldNode[],
): Sql {
  const { alias, noun, wrap, rank } = frame;
  const args = argumentsOf(field, nodes[0]!);
  const write = writer(compiling, field.type, nodes);
  const needs = typeof plan.needs === 'function' ? plan.needs(noun) : plan.needs;
  const columns = needs.flatMap((need) => columnsNamed(noun.columns, need));
  const claims = plan.claims?.flatMap((need) => columnsNamed(compiling.nouns.claims!.columns, need)) ?? [];
  const open = plan.ifOpen && `${alias}.${snake(plan.ifOpen)} = '..'`;
  const record = `${alias}.${snake(plan.of ?? 'id')}`;
  const said = plan.claims ? claimsOf(compiling, record, claims) : raw('null');
  const beside = Object.entries(plan.beside ?? {}).map(([name, one]) => besides(compiling, alias, name, one));
  for (const { ids } of beside) noteMadeOf(compiling, frame, () => ids);
  if (plan.claims)
    noteMadeOf(compiling, frame, () =>
      raw(`select c.id from claims c where c.record_id = ${record}${open ? ` and ${open}` : ''}`),
    );
  if (plan.origins)
    noteMadeOf(compiling, frame, () => raw(`select unnest(c.roots) from claims c where c.record_id = ${record}`));
  const wanted = open ? sql`case when ${raw(open)} then ${said} end` : said;
  const data = sql`json_build_array(${raw(rank ?? '0')}, json_build_array(${values(alias, columns)}), ${wanted}, ${plan.origins ? originsOf(record) : raw('null')}, json_build_array(${list(beside.map(({ data: rows }) => rows))}))`;
  return compiling.slots.open(data, (([own, row, said, origins, others]: Data, request: Request) => {
    const whole = { ...rowOf(columns, row), __typename: noun.type };
    const parent = wrap ? wrap(whole as never, own, request) : whole;
    const read = said?.map((one) => rowOf(claims, one)) ?? [];
    const known = Object.fromEntries(
      beside.map(({ name, columns: of }, i) => [name, others[i]!.map((one) => rowOf(of, one))]),
    );
    return write(
      plan.make(parent as never, args(request) as never, read as never, (id) => origins?.[id] ?? id, known as never),
    );
  }) as never);
}

const list = (parts: readonly Sql[]): Sql => join(parts, ', ');

const values = (alias: string, columns: readonly Column[]): Sql =>
  list(columns.map((column) => property(alias, column)));

/** Rows beside that of the parent, in the order of their link. */
function besides(compiling: Compiling, parent: string, name: string, { rows, needs }: Beside) {
  const alias = nextAlias(compiling);
  const noun = typeof rows.noun === 'string' ? compiling.nouns[rows.noun]! : rows.noun;
  const columns = needs.flatMap((need) => columnsNamed(noun.columns, need));
  const found = sql`(select ${raw(`${noun.table}.*`)} from (select ${raw(parent)}.*) parent, ${raw(noun.table)} where ${rows.where} order by ${rows.orderBy}) ${raw(alias)}`;
  const data = sql`(select coalesce(json_agg(json_build_array(${values(alias, columns)})), '[]'::json) from ${found})`;
  const ids = sql`select ${raw(`${noun.table}.id`)} from (select ${raw(parent)}.*) parent, ${raw(noun.table)} where ${rows.where}`;
  return { name, columns, data, ids };
}

const rowOf = (columns: readonly Column[], data: readonly unknown[]): Row =>
  Object.fromEntries(columns.map(({ property: name }, i) => [name, data[i]]));

/** An uncertain date is three columns. */
function columnsNamed(all: readonly Column[], need: string): Column[] {
  const found = all.filter(({ property: name }) => [need, `${need}Earliest`, `${need}Latest`].includes(name));
  if (found.length === 0) throw new Unplannable(`${need} is no column`);
  return found;
}

/** As the link `Record.claims` lists them. */
function claimsOf(compiling: Compiling, record: string, columns: readonly Column[]): Sql {
  const alias = nextAlias(compiling);
  return sql`(select coalesce(json_agg(json_build_array(${values(alias, columns)}) order by ${raw(`${alias}.field, ${alias}.preference, ${alias}.sequence, ${alias}.id`)}), '[]'::json) from claims ${raw(alias)} where ${raw(`${alias}.record_id = ${record}`)})`;
}

/** As `originOf` in src/claims/origins.ts: each source that is a copy, with where its chain of copies begins as far as it may be seen. */
const originsOf = (record: string): Sql =>
  raw(`(select json_object_agg(roots.id, (
    with recursive upwards(id, passed) as (
      select roots.id, array[roots.id]
      union all select o.id, upwards.passed || o.id from upwards
        join sources s on s.id = upwards.id join records o on o.id = s.origin_id where o.id <> all(upwards.passed))
    select upwards.id from upwards order by cardinality(upwards.passed) desc limit 1))
    from (select distinct unnest(c.roots) as id from claims c where c.record_id = ${record}) roots)`);

type Write = (value: unknown) => string;

/** Writes a computed value as its type says; its objects hold what their fields are named after. */
function writer(compiling: Compiling, type: GraphQLOutputType, nodes: readonly FieldNode[]): Write {
  const plain = getNullableType(type);
  const write = writerOfPlain(compiling, plain, nodes);
  return (value) => {
    if (value !== null && value !== undefined) return write(value);
    if (isNonNullType(type)) throw new Unplannable('A computed value is missing.');
    return 'null';
  };
}

function writerOfPlain(compiling: Compiling, type: GraphQLOutputType, nodes: readonly FieldNode[]): Write {
  if (isLeafType(type)) return (value) => JSON.stringify(type.serialize(value));
  if (isListType(type)) {
    const item = writer(compiling, type.ofType as GraphQLOutputType, nodes);
    return (value) => `[${(value as unknown[]).map(item).join(',')}]`;
  }
  if (!isObjectType(type)) throw new Unplannable(`${String(type)} is computed`);
  const fields = [...fieldsOf(compiling, type, nodes)].map(([name, same]): [string, Write] => {
    const key = `${JSON.stringify(name)}:`;
    const asked = same[0]!.name.value;
    if (asked === '__typename') return [key, () => JSON.stringify(type.name)];
    const field = type.getFields()[asked]!;
    if (!isPlain(field)) throw new Unplannable(`${type.name}.${asked} has a resolver`);
    const write = writer(compiling, field.type, same);
    return [key, (value) => write((value as Row)[asked])];
  });
  return (value) => `{${fields.map(([key, write]) => key + write(value)).join(',')}}`;
}
