// kualik audit: prove that nobody changed what was recorded, here or on a copy; hand out the checkpoints and the key that
// let others prove it.
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type pg from 'pg';
import { auditKeyFile, loadSigner, readLastCheckpoint } from '../audit/key-file.js';
import { linesOfDatabase, linesOfFile } from '../audit/lines.js';
import { formatVerifier, parseCheckpoint, parseVerifier, type Checkpoint, type Verifier } from '../audit/note.js';
import { resumeSealing } from '../audit/resume.js';
import { verifyLines, type Fault, type Trust, type Verdict } from '../audit/verify.js';
import { compareVersions } from '../audit/versions.js';
import type { Config } from '../config.js';
import { withClient } from '../db/client.js';
import { PlainError } from '../db/plain-error.js';
import { registerAuditList } from './audit-list.js';
import { openDatabase } from './database.js';
import type { Life } from './life.js';
import { collect, type Run } from './run.js';
import { say } from './say.js';

const FAULTS_SAID = 20;

const keyFileOf = (config: Config): string => auditKeyFile(config.dataDir, config.auditKeyFile);

const ownKey = (config: Config): string | undefined => {
  const file = keyFileOf(config);
  return existsSync(file) ? formatVerifier(loadSigner(file, false)) : undefined;
};

/** The public key, one line: to be kept by whoever checks our checkpoints. */
function auditKey(config: Config): Promise<void> {
  say(formatVerifier(loadSigner(keyFileOf(config), false)));
  return Promise.resolve();
}

/** The last signed checkpoint, from the file beside the key: no database is needed. */
function auditCheckpoint(config: Config): Promise<void> {
  const last = readLastCheckpoint(keyFileOf(config));
  if (!last) throw new PlainError('Nothing was sealed yet; "kualik serve" seals every few seconds.');
  say(last.note.trimEnd());
  return Promise.resolve();
}

/** As a role that sees everything, on one snapshot that nobody can change. */
const onSnapshot = <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> =>
  withClient(url, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const done = await work(client);
    await client.query('commit');
    return done;
  });

async function auditExport(config: Config, life: Life, file: string): Promise<void> {
  const { migrateUrl } = await openDatabase(config, life);
  const to = createWriteStream(resolve(file), { mode: 0o600, flags: 'wx' });
  const failed = once(to, 'error').then(([error]) => {
    throw new PlainError(`The export cannot be written: ${(error as Error).message}.`);
  });
  failed.catch(() => undefined);
  let lines = 0;
  const writing = onSnapshot(migrateUrl, async (client) => {
    for await (const batch of linesOfDatabase(client, ownKey(config))) {
      life.signal.throwIfAborted();
      if (batch.length === 0) continue;
      lines += batch.length;
      if (!to.write(`${batch.join('\n')}\n`)) await Promise.race([once(to, 'drain'), failed]);
    }
    to.end();
    await Promise.race([once(to, 'finish'), failed]);
  });
  await Promise.race([writing, failed]);
  say(
    `Wrote ${lines} lines to ${resolve(file)}. It holds the contents of all entries: keep it as you keep the database.`,
  );
}

interface VerifyOptions {
  checkpoint?: string[];
  export?: string;
  key?: string;
}

function readText(file: string): string {
  try {
    return readFileSync(resolve(file), 'utf8');
  } catch (error) {
    throw new PlainError(`The file ${file} cannot be read (${(error as Error).message}).`, { cause: error });
  }
}

function checkpointIn(file: string): Checkpoint {
  const checkpoint = parseCheckpoint(readText(file));
  if (!checkpoint) throw new PlainError(`The file ${file} holds no checkpoint of Kualik.`);
  return checkpoint;
}

function keyIn(text: string): Verifier {
  const key = parseVerifier(text) ?? (existsSync(text) ? parseVerifier(readText(text)) : undefined);
  if (!key) throw new PlainError(`${text} is no public key of an audit, and no file that holds one.`);
  return key;
}

/** What is believed before the log is read: the key and the checkpoint of this house, and what was given. */
function trusted(config: Config, options: VerifyOptions): Trust {
  const given = (options.checkpoint ?? []).map((file) => ({ from: `in ${file}`, checkpoint: checkpointIn(file) }));
  // A copy may be older than the house, and of another house.
  if (options.export !== undefined) return { key: options.key ? keyIn(options.key) : undefined, checkpoints: given };
  const own = readLastCheckpoint(keyFileOf(config));
  return {
    key: options.key ? keyIn(options.key) : parseVerifier(ownKey(config) ?? ''),
    checkpoints: own ? [...given, { from: 'beside the audit key', checkpoint: own }] : given,
  };
}

