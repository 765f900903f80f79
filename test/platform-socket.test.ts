// The Unix socket of the embedded database: closed to others, with the password asked there too, and done without where there
// can be none. The port stays.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { withClient } from '../src/db/client.js';
import { startEmbedded, type Embedded } from '../src/db/embedded/index.js';
import { throughSocket } from '../src/db/role-urls.js';
import { bootstrap } from '../src/db/roles.js';
import { loadSecret } from '../src/db/secret.js';

const directories: string[] = [];
afterAll(() => {
  for (const dir of directories) fs.rmSync(dir, { recursive: true, force: true });
});

async function start(name: string): Promise<{ dir: string; embedded: Embedded }> {
  const base = fs.mkdtempSync(join(tmpdir(), 'kualik-socket-'));
  fs.chmodSync(base, 0o755);
  directories.push(base);
  const dir = join(base, name);
  return { dir, embedded: await startEmbedded({ dataDir: dir, settings: { fsync: 'off' } }) };
}

/** How the server sees a connection: null when it came by the socket. */
const addressOf = (url: string): Promise<string | null> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ address: string | null }>('select inet_client_addr()::text as address');
    return rows[0]!.address;
  });

test('the roles of the server come by a socket that is closed to others, and the port is there as before', async () => {
  const { dir, embedded } = await start('data');
  try {
    const { socket } = embedded;
    expect(fs.statSync(socket!).mode & 0o777).toBe(0o700);
    const plain = await bootstrap(embedded.url, loadSecret(dir));
    const urls = throughSocket(plain, socket);
    for (const url of [urls.migrateUrl, urls.gateUrl, urls.sealerUrl, urls.readerUrls[0], urls.editorUrls[3]])
      expect(await addressOf(url)).toBeNull();
    expect(await addressOf(plain.readerUrls[0])).toBe('127.0.0.1/32');

    const wrong = new URL(urls.readerUrls[0]);
    wrong.password = 'wrong';
    const client = new pg.Client({ connectionString: wrong.href });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  } finally {
    await embedded.stop();
  }
}, 60_000);

test('where its name would be too long there is none, and nothing is different', async () => {
  const { dir, embedded } = await start('a-very-long-name-of-a-directory-'.repeat(4));
  try {
    expect(embedded.socket).toBeUndefined();
    const urls = throughSocket(await bootstrap(embedded.url, loadSecret(dir)), embedded.socket);
    expect(await addressOf(urls.readerUrls[0])).toBe('127.0.0.1/32');
  } finally {
    await embedded.stop();
  }
}, 60_000);
