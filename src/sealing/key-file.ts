// The file of the key-encryption key: one line in a file of its own that only its owner may read, apart from the master
// secret, so that it can lie on another medium than the database and its backups.
//   <file>        the key in use
//   <file>.new    the next one, while `kualik key rotate` is under way
//   <file>.<id>   an earlier one, if somebody keeps it there
// The id is computed from the key: a key under another name, or a file with a slip in it, is noticed.
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PlainError } from '../db/plain-error.js';

/** The key-encryption key: it seals data keys, never a value. */
export interface Kek {
  /** 16 hexadecimal digits. */
  id: string;
  bytes: Buffer;
}

/** Where the key is. By itself Kualik makes one only in its own directory: a place that was named may be a medium that is missing. */
export interface KeyPlace {
  file: string;
  named: boolean;
}

export const keyPlace = ({ keyFile, dataDir }: { keyFile?: string | undefined; dataDir: string }): KeyPlace =>
  keyFile === undefined ? { file: join(dataDir, 'seal-key'), named: false } : { file: keyFile, named: true };

export const kekOf = (bytes: Buffer): Kek => ({
  id: createHash('sha256').update('kualik key id').update(bytes).digest('hex').slice(0, 16),
  bytes,
});

export const newKek = (): Kek => kekOf(randomBytes(32));

export const nextFile = (file: string): string => `${file}.new`;
export const earlierFile = (file: string, id: string): string => `${file}.${id}`;

const lineOf = ({ id, bytes }: Kek): string => `kualik-seal-key-1 ${id} ${bytes.toString('base64')}\n`;

/** The key in a file; undefined when there is no such file. Throws PlainError when there is one that is not such a key. */
export function readKek(file: string): Kek | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
    close(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PlainError(
      `The key file ${file} cannot be used (${(error as Error).message}). It must be readable and belong to this account.`,
      { cause: error },
    );
  }
  const [, id, written] = /^kualik-seal-key-1 ([0-9a-f]{16}) ([A-Za-z0-9+/]{43}=)\s*$/.exec(text) ?? [];
  const found = written === undefined ? undefined : kekOf(Buffer.from(written, 'base64'));
  if (!found || found.id !== id)
    throw new PlainError(
      `The file ${file} does not hold a whole key. Restore it from its copy, or join it from two of its shares ("kualik key join").`,
    );
  return found;
}

/** Some media (a FAT stick) know no rights; there the directory has to keep others out. */
function close(file: string): void {
  if (process.platform === 'win32' || (fs.statSync(file).mode & 0o077) === 0) return;
  try {
    fs.chmodSync(file, 0o600);
  } catch {
    // Nothing is lost: the key was readable before, too.
  }
}

/** Every key that is there, the one in use first. A file that is damaged hides none of the others. */
export function readKeks(file: string): Kek[] {
  const places = [file, nextFile(file), ...earlierFiles(file)];
  return places.flatMap((place) => {
    try {
      return readKek(place) ?? [];
    } catch (error) {
      if (error instanceof PlainError) return [];
      throw error;
    }
  });
}

function earlierFiles(file: string): string[] {
  const name = basename(file);
  const found = fs.existsSync(dirname(file)) ? fs.readdirSync(dirname(file)) : [];
  return found
    .filter((other) => other.startsWith(`${name}.`) && /^[0-9a-f]{16}$/.test(other.slice(name.length + 1)))
    .sort()
    .map((other) => join(dirname(file), other));
}

/**
 * Writes a key where no file is, whole or not at all, and on the disk before it returns.
 * @returns false when a file is there already; it is left as it is.
 */
export function createKek(file: string, kek: Kek): boolean {
  const draft = `${file}.draft-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(draft, lineOf(kek), { mode: 0o600, flag: 'wx', flush: true });
    try {
      place(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      fs.rmSync(draft, { force: true });
    }
    settle(dirname(file));
    return true;
  } catch (error) {
    throw new PlainError(
      `The key file ${file} cannot be written (${(error as Error).message}). Give this account access to its directory, or set KUALIK_KEY_FILE.`,
      { cause: error },
    );
  }
}

/** link() lets exactly one of several writers win; where a medium has no links, an exclusive copy does. */
function place(draft: string, file: string): void {
  try {
    fs.linkSync(draft, file);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
    fs.copyFileSync(draft, file, fs.constants.COPYFILE_EXCL);
  }
}

/** The next key takes the place of the one in use, which is kept beside it under its id. Can be cut short anywhere and run again. */
export function promote(file: string, old: Kek): void {
  createKek(earlierFile(file, old.id), old);
  fs.renameSync(nextFile(file), file);
  settle(dirname(file));
}

/** The names in a directory, too, have to reach the disk. */
function settle(directory: string): void {
  const handle = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
