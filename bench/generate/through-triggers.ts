// The same rows by COPY through every trigger: what the house does when nobody helps it. For the comparison of speed, and as
// the truth that the bulk load is compared with.
import type pg from 'pg';
import type { Loaded } from './bulk.js';
import { copyRows } from './copy-rows.js';
import { nounRows } from './nouns.js';
import type { World } from './world.js';

/** @param client connected as kualik_migrate. COPY needs row security not to bind the owner, until the commit. */
export async function loadThroughTriggers(client: pg.Client, world: World): Promise<Loaded> {
  const began = performance.now();
  const parts: Record<string, number> = {};
  let rows = 0;
  await client.query(
    `begin; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local kualik.actor = 'bench'`,
  );
  const force = async (how: string): Promise<void> => {
    for (const { noun } of nounRows) await client.query(`alter table ${noun} ${how} row level security`);
  };
  await force('no force');
  for (const noun of nounRows) {
    const start = performance.now();
    // The stamp is what the triggers replace.
    rows += await copyRows(client, world, noun, { at: '2000-01-01', actor: 'nobody' });
    parts[noun.noun] = (performance.now() - start) / 1000;
  }
  await client.query('set constraints all immediate');
  await force('force');
  await client.query(`select setval(pg_get_serial_sequence('claims', 'sequence'), (select max(sequence) from claims))`);
  await client.query('commit');
  return { rows, seconds: (performance.now() - began) / 1000, parts };
}
