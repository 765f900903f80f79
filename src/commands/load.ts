// kualik load <directory>: a directory of YAML files into the database, also while the server runs; --team says whose the
// restricted records in it are.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config.js';
import { withClient } from '../db/client.js';
import { createDataSource } from '../db/data-source.js';
import { PlainError } from '../db/plain-error.js';
import { openDatabase } from './database.js';
import { orStopped, type Life } from './life.js';
import { loadParts, type Parts } from './parts.js';
import { say } from './say.js';

export interface LoadCommandOptions {
  /** The name of a team. */
  team?: string;
}

export async function load(
  config: Config,
  life: Life,
  directory: string,
  { team }: LoadCommandOptions = {},
): Promise<void> {
  const from = resolve(directory);
  if (!existsSync(from)) throw new PlainError(`There is no directory ${from}.`);
  const parts = await loadParts();
  const { loaderUrl, gateUrl } = await openDatabase(config, life);
  await loadInto(loaderUrl, from, parts, life, team === undefined ? undefined : await teamOf(gateUrl, team));
}

/** Teams are known to the gate alone. */
async function teamOf(gateUrl: string, name: string): Promise<number> {
  const { rows } = await withClient(gateUrl, (gate) =>
    gate.query<{ id: number; name: string }>('select id, name from auth.teams order by name'),
  );
  const found = rows.find((team) => team.name === name);
  if (found) return found.id;
  const known = rows.length > 0 ? `The teams are: ${rows.map((team) => team.name).join(', ')}.` : 'There is none yet: "kualik team add NAME" makes one.'; // prettier-ignore
  throw new PlainError(`There is no team "${name}". ${known}`);
}

export async function loadInto(
  loaderUrl: string,
  directory: string,
  parts: Parts,
  life: Life,
  team?: number,
): Promise<void> {
  const editor = createDataSource({ url: loaderUrl, entities: parts.entities, poolSize: 2 });
  await editor.initialize();
  try {
    say(await orStopped(life, parts.loadDirectory({ editor, directory, team, signal: life.signal })));
  } finally {
    await editor.destroy();
  }
}
