// Tokens for programs: shown once, kept as a hash, never more than their account may do, 90 days at most.
import { forbidden, invalid, limited } from '../errors.js';
import type { Rows } from './gate.js';
import { hashOf, newToken } from './secrets.js';
import type { Level, Role } from './viewer.js';

export interface TokenRequest {
  accountId: number;
  name: string;
  roles: readonly Role[];
  level: Level;
  /** ISO 8601, such as P90D. */
  expires: string;
}

export interface TokenInfo {
  id: number;
  login: string;
  name: string;
  roles: Role[];
  level: Level;
  createdAt: string;
  expiresAt: string;
  revokedAt: string | null;
  usedOn: string | null;
}

/** Of one account at once: a crowd of them is a script that forgets its own, and each is one more secret to lose. */
export const MOST_TOKENS = 50;

/** To be called in a transaction, so that two at once do not both take the last place. @param expires in calendar time of the server, an interval that is known to be well formed. */
export async function newApiToken(rows: Rows, request: TokenRequest): Promise<string> {
  const { accountId, name, roles, level, expires } = request;
  if (roles.length === 0) throw invalid('roles', 'A token needs at least one role.');
  const [account] = await rows<{ active: boolean; level: Level; has: boolean; span: string }>(
    `select active, level, roles @> $2::text[] as has,
       case when now() + $3::interval > now() + interval '90 days' then 'long' when now() + $3::interval <= now() then 'none' else 'good' end as span
     from auth.accounts where id = $1 for no key update`,
    [accountId, roles, expires],
  );
  if (!account?.active) throw forbidden('This account is disabled; enable it first.');
  if (account.span === 'long') throw invalid('expires', 'A token lives 90 days at most; make a new one then.');
  if (account.span === 'none') throw invalid('expires', 'A token must live at least a day.');
  if (level > account.level)
    throw invalid('level', `This account has level ${account.level}; a token cannot have more.`);
  if (!account.has) throw invalid('roles', 'A token can have only roles that its account has.');
  const [live] = await rows<{ count: number }>(
    'select count(*)::integer as count from auth.tokens where account_id = $1 and revoked_at is null and expires_at > now()',
    [accountId],
  );
  if (live!.count >= MOST_TOKENS)
    throw limited(
      `This account has ${MOST_TOKENS} tokens that count; revoke one that nobody uses, then make a new one.`,
      {
        rule: 'token-count',
      },
    );
  const token = newToken();
  await rows(
    `insert into auth.tokens (hash, account_id, name, roles, level, expires_at) values ($1, $2, $3, $4, $5, now() + $6::interval)`,
    [hashOf(token), accountId, name.trim().slice(0, 80) || 'token', [...new Set(roles)], level, expires],
  );
  return token;
}

/** Of one account, or of all. */
export const listTokens = (rows: Rows, accountId?: number): Promise<TokenInfo[]> =>
  rows(
    `select t.id, a.login, t.name, t.roles, t.level, t.created_at as "createdAt", t.expires_at as "expiresAt", t.revoked_at as "revokedAt", t.used_on as "usedOn"
     from auth.tokens t join auth.accounts a on a.id = t.account_id
     where ($1::integer is null or t.account_id = $1) and t.expires_at > now() - interval '90 days' order by t.id desc`,
    [accountId ?? null],
  );

/** False when there is no such token, or it is revoked already. */
export const revokeToken = async (rows: Rows, id: number, accountId?: number): Promise<boolean> =>
  (
    await rows(
      `update auth.tokens set revoked_at = now() where id = $1 and ($2::integer is null or account_id = $2) and revoked_at is null returning id`,
      [id, accountId ?? null],
    )
  ).length === 1;
