// How large a document may be: one validation rule for depth, fields, aliases, directives and lists, after fragment expansion.
// It reports and never throws. Apollo keeps its verdict for everybody, so nothing here may depend on the viewer or on variables.
import {
  GraphQLError,
  Kind,
  visit,
  type ASTVisitor,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

export const LIMITS = { depth: 12, fields: 400, aliases: 30, directives: 20, listItems: 250 } as const;

/** What graphql-js itself is told; see promises.md, "Limits". */
export const PARSE_LIMITS = { maxLexicalTokens: 2_000, maxSourceLength: 50_000, maxComments: 200 } as const;
export const MOST_ERRORS = 5;

interface Size {
  depth: number;
  fields: number;
  aliases: number;
  directives: number;
}

const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, directives: 0 };

/** Sentences name the limit, the number found and how to ask for less. */
const SENTENCES: Record<keyof Size, (found: number) => string> = {
  depth: (found) =>
    `The document nests ${found} fields deep; ${LIMITS.depth} are answered. Ask for the inner part by id.`,
  fields: (found) =>
    `The document selects ${found} fields with its fragments; ${LIMITS.fields} are answered. Split it.`,
  aliases: (found) =>
    `The document uses ${found} aliases; ${LIMITS.aliases} are answered. Split it, or use a list of ids.`,
  directives: (found) => `The document uses ${found} directives; ${LIMITS.directives} are answered. Split it.`,
};

export function limitsRule(context: ValidationContext): ASTVisitor {
  return {
    // On entering the document, so that this verdict is the first of the list whatever the other rules find.
    Document(document) {
      const measured = new Map<string, Size | 'measuring'>();
      for (const definition of document.definitions) {
        if (definition.kind === Kind.OPERATION_DEFINITION) report(context, definition, measured);
      }
      checkValues(context);
    },
  };
}

function report(
  context: ValidationContext,
  operation: OperationDefinitionNode,
  measured: Map<string, Size | 'measuring'>,
): void {
  const size = measureSet(operation.selectionSet, context, measured);
  size.directives += countDirectives(operation);
  for (const variable of operation.variableDefinitions ?? []) size.directives += countDirectives(variable);
  for (const name of ['depth', 'fields', 'aliases', 'directives'] as const) {
    if (size[name] <= LIMITS[name]) continue;
    context.reportError(
      new GraphQLError(SENTENCES[name](size[name]), {
        nodes: operation,
        extensions: { code: 'LIMITED', rule: `document-${name}` },
      }),
    );
  }
}

function measureSet(
  set: SelectionSetNode,
  context: ValidationContext,
  measured: Map<string, Size | 'measuring'>,
): Size {
  const total = { ...NOTHING };
  for (const selection of set.selections) {
    const size = measure(selection, context, measured);
    total.depth = Math.max(total.depth, size.depth);
    total.fields += size.fields;
    total.aliases += size.aliases;
    total.directives += size.directives;
  }
  return total;
}

function measure(node: SelectionNode, context: ValidationContext, measured: Map<string, Size | 'measuring'>): Size {
  const own = countDirectives(node);
  if (node.kind === Kind.FRAGMENT_SPREAD) {
    const size = measureFragment(context.getFragment(node.name.value), context, measured);
    return { ...size, directives: size.directives + own };
  }
  const inner = node.selectionSet ? measureSet(node.selectionSet, context, measured) : { ...NOTHING };
  inner.directives += own;
  if (node.kind === Kind.INLINE_FRAGMENT) return inner;
  // The standard introspection query is 15 deep; graphql-js bounds its cycles itself (MaxIntrospectionDepthRule).
  inner.depth = isIntrospection(node.name.value) ? 1 : inner.depth + 1;
  inner.fields += 1;
  inner.aliases += node.alias ? 1 : 0;
  return inner;
}

/** Each fragment is measured once, so a chain that doubles at every step costs as much time as it has characters. */
function measureFragment(
  fragment: FragmentDefinitionNode | null | undefined,
  context: ValidationContext,
  measured: Map<string, Size | 'measuring'>,
): Size {
  if (!fragment) return NOTHING; // KnownFragmentNamesRule says so
  const known = measured.get(fragment.name.value);
  if (known === 'measuring') return NOTHING; // a circle: NoFragmentCyclesRule says so
  if (known) return known;
  measured.set(fragment.name.value, 'measuring');
  const size = measureSet(fragment.selectionSet, context, measured);
  size.directives += countDirectives(fragment);
  measured.set(fragment.name.value, size);
  return size;
}

/** Literals; the same is asked of variables where they are known, in page-cost.ts. */
function checkValues(context: ValidationContext): void {
  visit(context.getDocument(), {
    ListValue(node) {
      if (node.values.length <= LIMITS.listItems) return;
      context.reportError(
        new GraphQLError(`A list holds ${node.values.length} values; ${LIMITS.listItems} are read. Send it in parts.`, {
          nodes: node,
          extensions: { code: 'LIMITED', rule: 'list-items' },
        }),
      );
    },
    StringValue(node) {
      if (!node.value.includes('\0')) return;
      context.reportError(
        new GraphQLError('A text of the document holds a NUL character; remove it.', {
          nodes: node,
          extensions: { rule: 'characters' },
        }),
      );
    },
  });
}

const isIntrospection = (name: string) => name === '__schema' || name === '__type';
const countDirectives = (node: { directives?: readonly unknown[] }) => node.directives?.length ?? 0;
