// The bare COPY: the same rows into the same tables with every index and constraint, and no trigger and no row security. What
// the database can do at best, if it kept no spine, no history and no audit.
import type pg from 'pg';
import type { Loaded } from './bulk.js';
import { copyRows, copySpine } from './copy-rows.js';
import { nounRows } from './nouns.js';
import type { World } from './world.js';

/**
 * @param client a superuser in a migrated, empty database that is thrown away afterwards.
 * The spine is loaded first and not counted: foreign keys ask for it.
 */
export async function loadBare(client: pg.Client, world: World): Promise<Loaded & { withSpine: number }> {
  for (const { noun } of nounRows)
    await client.query(`alter table ${noun} disable trigger user; alter table ${noun} disable row level security`);
  const start = performance.now();
  for (const noun of nounRows) await copySpine(client, world, noun);
  const began = performance.now();
  const parts: Record<string, number> = {};
  let rows = 0;
  for (const noun of nounRows) {
    const one = performance.now();
    rows += await copyRows(client, world, noun, { at: '2026-01-01', actor: 'bench' });
    parts[noun.noun] = (performance.now() - one) / 1000;
  }
  const ended = performance.now();
  return { rows, seconds: (ended - began) / 1000, withSpine: (ended - start) / 1000, parts };
}
