// The answer to a question in one statement, asked as whoever asks; undefined where the resolvers must answer.
import { GraphQLError, isNonNullType, Kind, type GraphQLObjectType } from 'graphql';
import type { Context } from '../context.js';
import { lensOf } from '../lens.js';
import { nouns } from '../model.js';
import { JsonText } from './json-text.js';
import { planQuestion, type PlannedQuestion } from './plan.js';
import { Unplannable } from './unplannable.js';

export interface Answer {
  data: JsonText | Record<string, null> | null;
  errors?: GraphQLError[];
}

export async function answerInOne(question: PlannedQuestion, context: Context): Promise<Answer | undefined> {
  const statement = planQuestion(question, {
    nouns,
    today: context.today,
    cursorKey: () => context.cursorKey,
    look: (asOf) => context.look(lensOf(asOf, context)),
    keepsShown: context.viewer.level >= 2,
  });
  if (!statement) return undefined;
  let row: { data: string };
  try {
    [row] = (await context.readOnce(statement)) as [{ data: string }];
  } catch (error) {
    context.tally?.answeredInOne();
    return failed(question, error);
  } finally {
    context.tally?.askedInOne();
  }
  try {
    const { data, shown } = statement.answer(row);
    context.noteShown(shown);
    context.tally?.answeredInOne();
    return { data: new JsonText(data) };
  } catch (error) {
    if (error instanceof Unplannable) return undefined;
    throw error;
  }
}

/** As if every field of the root had failed alike, which they did. */
function failed({ schema, operation }: PlannedQuestion, error: unknown): Answer {
  const root: GraphQLObjectType = schema.getQueryType()!;
  const fields = operation.selectionSet.selections.filter((selection) => selection.kind === Kind.FIELD);
  const errors = fields.map(
    (node) =>
      new GraphQLError(error instanceof Error ? error.message : String(error), {
        nodes: node,
        path: [node.alias?.value ?? node.name.value],
        originalError: error instanceof Error ? error : new Error(String(error)),
      }),
  );
  const isFatal = fields.some((node) => {
    const field = root.getFields()[node.name.value];
    return field && isNonNullType(field.type);
  });
  return {
    data: isFatal ? null : Object.fromEntries(fields.map((node) => [node.alias?.value ?? node.name.value, null])),
    errors,
  };
}
