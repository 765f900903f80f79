// From a validated question to its answer in one statement, or to undefined where the resolvers must answer.
import {
  getVariableValues,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { compile } from '../db/sql.js';
import { DomainError } from '../errors.js';
import type { AsOf } from '../generated/resolvers-types.js';
import type { Noun } from '../records/noun.js';
import type { Asked } from '../records/plan.js';
import { InvalidValue } from '../values/invalid-value.js';
import { compileQuery, type Compiling } from './compile.js';
import { Slots, takeShown } from './slots.js';
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
  /** `data` of the answer as JSON, from the one row of the statement. Throws Unplannable. */
  answer(row: { data: string }): { data: string; shown: { id: string; sensitivity: number }[] };
}

/** Undefined: the resolvers must answer, or refuse with the place of what is wrong. */
export function planQuestion(question: PlannedQuestion, planning: Planning): PlannedStatement | undefined {
  const { schema, document, operation } = question;
  if (operation.operation !== OperationTypeNode.QUERY) return undefined;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], question.variables);
  if (!coerced) return undefined;
  const slots = new Slots();
  const compiling: Compiling = {
    ...planning,
    asked: planning,
    schema,
    fragments: fragmentsOf(document),
    variables: coerced,
    slots,
    aliases: 0,
  };
  return orUndefined(() => {
    const { text, values } = compile(compileQuery(compiling, schema.getQueryType()!, operation.selectionSet));
    return {
      text,
      values,
      answer: ({ data }) => {
        const { text: told, rows } = takeShown(data);
        return { data: slots.fill(told), shown: rows };
      },
    };
  });
}

/** What is wrong with a question is said by the resolvers, each at its own place. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unplannable || error instanceof DomainError || error instanceof InvalidValue) return undefined;
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
