// Which account of the system PostgreSQL runs under. It refuses to run as root, so as root we step down to an account
// that is already there; none is ever created.
import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PlainError } from '../plain-error.js';

/** Empty: the account of this process. */
export interface Account {
  uid?: number;
  gid?: number;
}

function accountNamed(names: string[]): Account | undefined {
  const rows = fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const row = names.map((name) => rows.find((fields) => fields[0] === name)).find(Boolean);
  return row && { uid: Number(row[2]), gid: Number(row[3]) };
}

/** @param cluster the directory of the cluster; when it exists its owner decides, since PostgreSQL insists on that. */
export function databaseAccount(cluster: string): Account {
  const me = process.getuid?.();
  if (me === undefined) return {};
  const found = fs.statSync(cluster, { throwIfNoEntry: false });
  if (me !== 0) {
    if (found && found.uid !== me) {
      throw new PlainError(
        `The database in ${cluster} belongs to another account of this computer (user number ${found.uid}). Start Kualik as that account, or choose another KUALIK_DATA.`,
      );
    }
    return {};
  }
  if (found && found.uid !== 0) return { uid: found.uid, gid: found.gid };
  const account = accountNamed(['postgres', 'nobody']);
  if (!account)
    throw new PlainError(
      'Running as root, and there is no `postgres` or `nobody` account to run the database as. Start Kualik as an ordinary user, or set DATABASE_URL.',
    );
  return account;
}

/** Can the account enter every directory on the way to `path`? Group rights are left out of account: to the safe side. */
export function isReachable(path: string, { uid }: Account): boolean {
  if (uid === undefined) return true;
  for (let dir = resolve(path); ; dir = dirname(dir)) {
    const stat = fs.statSync(dir, { throwIfNoEntry: false });
    if (stat && (stat.mode & (stat.uid === uid ? 0o100 : 0o001)) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
}

export function giveTo({ uid, gid }: Account, path: string): void {
  if (uid !== undefined && gid !== undefined) fs.chownSync(path, uid, gid);
}
