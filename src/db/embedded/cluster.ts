// The directory of the cluster: made once, whole or not at all, and from then on never removed by us.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PlainError } from '../plain-error.js';
import { giveTo, type Account } from './account.js';
import type { Binaries } from './binaries.js';

export const SUPERUSER = 'postgres';
/** Inside the cluster, so that password and data are moved, copied and restored together. */
const PASSWORD_FILE = 'kualik.password';
export const SETTINGS_FILE = 'kualik.conf';

/** True when there is a cluster of our major version; false when there is nothing yet. Anything else is an error. */
export function clusterExists(cluster: string, major: number): boolean {
  if (!fs.existsSync(cluster) || fs.readdirSync(cluster).length === 0) return false;
  const versionFile = join(cluster, 'PG_VERSION');
  if (!fs.existsSync(versionFile))
    throw new PlainError(
      `${cluster} holds files, but no PostgreSQL data. Nothing was changed. Move it away, or choose another KUALIK_DATA.`,
    );
  const found = fs.readFileSync(versionFile, 'utf8').trim();
  if (found !== String(major)) {
    throw new PlainError(
      `The data in ${cluster} was made by PostgreSQL ${found}, and this Kualik brings PostgreSQL ${major}, which cannot read it. Nothing was changed. ` +
        'Start the Kualik that made it and export from there, or set DATABASE_URL to a server that holds the data.',
    );
  }
  for (const needed of [join('global', 'pg_control'), PASSWORD_FILE]) {
    if (!fs.existsSync(join(cluster, needed)))
      throw new PlainError(
        `${join(cluster, needed)} is missing. Nothing was changed. Restore the directory from a backup, or move it away to start anew.`,
      );
  }
  return true;
}

export const readPassword = (cluster: string): string => fs.readFileSync(join(cluster, PASSWORD_FILE), 'utf8').trim();

/** Drafts of an earlier start that was cut short. They were never used: a finished one has the final name. */
function sweepDrafts(cluster: string): void {
  const prefix = `${basename(cluster)}.draft-`;
  for (const name of fs.readdirSync(dirname(cluster)).filter((entry) => entry.startsWith(prefix))) {
    fs.rmSync(join(dirname(cluster), name), { recursive: true, force: true, maxRetries: 3 });
  }
}

function writePrivate(account: Account, file: string, text: string): void {
  fs.writeFileSync(file, text, { mode: 0o600, flag: 'wx', flush: true });
  giveTo(account, file);
}

/** The rename must survive a power cut as the files do. Not possible on Windows, nor needed there. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

/** initdb writes PG_VERSION long before it is done, so it works under another name; the rename says that it is done. */
export async function createCluster(
  cluster: string,
  account: Account,
  binaries: Binaries,
  options: { sync: boolean },
): Promise<void> {
  sweepDrafts(cluster);
  const draft = `${cluster}.draft-${randomBytes(6).toString('hex')}`;
  const passwordFile = `${draft}.password`;
  const password = randomBytes(24).toString('hex');
  fs.mkdirSync(draft, { mode: 0o700 });
  giveTo(account, draft);
  writePrivate(account, passwordFile, password);
  try {
    // The builtin C.UTF-8 locale orders text alike on every system; ICU and libc differ from one to the next.
    await binaries.run('initdb', [
      ...[
        '-D',
        draft,
        '-U',
        SUPERUSER,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--data-checksums',
      ],
      ...[
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        ...(options.sync ? [] : ['--no-sync']),
      ],
    ]);
    fs.appendFileSync(join(draft, 'postgresql.conf'), `\ninclude_if_exists = '${SETTINGS_FILE}'\n`, { flush: true });
    writePrivate(account, join(draft, PASSWORD_FILE), `${password}\n`);
    if (fs.existsSync(cluster)) fs.rmdirSync(cluster); // an empty directory; rmdir refuses any other
    fs.renameSync(draft, cluster);
    syncDirectory(dirname(cluster));
  } catch (error) {
    fs.rmSync(draft, { recursive: true, force: true });
    throw error;
  } finally {
    fs.rmSync(passwordFile, { force: true });
  }
}
