// The planner beside the resolvers: whatever one statement answers must be what they answer.
import { parse, getOperationAST, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { OpenContext } from '../../src/context.js';
import { answerInOne } from '../../src/planner/answer.js';
import { JsonText } from '../../src/planner/json-text.js';

export interface Told {
  data: unknown;
  errors: readonly Error[];
}

/** As a server keeps them: a document is compiled once, and its statement is prepared when it is asked again. */
const documents = new Map<string, DocumentNode>();

function documentOf(source: string): DocumentNode {
  const known = documents.get(source) ?? parse(source);
  documents.set(source, known);
  return known;
}

/** Undefined where the question has no plan. Opens a context of its own and closes it. */
export async function askPlanner(
  schema: GraphQLSchema,
  source: string,
  variables: Record<string, unknown>,
  open: () => Promise<OpenContext>,
): Promise<Told | undefined> {
  const document = documentOf(source);
  const operation = getOperationAST(document);
  if (!operation || operation.operation !== 'query' || validate(schema, document).length > 0) return undefined;
  const { contextValue, close } = await open();
  try {
    const answer = await answerInOne({ schema, document, operation, variables }, contextValue);
    await close(answer?.errors?.[0]);
    if (!answer) return undefined;
    const { data, errors = [] } = answer;
    return { data: data instanceof JsonText ? JSON.parse(data.text) : data, errors };
  } catch (error) {
    await close(error).catch(() => undefined);
    throw error;
  }
}
