// Whether people who have not signed in may read what is public.
import type { DataSource } from 'typeorm';
import { gateOf } from './gate.js';
import type { Role } from './viewer.js';

/** The account of the first start: whoever installed Kualik on their own computer. */
export const LOCAL = 'local';
export const ROLES_OF_LOCAL: Role[] = ['reader', 'editor', 'reviewer', 'exporter'];

const OTHERS = `select exists (select from auth.accounts where login <> $1) as exist`;

/**
 * on, off, or, when nothing is set, as long as this is the demonstration it begins as: an embedded database, reached from this computer alone,
 * with no account besides `local`. The first real account ends it at once, also when another process adds it.
 */
export function anonymousAllowed(
  gate: DataSource,
  { setting, demo }: { setting?: 'on' | 'off'; demo: boolean },
): () => Promise<boolean> {
  if (setting !== undefined || !demo) return () => Promise.resolve(setting === 'on');
  const { rows } = gateOf(gate);
  // Accounts are disabled, never deleted, so this does not turn back.
  let others = false;
  return async () => {
    others ||= (await rows<{ exist: boolean }>(OTHERS, [LOCAL]))[0]!.exist;
    return !others;
  };
}
