// Who is asking: what every request carries from the door to the database.

export const ROLES = ['reader', 'editor', 'reviewer', 'exporter', 'admin', 'auditor'] as const;
/** A verb that an account may have; see docs/guides/accounts.md. */
export type Role = (typeof ROLES)[number];

/** 0 public, 1 internal, 2 restricted, 3 sealed. */
export type Level = 0 | 1 | 2 | 3;

export interface Viewer {
  kind: 'anonymous' | 'session' | 'token';
  accountId?: number;
  /** 'anonymous' for who has not said who they are. */
  login: string;
  level: Level;
  roles: ReadonlySet<Role>;
  /** Ids of teams, ascending; 0, which is nobody in particular, is not among them. */
  teams: readonly number[];
  /** Their names, in the same order. */
  teamNames: readonly string[];
  /** The secret for `select auth.enter($1)`; good on the pool of `level` only. Everyone but the anonymous has one. */
  context?: string;
  /** When they last proved who they are, RFC 3339; sessions only. */
  steppedUpAt?: string;
  sessionId?: number;
  tokenId?: number;
}

export const ANONYMOUS: Viewer = {
  kind: 'anonymous',
  login: 'anonymous',
  level: 0,
  roles: new Set<Role>(['reader']),
  teams: [],
  teamNames: [],
};
