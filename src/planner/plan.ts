// From a validated question to its statement. A document is compiled once; each request only fills in what is its own.
import {
  GraphQLError,
  getNamedType,
  getVariableValues,
  isNonNullType,
  Kind,
  OperationTypeNode,
  typeFromAST,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { DomainError } from '../errors.js';
import type { AsOf } from '../generated/resolvers-types.js';
import type { Noun } from '../records/noun.js';
import type { Asked } from '../records/plan.js';
import { InvalidValue } from '../values/invalid-value.js';
import { compileQuery, type Compiling } from './compile.js';
import { rootFields } from './selection.js';
import { Slots, takeShown } from './slots.js';
import { NewRequest, Template, type Request } from './template.js';
import { Unplannable } from './unplannable.js';

export interface PlannedQuestion {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** As they were sent. */
  variables: Readonly<Record<string, unknown>>;
}

export interface Planning extends Asked {
  nouns: Record<string, Noun>;
  /** Asked after the lens is set, of which the key is part. */
  cursorKey: () => Uint8Array;
  /** Sets the lens that a field of the root asks for. */
  look: (asOf: AsOf | null | undefined) => void;
  /** Whether rows above level 1 are to be named beside the answer. */
  keepsShown: boolean;
}

export interface PlannedStatement {
  text: string;
  values: unknown[];
  /** Asked for the first time; most of those never come again. */
  isNew: boolean;
  /** The fields of the root, in the order of the answer. */
  fields: readonly RootField[];
  /** The same question with those fields alone that the resolvers must answer; absent where there are none. */
  rest: DocumentNode | undefined;
  /** `data` of the answer as JSON, from the one row of the statement. Throws Unplannable. */
  answer(
    row: { data: string },
    rest?: Readonly<Record<string, unknown>>,
  ): { data: string; shown: { id: string; sensitivity: number }[] };
}

export interface RootField {
  /** In the answer. */
  name: string;
  nodes: readonly FieldNode[];
  /** The resolvers must answer it. */
  isLeft: boolean;
  /** Where it is null, `data` is. */
  isRequired: boolean;
}

interface Compiled extends Pick<PlannedStatement, 'fields' | 'rest'> {
  template: Template;
  slots: Slots;
  lenses: readonly ((request: Request) => AsOf | null | undefined)[];
}

/** For each operation of a document what it was compiled to, by what its text depends on; null: it has no plan. */
const compiled = new WeakMap<OperationDefinitionNode, Map<string, Compiled | null>>();

/** Undefined: the resolvers must answer, or refuse with the place of what is wrong. */
export function planQuestion(question: PlannedQuestion, planning: Planning): PlannedStatement | undefined {
  const { schema, operation } = question;
  if (operation.operation !== OperationTypeNode.QUERY) return undefined;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], question.variables);
  const found = coerced && compiledOf(question, coerced, planning);
  if (!found) return undefined;
  const { template, slots, lenses, fields, rest } = found;
  const { today, cursorKey } = planning;
  const request = new NewRequest(today, coerced, cursorKey);
  return orUndefined(() => {
    for (const lens of lenses) planning.look(lens(request));
    const { text, values, isNew } = template.fill(request);
    return {
      text,
      values,
      isNew,
      fields,
      rest,
      answer: ({ data }, told) => {
        const { text: own, rows } = takeShown(data);
        request.rest = told;
        return { data: slots.fill(own, request), shown: rows };
      },
    };
  });
}

function compiledOf(
  question: PlannedQuestion,
  variables: Record<string, unknown>,
  { nouns, keepsShown }: Planning,
): Compiled | null {
  const { schema, document, operation } = question;
  const known = compiled.get(operation) ?? new Map<string, Compiled | null>();
  compiled.set(operation, known);
  const key = keyOf(question, variables, keepsShown);
  const ready = known.get(key);
  if (ready !== undefined) return ready;
  const slots = new Slots();
  const lenses: Compiling['lenses'] = [];
  const fragments = fragmentsOf(document);
  const left: Compiling['left'] = new Map();
  const compiling: Compiling = {
    nouns,
    keepsShown,
    schema,
    fragments,
    variables,
    slots,
    lenses,
    left,
    aliases: 0,
    selects: 0,
  };
  const made = orUndefined(() => {
    const root = schema.getQueryType()!;
    const template = new Template(compileQuery(compiling, root, operation.selectionSet));
    const asked = [...rootFields(compiling, root, operation.selectionSet)];
    const fields = asked.map(([name, nodes]): RootField => {
      const type = root.getFields()[nodes[0]!.name.value]?.type;
      return { name, nodes, isLeft: left.has(name), isRequired: type !== undefined && isNonNullType(type) };
    });
    if (fields.every(({ isLeft }) => isLeft)) throw new Unplannable('no field of the root has a plan');
    const rest = left.size > 0 ? restOf(question, [...left.values()].flat()) : undefined;
    return { template, slots, lenses, fields, rest };
  });
  if (known.size >= MOST_SHAPES) known.clear();
  known.set(key, made ?? null);
  return made ?? null;
}

/** Fields of the root as a question of their own: fragments around them are gone, those inside are as they were. */
function restOf({ document, operation }: PlannedQuestion, selections: readonly FieldNode[]): DocumentNode {
  const asked = { ...operation, selectionSet: { ...operation.selectionSet, selections } };
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return { ...document, definitions: [asked, ...fragments] };
}

/** A document with many switches is not kept in all of their positions. */
const MOST_SHAPES = 16;

/** What the text depends on: who reads, and the values of what @skip and @include may ask for. */
function keyOf(question: PlannedQuestion, variables: Record<string, unknown>, keepsShown: boolean): string {
  let key = keepsShown ? 'shown' : '';
  for (const name of switchesOf(question)) key += ` ${JSON.stringify(variables[name] ?? null)}`;
  return key;
}

const switches = new WeakMap<OperationDefinitionNode, readonly string[]>();

/** Variables that @skip and @include may ask for. */
function switchesOf({ schema, operation }: PlannedQuestion): readonly string[] {
  const known = switches.get(operation);
  if (known) return known;
  const names = (operation.variableDefinitions ?? []).flatMap(({ variable, type }) => {
    const named = typeFromAST(schema, type as never);
    return named && getNamedType(named)?.name === 'Boolean' ? [variable.name.value] : [];
  });
  switches.set(operation, names);
  return names;
}

const REFUSALS = [Unplannable, DomainError, InvalidValue, GraphQLError];

/** What is wrong with a question is said by the resolvers, each at its own place. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (REFUSALS.some((refusal) => error instanceof refusal)) return undefined;
    throw error;
  }
}

function fragmentsOf({ definitions }: DocumentNode): Map<string, FragmentDefinitionNode> {
  return new Map(
    definitions.flatMap((definition): [string, FragmentDefinitionNode][] =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
}
