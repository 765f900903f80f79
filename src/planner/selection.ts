// The fields of a selection on a type, gathered as GraphQL says (CollectFields): fragments and directives are gone after this.
import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

export interface Question {
  schema: GraphQLSchema;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Coerced. */
  variables: Record<string, unknown>;
}

/** By the name in the answer, in the order of the answer; the nodes of one name are merged. */
export type Selection = Map<string, FieldNode[]>;

/** The fields that an object of this type is asked for by all of these nodes. */
export function fieldsOf(question: Question, type: GraphQLObjectType, nodes: readonly FieldNode[]): Selection {
  const found: Selection = new Map();
  const seen = new Set<string>();
  for (const { selectionSet } of nodes) if (selectionSet) collect(question, type, selectionSet, found, seen);
  return found;
}

export function rootFields(question: Question, type: GraphQLObjectType, selectionSet: SelectionSetNode): Selection {
  const found: Selection = new Map();
  collect(question, type, selectionSet, found, new Set());
  return found;
}

function collect(
  question: Question,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  found: Selection,
  seen: Set<string>,
): void {
  for (const selection of selections) {
    if (!isIncluded(selection, question)) continue;
    if (selection.kind === Kind.FIELD) {
      const name = selection.alias?.value ?? selection.name.value;
      const known = found.get(name);
      if (known) known.push(selection);
      else found.set(name, [selection]);
      continue;
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const name = selection.name.value;
      const fragment = question.fragments.get(name);
      if (seen.has(name) || !fragment) continue;
      seen.add(name);
      if (applies(question, fragment.typeCondition.name.value, type))
        collect(question, type, fragment.selectionSet, found, seen);
    } else if (!selection.typeCondition || applies(question, selection.typeCondition.name.value, type))
      collect(question, type, selection.selectionSet, found, seen);
  }
}

function isIncluded(selection: SelectionNode, { variables }: Question): boolean {
  if (!selection.directives?.length) return true;
  if (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.if === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.if !== false;
}

function applies({ schema }: Question, condition: string, type: GraphQLObjectType): boolean {
  const named = schema.getType(condition);
  return named === type || (isAbstractType(named) && schema.isSubType(named, type));
}
