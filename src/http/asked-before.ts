// Questions that were answered by a plan before. Their documents have passed every check that depends on the document alone, so
// they need not go through Apollo once more: what is left is what differs from request to request, which is coerced, priced and
// planned as always. Apollo's pipeline is half of the work of a small question.
import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { Question } from './body.js';

export interface AskedBefore {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** SHA-256 of the document's text, as Apollo computes it. */
  queryHash: string;
}

/** As many as Apollo keeps parsed (documents.ts), which are the same objects. */
const MOST_QUESTIONS = 500;
const MOST_CHARACTERS = 250_000;

export class QuestionsAskedBefore {
  readonly #questions = new Map<string, AskedBefore>();
  #characters = 0;

  find(question: Question): AskedBefore | undefined {
    return this.#questions.get(keyOf(question));
  }

  /** To be told of a question only after it was parsed, validated and answered by a plan. */
  keep(question: Question, asked: AskedBefore): void {
    const key = keyOf(question);
    if (this.#questions.has(key)) return;
    this.#questions.set(key, asked);
    this.#characters += key.length;
    // The oldest, whether it is asked often or not: it comes back with its next answer.
    for (const oldest of this.#questions.keys()) {
      if (this.#questions.size <= MOST_QUESTIONS && this.#characters <= MOST_CHARACTERS) break;
      this.#characters -= oldest.length;
      this.#questions.delete(oldest);
    }
  }
}

/** No text of a request holds NUL (body.ts), so nothing else that is sent makes the same key. */
const keyOf = ({ query, operationName }: Pick<Question, 'query' | 'operationName'>): string =>
  operationName === undefined ? query : `${operationName}\0${query}`;
