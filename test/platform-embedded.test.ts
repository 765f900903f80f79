// Real processes, real PostgreSQL. Each test has a data directory of its own.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withClient } from '../src/db/client.js';
import { embeddedStatus, startEmbedded, type Embedded } from '../src/db/embedded/index.js';
import { withDatabase } from '../src/db/role-urls.js';
import { bootstrap, roleUrls } from '../src/db/roles.js';
import { livingLeases, withLock } from '../src/db/embedded/lock.js';
import { isAlive, isSameRunning, myself } from '../src/db/embedded/process-identity.js';
import { killChildren, runScript, type Child } from './support/processes.js';

const FAST = { fsync: 'off' };
const CHILD = 'test/support/embedded-child.ts';
/** An account every system has; a bare number without a name is refused by initdb. */
const NOBODY = 65534;
const asRoot = process.getuid?.() === 0;
const onLinux = process.platform === 'linux';

const directories: string[] = [];
const running: Embedded[] = [];

function dataDir(): string {
  const dir = fs.mkdtempSync(join(tmpdir(), 'kualik-embedded-'));
  fs.chmodSync(dir, 0o755);
  directories.push(dir);
  return dir;
}

async function start(dir: string, settings: Record<string, string> = FAST): Promise<Embedded> {
  const embedded = await startEmbedded({ dataDir: dir, settings });
  running.push(embedded);
  return embedded;
}

const child = (dir: string, options = {}): Child => runScript(CHILD, [dir, JSON.stringify(FAST)], options);
const told = async (process: Child): Promise<{ url: string; how: string; cluster: string }> =>
  JSON.parse(await process.line(/^\{/)) as { url: string; how: string; cluster: string };
const ask = <T>(url: string, sql: string): Promise<T[]> =>
  withClient(url, async (client) => (await client.query(sql)).rows as T[]);
const serverProcess = (cluster: string): number =>
  Number(fs.readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);

/** What a server leaves behind that died without a word. */
function leavePidFile(cluster: string, pid: number, port: number): void {
  const file = join(cluster, 'postmaster.pid');
  fs.writeFileSync(file, `${pid}\n${cluster}\n1700000000\n${port}\n\n127.0.0.1\n1 1\nready\n`, { mode: 0o600 });
  const { uid, gid } = fs.statSync(cluster);
  fs.chownSync(file, uid, gid);
}

afterAll(async () => {
  await killChildren();
  for (const embedded of running) await embedded.stop();
  // A killed child leaves its server behind on purpose: adopt it to stop it.
  for (const dir of directories.filter((path) => embeddedStatus(path).running))
    await (await startEmbedded({ dataDir: dir })).stop();
  for (const dir of directories) fs.rmSync(dir, { recursive: true, force: true });
});

test('a first start makes a server that is private and safe, a second start finds its data', async () => {
  const dir = dataDir();
  const first = await start(dir, {});
  expect(first.how).toBe('created');
  const wanted = [
    'listen_addresses',
    'unix_socket_directories',
    'fsync',
    'TimeZone',
    'log_min_error_statement',
    'log_parameter_max_length_on_error',
    'data_checksums',
    'server_encoding',
  ];
  const [settings] = await ask<Record<string, string>>(
    first.url,
    `select json_object_agg(name, setting) as all from pg_settings where name in ('${wanted.join("','")}')`,
  );
  expect(settings!.all).toEqual({
    ...{
      listen_addresses: '127.0.0.1',
      unix_socket_directories: join(dir, 'postgres.socket'),
      fsync: 'on',
      TimeZone: 'UTC',
      data_checksums: 'on',
      server_encoding: 'UTF8',
    },
    ...{ log_min_error_statement: 'panic', log_parameter_max_length_on_error: '0' },
  });
  expect(
    await ask(
      first.url,
      'select datlocprovider as provider, datlocale as locale from pg_database where datname = current_database()',
    ),
  ).toEqual([{ provider: 'b', locale: 'C.UTF-8' }]);
  expect(await ask(first.url, `select distinct auth_method as method from pg_hba_file_rules`)).toEqual([
    { method: 'scram-sha-256' },
  ]);
  expect(fs.statSync(join(first.cluster, 'kualik.password')).mode & 0o777).toBe(0o600);
  await ask(first.url, 'create table kept as select 42 as n');
  await first.stop();
  await first.stop();
  expect(embeddedStatus(dir)).toEqual({ cluster: first.cluster, exists: true });

  const second = await start(dir);
  expect(second.how).toBe('started');
  expect(await ask(second.url, 'select n from kept')).toEqual([{ n: 42 }]);
  await second.stop();
});

test('the databases that PostgreSQL brings let in nobody but the superuser, also where somebody opened them again', async () => {
  const dir = dataDir();
  const secret = randomBytes(32);
  const first = await start(dir);
  await bootstrap(first.url, secret);
  const enter = (admin: string, database: string): Promise<unknown> =>
    ask(withDatabase(roleUrls(admin, secret).readerUrls[2], database), 'select usename, query from pg_stat_activity');
  const isClosed = async (admin: string): Promise<void> => {
    for (const database of ['postgres', 'template1'])
      await expect(enter(admin, database)).rejects.toThrow(/permission denied for database/);
  };
  await isClosed(first.url);
  await ask(first.url, 'grant connect on database postgres to public');
  expect(await enter(first.url, 'postgres')).toHaveProperty('length');
  await first.stop();
  const second = await start(dir);
  await isClosed(second.url);
  await second.stop();
});

test('after kill -9 of our process the server is adopted, and its number on the lease does not keep it running', async () => {
  const dir = dataDir();
  const parent = child(dir);
  const { url } = await told(parent);
  await ask(url, 'create table kept as select 1 as n');
  parent.process.kill('SIGKILL');
  await parent.ended;
  const status = embeddedStatus(dir);
  expect(status.running?.usedBy).toEqual([]);

  const next = await start(dir);
  expect(next.how).toBe('adopted');
  expect(serverProcess(next.cluster)).toBe(status.running?.pid);
  expect(await ask(next.url, 'select n from kept')).toEqual([{ n: 1 }]);
  await next.stop();
  expect(embeddedStatus(dir).running).toBeUndefined();
});

test('after kill -9 of the database server it starts again with every acknowledged row', async () => {
  const dir = dataDir();
  const first = await start(dir, {});
  await ask(first.url, 'create table kept (n int)');
  await ask(first.url, 'insert into kept select generate_series(1, 1000)');
  process.kill(serverProcess(first.cluster), 'SIGKILL');
  const second = await start(dir);
  expect(second.how).toBe('started');
  expect(await ask(second.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1000 }]);
  await second.stop();
  await first.stop();
});

