// kualik load <directory>: a directory of YAML files into the database, also while the server runs.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config.js';
import { createDataSource } from '../db/data-source.js';
import { PlainError } from '../db/plain-error.js';
import { openDatabase } from './database.js';
import { orStopped, type Life } from './life.js';
import { loadParts, type Parts } from './parts.js';
import { say } from './say.js';

export async function load(config: Config, life: Life, directory: string): Promise<void> {
  const from = resolve(directory);
  if (!existsSync(from)) throw new PlainError(`There is no directory ${from}.`);
  const parts = await loadParts();
  const { loaderUrl } = await openDatabase(config, life);
  await loadInto(loaderUrl, from, parts, life);
}

export async function loadInto(loaderUrl: string, directory: string, parts: Parts, life: Life): Promise<void> {
  const editor = createDataSource({ url: loaderUrl, entities: parts.entities, poolSize: 2 });
  await editor.initialize();
  try {
    say(await orStopped(life, parts.loadDirectory({ editor, directory, signal: life.signal })));
  } finally {
    await editor.destroy();
  }
}
