// Ways to write through the graph in a test: a save in one line, and a refusal as a client reads it.
import { AnswerError, type House } from './house.js';

export const saving =
  (h: () => House) =>
  async (type: string, input: object, fields = 'id version'): Promise<any> => {
    const answer = await h().ask(`mutation ($input: Save${type}Input!) { save${type}(input: $input) { ${fields} } }`, {
      input,
    });
    return answer[`save${type}`];
  };

/** The refusal; a test fails when there is none. */
export async function refusal(work: Promise<unknown>): Promise<AnswerError> {
  const error: unknown = await work.then(
    () => new Error('It was not refused.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AnswerError)) throw error;
  return error;
}

/** `path: rule` of every problem, in order. */
export const problemsOf = ({ more }: AnswerError): string[] =>
  ((more.problems ?? []) as { path?: (string | number)[]; rule?: string }[]).map(
    ({ path, rule }) => `${path?.join('.')}: ${rule}`,
  );
