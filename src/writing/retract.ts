// Retraction in place of deletion: the record and what belongs to it leave every answer, a tombstone stands in its place.
import type { Context } from '../context.js';
import { conflict, notFound, type DomainError } from '../errors.js';
import type { RestoreInput, RetractInput } from '../generated/resolvers-types.js';
import type { AnyRow } from '../records/loaders.js';
import { once } from '../records/once.js';
import { Problems } from '../records/problems.js';
import { tombstoneOf, type TombstoneRow } from '../records/tombstones.js';
import { checkVersion } from '../records/versions.js';

export function requireReason(reason: string, what: string): void {
  const problems = new Problems();
  if (reason.trim() === '') problems.add(['changeReason'], 'required', `${what} needs a reason.`);
  problems.throwIfAny();
}

/** A request that was done before and undone since has no answer any more: doing it again takes a new key. */
export const undoneSince = (what: string): DomainError =>
  conflict(`This request was done before, and the record was ${what} since; to do it again, take a new key.`, {
    field: 'input.idempotencyKey',
    rule: 'idempotency_key_is_used_once',
  });

export async function retract(input: RetractInput, context: Context): Promise<TombstoneRow> {
  const done = await once(context, context.writing!, 'retract', input, async () => {
    const { id, expectedVersion, changeReason } = input;
    const record = await context.load.record.load(id);
    if (!record) throw notFound(undefined, { field: 'input.id', rule: 'not_found' });
    requireReason(changeReason, 'A retraction');
    checkVersion(record, expectedVersion);
    await context.writing!.because(changeReason);
    await context.db.rows('retract', 'select house.retract($1, $2, $3)', [record.id, expectedVersion, changeReason]);
    return record.id;
  });
  context.renew();
  const tombstone = await tombstoneOf(context, done);
  if (!tombstone) throw undoneSince('brought back');
  return tombstone;
}

export async function restore(input: RestoreInput, context: Context): Promise<AnyRow> {
  const done = await once(context, context.writing!, 'restore', input, async () => {
    const { id, changeReason } = input;
    const tombstone = await tombstoneOf(context, id.toLowerCase());
    if (!tombstone) {
      if (await context.load.record.load(id))
        throw conflict('This record is not retracted.', { field: 'input.id', rule: 'not_retracted' });
      throw notFound(undefined, { field: 'input.id', rule: 'not_found' });
    }
    requireReason(changeReason, 'A restoration');
    await context.writing!.because(changeReason);
    await context.db.rows('restore', 'select house.restore($1)', [tombstone.id]);
    return tombstone.id;
  });
  context.renew();
  const record = await context.load.record.load(done);
  if (!record) throw undoneSince('retracted');
  return record;
}
