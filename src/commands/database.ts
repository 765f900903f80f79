// From a configuration to a database that can be used: embedded or the user's own, with roles, and migrated.
import { migrations } from '../../migrations/index.js';
import type { Config } from '../config.js';
import { withClient } from '../db/client.js';
import { startEmbedded, type WatchEvents } from '../db/embedded/index.js';
import { describe, migrate } from '../db/migrate.js';
import { throughSocket } from '../db/role-urls.js';
import { bootstrap, type RoleUrls } from '../db/roles.js';
import { loadSecret } from '../db/secret.js';
import { repeatableDirectory } from '../paths.js';
import { keyPlace } from '../sealing/key-file.js';
import { prepareKeys } from '../sealing/keys-in-use.js';
import type { Life } from './life.js';
import { say } from './say.js';

export interface Database extends RoleUrls {
  /** Where the data is, for people; without a password. */
  where: string;
  /** The master secret; every use derives a key of its own from it. */
  secret: Buffer;
  /** Brings the embedded server back whenever it is gone; does nothing for a server of your own. */
  watch(events: WatchEvents): void;
}

const HOW = { created: 'a new database was made', started: 'started', adopted: 'was running already' };

interface Address {
  url: string;
  socket?: string | undefined;
  where: string;
  watch(events: WatchEvents): void;
}

async function adminAddress(config: Config, life: Life): Promise<Address> {
  if (config.databaseUrl) {
    const { host, pathname } = new URL(config.databaseUrl);
    return { url: config.databaseUrl, where: `${host}${pathname} (your own server)`, watch: () => undefined };
  }
  say(`Starting the embedded PostgreSQL ...`);
  const embedded = await startEmbedded({ dataDir: config.dataDir });
  life.atEnd(embedded.stop);
  life.onFailure(embedded.explain);
  const ms = Object.values(embedded.timings).reduce((sum, part) => sum + part, 0);
  return {
    url: embedded.url,
    socket: embedded.socket,
    where: `${embedded.cluster} (embedded PostgreSQL, ${HOW[embedded.how]}, ${ms} ms)`,
    watch: embedded.watch,
  };
}

export async function openDatabase(config: Config, life: Life, options: { again?: boolean } = {}): Promise<Database> {
  const { url, socket, where, watch } = await adminAddress(config, life);
  life.signal.throwIfAborted();
  const secret = loadSecret(config.dataDir, config.secret);
  const urls = throughSocket(await bootstrap(url, secret, say), socket);
  life.signal.throwIfAborted();
  say(
    describe(
      await migrate({ migrateUrl: urls.migrateUrl, migrations, repeatable: repeatableDirectory, again: options.again }),
    ),
  );
  life.signal.throwIfAborted();
  const aboutKeys = await prepareKeys(urls.migrateUrl, keyPlace(config));
  if (aboutKeys !== undefined) say(aboutKeys);
  return { ...urls, where, secret, watch };
}

/** Rather than "was just made": a first start that was cut short before the founding case was in is still a first start. */
export const holdsNoCase = (loaderUrl: string): Promise<boolean> =>
  withClient(loaderUrl, async (client) => {
    const { rows } = await client.query<{ empty: boolean }>('select not exists (select from cases) as empty');
    return rows[0]?.empty ?? false;
  });
