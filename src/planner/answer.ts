// The answer to a question in one statement, asked as whoever asks; undefined where the resolvers must answer. Where they must answer
// some fields of the root, they do so in the same snapshot, and what both say is put together.
import { execute, GraphQLError } from 'graphql';
import type { Context } from '../context.js';
import { lensOf } from '../lens.js';
import { nouns } from '../model.js';
import { JsonText } from './json-text.js';
import { planQuestion, type PlannedQuestion, type PlannedStatement } from './plan.js';
import { Unplannable } from './unplannable.js';

export interface Answer {
  data: JsonText | Record<string, unknown> | null;
  errors?: readonly GraphQLError[];
}

/** What the resolvers say of their fields. */
interface Rest {
  data: Record<string, unknown> | null;
  errors: readonly GraphQLError[];
}

type Row = { data: string };

export async function answerInOne(question: PlannedQuestion, context: Context): Promise<Answer | undefined> {
  const statement = planQuestion(question, {
    nouns,
    today: context.today,
    cursorKey: () => context.cursorKey,
    look: (asOf) => context.look(lensOf(asOf, context)),
    keepsShown: context.viewer.level >= 2,
  });
  if (!statement) return undefined;
  const { text, values, isNew } = statement;
  const asked = { text, values, isNew, isPart: statement.rest !== undefined };
  const [told, rest] = await Promise.all([
    settled(context.readOnce<Row>(asked)),
    statement.rest && restOf(question, statement.rest, context),
  ]);
  context.tally?.askedInOne();
  if ('error' in told) {
    context.tally?.answeredInOne(asked.isPart);
    return failed(statement, told.error, rest);
  }
  try {
    const { data, shown } = statement.answer(told.value[0]!, rest?.data ?? undefined);
    context.noteShown(shown);
    context.tally?.answeredInOne(asked.isPart);
    if (!rest || rest.errors.length === 0) return { data: new JsonText(data) };
    return { data: rest.data && new JsonText(data), errors: rest.errors };
  } catch (error) {
    if (error instanceof Unplannable) return undefined;
    throw error;
  }
}

/** Both are waited for, also where one of them fails: they share a connection. */
const settled = <T>(work: Promise<T>): Promise<{ value: T } | { error: unknown }> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

async function restOf(
  { schema, variables }: PlannedQuestion,
  document: NonNullable<PlannedStatement['rest']>,
  contextValue: Context,
): Promise<Rest> {
  const { data, errors } = await execute({ schema, document, variableValues: variables, contextValue });
  return { data: data ?? null, errors: errors ?? [] };
}

/** As if every field of the statement had failed alike, which they did. */
function failed({ fields }: PlannedStatement, error: unknown, rest: Rest | undefined): Answer {
  const originalError = error instanceof Error ? error : new Error(String(error));
  const mine = fields.filter(({ isLeft }) => !isLeft);
  const errors = mine.map(
    ({ name, nodes }) => new GraphQLError(originalError.message, { nodes, path: [name], originalError }),
  );
  const isFatal = rest?.data === null || mine.some(({ isRequired }) => isRequired);
  return {
    data: isFatal ? null : Object.fromEntries(fields.map(({ name }) => [name, rest?.data?.[name] ?? null])),
    errors: [...errors, ...(rest?.errors ?? [])],
  };
}
