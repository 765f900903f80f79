// The first start of an embedded Kualik: nobody has an account, and there is no default password. Whoever can read the
// terminal gets a link that works once.
import type { DataSource } from 'typeorm';
import { LOCAL, ROLES_OF_LOCAL } from './anonymous.js';
import { beginFlow } from './flows.js';
import { gateOf } from './gate.js';

/** Where the page of a link is: the secret stands behind the #, which no browser sends and no server logs. */
export const linkTo = (address: string, kind: 'first' | 'enrol', secret: string): string =>
  `${browserAddress(address)}/sign-in/#${kind}=${secret}`;

/** Passkeys belong to names, so this computer is called by its name; a server that listens everywhere is meant here, too. */
const browserAddress = (address: string): string =>
  new URL(address).origin.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?=:|$)/, '//localhost');

/**
 * A new link at each start, as long as there is no account besides `local`, which is made here when it is missing.
 * Call it for an embedded database on loopback only.
 * @param address the server's own, such as http://localhost:4000.
 * @returns undefined once there are real accounts.
 */
export function firstSignIn(gate: DataSource, address: string): Promise<string | undefined> {
  return gateOf(gate).transaction(async (rows) => {
    await rows(
      `insert into auth.accounts (login, roles, level) select $1, $2, 3
       where not exists (select from auth.accounts) on conflict (login) do nothing`,
      [LOCAL, ROLES_OF_LOCAL],
    );
    const [local] = await rows<{ id: number }>(
      `select id from auth.accounts where login = $1 and active
         and not exists (select from auth.accounts where login <> $1) for update`,
      [LOCAL],
    );
    if (!local) return undefined;
    await rows(`delete from auth.flows where kind = 'first'`);
    return linkTo(address, 'first', await beginFlow(rows, 'first', { accountId: local.id }));
  });
}
