// Bootstrap: the roles of Kualik, their limits and their passwords, and the rights on the database itself. Repeatable at
// every start, from an admin's address that is used for nothing else. What each role may do with a table is said by the
// migrations. The reasons are in docs/decisions/0004-roles.md.
import pg from 'pg';
import { withClient } from './client.js';
import { HARDENING, UNHARDENED } from './hardening.js';
import { checkInstaller, checkRoles, type Installer } from './installer.js';
import { PlainError } from './plain-error.js';
import { lostCatalogRace, retrying } from './retry.js';
import {
  EDITOR,
  EDITORS,
  GATE,
  LOADER,
  LOGINS,
  MIGRATE,
  OWNER,
  READER,
  READERS,
  ROLES,
  roleUrls,
  SEALER,
  type RoleUrls,
} from './role-urls.js';
import { scramVerifier } from './scram.js';
import { rolePassword } from './secret.js';

export { roleUrls, type RoleUrls } from './role-urls.js';

const LOCK = 7_120_001;
const ATTEMPTS = 30;
const EXTENSIONS = ['btree_gist', 'pg_trgm', 'unaccent'];

/** For every login role. The same text for a date or an instant, whatever the server's own settings are. */
const COMMON = {
  search_path: 'public',
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  jit: 'off',
  client_min_messages: 'warning',
};

interface Login {
  /** At most so many connections; the pools of the server take 8 each. */
  connections: number;
  settings: Record<string, string>;
  /** The group whose grants it has; it inherits from nothing else. */
  group?: string;
}

const READING = {
  // One plan for all values: each of its own would be planned each time.
  plan_cache_mode: 'force_generic_plan',
  default_transaction_read_only: 'on',
  statement_timeout: '5s',
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: '30s',
};
const WRITING = { statement_timeout: '30s', lock_timeout: '2s', idle_in_transaction_session_timeout: '60s' };
const QUICK = { statement_timeout: '5s', lock_timeout: '2s', idle_in_transaction_session_timeout: '10s' };

const LIMITS: Record<string, Login> = {
  [MIGRATE]: {
    connections: 10,
    // A migration that waits for a lock makes everybody behind it wait too, so it gives up early.
    settings: {
      role: OWNER,
      statement_timeout: '10min',
      lock_timeout: '10s',
      idle_in_transaction_session_timeout: '60s',
    },
  },
  [LOADER]: { connections: 30, settings: WRITING, group: EDITOR },
  [GATE]: { connections: 20, settings: { ...QUICK, search_path: 'auth' } },
  [SEALER]: { connections: 16, settings: { ...WRITING, search_path: 'audit' } },
  ...Object.fromEntries(READERS.map((role) => [role, { connections: 40, settings: READING, group: READER }])),
  ...Object.fromEntries(EDITORS.map((role) => [role, { connections: 16, settings: WRITING, group: EDITOR }])),
};

const { escapeIdentifier: name, escapeLiteral: text } = pg;

/** A non-superuser may not even say NOSUPERUSER; the defaults of CREATE ROLE are the same, and checkRoles looks. */
const plainRights = ({ superuser }: Installer): string =>
  superuser ? 'nosuperuser nocreatedb nocreaterole noreplication nobypassrls' : '';

const createIfMissing = (role: string): string =>
  `do $$ begin if not exists (select from pg_roles where rolname = ${text(role)}) then create role ${name(role)}; end if; end $$`;

function loginStatements(
  role: string,
  { connections, settings, group }: Login,
  secret: Buffer,
  installer: Installer,
): string[] {
  const verifier = scramVerifier(rolePassword(secret, role));
  return [
    createIfMissing(role),
    // Before the grant: from 16 on a membership keeps whether it is inherited.
    `alter role ${name(role)} login ${group ? 'inherit' : 'noinherit'} ${plainRights(installer)} connection limit ${connections} password ${text(verifier)}`,
    ...(group ? [`grant ${name(group)} to ${name(role)}`] : []),
    // A role may change its own settings and password: whatever was planted is gone at the next start.
    `alter role ${name(role)} reset all`,
    ...Object.entries({ ...COMMON, ...settings }).map(
      ([setting, value]) => `alter role ${name(role)} set ${setting} = ${settingValue(value)}`,
    ),
  ];
}

