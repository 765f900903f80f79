// How many nodes an operation may touch: the product of the list sizes along each path, known only with the variables.
// So it is asked after validation, for every request; Apollo would keep a validation rule's verdict for everybody.
import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { limited } from '../errors.js';
import { LIMITS } from './limits.js';

export const USUAL_PAGE = 25;

/**
 * What a list without pages (`person { detentions { ... } }`) is taken to hold. Real ones hold none to some twenty; the
 * size is what lets three of them stand inside each other on a usual page (25 x 5 x 5 x 5), and not on one of a hundred.
 */
export const USUAL_LIST = 5;

type Variables = Readonly<Record<string, unknown>>;

export interface Asked {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Variables;
}

/**
 * Nodes of one operation: `persons(first: 50) { events(first: 10) }` is 50 + 500, and `persons(first: 50) { names }` is
 * 50 + 250. Pages are counted from above, lists without pages by their usual size.
 */
export function countNodes({ schema, document, operation, variables }: Asked): number {
  const known = always.get(operation);
  if (known !== undefined) return known;
  const root = schema.getRootType(operation.operation);
  if (!root) return 0;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const walk: Walk = { schema, operation, variables, fragments, counted: new Map(), asksVariables: false };
  const nodes = nodesOf(operation.selectionSet, root, walk);
  if (!walk.asksVariables) always.set(operation, nodes);
  return nodes;
}

/** Nodes of operations that ask for as many whatever their variables are. */
const always = new WeakMap<OperationDefinitionNode, number>();

interface Walk {
  schema: GraphQLSchema;
  operation: OperationDefinitionNode;
  variables: Variables;
  fragments: Map<string, FragmentDefinitionNode>;
  /** Nodes below one spread of a fragment: the same wherever it stands, so counted once. */
  counted: Map<string, number>;
  /** Whether a size was looked up among the variables. */
  asksVariables: boolean;
}

function nodesOf(set: SelectionSetNode, parent: GraphQLNamedType, walk: Walk): number {
  let nodes = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      nodes += nodesOfFragment(selection.name.value, walk);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      const name = selection.typeCondition?.name.value;
      nodes += nodesOf(selection.selectionSet, (name && walk.schema.getType(name)) || parent, walk);
    } else if (selection.selectionSet) {
      const field = fieldOf(parent, selection.name.value);
      const type = field && getNamedType(field.type);
      if (!field || !type || !isCompositeType(type)) continue;
      const inner = nodesOf(selection.selectionSet, type, walk);
      const size = pageOf(field, selection, walk) ?? idsOf(field, selection, walk) ?? listOf(parent, field);
      nodes += size === undefined ? inner : size * (1 + inner);
    }
  }
  return nodes;
}

function nodesOfFragment(name: string, walk: Walk): number {
  const known = walk.counted.get(name);
  if (known !== undefined) return known;
  const fragment = walk.fragments.get(name);
  const type = fragment && walk.schema.getType(fragment.typeCondition.name.value);
  const nodes = fragment && type ? nodesOf(fragment.selectionSet, type, walk) : 0;
  walk.counted.set(name, nodes);
  return nodes;
}

function fieldOf(parent: GraphQLNamedType, name: string): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}

/** Undefined if the field has no pages. A size that makes no sense counts as the usual one; the resolver refuses it. */
function pageOf(field: GraphQLField<unknown, unknown>, selection: FieldNode, walk: Walk): number | undefined {
  const argument = field.args.find((candidate) => candidate.name === 'first');
  if (!argument) return undefined;
  const given = givenFor('first', selection);
  const first = given ? valueOf(given, walk) : argument.defaultValue;
  const size =
    typeof first === 'number' ? first : typeof argument.defaultValue === 'number' ? argument.defaultValue : USUAL_PAGE;
  return Math.max(0, size);
}

/** `nodes(ids: [...])` holds as many as it was given. */
function idsOf(field: GraphQLField<unknown, unknown>, selection: FieldNode, walk: Walk): number | undefined {
  const given = givenFor('ids', selection);
  if (!given || !isListType(getNullableType(field.type))) return undefined;
  if (given.kind === Kind.LIST) return given.values.length;
  if (given.kind !== Kind.VARIABLE) return 1; // GraphQL reads one value as a list of one
  const ids = variableOf(given.name.value, walk);
  if (ids !== undefined) return Array.isArray(ids) ? ids.length : 1;
  const usual = defaultOf(given.name.value, walk);
  return usual?.kind === Kind.LIST ? usual.values.length : 1;
}

/** The lists of a page itself are as long as the page, which is counted where it is asked for. */
function listOf(parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>): number | undefined {
  const isOfPage = PAGE.test(parent.name) && PAGE_LISTS.has(field.name);
  return isListType(getNullableType(field.type)) && !isOfPage ? USUAL_LIST : undefined;
}

const PAGE = /(Connection|Feed)$/;
const PAGE_LISTS: ReadonlySet<string> = new Set(['nodes', 'edges']);

const givenFor = (name: string, { arguments: given }: FieldNode): ValueNode | undefined =>
  given?.find((argument) => argument.name.value === name)?.value;

function variableOf(name: string, walk: Walk): unknown {
  walk.asksVariables = true;
  return Object.hasOwn(walk.variables, name) ? walk.variables[name] : undefined;
}

function valueOf(node: ValueNode, walk: Walk): unknown {
  if (node.kind === Kind.INT) return Number(node.value);
  if (node.kind !== Kind.VARIABLE) return undefined;
  const name = node.name.value;
  const given = variableOf(name, walk);
  if (given !== undefined) return given;
  const usual = defaultOf(name, walk);
  return usual?.kind === Kind.INT ? Number(usual.value) : undefined;
}

const defaultOf = (name: string, { operation }: Walk): ValueNode | undefined =>
  operation.variableDefinitions?.find((candidate) => candidate.variable.name.value === name)?.defaultValue;

/** The variables' half of the limit on lists; their depth is bounded before the JSON is read. */
export function checkLists(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value) && value.length > LIMITS.listItems) {
    throw limited(
      `A list of the variables holds ${value.length} values; ${LIMITS.listItems} are read. Send it in parts.`,
      {
        rule: 'list-items',
      },
    );
  }
  for (const inner of Object.values(value)) checkLists(inner);
}
