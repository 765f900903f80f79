// One verb of an editor: sent twice it is done once, its reason is kept, and rules that wait for the end of a transaction are
// asked at the end of the verb, so that the refusal stands at the field that caused it.
import type { Context, Writing } from '../context.js';
import { once } from './once.js';

/** `work` gives the id of the record that the verb is about; so does this, also when it was done before. */
export async function verb(
  context: Context,
  mutation: string,
  input: { changeReason?: string | null; idempotencyKey?: string | null },
  work: (writing: Writing) => Promise<string>,
): Promise<string> {
  const writing = context.writing!;
  const id = await once(context, writing, mutation, input, async () => {
    await writing.because(input.changeReason);
    const made = await work(writing);
    await context.db.rows('ask the rules that wait', 'set constraints all immediate', []);
    await context.db.rows('let the rules wait again', 'set constraints all deferred', []);
    return made;
  });
  context.renew();
  return id;
}
