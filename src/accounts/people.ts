// Accounts and teams as the command line manages them. Accounts are disabled, never deleted: history names them.
import { conflict, invalid, notFound } from '../errors.js';
import { beginFlow } from './flows.js';
import type { Rows } from './gate.js';
import type { Level, Role } from './viewer.js';

export interface NewAccount {
  login: string;
  roles: readonly Role[];
  level: Level;
  /** Names of teams that exist. */
  teams?: readonly string[];
  /** Whom the identity provider means by this account. */
  identity?: { issuer: string; subject: string };
}

export interface AccountInfo {
  id: number;
  login: string;
  roles: Role[];
  level: Level;
  teams: string[];
  active: boolean;
  /** Which ways to sign in are set up. */
  ways: string[];
}

export async function addAccount(
  rows: Rows,
  { login, roles, level, teams = [], identity }: NewAccount,
): Promise<number> {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(login))
    throw invalid(
      'login',
      `"${login}" cannot be a login: use small letters, digits, dot, dash and underscore, 63 at most.`,
    );
  if (roles.length === 0) throw invalid('roles', 'An account needs at least one role.');
  const [made] = await rows<{ id: number }>(
    `insert into auth.accounts (login, roles, level) values ($1, $2, $3) on conflict (login) do nothing returning id`,
    [login, [...new Set(roles)], level],
  );
  if (!made) throw conflict(`There is an account "${login}" already; choose another login.`);
  await setTeams(rows, made.id, teams);
  if (identity)
    await rows('insert into auth.identities (issuer, subject, account_id) values ($1, $2, $3)', [
      identity.issuer,
      identity.subject,
      made.id,
    ]);
  return made.id;
}

export async function setTeams(rows: Rows, accountId: number, teams: readonly string[]): Promise<void> {
  const found = await rows<{ id: number; name: string }>('select id, name from auth.teams where name = any ($1)', [
    teams,
  ]);
  const missing = teams.filter((name) => !found.some((team) => team.name === name));
  if (missing.length > 0)
    throw notFound(`There is no team "${missing[0]}"; make it first: kualik team add "${missing[0]}"`);
  await rows('delete from auth.memberships where account_id = $1 and team_id <> all ($2)', [
    accountId,
    found.map(({ id }) => id),
  ]);
  await rows(
    'insert into auth.memberships (account_id, team_id) select $1, unnest($2::integer[]) on conflict do nothing',
    [accountId, found.map(({ id }) => id)],
  );
}

export async function findAccount(rows: Rows, login: string): Promise<{ id: number; roles: Role[]; level: Level }> {
  const [found] = await rows<{ id: number; roles: Role[]; level: Level }>(
    'select id, roles, level from auth.accounts where login = $1',
    [login],
  );
  if (!found) throw notFound(`There is no account "${login}"; kualik user list shows all of them.`);
  return found;
}

export async function setActive(rows: Rows, login: string, active: boolean): Promise<void> {
  const { id } = await findAccount(rows, login);
  await rows('update auth.accounts set active = $2 where id = $1', [id, active]);
  if (!active) await revokeTokensOf(rows, id);
}

/** What an administrator changes later; what is left out stays. */
export async function changeAccount(
  rows: Rows,
  login: string,
  { roles, level, teams }: { roles?: readonly Role[]; level?: Level; teams?: readonly string[] },
): Promise<void> {
  const { id } = await findAccount(rows, login);
  if (roles?.length === 0) throw invalid('roles', 'An account needs at least one role.');
  await rows('update auth.accounts set roles = coalesce($2, roles), level = coalesce($3, level) where id = $1', [
    id,
    roles ? [...new Set(roles)] : null,
    level ?? null,
  ]);
  if (teams) await setTeams(rows, id, teams);
}

/** Takes away every way to sign in (an identity at a provider stays) and ends what is open, for who lost theirs. */
export async function resetAccount(rows: Rows, login: string): Promise<number> {
  const { id } = await findAccount(rows, login);
  await rows('update auth.accounts set password = null, totp_sealed = null where id = $1', [id]);
  for (const table of ['passkeys', 'recovery_codes', 'sessions', 'flows'])
    await rows(`delete from auth.${table} where account_id = $1`, [id]);
  await revokeTokensOf(rows, id);
  return id;
}

/** Whoever resets or disables an account may have lost what its programs show as well; new tokens are made in a moment. */
const revokeTokensOf = (rows: Rows, accountId: number): Promise<unknown> =>
  rows('update auth.tokens set revoked_at = now() where account_id = $1 and revoked_at is null', [accountId]);

/** @returns the secret of a link that works once, for 15 minutes; an older one stops working. */
export async function enrolmentLink(rows: Rows, accountId: number): Promise<string> {
  await rows(`delete from auth.flows where account_id = $1 and kind = 'enrol'`, [accountId]);
  return beginFlow(rows, 'enrol', { accountId });
}

export const listAccounts = (rows: Rows): Promise<AccountInfo[]> =>
  rows(`
    select a.id, a.login, a.roles, a.level, a.active,
      array(select t.name from auth.memberships m join auth.teams t on t.id = m.team_id where m.account_id = a.id order by 1) as teams,
      array_remove(array[
        case when a.password is not null then 'password' end,
        case when a.totp_sealed is not null then 'code' end,
        case when exists (select from auth.passkeys p where p.account_id = a.id) then 'passkey' end,
        case when exists (select from auth.identities i where i.account_id = a.id) then 'provider' end], null) as ways
    from auth.accounts a order by a.login`);

export async function addTeam(rows: Rows, name: string): Promise<number> {
  if (name !== name.trim() || name.length < 1 || name.length > 80)
    throw invalid('name', 'A team has a name of 1 to 80 characters.');
  const [made] = await rows<{ id: number }>(
    'insert into auth.teams (name) values ($1) on conflict (name) do nothing returning id',
    [name],
  );
  if (!made) throw conflict(`There is a team "${name}" already.`);
  return made.id;
}

export const listTeams = (rows: Rows): Promise<{ id: number; name: string; members: string[] }[]> =>
  rows(`
    select t.id, t.name,
      array(select a.login from auth.memberships m join auth.accounts a on a.id = m.account_id where m.team_id = t.id order by 1) as members
    from auth.teams t order by t.name`);
