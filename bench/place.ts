// A Kualik database for a bench: an embedded PostgreSQL of its own in a directory that is removed afterwards, migrated, and
// whatever other processes need to know of it.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrations } from '../migrations/index.js';
import { withClient } from '../src/db/client.js';
import { startEmbedded } from '../src/db/embedded/index.js';
import { migrate } from '../src/db/migrate.js';
import { throughSocket, withDatabase } from '../src/db/role-urls.js';
import { bootstrap, type RoleUrls } from '../src/db/roles.js';
import { loadSecret } from '../src/db/secret.js';
import { repeatableDirectory } from '../src/paths.js';

export interface Place extends RoleUrls {
  dataDir: string;
  adminUrl: string;
  /** Process number of the database server. */
  postmaster: number;
  /** A database like the one at hand, as a superuser; nobody may be connected meanwhile. */
  copyOf(name: string): Promise<string>;
  drop(name: string): Promise<void>;
  end(): Promise<void>;
}

/** What a person with a small server would set; the same for all who are measured. Durability stays as it is. */
const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  work_mem: '8MB',
  effective_cache_size: '3GB',
  random_page_cost: '1.1',
};

export interface PlaceOptions {
  /** A directory to be used and left, in place of one that is made and removed. */
  keep?: string | undefined;
  /** Where the migrations are taken from; this very tree unless told otherwise. */
  tree?: { migrations: string; repeatable: string };
}

export async function openPlace({ keep, tree }: PlaceOptions = {}): Promise<Place> {
  const dataDir = keep ?? fs.mkdtempSync(join(tmpdir(), 'kualik-bench-'));
  fs.mkdirSync(dataDir, { recursive: true });
  // The account that the database runs as must come through.
  fs.chmodSync(dataDir, 0o755);
  const embedded = await startEmbedded({ dataDir, settings: SETTINGS });
  const end = async (): Promise<void> => {
    await embedded.stop();
    if (keep === undefined) fs.rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    // By the socket, as `kualik serve` does it; everybody who is measured goes this way.
    const urls = throughSocket(await bootstrap(embedded.url, loadSecret(dataDir)), embedded.socket);
    const known = tree ? ((await import(tree.migrations)) as typeof import('../migrations/index.js')) : { migrations };
    await migrate({
      migrateUrl: urls.migrateUrl,
      migrations: known.migrations,
      repeatable: tree?.repeatable ?? repeatableDirectory,
    });
    const pidFile = fs.readFileSync(join(embedded.cluster, 'postmaster.pid'), 'utf8');
    const server = withDatabase(embedded.url, 'postgres');
    const own = new URL(embedded.url).pathname.slice(1);
    return {
      ...urls,
      dataDir,
      adminUrl: embedded.url,
      postmaster: Number(pidFile.split('\n')[0]),
      copyOf: async (name) => {
        await withClient(server, (client) => client.query(`create database ${name} template "${own}"`));
        return withDatabase(embedded.url, name);
      },
      drop: (name) =>
        withClient(server, async (client) => void (await client.query(`drop database if exists ${name} with (force)`))),
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
