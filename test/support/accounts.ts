// People for tests: an account with a session and a token, made by the code that makes them for real.
import type { DataSource } from 'typeorm';
import { SESSION_COOKIE } from '../../src/accounts/credential.js';
import { gateOf } from '../../src/accounts/gate.js';
import { addAccount as add, addTeam } from '../../src/accounts/people.js';
import { beginSession } from '../../src/accounts/sessions.js';
import { newApiToken } from '../../src/accounts/tokens.js';
import type { Level, Role } from '../../src/accounts/viewer.js';
import { createDataSource } from '../../src/db/data-source.js';

export interface Person {
  accountId: number;
  /** `kua_...` */
  token: string;
  /** The secret of the session. */
  session: string;
  /** Headers of a program: { authorization }. */
  byToken: { authorization: string };
  /** Headers of a page of ours: { cookie, sec-fetch-site }. */
  bySession: { cookie: string; 'sec-fetch-site': string };
  /** Ids, in the order of the names given. */
  teams: number[];
}

export interface PersonOptions {
  login: string;
  level?: Level;
  roles?: Role[];
  /** Names; a team that does not exist is made. */
  teams?: string[];
}

export const cookieOf = (session: string): string => `${SESSION_COOKIE}=${session}`;

/** A pool of the gate; destroy it. */
export const openGate = (database: { gateUrl?: string; adminUrl: string }): Promise<DataSource> =>
  createDataSource({ url: database.gateUrl ?? database.adminUrl, poolSize: 4 }).initialize();

export async function addAccount(
  gate: DataSource,
  { login, level = 1, roles = ['reader'], teams = [] }: PersonOptions,
): Promise<Person> {
  const { rows, transaction } = gateOf(gate);
  const ids: number[] = [];
  for (const name of teams) {
    const [known] = await rows<{ id: number }>('select id from auth.teams where name = $1', [name]);
    ids.push(known?.id ?? (await addTeam(rows, name)));
  }
  return transaction(async (within) => {
    const accountId = await add(within, { login, level, roles, teams });
    const session = (await beginSession(within, accountId, ['passkey']))!;
    const token = await newApiToken(within, { accountId, name: 'test', roles, level, expires: 'P30D' });
    return {
      accountId,
      token,
      session,
      byToken: { authorization: `Bearer ${token}` },
      bySession: { cookie: cookieOf(session), 'sec-fetch-site': 'same-origin' },
      teams: ids,
    };
  });
}
