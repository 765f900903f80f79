// After a restore from a backup the database is older than what was sealed, and rightly nothing more is sealed. A person who
// knows why says so; the log goes on from what there is, and both stay on file: what was signed, and that it was lost.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import type pg from 'pg';
import { PlainError } from '../db/plain-error.js';
import { canonical } from './canonical.js';
import { checkpointFile, readLastCheckpoint } from './key-file.js';

/** @returns where the checkpoint that no longer holds is kept. */
export async function resumeSealing(
  client: pg.ClientBase,
  keyFile: string,
  actor: string,
  reason: string,
): Promise<string> {
  const lost = readLastCheckpoint(keyFile);
  if (!lost) throw new PlainError('Nothing was ever sealed with this key: there is nothing to go on from.');
  const { rows } = await client.query<{ size: string }>('select coalesce(max(size), 0) as size from audit.checkpoints');
  const kept = Number(rows[0]!.size);
  if (kept >= lost.size)
    throw new PlainError(
      `The database knows all ${lost.size} sealed entries: nothing was lost. If sealing stopped, "kualik audit verify" says why.`,
    );
  const details = { checkpoint: lost.note, kept, reason };
  await client.query(`select audit.write('loss', 'resume', $1, null, null, null, null, null, null, $2)`, [
    actor,
    canonical(details),
  ]);
  const aside = `${checkpointFile(keyFile)}.lost-${lost.size}-${randomBytes(3).toString('hex')}`;
  fs.renameSync(checkpointFile(keyFile), aside);
  return aside;
}