async function auditVerify(config: Config, life: Life, options: VerifyOptions): Promise<void> {
  const trust = trusted(config, options);
  if (options.export !== undefined) {
    if (!existsSync(options.export)) throw new PlainError(`There is no file ${options.export}.`);
    conclude(await verifyLines(linesOfFile(resolve(options.export)), trust), trust, ownKey(config));
    return;
  }
  const { migrateUrl } = await openDatabase(config, life);
  await onSnapshot(migrateUrl, async (client) => {
    // The file beside the key may be newer than the snapshot by what is sealed meanwhile: it was read before.
    const verdict = await verifyLines(linesOfDatabase(client), trust);
    const history = await compareVersions(client);
    verdict.faults.push(...history.faults);
    say(`${history.versions} versions in history compared with their entries.`);
    conclude(verdict, trust);
  });
}

const inWords = ({ seq, after, what }: Fault): string =>
  after ? `after entry ${seq}: ${what}` : seq === 0 ? what : `entry ${seq}: ${what}`;

/** Says what was found; throws when the audit does not hold, so that the process ends with 1. */
function conclude(verdict: Verdict, trust: Trust, own?: string): void {
  const { faults, sealed, unsealed, erased, checkpoints, last, key, keyIsOnlyClaimed } = verdict;
  say(`${sealed} sealed entries under ${checkpoints} checkpoints, ${unsealed} not sealed yet, ${erased} erased.`);
  if (trust.checkpoints?.length) say(`${trust.checkpoints.length} checkpoints from outside the log were looked for.`);
  const isOnlyClaimed = keyIsOnlyClaimed && key !== own;
  if (key)
    say(
      `Signed with ${key}${isOnlyClaimed ? ', as the file itself says: compare it with the key you were given' : ''}.`,
    );
  if (faults.length === 0) {
    say(
      last
        ? `The audit holds up to its last checkpoint, of ${last.size} entries.`
        : 'The audit holds; nothing is sealed yet.',
    );
    return;
  }
  for (const fault of faults.slice(0, FAULTS_SAID)) say(`- ${inWords(fault)}`);
  if (faults.length > FAULTS_SAID) say(`- and ${faults.length - FAULTS_SAID} more`);
  throw new PlainError(`The audit does not hold; first: ${inWords(faults[0]!)}`);
}

async function auditResume(config: Config, life: Life, reason: string): Promise<void> {
  if (reason.trim() === '') throw new PlainError('A resumption needs a reason.');
  const { migrateUrl } = await openDatabase(config, life);
  const aside = await withClient(migrateUrl, (client) =>
    resumeSealing(client, keyFileOf(config), `${userInfo().username} (command line)`, reason),
  );
  say(
    `Sealing goes on from what the database holds. The checkpoint that was lost is in ${aside}; tell whoever has it or a later one.`,
  );
}

export function registerAudit(program: Command, run: Run): void {
  const audit = program
    .command('audit')
    .description('prove that nobody changed what was recorded, and look up who did what');
  registerAuditList(audit, run);
  audit
    .command('verify')
    .description(
      'compute the sealed audit again, compare it with its signatures and with history; ends with 1 if it does not hold',
    )
    .option('--checkpoint <file>', 'a checkpoint that left the house, which the log must contain (repeatable)', collect)
    .option('--export <file>', 'verify this export instead of the database; works without one')
    .option('--key <key>', 'the public key to believe, or a file that holds it')
    .action((options: VerifyOptions) => run((config, life) => auditVerify(config, life, options)));
  audit
    .command('export')
    .description('write the whole audit, contents included, to a new file that can be verified anywhere')
    .argument('<file>', 'such as audit.ndjson')
    .action((file: string) => run((config, life) => auditExport(config, life, file)));
  audit
    .command('checkpoint')
    .description('print the last signed checkpoint: no names, no contents; to be given away')
    .action(() => run((config) => auditCheckpoint(config)));
  audit
    .command('key')
    .description('print the public key of the audit')
    .action(() => run((config) => auditKey(config)));
  audit
    .command('resume')
    .description(
      'after a restore from a backup: seal again from what the database holds, and enter that sealed entries were lost',
    )
    .requiredOption('--reason <text>', 'what happened, for those who read the audit later')
    .action(({ reason }: { reason: string }) => run((config, life) => auditResume(config, life, reason)));
}
