#!/usr/bin/env node
// The command line: kualik serve, migrate, load, status, audit, backup, restore, key, erase, subject-report, retention, user,
// team, token.
// Exit codes: 0 done, 1 failed, 2 wrong call or configuration.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { registerAudit } from './commands/audit.js';
import { registerBackup } from './commands/backup.js';
import { openDatabase } from './commands/database.js';
import { erase, type EraseOptions } from './commands/erase.js';
import { joinKey, makeKey, rotateKey, splitKey, tellKey } from './commands/key.js';
import { live, type Life } from './commands/life.js';
import { load, type LoadCommandOptions } from './commands/load.js';
import { retention } from './commands/retention.js';
import { complain, letReadersLeave } from './commands/say.js';
import { serve } from './commands/serve.js';
import { status } from './commands/status.js';
import { tokenCommands } from './commands/token.js';
import { userCommands } from './commands/user.js';
import { tellSubject } from './commands/subject-report.js';
import { readConfig, type Config } from './config.js';
import { packageRoot } from './paths.js';

const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };

const SETTINGS = `
Settings (environment variables):
  PORT           where to listen; 0 takes any free port          (4000)
  HOST           the address to listen on                        (127.0.0.1)
  KUALIK_DATA    directory of the embedded database and secret   (.data in the package)
  DATABASE_URL   your own PostgreSQL 15 or newer; unset: Kualik runs its own
  KUALIK_SECRET  32 bytes or more, hex or base64; unset: made once in KUALIK_DATA
  KUALIK_PUBLIC_URL       the address people open, such as https://kualik.example
  KUALIK_ANONYMOUS        on or off: reading what is public without signing in; unset: only until there are accounts
  KUALIK_TRUSTED_PROXIES  addresses or networks of proxies in front, with commas
  KUALIK_OIDC_ISSUER, KUALIK_OIDC_CLIENT_ID, KUALIK_OIDC_CLIENT_SECRET  an identity provider to sign in with
  KUALIK_AUDIT_KEY_FILE  the key that signs the audit             (audit-key in KUALIK_DATA)
  KUALIK_KEY_FILE  the key of sealed values; unset: made once in KUALIK_DATA
  KUALIK_RATE      points a minute of one account, or off         (5000)
  KUALIK_DOCUMENTS trusted: readers ask only what our own pages ask; free otherwise
  KUALIK_CAPTURE_QUOTA, KUALIK_CAPTURE_QUOTA_DAY  what all captures may take, what one account may add in a day (20GB, 1GB); or off
  KUALIK_EXPORT_MINUTES  how long one export may take               (30)
  KUALIK_PLANNER   off: questions are not answered in one statement; for comparing (on)
  KUALIK_METRICS_TOKEN  what Prometheus must show to read /metrics; unset: there is no such address
  KUALIK_SLOW_MS   statements that take so many milliseconds are named in the log; or off  (500)
  KUALIK_TELEMETRY on: spans for OpenTelemetry are made           (off)
  LOG_LEVEL      fatal, error, warn, info, debug, trace, silent  (info)

Exit codes: 0 done, 1 failed, 2 wrong call or configuration.`;

const run = (work: (config: Config, life: Life) => Promise<void>): Promise<void> => {
  const config = readConfig();
  return live((life) => work(config, life));
};

function commandLine(): Command {
  const program = new Command('kualik')
    .description(
      'A database of human-rights cases with a GraphQL API: who did what to whom, when, according to whom, and how sure.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(kualik --help tells more)')
    .exitOverride()
    .addHelpText('after', SETTINGS);
  program
    .command('serve')
    .description('start the database if needed, bring it up to date, and answer questions until Ctrl-C')
    .action(() => run(serve));
  program
    .command('migrate')
    .description('bring the database up to date, and end')
    .option('--again', 'run the repeatable SQL files even if nothing changed')
    .action((options: { again?: boolean }) =>
      run(async (config, life) => void (await openDatabase(config, life, options))),
    );
  program
    .command('load')
    .description('load a directory of YAML files; loading it twice changes nothing')
    .argument('<directory>', 'such as data/founding-case')
    .option('--team <name>', 'whose the restricted and sealed records of it are; without it: of everybody of the level')
    .action((directory: string, options: LoadCommandOptions) =>
      run((config, life) => load(config, life, directory, options)),
    );
  program
    .command('status')
    .description('tell where the database is, whether it runs, and what is left to migrate')
    .action(() => run((config) => status(config)));
  program
    .command('retention')
    .description(
      'tell what is kept longer than it should be (sessions, tokens, tries); a running server removes it each day',
    )
    .option('--apply', 'remove it now')
    .action((options: { apply?: boolean }) => run((config, life) => retention(config, life, options)));
  registerAudit(program, run);
  registerBackup(program, run);
  sealing(program);
  userCommands(program, run);
  tokenCommands(program, run);
  return program;
}

/** Sealed values: their key, their end, and what is held about somebody. */
function sealing(program: Command): void {
  const key = program.command('key').description('the key of sealed values');
  key
    .command('status')
    .description('tell which key is needed and whether it is here')
    .action(() => run(tellKey));
  key
    .command('rotate')
    .description('put all data keys under a new key; can be cut short and run again')
    .action(() => run(rotateKey));
  key
    .command('new')
    .description('make a key where there is none')
    .option('--after-loss', 'although the one in use is lost: what it sealed stays unreadable')
    .action((options: { afterLoss?: boolean }) => run((config, life) => makeKey(config, life, options)));
  key
    .command('split')
    .description('write three shares of the key, any two of which make it again')
    .argument('<directory>', 'where the three files are written')
    .action((directory: string) => splitKey(readConfig(), directory));
  key
    .command('join')
    .description('write the key file again from two shares')
    .argument('<share>', 'a file with a share')
    .argument('<other>', 'a file with another share')
    .action((share: string, other: string) => joinKey(readConfig(), [share, other]));
  program
    .command('erase')
    .description('destroy the keys of all that is sealed of a record, for ever, and retract it')
    .argument('<record>', 'the id of the record')
    .requiredOption('--reason <text>', 'why; history keeps it')
    .option('--everything', 'empty its clear fields too, in every version and in the audit')
    .option('--commit', 'do it; without this it is only told what would be done')
    .action((record: string, options: EraseOptions) => run((config, life) => erase(config, life, record, options)));
  program
    .command('subject-report')
    .description('print all that is held about one person, as JSON')
    .argument('<person>', 'the id of the person')
    .option('--out <file>', 'write it to this file, which only you may read')
    .action((person: string, options: { out?: string }) =>
      run((config, life) => tellSubject(config, life, person, options)),
    );
}

/** commander has already written its message; help and version that were asked for are no failure. */
const exitCodeOf = (error: unknown): number =>
  error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : complain(error);

letReadersLeave();
try {
  await commandLine().parseAsync();
  process.exit(0);
} catch (error) {
  process.exit(exitCodeOf(error));
}
