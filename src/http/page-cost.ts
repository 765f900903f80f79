// How many nodes an operation may touch: the product of the page sizes along each path, known only with the variables.
// So it is asked after validation, for every request; Apollo would keep a validation rule's verdict for everybody.
import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type DocumentNode,
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

type Variables = Readonly<Record<string, unknown>>;

export interface Asked {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Variables;
}

/** Nodes of one operation at most, by `first` alone: `persons(first: 50) { events(first: 10) }` is 50 + 500. */
export function countNodes({ schema, document, operation, variables }: Asked): number {
  const root = schema.getRootType(operation.operation);
  if (!root) return 0;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return nodesOf(operation.selectionSet, root, { schema, operation, variables, fragments, counted: new Map() });
}

interface Walk {
  schema: GraphQLSchema;
  operation: OperationDefinitionNode;
  variables: Variables;
  fragments: Map<string, FragmentDefinitionNode>;
  /** Nodes below one spread of a fragment: the same wherever it stands, so counted once. */
  counted: Map<string, number>;
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
      const given = selection.arguments?.find((argument) => argument.name.value === 'first')?.value;
      const page = pageOf(field, given, walk);
      nodes += page === undefined ? inner : page * (1 + inner);
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
function pageOf(field: GraphQLField<unknown, unknown>, given: ValueNode | undefined, walk: Walk): number | undefined {
  const argument = field.args.find((candidate) => candidate.name === 'first');
  if (!argument) return undefined;
  const first = given ? valueOf(given, walk) : argument.defaultValue;
  const size =
    typeof first === 'number' ? first : typeof argument.defaultValue === 'number' ? argument.defaultValue : USUAL_PAGE;
  return Math.max(0, size);
}

function valueOf(node: ValueNode, { operation, variables }: Walk): unknown {
  if (node.kind === Kind.INT) return Number(node.value);
  if (node.kind !== Kind.VARIABLE) return undefined;
  const name = node.name.value;
  if (variables[name] !== undefined) return variables[name];
  const definition = operation.variableDefinitions?.find((candidate) => candidate.variable.name.value === name);
  return definition?.defaultValue?.kind === Kind.INT ? Number(definition.defaultValue.value) : undefined;
}

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
