// Is the disk full? Asked of the error and of the disk: PostgreSQL writes its reason into a log on that very disk, where
// it may have found no room either.
import * as fs from 'node:fs';

const SAID = /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/;
/** A segment of the journal, and as much again to work with. */
const NEEDED = 32 * 1024 * 1024;

/** @param path a directory on the disk. */
export function diskIsFull(path: string, error?: unknown): boolean {
  const { message = '', code = '', cause } = (error ?? {}) as { message?: string; code?: string; cause?: unknown };
  if (SAID.test(message) || SAID.test(code)) return true;
  if (cause instanceof Error) return diskIsFull(path, cause);
  return freeBytes(path) < NEEDED;
}

/** Of those that an ordinary account may use; Infinity where the system does not tell. */
export function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = fs.statfsSync(path);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}
