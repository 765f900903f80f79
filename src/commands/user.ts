// kualik user and kualik team: who may come in, how deep, and for whom.
import type { Command } from 'commander';
import { LOCAL } from '../accounts/anonymous.js';
import { linkTo } from '../accounts/first-sign-in.js';
import {
  addAccount,
  addTeam,
  changeAccount,
  enrolmentLink,
  listAccounts,
  listTeams,
  resetAccount,
  setActive,
} from '../accounts/people.js';
import type { Config } from '../config.js';
import { PlainError } from '../db/plain-error.js';
import { print, readLevel, readRoles, table, withGate } from './gate.js';
import { collect, type Run } from './run.js';
import { say } from './say.js';

interface UserOptions {
  role: string[];
  level: string;
  team?: string[];
  subject?: string;
}

/** Where a browser of this house finds the server. */
const addressOf = ({ publicUrl, port }: Config): string => publicUrl ?? `http://localhost:${port || 4000}`;

const AFTER_LINK = 'The link works once, for 15 minutes. Hand it over in a way that only its owner reads.';

export function userCommands(program: Command, run: Run): void {
  const user = program.command('user').description('add, list, disable, enable, change or reset accounts');

  user
    .command('add')
    .description('make an account and print a link with which its owner sets up how to sign in')
    .argument('<login>', 'small letters, digits, dot, dash, underscore')
    .requiredOption(
      '--role <roles>',
      'reader, editor, reviewer, exporter, admin, auditor; several with commas',
      collect,
    )
    .requiredOption('--level <level>', '0 public, 1 internal, 2 restricted, 3 sealed')
    .option('--team <name>', 'a team that exists; may be given several times', collect)
    .option('--subject <subject>', 'who the identity provider (KUALIK_OIDC_ISSUER) means by this account')
    .action((login: string, { role, level, team, subject }: UserOptions) =>
      run(async (config, life) => {
        const roles = readRoles(role);
        const account = { login, roles, level: readLevel(level), teams: team ?? [], ...identityOf(config, subject) };
        await withGate(config, life, async ({ transaction }) => {
          const { link, first } = await transaction(async (rows) => {
            const others = (await listAccounts(rows)).filter((one) => one.login !== LOCAL);
            const id = await addAccount(rows, account);
            return { link: await enrolmentLink(rows, id), first: others.length === 0 };
          });
          print(linkTo(addressOf(config), 'enrol', link));
          say(AFTER_LINK);
          if (first && config.anonymous === undefined)
            say('This is the first account: reading without signing in ends now. KUALIK_ANONYMOUS=on would keep it.');
        });
      }),
    );

  user
    .command('change')
    .description('give other roles, another level or other teams; what is not named stays')
    .argument('<login>')
    .option('--role <roles>', 'all roles it shall have', collect)
    .option('--level <level>', 'the level it shall have')
    .option('--team <name>', 'all teams it shall be in; --team none for no team', collect)
    .action((login: string, { role, level, team }: Partial<UserOptions>) =>
      run(async (config, life) => {
        const change = {
          ...(role ? { roles: readRoles(role) } : {}),
          ...(level === undefined ? {} : { level: readLevel(level) }),
          ...(team ? { teams: team.length === 1 && team[0] === 'none' ? [] : team } : {}),
        };
        await withGate(config, life, ({ transaction }) => transaction((rows) => changeAccount(rows, login, change)));
        say(`Changed ${login}; it counts within a second.`);
      }),
    );

  for (const [name, active] of [
    ['disable', false],
    ['enable', true],
  ] as const)
    user
      .command(name)
      .description(active ? 'let an account in again' : 'shut an account out: its sessions and tokens end at once')
      .argument('<login>')
      .action((login: string) =>
        run(async (config, life) => {
          await withGate(config, life, ({ transaction }) => transaction((rows) => setActive(rows, login, active)));
          say(active ? `${login} may sign in again.` : `${login} is shut out.`);
        }),
      );

  user
    .command('reset')
    .description('for a lost password, telephone or key: take every way to sign in away, and print a new link')
    .argument('<login>')
    .action((login: string) =>
      run((config, life) =>
        withGate(config, life, async ({ transaction }) => {
          const link = await transaction(async (rows) => enrolmentLink(rows, await resetAccount(rows, login)));
          print(linkTo(addressOf(config), 'enrol', link));
          say(AFTER_LINK);
        }),
      ),
    );

  user
    .command('list')
    .description('all accounts')
    .action(() =>
      run((config, life) =>
        withGate(config, life, async ({ rows }) => {
          const lines = (await listAccounts(rows)).map(({ login, level, roles, teams, active, ways }) => [
            login,
            String(level),
            roles.join(','),
            teams.join(', ') || '-',
            ways.join('+') || 'none yet',
            active ? 'active' : 'disabled',
          ]);
          print(table(['LOGIN', 'LEVEL', 'ROLES', 'TEAMS', 'SIGNS IN WITH', 'STATE'], lines));
        }),
      ),
    );

  const team = program.command('team').description('add or list teams');
  team
    .command('add')
    .description('make a team')
    .argument('<name>')
    .action((name: string) =>
      run(async (config, life) => {
        const id = await withGate(config, life, ({ rows }) => addTeam(rows, name));
        say(`Made team ${id}, ${name}.`);
      }),
    );
  team
    .command('list')
    .description('all teams and who is in them')
    .action(() =>
      run((config, life) =>
        withGate(config, life, async ({ rows }) => {
          const lines = (await listTeams(rows)).map(({ id, name, members }) => [
            String(id),
            name,
            members.join(', ') || '-',
          ]);
          print(table(['ID', 'TEAM', 'MEMBERS'], lines));
        }),
      ),
    );
}

function identityOf(config: Config, subject: string | undefined): { identity?: { issuer: string; subject: string } } {
  if (subject === undefined) return {};
  if (!config.oidc) throw new PlainError('--subject needs an identity provider; set KUALIK_OIDC_ISSUER and its kin.');
  return { identity: { issuer: config.oidc.issuer, subject } };
}
