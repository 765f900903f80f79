// Who changes a record says which version was read, so that nobody's change is lost unseen.
import { conflict, type InputPath } from '../errors.js';
import type { AnyRow } from './loaders.js';

/** Throws CONFLICT with the version that the record has by now, who changed it last and when. */
export function checkVersion(record: AnyRow, expected: number, path: InputPath = ['input', 'expectedVersion']): void {
  if (record.version === expected) return;
  const { version, updatedBy: changedBy, updatedAt: changedAt } = record;
  throw conflict(
    `The record is at version ${version} by now, changed by ${changedBy} on ${changedAt}; read it again, then repeat the change.`,
    { path, rule: 'stale_version', more: { current: { version, changedBy, changedAt } } },
  );
}
