// kualik status: what there is, without starting or changing anything.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { migrations } from '../../migrations/index.js';
import { maskPasswords, type Config } from '../config.js';
import { withClient } from '../db/client.js';
import { embeddedStatus } from '../db/embedded/index.js';
import { roleUrls } from '../db/roles.js';
import { loadSecret } from '../db/secret.js';
import { say } from './say.js';

/** The address to ask, or undefined when there is no server to ask. */
function findDatabase(config: Config): string | undefined {
  if (config.databaseUrl) {
    say(`Database   ${maskPasswords(config.databaseUrl)}`);
    return config.databaseUrl;
  }
  const { cluster, exists, running } = embeddedStatus(config.dataDir);
  say(`Database   ${cluster} (embedded PostgreSQL${exists ? '' : '; not made yet: "kualik serve" makes it'})`);
  if (!exists) return undefined;
  if (!running) {
    say('PostgreSQL not running');
    return undefined;
  }
  const users = running.usedBy.length
    ? `used by process ${running.usedBy.join(', ')}`
    : 'used by nobody: the next "kualik serve" adopts it';
  say(`PostgreSQL running on 127.0.0.1:${running.port} (for Kualik itself), process ${running.pid}, ${users}`);
  return running.url;
}

async function tellMigrations(migrateUrl: string): Promise<void> {
  const done = await withClient(migrateUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>('select name from schema_migrations');
    return new Set(rows.map(({ name }) => name));
  });
  const known = migrations.map((migration) => new migration().name);
  const missing = known.filter((name) => !done.has(name));
  const strange = [...done].filter((name) => !known.includes(name));
  if (strange.length > 0)
    return say(`Migrations of a newer Kualik were run here (${strange.join(', ')}): this one cannot use the database.`);
  say(
    `Migrations ${done.size} done, ${missing.length === 0 ? 'none to do' : `to do: ${missing.join(', ')}; "kualik migrate" runs them`}`,
  );
}

/** Of a server of your own: what is taken away in our database is open in the others (docs/guides/operate.md). */
async function tellOtherDatabases(migrateUrl: string): Promise<void> {
  const { rows } = await withClient(migrateUrl, (client) =>
    client.query<{ name: string }>(
      `select datname as name from pg_database
       where datallowconn and datname <> current_database() and has_database_privilege('public', oid, 'connect') order by 1`,
    ),
  );
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).join(', ');
  say(`Others     The roles of Kualik can connect to other databases of this server (${names}), and see there who works on what.`); // prettier-ignore
  say('           To close each, as its owner: revoke connect, temporary on database NAME from public');
}

export async function status(config: Config): Promise<void> {
  const adminUrl = findDatabase(config);
  if (!adminUrl) return;
  // loadSecret would make one.
  if (!config.secret && !existsSync(join(config.dataDir, 'secret')))
    return say(
      `Migrations unknown: there is no secret in ${config.dataDir} yet.\n           "kualik migrate" sets the database up.`,
    );
  try {
    const { migrateUrl } = roleUrls(adminUrl, loadSecret(config.dataDir, config.secret));
    await tellMigrations(migrateUrl);
    if (config.databaseUrl) await tellOtherDatabases(migrateUrl);
  } catch (error) {
    say(
      `Migrations unknown: ${maskPasswords((error as Error).message)}\n           "kualik migrate" sets the database up.`,
    );
  }
}
