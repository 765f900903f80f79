#!/usr/bin/env node
// The command line: kualik serve, migrate, load, status. Exit codes: 0 done, 1 failed, 2 wrong call or configuration.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { openDatabase } from './commands/database.js';
import { live, type Life } from './commands/life.js';
import { load } from './commands/load.js';
import { complain } from './commands/say.js';
import { serve } from './commands/serve.js';
import { status } from './commands/status.js';
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
    .action((directory: string) => run((config, life) => load(config, life, directory)));
  program
    .command('status')
    .description('tell where the database is, whether it runs, and what is left to migrate')
    .action(() => run((config) => status(config)));
  return program;
}

/** commander has already written its message; help and version that were asked for are no failure. */
const exitCodeOf = (error: unknown): number =>
  error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : complain(error);

const die = (error: unknown): never => process.exit(complain(error));
process.on('uncaughtException', die);
process.on('unhandledRejection', die);

try {
  await commandLine().parseAsync();
  process.exit(0);
} catch (error) {
  process.exit(exitCodeOf(error));
}
