// A document that asks for one connection becomes one that asks for a page of it. The text is only added to, never written anew,
// so what is wrong with it is found in the line where it stands.
import {
  getNamedType,
  getOperationAST,
  Kind,
  isObjectType,
  OperationTypeNode,
  parse,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { costOf } from './cost.js';
import type { Question } from './body.js';
import { elementsOf, membersOf } from './json-slices.js';
import { PARSE_LIMITS } from './limits.js';
import { refuse } from './refusal.js';

const FIRST = 'exportFirst';
const AFTER = 'exportAfter';
const PAGE = 'exportPage';

/** From the most to the least that a page may have; the first whose price is within the limit of a question is taken. */
const SIZES = [100, 50, 25, 10, 5, 2, 1];

export interface Paged {
  /** The connection, as the schema calls it. */
  connection: string;
  /** What the export is called in log and audit. */
  name: string;
  /** The largest page that may be asked for. */
  size: number;
  /** Smaller ones, for where a page turns out to be too long. */
  smaller: (size: number) => number | undefined;
  question: (size: number, after: string | null) => Question;
  /** The nodes of a page as they were written, and where the next one begins. */
  pageOf: (body: string) => { nodes: string[]; next: string | null };
}

interface PageInfo {
  hasNextPage: boolean;
  endCursor: string | null;
}

/** Undefined: GraphQL itself objects to the document, and says so best. @throws Refusal for what cannot be exported. */
export function pagedQuestion(schema: GraphQLSchema, question: Question): Paged | undefined {
  const document = parsed(question.query);
  const operation = document && getOperationAST(document, question.operationName);
  if (!operation) return undefined;
  if (operation.operation !== OperationTypeNode.QUERY) throw refuse.notExported('An export only reads; send a query.');
  const [field, ...others] = operation.selectionSet.selections;
  if (field?.kind !== Kind.FIELD || others.length > 0)
    throw refuse.notExported(
      'An export is one list: select one connection at the root, such as persons, and nothing else.',
    );
  const known = schema.getQueryType()?.getFields()[field.name.value];
  if (!known) return undefined;
  const type = getNamedType(known.type);
  const isConnection =
    ['first', 'after'].every((name) => known.args.some((argument) => argument.name === name)) &&
    isObjectType(type) &&
    ['nodes', 'pageInfo'].every((name) => type.getFields()[name]);
  if (!isConnection)
    throw refuse.notExported(`${field.name.value} is no list with pages; export one that has, such as persons.`);
  const given = field.arguments?.find(({ name }) => name.value === 'first' || name.value === 'after');
  if (given)
    throw refuse.notExported(
      `Leave out \`${given.name.value}\`: an export reads all pages. To go on after a cursor, send it beside the query, as "after".`,
    );
  if (field.directives?.length)
    throw refuse.notExported(
      `Leave out \`@${field.directives[0]!.name.value}\`: what an export asks for is never left out.`,
    );
  if (!selectsNodes(field))
    throw refuse.notExported(
      'An export writes one line per node: select `nodes { ... }` of the connection and nothing else.',
    );
  return paged({ schema, document, operation, field }, question);
}

function parsed(query: string): DocumentNode | undefined {
  try {
    return parse(query, PARSE_LIMITS as never);
  } catch {
    return undefined;
  }
}

function selectsNodes({ selectionSet }: FieldNode): boolean {
  const [nodes, ...others] = selectionSet?.selections ?? [];
  return nodes?.kind === Kind.FIELD && nodes.name.value === 'nodes' && others.length === 0 && !nodes.directives?.length;
}

interface Found {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  field: FieldNode;
}

function paged({ schema, document, operation, field }: Found, question: Question): Paged {
  const query = textOf(question.query, operation, field);
  const asking = (size: number, after: string | null): Question => ({
    ...question,
    query,
    variables: { ...question.variables, [FIRST]: size, [AFTER]: after },
  });
  const alias = (node: FieldNode): string => node.alias?.value ?? node.name.value;
  const [outer, inner] = [alias(field), alias(field.selectionSet!.selections[0] as FieldNode)];
  const changed = parsed(query) ?? document;
  const inPages = getOperationAST(changed, question.operationName) ?? operation;
  const fits = (size: number): boolean => {
    try {
      const variables = asking(size, null).variables!;
      costOf({ schema, document: changed, operation: inPages, variables });
      return true;
    } catch {
      return false;
    }
  };
  return {
    connection: field.name.value,
    name: operation.name?.value ?? field.name.value,
    size: SIZES.find(fits) ?? 1,
    smaller: (size) => SIZES.find((candidate) => candidate < size),
    question: asking,
    pageOf: (body) => {
      const page = membersOf(membersOf(membersOf(body).get('data')!).get(outer)!);
      const { hasNextPage, endCursor } = JSON.parse(page.get(PAGE)!) as PageInfo;
      return { nodes: elementsOf(page.get(inner)!), next: hasNextPage ? endCursor : null };
    },
  };
}

/** The document with variables for the page, and with the page's own account of itself. */
function textOf(query: string, operation: OperationDefinitionNode, field: FieldNode): string {
  const variables = `$${FIRST}: Int!, $${AFTER}: String`;
  const asked = `first: $${FIRST}, after: $${AFTER}`;
  const start = operation.loc!.start;
  const isBare = query[start] === '{';
  const last = operation.variableDefinitions?.at(-1);
  const heading: [number, string] = isBare
    ? [start, `query (${variables}) `]
    : last
      ? [last.loc!.end, `, ${variables}`]
      : [operation.name?.loc?.end ?? start + 'query'.length, `(${variables})`];
  const argument: [number, string] = field.arguments?.length
    ? [field.arguments[0]!.loc!.start, `${asked}, `]
    : [field.name.loc!.end, `(${asked})`];
  const additions = [
    heading,
    argument,
    [field.selectionSet!.loc!.end - 1, ` ${PAGE}: pageInfo { hasNextPage endCursor } `],
  ] as const;
  let [text, at] = ['', 0];
  for (const [place, added] of additions) {
    text += query.slice(at, place) + added;
    at = place;
  }
  return text + query.slice(at);
}
