// Who may export, and how much at once. Taking data out in bulk is a right of its own (docs/guides/accounts.md); an export pays
// for its pages as if they were questions, from a bucket of its own: it waits for points, and the account's questions do not wait for it.
import type { IncomingMessage } from 'node:http';
import type { Viewer } from '../accounts/viewer.js';
import { forbidden, unauthenticated } from '../errors.js';
import { ratesFor, type Meter } from './rate.js';
import { refuse } from './refusal.js';

export interface ExportRules<V> {
  /** @throws DomainError for whoever may not export. */
  check: (viewer: V) => void;
  /** Whether who asked may still see what they saw when the export began. */
  isSame: (then: V, now: V) => boolean;
  /** Whose export it is. */
  keyOf: (viewer: V) => string;
  meter?: (viewer: V, request: IncomingMessage) => Meter;
  /** Milliseconds for one export: so long its snapshot keeps PostgreSQL from clearing away what others changed. */
  within: number;
}

/** One connection does one page at a time, however many points there are: so there may be more of them than for questions. */
const POINTS_OF_EXPORTS = 10;

export const exportRules = (minutes: number, pointsPerMinute: number | undefined): ExportRules<Viewer> => {
  const meter = pointsPerMinute === undefined ? undefined : ratesFor(pointsPerMinute * POINTS_OF_EXPORTS);
  return {
    check: ({ kind, roles }) => {
      if (roles.has('exporter')) return;
      if (kind === 'anonymous') throw unauthenticated('Sign in to export.');
      throw forbidden('Your account may not export; ask an administrator for the role "exporter".', {
        rule: 'role-exporter',
      });
    },
    isSame: (then, now) => rightsOf(then) === rightsOf(now),
    keyOf: ({ login }) => login,
    ...(meter ? { meter: (viewer) => meter(viewer, '') } : {}),
    within: minutes * 60_000,
  };
};

const rightsOf = ({ accountId, level, teams, roles }: Viewer): string =>
  JSON.stringify([accountId, level, teams, [...roles].sort()]);

/** Exports that run at once, in all; one of each who asks. */
const AT_ONCE = 2;

/** Places for exports. */
export class Seats {
  readonly #taken = new Set<string>();

  /** Gives what gives the place back. @throws Refusal when there is none. */
  take(key: string): () => void {
    if (this.#taken.has(key))
      throw refuse.exportsAtOnce('Your account is exporting already; wait for that export to end, or end it.');
    if (this.#taken.size >= AT_ONCE)
      throw refuse.exportsAtOnce(
        `${AT_ONCE} exports are running, which is as many as there may be; try again in a while.`,
      );
    this.#taken.add(key);
    return () => void this.#taken.delete(key);
  }
}
