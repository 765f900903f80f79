// kualik audit list: who did what to which record, when; for whoever runs the host. Lines of JSON for other programs, or a table
// for people. Contents only when they are asked for: most questions are answered without reading anybody's data.
import { once } from 'node:events';
import type { Command } from 'commander';
import { entries, KINDS, type EntryFilter, type ListedEntry } from '../audit/entries.js';
import type { Config } from '../config.js';
import { withClient } from '../db/client.js';
import { PlainError } from '../db/plain-error.js';
import { isUuid } from '../values/identifier.js';
import { InvalidValue } from '../values/invalid-value.js';
import { parseLocalDate } from '../values/local-date.js';
import { openDatabase } from './database.js';
import { print, table } from './gate.js';
import type { Life } from './life.js';
import { collect, type Run } from './run.js';
import { sayAside } from './say.js';

interface ListOptions extends EntryFilter {
  content?: boolean;
  table?: boolean;
}

/** A table is held in memory, since its columns are as wide as their longest entry. */
const MOST_ROWS = 10_000;

export async function listAudit(
  config: Config,
  life: Life,
  { content, table: asTable, ...filter }: ListOptions,
): Promise<void> {
  sayAside();
  check(filter);
  if (content && asTable) throw new WrongCall('A table has no contents; leave --table out, and read the lines.');
  const { migrateUrl } = await openDatabase(config, life);
  await withClient(migrateUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    await client.query('set local statement_timeout = 0');
    const rows: ListedEntry[] = [];
    for await (const batch of entries(client, filter, content)) {
      life.signal.throwIfAborted();
      if (!asTable) await write(batch);
      else if (rows.push(...batch) > MOST_ROWS)
        throw new PlainError(
          `These are more than ${MOST_ROWS.toLocaleString('en')} entries; ask for fewer, or leave --table out.`,
        );
    }
    if (asTable) print(tableOf(rows));
  });
}

class WrongCall extends PlainError {
  override readonly exitCode = 2;
}

function check({ record, since, until, kind = [] }: EntryFilter): void {
  if (record !== undefined && !isUuid(record)) throw new WrongCall(`"${record}" is no id of a record.`);
  const wrong = kind.find((word) => !(KINDS as readonly string[]).includes(word));
  if (wrong !== undefined) throw new WrongCall(`"${wrong}" is no kind of entry; the kinds are ${KINDS.join(', ')}.`);
  try {
    for (const day of [since, until]) if (day !== undefined) parseLocalDate(day);
  } catch (error) {
    throw error instanceof InvalidValue ? new WrongCall(error.message) : error;
  }
}

/** Whoever reads slowly, or no more (`| head`), is waited for, not stored for. */
async function write(batch: readonly ListedEntry[]): Promise<void> {
  const text = batch.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  if (!process.stdout.write(text)) await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
}

const tableOf = (rows: readonly ListedEntry[]): string =>
  table(
    ['SEQ', 'AT', 'ACTOR', 'KIND', 'OPERATION', 'NOUN', 'RECORD', 'VERSION', 'LEVEL', 'TEAM', 'REQUEST'],
    rows.map(({ seq, at, actor, kind, operation, noun, record, version, level, team, request, erased }) =>
      [
        seq,
        at,
        actor,
        kind,
        erased ? `${operation} (erased)` : operation,
        noun,
        record,
        version,
        level,
        team,
        request,
      ].map((value) => String(value ?? '-')),
    ),
  );

export function registerAuditList(audit: Command, run: Run): void {
  audit
    .command('list')
    .description('print entries, oldest first, as lines of JSON')
    .option('--record <id>', 'of this record, and the reads that showed it')
    .option('--actor <login>', 'of this account')
    .option('--since <day>', 'from this day on, in UTC')
    .option('--until <day>', 'up to this day, included')
    .option('--kind <kind>', `one of ${KINDS.join(', ')}; may be given several times`, collect)
    .option('--content', 'with what was stored: names, dates, ids')
    .option('--table', 'as a table, for people')
    .action((options: ListOptions) => run((config, life) => listAudit(config, life, options)));
}
