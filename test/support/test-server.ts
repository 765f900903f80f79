// The PostgreSQL server all tests share: an embedded one in .data/test, or the one TEST_DATABASE_URL names (an account
// that may create roles and databases; never a server that holds a Kualik in use, since roles belong to the server).
import { join } from 'node:path';
import pg from 'pg';
import { withClient } from '../../src/db/client.js';
import { startEmbedded } from '../../src/db/embedded/index.js';
import { loadSecret } from '../../src/db/secret.js';
import { packageRoot } from '../../src/paths.js';

/** Speed before safety: what is lost in a crash is made anew. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' };
const VARIABLE = 'TEST_SERVER';

export const TEST_DATA = join(packageRoot, '.data', 'test');
/** Every database the tests make begins like this. */
export const PREFIX = 'kualik_test_';

/** For globalSetup. Hands the address to the workers through the environment; returns how to stop. */
export async function startTestServer(): Promise<() => Promise<void>> {
  if (process.env.TEST_DATABASE_URL) {
    process.env[VARIABLE] = process.env.TEST_DATABASE_URL;
    return () => Promise.resolve();
  }
  const embedded = await startEmbedded({ dataDir: TEST_DATA, settings: SETTINGS });
  process.env[VARIABLE] = embedded.url;
  // Only where nobody else is at work: a second run beside this one uses the same server.
  if (embedded.how === 'started') await sweep(embedded.url);
  return embedded.stop;
}

/** Databases of runs that were cut short. */
async function sweep(adminUrl: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'select datname as name from pg_database where starts_with(datname, $1)',
      [PREFIX],
    );
    for (const { name } of rows) await client.query(`drop database ${pg.escapeIdentifier(name)} with (force)`);
  });
}

export function testServerUrl(): string {
  const url = process.env[VARIABLE];
  if (!url) throw new Error('The test server is started by test/global-setup.mjs: run the tests with npm test.');
  return url;
}

export const testSecret = (): Buffer => loadSecret(TEST_DATA);