test('two processes share one server; the last one out stops it', async () => {
  const dir = dataDir();
  const [one, two] = [child(dir), child(dir)];
  const [a, b] = await Promise.all([told(one), told(two)]);
  expect(a.url).toBe(b.url);
  expect([a.how, b.how].sort()).toEqual(['adopted', 'created']);
  one.process.kill('SIGTERM');
  expect(await one.ended).toEqual({ code: 0, signal: null });
  expect(await ask(b.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  expect(embeddedStatus(dir).running?.usedBy).toEqual([two.process.pid]);
  two.process.kill('SIGTERM');
  await two.ended;
  expect(embeddedStatus(dir).running).toBeUndefined();
});

(asRoot ? test : test.skip)('works for an ordinary user without a home', async () => {
  const dir = dataDir();
  fs.chownSync(dir, NOBODY, NOBODY);
  const user = child(join(dir, 'data'), { uid: NOBODY, gid: NOBODY, env: { HOME: join(dir, 'home'), TMPDIR: dir } });
  const { url, cluster } = await told(user);
  expect(cluster).toBe(join(dir, 'data', 'postgres'));
  expect(fs.statSync(cluster).uid).toBe(NOBODY);
  expect(await ask(url, 'select current_user as me')).toEqual([{ me: 'postgres' }]);
  user.process.kill('SIGTERM');
  expect(await user.ended).toEqual({ code: 0, signal: null });

  // Root afterwards serves the same data as its owner, and does not take it over.
  const root = await start(join(dir, 'data'));
  expect(root.how).toBe('started');
  expect(fs.statSync(join(cluster, 'kualik.conf')).uid).toBe(NOBODY);
  await root.stop();
});

(asRoot ? test : test.skip)(
  'below a closed directory root keeps the data where the database account can go',
  async () => {
    const closed = dataDir();
    fs.chmodSync(closed, 0o700);
    const embedded = await start(join(closed, 'data'));
    expect(embedded.cluster).toMatch(/^\/var\/lib\/kualik\/data-[0-9a-f]{12}\/postgres$/);
    directories.push(join(embedded.cluster, '..'));
    await embedded.stop();
  },
);

(asRoot ? test : test.skip)('an account without a name is told what to do', async () => {
  const dir = dataDir();
  fs.chownSync(dir, 54321, 54321);
  const bare = child(join(dir, 'data'), { uid: 54321, gid: 54321, env: { HOME: dir, TMPDIR: dir } });
  await expect(told(bare)).rejects.toThrow(/Run Kualik under an account that is listed in \/etc\/passwd/);
  await bare.ended;
  expect(fs.readdirSync(join(dir, 'data'))).toEqual(['postgres.run']);
});

test('an initdb that was cut short is done again', async () => {
  const dir = dataDir();
  fs.mkdirSync(join(dir, 'postgres.draft-cut'));
  fs.writeFileSync(join(dir, 'postgres.draft-cut', 'PG_VERSION'), '18\n');
  fs.mkdirSync(join(dir, 'postgres'));
  const embedded = await start(dir);
  expect(embedded.how).toBe('created');
  expect(fs.readdirSync(dir).sort()).toEqual(['postgres', 'postgres.run', 'postgres.socket']);
  await embedded.stop();
});

test.each([
  [
    'another major version',
    { PG_VERSION: '17\n', 'global/pg_control': '' },
    /made by PostgreSQL 17, and this Kualik brings PostgreSQL 18/,
  ],
  ['files of somebody else', { 'photo.jpg': 'x' }, /holds files, but no PostgreSQL data/],
  ['a cluster without its password', { PG_VERSION: '18\n', 'global/pg_control': '' }, /kualik\.password is missing/],
] as [string, Record<string, string>, RegExp][])(
  'a directory with %s is refused and left alone',
  async (_, files, sentence) => {
    const dir = dataDir();
    fs.mkdirSync(join(dir, 'postgres', 'global'), { recursive: true });
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(dir, 'postgres', name), text);
    await expect(startEmbedded({ dataDir: dir, settings: FAST })).rejects.toThrow(sentence);
    for (const [name, text] of Object.entries(files))
      expect(fs.readFileSync(join(dir, 'postgres', name), 'utf8')).toBe(text);
  },
);

(onLinux ? test : test.skip)(
  'a stale postmaster.pid whose number now belongs to somebody else does not stop a start',
  async () => {
    const dir = dataDir();
    const first = await start(dir);
    await first.stop();
    leavePidFile(first.cluster, process.pid, 1);
    const second = await start(dir);
    expect(second.how).toBe('started');
    await second.stop();
  },
);

test('what the log says is told when the server cannot start', async () => {
  const dir = dataDir();
  await expect(start(dir, { shared_buffers: 'lots' })).rejects.toThrow(/did not start.*server\.log.*shared_buffers/s);
});

test('a lock or a lease of a dead process, or of a number that was reused, counts for nothing', async () => {
  const dir = dataDir();
  const me = myself();
  const reused = { pid: me.pid, started: 'another start' };
  fs.writeFileSync(join(dir, 'lock'), JSON.stringify(onLinux ? reused : { pid: 2 ** 30, started: null }));
  fs.writeFileSync(join(dir, 'lease-a'), JSON.stringify({ pid: 2 ** 30, started: null }));
  fs.writeFileSync(join(dir, 'lease-b'), JSON.stringify(me));
  fs.writeFileSync(join(dir, 'lease-c'), 'not json');
  await withLock(dir, async () => {
    expect(livingLeases(dir)).toEqual([me.pid]);
    await Promise.resolve();
  });
  expect(fs.readdirSync(dir)).toEqual(['lease-b']);
  expect(isSameRunning(me)).toBe(true);
  expect(isAlive(0)).toBe(false);
});

test('the lock lets one in at a time', async () => {
  const dir = dataDir();
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withLock(dir, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside--;
      }),
    ),
  );
  expect(most).toBe(1);
});

