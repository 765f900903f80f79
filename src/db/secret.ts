// The master secret from which the passwords of the database roles are derived: given by KUALIK_SECRET, or made once
// and kept in a file only its owner may read.
import { hkdfSync, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { makeDataDirectory } from './make-directory.js';
import { PlainError } from './plain-error.js';

const BYTES = 32;

/** Two processes may start together on an empty directory: link() lets exactly one file win, whole or not at all. */
function createOnce(file: string): void {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  fs.writeFileSync(draft, randomBytes(BYTES).toString('base64') + '\n', { mode: 0o600, flag: 'wx', flush: true });
  try {
    fs.linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** The given secret, else the one in `<dataDir>/secret` (created with mode 0600 when missing). */
export function loadSecret(dataDir: string, given?: Buffer): Buffer {
  if (given) return given;
  const file = join(dataDir, 'secret');
  try {
    makeDataDirectory(dataDir);
    if (!fs.existsSync(file)) createOnce(file);
    const secret = Buffer.from(fs.readFileSync(file, 'utf8').trim(), 'base64');
    if (secret.length < BYTES)
      throw new PlainError(
        `The secret file ${file} is damaged: it holds less than 32 bytes. Restore it from a backup, or set KUALIK_SECRET.`,
      );
    if (process.platform !== 'win32' && (fs.statSync(file).mode & 0o077) !== 0) fs.chmodSync(file, 0o600);
    return secret;
  } catch (error) {
    if (error instanceof PlainError) throw error;
    throw new PlainError(
      `The secret file ${file} cannot be used (${(error as Error).message}). Give this account access to the directory, or set KUALIK_SECRET.`,
      { cause: error },
    );
  }
}

/** A password for one role: same secret and name, same password; one role's password tells nothing about another's. */
export function rolePassword(secret: Buffer, role: string): string {
  return Buffer.from(hkdfSync('sha256', secret, 'kualik', `database role ${role}`, BYTES)).toString('base64url');
}
