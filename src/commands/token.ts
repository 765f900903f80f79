// kualik token: what programs show instead of a session.
import type { Command } from 'commander';
import { findAccount, addAccount } from '../accounts/people.js';
import { LOCAL, ROLES_OF_LOCAL } from '../accounts/anonymous.js';
import type { Rows } from '../accounts/gate.js';
import { listTokens, newApiToken, revokeToken } from '../accounts/tokens.js';
import type { Level, Role } from '../accounts/viewer.js';
import { PlainError } from '../db/plain-error.js';
import { print, readDuration, readLevel, readRoles, table, withGate } from './gate.js';
import { collect, type Run } from './run.js';
import { say } from './say.js';

interface TokenOptions {
  role: string[];
  level: string;
  expires: string;
  login: string;
  name: string;
}

/** Whoever runs this command holds the database, so `local` is made where nobody has started a server yet. */
async function ownerOf(rows: Rows, login: string): Promise<number> {
  if (login === LOCAL && (await rows('select from auth.accounts where login = $1', [LOCAL])).length === 0)
    return addAccount(rows, { login: LOCAL, roles: ROLES_OF_LOCAL, level: 3 });
  return (await findAccount(rows, login)).id;
}

export function tokenCommands(program: Command, run: Run): void {
  const token = program.command('token').description('make, list or revoke tokens for programs');

  token
    .command('new')
    .description('print a new token, and nothing else; it is not shown again')
    .requiredOption('--role <roles>', 'roles that its account has; several with commas', collect)
    .requiredOption('--level <level>', 'the level of its account at most: 0, 1, 2 or 3')
    .option('--expires <duration>', 'how long it lives, P90D at most', 'P90D')
    .option('--login <login>', 'the account it acts for', LOCAL)
    .option('--name <text>', 'what it is for', 'command line')
    .action(({ role, level, expires, login, name }: TokenOptions) =>
      run(async (config, life) => {
        const request: { roles: Role[]; level: Level; expires: string; name: string } = {
          roles: readRoles(role),
          level: readLevel(level),
          expires: readDuration(expires),
          name,
        };
        await withGate(config, life, async ({ transaction }) =>
          print(
            await transaction(async (rows) => newApiToken(rows, { accountId: await ownerOf(rows, login), ...request })),
          ),
        );
        say(`It acts for ${login} and ends after ${request.expires}. "kualik token list" shows when it was used.`);
      }),
    );

  token
    .command('list')
    .description('all tokens of the last 90 days, without their secrets')
    .option('--login <login>', 'of one account')
    .action(({ login }: { login?: string }) =>
      run((config, life) =>
        withGate(config, life, async ({ rows }) => {
          const of = login === undefined ? undefined : (await findAccount(rows, login)).id;
          const lines = (await listTokens(rows, of)).map((one) => [
            String(one.id),
            one.login,
            one.name,
            String(one.level),
            one.roles.join(','),
            one.expiresAt.slice(0, 10),
            one.usedOn ?? 'never',
            one.revokedAt === null ? '' : 'revoked',
          ]);
          print(table(['ID', 'LOGIN', 'NAME', 'LEVEL', 'ROLES', 'EXPIRES', 'LAST USED', ''], lines));
        }),
      ),
    );

  token
    .command('revoke')
    .description('end a token at once')
    .argument('<id>', 'as "kualik token list" shows it')
    .action((id: string) =>
      run(async (config, life) => {
        if (!/^[1-9]\d{0,8}$/.test(id))
          throw new PlainError(`"${id}" is not the id of a token; kualik token list shows them.`);
        if (!(await withGate(config, life, ({ rows }) => revokeToken(rows, Number(id)))))
          throw new PlainError(`There is no token ${id}, or it is revoked already.`);
        say(`Token ${id} is revoked.`);
      }),
    );
}
