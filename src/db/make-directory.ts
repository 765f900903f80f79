// Makes a directory and those above it. Not `mkdir` with `recursive`: where a directory exists and yet nothing can be made
// in it (KUALIK_DATA=/proc/x), that of Node tries for ever.
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { PlainError } from './plain-error.js';

function make(path: string): void {
  if (fs.existsSync(path) || path === dirname(path)) return;
  make(dirname(path));
  try {
    fs.mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** @throws PlainError that names the directory and says what to do. */
export function makeDataDirectory(path: string): void {
  try {
    make(path);
    if (!fs.statSync(path).isDirectory()) throw new Error('it is a file');
  } catch (error) {
    throw new PlainError(
      `The data directory ${path} cannot be made (${(error as Error).message}). Give this account the right to, or choose another KUALIK_DATA.`,
      { cause: error },
    );
  }
}
