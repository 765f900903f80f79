// Random questions over the whole schema: any root field, any argument, any selection, nested as deep as asked. What differs
// between two databases of the same content by nature (instants, versions, cursors, the texts of ids) is left out.
import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { Chance } from './random.js';

export interface OperationOptions {
  /** Values for arguments, by the name of the scalar. */
  values: Readonly<Record<string, readonly unknown[]>>;
  /** Root fields that are not asked. */
  without: ReadonlySet<string>;
  /** Fields that are never selected, as `name` or `Type.name`. */
  unselected: ReadonlySet<string>;
  depth: number;
  /** How often two fields of the root are asked for; a fifth of the questions unless told otherwise. */
  pairs?: number;
}

/** Names that the planner gives to rows and columns of its own: an answer that has them must not change what is meant. */
const WORDS_OF_SQL = ['o', 'p', 't1', 'n', 'place', 'rows', 'parent', 'total', 'counted', 'data', 'spine', 'told'];

/** Written as it stands in a document; enums need no quotes. */
type Literal = string;

export function randomOperation(schema: GraphQLSchema, random: Chance, options: OperationOptions): string {
  const roots = Object.values(schema.getQueryType()!.getFields()).filter(({ name }) => !options.without.has(name));
  const lens = random.odds(0.15) ? lensLiteral(random, options) : undefined;
  const asked = Array.from({ length: random.odds(options.pairs ?? 0.2) ? 2 : 1 }, (_, n) => {
    const field = random.pick(roots);
    return `r${n}: ${fieldText(field, options.depth, lens)}`;
  });
  return `{ ${asked.join(' ')} }`;

  function fieldText(field: GraphQLField<unknown, unknown>, depth: number, asOf?: Literal): string {
    const given = field.args
      .map((arg): [string, Literal | undefined] => [arg.name, arg.name === 'asOf' ? asOf : argument(arg)])
      .filter(([, literal]) => literal !== undefined);
    const args = given.length === 0 ? '' : `(${given.map(([name, literal]) => `${name}: ${literal}`).join(', ')})`;
    const type = getNamedType(field.type);
    return `${field.name}${args}${isLeafType(type) ? '' : ` ${selection(type, depth - 1)}`}`;
  }

  function argument(arg: GraphQLArgument): Literal | undefined {
    if (arg.name === 'after' || arg.name === 'before' || arg.name === 'last') return undefined;
    if (arg.name === 'first') return String(1 + random.below(8));
    if (!isNonNullType(arg.type) && random.odds(0.6)) return undefined;
    return literal(arg.type, 2);
  }

  function literal(type: GraphQLInputType, depth: number): Literal {
    if (isNonNullType(type)) return literal(type.ofType as GraphQLInputType, depth);
    if (isListType(type))
      return `[${Array.from({ length: 1 + random.below(3) }, () => literal(type.ofType as GraphQLInputType, depth)).join(', ')}]`;
    if (isEnumType(type)) return random.pick(type.getValues()).name;
    if (isInputObjectType(type) && type.isOneOf) {
      const field = random.pick(Object.values(type.getFields()));
      return `{${field.name}: ${literal(field.type, depth - 1)}}`;
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields())
        .filter((field) => isNonNullType(field.type) || (depth > 0 && random.odds(0.2)))
        .map((field) => `${field.name}: ${literal(field.type, depth - 1)}`);
      return `{${fields.join(', ')}}`;
    }
    const known = options.values[type.name];
    if (!known) throw new Error(`No value is known for the scalar ${type.name}.`);
    return JSON.stringify(random.pick(known));
  }

  function selection(type: GraphQLNamedType, depth: number): string {
    const parts = ['__typename', `${random.pick(WORDS_OF_SQL)}: __typename`];
    if (isAbstractType(type)) {
      for (const possible of schema.getPossibleTypes(type))
        if (random.odds(0.5)) parts.push(`... on ${possible.name} ${selection(possible, depth)}`);
      return `{ ${parts.join(' ')} }`;
    }
    if (!isObjectType(type)) return '{ __typename }';
    parts.push(...chosen(type, depth).map((text, n) => `${alias(type, text, n)}: ${text}`));
    return `{ ${parts.join(' ')} }`;
  }

  /** Leaves often, what nests seldom: a question should be answered in a moment. */
  function chosen(type: GraphQLObjectType, depth: number): string[] {
    const fields = Object.values(type.getFields()).filter(
      ({ name }) => !options.unselected.has(name) && !options.unselected.has(`${type.name}.${name}`),
    );
    const texts = fields
      .filter((field) => {
        const leaf = isLeafType(getNamedType(field.type));
        const through = ['nodes', 'edges', 'node', 'totalCount', 'pageInfo'].includes(field.name);
        return leaf ? random.odds(0.5) : through ? depth > -2 && random.odds(0.8) : depth > 0 && random.odds(0.25);
      })
      .map((field) => fieldText(field, depth));
    return texts;
  }

  /** The same field of two types may have two shapes: each selection has a name of its own. */
  function alias(type: GraphQLObjectType, text: string, n: number): string {
    return `${type.name[0]!.toLowerCase()}${type.name.slice(1)}_${/^\w+/.exec(text)![0]}_${n}`;
  }
}

function lensLiteral(random: Chance, { values }: OperationOptions): Literal {
  if (random.odds(0.5)) {
    const certainty = random.odds(0.5) ? ', certainty: POSSIBLE' : '';
    return `{publishedBy: ${JSON.stringify(random.pick(values.LocalDate!))}${certainty}}`;
  }
  return `{accordingTo: [${JSON.stringify(random.pick(values.sources!))}, ${JSON.stringify(random.pick(values.sources!))}]}`;
}
