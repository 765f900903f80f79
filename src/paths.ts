// Where the package lies on disk, whether the code runs from src/, dist/src/ or under jest.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(from: string): string {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package.json'))) return dir;
    if (dir === dirname(dir)) throw new Error('package.json of Kualik was not found above ' + from);
  }
}

export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** SQL files are not compiled, so they are read from the package root also when dist/ runs. */
export const repeatableDirectory = join(packageRoot, 'migrations', 'repeatable');

export const foundingCaseDirectory = join(packageRoot, 'data', 'founding-case');
