// Retraction in place of deletion: the record and what belongs to it leave every answer, a tombstone stands in its place.
import type { Context } from '../context.js';
import { conflict, notFound } from '../errors.js';
import type { AnyRow } from '../records/loaders.js';
import { Problems } from '../records/problems.js';
import { tombstoneOf, type TombstoneRow } from '../records/tombstones.js';
import { checkVersion } from '../records/versions.js';

export interface RetractInput {
  id: string;
  expectedVersion: number;
  reason: string;
}

export function requireReason(reason: string, what: string): void {
  const problems = new Problems();
  if (reason.trim() === '') problems.add(['reason'], 'required', `${what} needs a reason.`);
  problems.throwIfAny();
}

export async function retract(input: RetractInput, context: Context): Promise<TombstoneRow> {
  const { id, expectedVersion, reason } = input;
  const record = await context.load.record.load(id);
  if (!record) throw notFound(undefined, { field: 'input.id', rule: 'not_found' });
  requireReason(reason, 'A retraction');
  checkVersion(record, expectedVersion);
  await context.writing!.because(reason);
  await context.db.rows('retract', 'select house.retract($1, $2, $3)', [record.id, expectedVersion, reason]);
  context.renew();
  return (await tombstoneOf(context, record.id))!;
}

export async function restore({ id, reason }: { id: string; reason: string }, context: Context): Promise<AnyRow> {
  const tombstone = await tombstoneOf(context, id.toLowerCase());
  if (!tombstone) {
    if (await context.load.record.load(id))
      throw conflict('This record is not retracted.', { field: 'input.id', rule: 'not_retracted' });
    throw notFound(undefined, { field: 'input.id', rule: 'not_found' });
  }
  requireReason(reason, 'A restoration');
  await context.writing!.because(reason);
  await context.db.rows('restore', 'select house.restore($1)', [tombstone.id]);
  context.renew();
  return (await context.load.record.load(tombstone.id))!;
}
