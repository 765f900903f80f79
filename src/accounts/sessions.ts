// Sessions of browsers: 12 hours at most, 30 minutes without use. A sign-in counts as a step-up, since everything was proved.
import { forbidden } from '../errors.js';
import type { Rows } from './gate.js';
import { hashOf, newSecret } from './secrets.js';
import type { Viewer } from './viewer.js';

/** How somebody proved who they are. */
export type Method = 'password' | 'totp' | 'passkey' | 'recovery' | 'oidc' | 'link';

/** @returns the secret of the cookie; undefined when the account was disabled meanwhile. */
export async function beginSession(
  rows: Rows,
  accountId: number,
  methods: readonly Method[],
  browser = '',
): Promise<string | undefined> {
  const secret = newSecret();
  // The lock waits for whoever is disabling the account at this moment; the select then finds it disabled.
  await rows('select from auth.accounts where id = $1 for share', [accountId]);
  const made = await rows(
    `insert into auth.sessions (hash, account_id, methods, ends_at, browser)
     select $1, id, $3, now() + interval '12 hours', $4 from auth.accounts where id = $2 and active returning id`,
    [hashOf(secret), accountId, methods, browser.slice(0, 200)],
  );
  return made.length === 1 ? secret : undefined;
}

/** They proved again who they are. */
export async function stepUp(rows: Rows, sessionId: number, methods: readonly Method[]): Promise<void> {
  await rows(
    `update auth.sessions set stepped_up_at = now(), methods = array(select distinct m from unnest(methods || $2::text[]) m order by 1) where id = $1`,
    [sessionId, methods],
  );
}

export const endSession = (rows: Rows, accountId: number, sessionId: number): Promise<object[]> =>
  rows('delete from auth.sessions where account_id = $1 and id = $2 returning id', [accountId, sessionId]);

export async function endAllSessions(rows: Rows, accountId: number, except = 0): Promise<void> {
  await rows('delete from auth.sessions where account_id = $1 and id <> $2', [accountId, except]);
}

export interface SessionInfo {
  id: number;
  methods: Method[];
  browser: string;
  begunAt: string;
  seenAt: string;
  endsAt: string;
}

export const listSessions = (rows: Rows, accountId: number): Promise<SessionInfo[]> =>
  rows(
    `select id, methods, browser, created_at as "begunAt", seen_at as "seenAt", ends_at as "endsAt" from auth.sessions
     where account_id = $1 and ends_at > now() and seen_at > now() - interval '30 minutes' order by id desc`,
    [accountId],
  );

export const STEP_UP_MINUTES = 15;

/** For what a found screen must not be enough: tokens, passwords, passkeys, sealed data. */
export async function refuseWithoutStepUp(rows: Rows, viewer: Viewer): Promise<void> {
  const recent = await rows(
    `select from auth.sessions where id = $1 and stepped_up_at > now() - make_interval(mins => $2)`,
    [viewer.sessionId ?? 0, STEP_UP_MINUTES],
  );
  if (recent.length === 0)
    throw forbidden('Confirm first that it is you: sign in again on this page.', { rule: 'step-up' });
}