test('a stranger on the port of a killed server is not taken for the database', async () => {
  const dir = dataDir();
  const first = await start(dir);
  await first.stop();
  const stranger = createServer((socket) => socket.end('HTTP/1.1 400\r\n\r\n')).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => stranger.once('listening', resolve));
    const { port } = stranger.address() as { port: number };
    leavePidFile(first.cluster, process.pid, port);
    const second = await start(dir);
    expect(second.how).toBe('started');
    await second.stop();
  } finally {
    stranger.close();
  }
});

(onLinux ? test : test.skip)(
  'a data directory that can never be made, or is a file, is told in one sentence',
  async () => {
    await expect(start('/proc/kualik/data')).rejects.toThrow(/data directory \/proc\/kualik\/data cannot be made/);
    const file = join(dataDir(), 'file');
    fs.writeFileSync(file, '');
    await expect(start(file)).rejects.toThrow(/cannot be made \(it is a file\)/);
  },
);

(asRoot ? test : test.skip)('a data directory that belongs to others is told in one sentence', async () => {
  const closed = dataDir();
  fs.chmodSync(closed, 0o700);
  const home = dataDir();
  fs.chownSync(home, NOBODY, NOBODY);
  const user = child(join(closed, 'data'), { uid: NOBODY, gid: NOBODY, env: { HOME: home, TMPDIR: home } });
  await expect(told(user)).rejects.toThrow(/data directory .* cannot be made \(EACCES/);
});
