// A request that may be sent twice: with a key of the client's own, the second one finds what the first one made.
import type { Context, Writing } from '../context.js';
import { conflict, invalid } from '../errors.js';
import { digest } from '../values/digest.js';

const LONGEST_KEY = 200;

interface Used {
  mutation: string;
  digest: string;
  recordId: string;
}

const FIND = `select mutation, digest, record_id as "recordId" from house.idempotency_keys where actor = $1 and key = $2`;
const KEEP = `insert into house.idempotency_keys (actor, key, mutation, digest, record_id) values ($1, $2, $3, $4, $5)`;

/**
 * Runs `work`, which gives the id of the record that it wrote, unless the same input was sent with this key before.
 * Two requests at the same time: one of them loses the race and is run again (src/server.ts), and then finds the other.
 */
export async function once(
  { db }: Pick<Context, 'db'>,
  { actor }: Writing,
  mutation: string,
  input: { idempotencyKey?: string | null | undefined },
  work: () => Promise<string>,
): Promise<string> {
  const { idempotencyKey: key, ...rest } = input;
  if (key === null || key === undefined) return work();
  if (key.length > LONGEST_KEY)
    throw invalid('input.idempotencyKey', `An idempotency key has at most ${LONGEST_KEY} characters.`, {
      rule: 'length',
    });
  const print = digest([mutation, rest]);
  const [used] = await db.rows<Used>('idempotency key', FIND, [actor, key]);
  if (used) {
    if (used.mutation !== mutation || used.digest !== print)
      throw conflict('This idempotency key was used for another input; take a new key for a new request.', {
        field: 'input.idempotencyKey',
        rule: 'idempotency_key_is_used_once',
      });
    return used.recordId;
  }
  const id = await work();
  await db.rows('keep idempotency key', KEEP, [actor, key, mutation, print, id]);
  return id;
}