/** Lists such as `ISO, YMD` are several values, each quoted for itself. */
const settingValue = (value: string): string => value.split(', ').map(text).join(', ');

function roleStatements(secret: Buffer, installer: Installer): string[] {
  return [
    createIfMissing(OWNER),
    `alter role ${OWNER} nologin noinherit ${plainRights(installer)}`,
    // First without its settings: `set role = kualik_owner` needs the membership.
    createIfMissing(MIGRATE),
    `alter role ${MIGRATE} noinherit`,
    `grant ${OWNER} to ${MIGRATE}`,
    ...[READER, EDITOR].flatMap((group) => [
      createIfMissing(group),
      `alter role ${group} nologin noinherit ${plainRights(installer)} connection limit -1 password null`,
      `alter role ${group} reset all`,
    ]),
    ...Object.entries(LIMITS).flatMap(([role, login]) => loginStatements(role, login, secret, installer)),
  ];
}

/** Rights on the database itself: not copied when a database is cloned, hence apart. */
function databaseStatements(database: string): string[] {
  return [
    `revoke all on database ${name(database)} from public`,
    `grant connect on database ${name(database)} to ${LOGINS.join(', ')}`,
    `grant create on database ${name(database)} to ${OWNER}`,
  ];
}

function schemaStatements(): string[] {
  return [
    'revoke all on schema public from public',
    `grant usage, create on schema public to ${OWNER}`,
    `grant usage on schema public to ${READER}, ${EDITOR}`,
    ...EXTENSIONS.map((extension) => `create extension if not exists ${extension} with schema public`),
  ];
}

/** All or nothing, one set-up at a time in this database; another database of the same server is met by trying again. */
async function inOneTransaction(client: pg.Client, statements: string[]): Promise<void> {
  await retrying(ATTEMPTS, lostCatalogRace, async () => {
    try {
      await client.query(['begin', `select pg_advisory_xact_lock(${LOCK})`, ...statements, 'commit'].join(';\n'));
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
  });
}

function explain(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (code === '42501') {
    return new PlainError(
      `The account of DATABASE_URL may not change the roles of Kualik (${message}). They were probably made by another account: ` +
        'start Kualik with that one, or let an administrator of the server run: DROP ROLE ' +
        `${ROLES.join(', ')};`,
      { cause: error },
    );
  }
  if (code === '0A000' || code === '58P01') {
    return new PlainError(
      `The database server lacks an extension (${message}). Install its contrib package; Kualik needs ${EXTENSIONS.join(', ')}.`,
      { cause: error },
    );
  }
  return error;
}

/** Functions are callable by everybody unless said otherwise. Without IN SCHEMA: with it, PUBLIC would keep the right. */
async function closeFunctions(migrateUrl: string): Promise<void> {
  await withClient(migrateUrl, (client) =>
    retrying(ATTEMPTS, lostCatalogRace, () =>
      client.query(`alter default privileges for role ${OWNER} revoke execute on functions from public`),
    ),
  );
}

/**
 * Makes or renews everything above.
 * @param adminUrl a superuser, or an account with CREATEROLE that owns the database.
 * @param tell one sentence of what could not be done, though nothing else depends on it.
 * @throws PlainError that says what an administrator has to run.
 */
export async function bootstrap(
  adminUrl: string,
  secret: Buffer,
  tell: (sentence: string) => void = () => undefined,
): Promise<RoleUrls> {
  const urls = roleUrls(adminUrl, secret);
  await withClient(adminUrl, async (client) => {
    const installer = await checkInstaller(client);
    try {
      await inOneTransaction(client, [
        ...roleStatements(secret, installer),
        ...databaseStatements(installer.database),
        ...schemaStatements(),
      ]);
      if (installer.superuser) await inOneTransaction(client, [HARDENING]);
      else tell(UNHARDENED);
    } catch (error) {
      throw explain(error);
    }
    await checkRoles(client);
  });
  await closeFunctions(urls.migrateUrl);
  return urls;
}

/** For a clone of a database that was set up already: only the rights that cloning leaves behind. */
export async function bootstrapClone(adminUrl: string, database: string): Promise<void> {
  await withClient(adminUrl, (client) => inOneTransaction(client, databaseStatements(database)));
}
