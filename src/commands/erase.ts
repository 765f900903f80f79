// kualik erase: the keys of all that is sealed of one record are destroyed, for ever, and the record is retracted; with
// --everything its clear fields go as well, out of every version and out of the audit. Without --commit it only tells what
// would happen: what cannot be undone is never the default.
import type pg from 'pg';
import type { Config } from '../config.js';
import { withClient } from '../db/client.js';
import { PlainError } from '../db/plain-error.js';
import { isUuid } from '../values/identifier.js';
import { openDatabase } from './database.js';
import type { Life } from './life.js';
import { say } from './say.js';

export interface EraseOptions {
  reason: string;
  /** The clear fields, too. */
  everything?: boolean;
  commit?: boolean;
}

interface Plan {
  noun: string;
  /** Records per noun, the record itself among them. */
  reached: { noun: string; records: number; versions: number }[];
  keys: number;
}

const CLEAR_FIELDS = `
  - clear fields of these records in every version (names, dates, summaries, the wording of claims), for those who may see them there,
    and in the audit; "--everything" takes them as well;`;
const OTHERS = `
  - what other records say: the description of an event that names the person, the reason of a change;
  - what these records belonged to, their kinds and the words of the vocabulary in them;
  - the emptied rows in the files of PostgreSQL, until "vacuum full" rewrites the tables in a quiet hour;`;

const remains = (everything: boolean | undefined): string => `What remains:${everything ? OTHERS : CLEAR_FIELDS}
  - captures of sources, with their bytes;
  - that the record existed: its id, its tombstone with the reason, and who wrote it when.
What you have to do yourself:
  - run "kualik key rotate": the destroyed keys still stand, under the old key, in backups and in the log of PostgreSQL (WAL);
  - destroy the old key file and its copies as soon as no backup needs them: then the erased values are gone there, too;
  - keep backups for a fixed time only: clear fields are in those that were made before;
  - tell those who keep copies (exports, the feed of changes, files of datasets, partners) to erase theirs.`;

export async function erase(
  config: Config,
  life: Life,
  record: string,
  { reason, everything, commit }: EraseOptions,
): Promise<void> {
  if (!isUuid(record.toLowerCase())) throw new PlainError(`"${record}" is no id of a record.`);
  if (reason.trim() === '') throw new PlainError('An erasure needs a reason: --reason "..."');
  const { loaderUrl, migrateUrl } = await openDatabase(config, life);
  await withClient(loaderUrl, async (client) => {
    const plan = await planOf(client, record.toLowerCase());
    say(`The record is among the ${plan.noun.replaceAll('_', ' ')}. It and what belongs to it:`);
    for (const { noun, records, versions } of plan.reached)
      say(`  ${noun.replaceAll('_', ' ')}: ${records} (${versions} versions)`);
    say(`Keys of sealed values that are destroyed: ${plan.keys}`);
    if (everything) say('Their clear fields are emptied in every version, and their content in the audit.');
    if (!commit) return say(`Nothing was done. To do it, for ever: add --commit\n${remains(everything)}`);
    const { keys, retracted, entries } = await eraseRecord(client, record.toLowerCase(), reason, everything);
    await clear(migrateUrl);
    say(`Destroyed: ${keys} keys. Emptied: ${entries} entries of the audit, which still verifies.`);
    say(`${retracted ? 'The record is retracted.' : 'The record was not retracted: it is already, or goes only with its source.'}\n${remains(everything)}`); // prettier-ignore
  });
}

/** The dead rows still hold the keys. What is erased is erased without this too, so it does not fail because of it. */
const clear = (migrateUrl: string): Promise<unknown> =>
  withClient(migrateUrl, (owner) => owner.query('vacuum full seal.keys')).catch((error: Error) =>
    say(
      `The table of keys could not be cleared of its dead rows (${error.message}); run "vacuum full seal.keys" later.`,
    ),
  );

export async function planOf(client: pg.Client, record: string): Promise<Plan> {
  const { rows: nouns } = await client.query<{ noun: string; ids: string[] }>(
    `select r.noun, array_agg(r.id::text) as ids from records r where r.id = any (seal.reach($1)) group by 1 order by 1`,
    [record],
  );
  const own = nouns.find(({ ids }) => ids.includes(record));
  if (!own) throw new PlainError('There is no record with this id.');
  if (own.noun === 'sealed_values')
    throw new PlainError(
      'A sealed value shares its key with the others of its record. Erase that record; or retract this value, after which only its history holds it.',
    );
  const reached: Plan['reached'] = [];
  for (const { noun, ids } of nouns) {
    const { rows } = await client.query<{ versions: number }>(
      `select count(*)::int as versions from history.${noun} where id = any ($1)`,
      [ids],
    );
    reached.push({ noun, records: ids.length, versions: rows[0]!.versions });
  }
  const { rows } = await client.query<{ keys: number }>(
    'select count(*)::int as keys from seal.keys where wrapped is not null and compartment = any (seal.reach($1))',
    [record],
  );
  return { noun: own.noun, reached, keys: rows[0]!.keys };
}

export async function eraseRecord(
  client: pg.Client,
  record: string,
  reason: string,
  everything = false,
): Promise<{ keys: number; retracted: boolean; entries: number }> {
  await client.query('begin isolation level serializable');
  try {
    await client.query(`select set_config('kualik.actor', 'erase', true), set_config('kualik.reason', $1, true)`, [
      reason,
    ]);
    const { rows } = await client.query<{ keys: number; retracted: boolean; entries: number }>(
      'select keys::int, retracted, entries::int from seal.erase($1, $2, $3)',
      [record, reason, everything],
    );
    await client.query('commit');
    return rows[0]!;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
