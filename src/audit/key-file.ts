// The key that signs the audit, in a file outside the database, and beside it the last checkpoint that was signed: a
// database that was rolled back knows nothing of it, this file does.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { PlainError } from '../db/plain-error.js';
import { formatSigner, newSigner, parseCheckpoint, parseSigner, type Checkpoint, type Signer } from './note.js';

export const auditKeyFile = (dataDir: string, given?: string): string => given ?? join(dataDir, 'audit-key');
export const checkpointFile = (keyFile: string): string => `${keyFile}.checkpoint`;

/** A file that is there whole or not at all, whatever happens to the machine. */
function writeDraft(file: string, text: string): string {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  fs.writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
  return draft;
}

/** Two servers may start together: link() lets exactly one key win. */
function createOnce(file: string): void {
  fs.mkdirSync(dirname(file), { recursive: true });
  const draft = writeDraft(file, `${formatSigner(newSigner())}\n`);
  try {
    fs.linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PlainError(`The file ${file} cannot be read (${(error as Error).message}).`, { cause: error });
  }
}

/** @param make whether a missing key is made; only who seals should. */
export function loadSigner(file: string, make: boolean): Signer {
  if (make && !fs.existsSync(file)) createOnce(file);
  const text = read(file);
  if (text === undefined)
    throw new PlainError(`There is no audit key at ${file}; the first start of "kualik serve" makes it.`);
  const signer = parseSigner(text.trim());
  if (!signer) throw new PlainError(`The audit key ${file} is damaged. Restore it from the copy you keep of it.`);
  if (process.platform !== 'win32' && (fs.statSync(file).mode & 0o077) !== 0) fs.chmodSync(file, 0o600);
  return signer;
}

/** The last checkpoint that was signed here; undefined when none ever was. */
export function readLastCheckpoint(keyFile: string): Checkpoint | undefined {
  const file = checkpointFile(keyFile);
  const note = read(file);
  if (note === undefined) return undefined;
  const checkpoint = parseCheckpoint(note);
  if (!checkpoint) throw new PlainError(`The file ${file} holds no checkpoint. Restore it from a copy.`);
  return checkpoint;
}

export function writeLastCheckpoint(keyFile: string, { note }: Checkpoint): void {
  const file = checkpointFile(keyFile);
  fs.renameSync(writeDraft(file, note), file);
}
