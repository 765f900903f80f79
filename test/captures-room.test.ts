// Room for captures: a quota for all, one for each account and day, and a reserve of the disk. What is refused leaves nothing.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Config } from '../src/config.js';
import { readConfig } from '../src/config.js';
import { createDataSource } from '../src/db/data-source.js';
import { addAccount } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { killChildren } from './support/processes.js';
import { serveOn, type Serving } from './support/serving.js';
import {
  dataDirectory,
  post,
  removeKualik,
  SAVE_EVENT,
  serveKualik,
  type Answer,
  type Served,
} from './support/writers.js';

const SIZE = 60_000;
const SOURCE = `mutation { saveSource(input: { title: "A page", kind: LEAFLET }) { id } }`;
const CAPTURE = `mutation ($source: ID!, $bytes: String!) { addCapture(input: { source: $source, bytes: $bytes,
  mediaType: "text/html", capturedAt: "2024-05-02T10:00:00Z", tool: "a browser 1.0", operator: "An Archivist",
  copyKind: EVIDENTIARY, changeReason: "The page may go." }) { id } }`;

type Ask = (query: string, variables?: object) => Promise<Answer>;

const sourceOf = async (ask: Ask): Promise<string> => (await ask(SOURCE)).data.saveSource.id;
const capture = (ask: Ask, source: string): Promise<Answer> =>
  ask(CAPTURE, { source, bytes: randomBytes(SIZE).toString('base64') });
const outcome = ({ errors }: Answer): string =>
  errors.map(({ extensions: { code, rule } }) => `${code} ${rule}`).join();

describe('a quota', () => {
  let database: FreshDatabase;
  const serving: Serving[] = [];
  beforeAll(async () => {
    database = await freshDatabase('migrated');
  });
  afterAll(async () => {
    for (const server of serving) await server.stop();
    await database?.drop();
  });

  async function serve(config: Partial<Config>): Promise<{ server: Serving; ask: (token?: string) => Ask }> {
    const server = await serveOn(database, { config });
    serving.push(server);
    const ask =
      (token = server.analyst.token): Ask =>
      async (query, variables = {}) => {
        const response = await fetch(`${server.base}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({ query, variables }),
        });
        const { data = null, errors = [] } = (await response.json()) as { data?: any; errors?: Answer['errors'] };
        return { status: response.status, data, errors };
      };
    return { server, ask };
  }
  const rows = async (text: string): Promise<any[]> => {
    const source = await createDataSource({ url: database.adminUrl, poolSize: 1 }).initialize();
    return source.query(text).finally(() => source.destroy());
  };
  const kept = `select (select count(*)::int from captures) as captures, (select count(*)::int from custody_steps) as steps,
    (select count(*)::int from capture_contents) as contents, (select count(*)::int from audit.entries where noun = 'captures') as entries`;

  test('of a day is for each account: what exceeds it is refused with the time to wait, and nothing of it stays', async () => {
    const { ask } = await serve({ captureQuotaDay: 2 * SIZE + 10 });
    const first = ask();
    const source = await sourceOf(first);
    expect([await capture(first, source), await capture(first, source)].map(outcome)).toEqual(['', '']);
    const [before] = await rows(kept);
    const refused = await capture(first, source);
    expect(outcome(refused)).toBe('LIMITED capture_quota_of_day');
    expect(refused.errors[0]!.message).toMatch(/^An account may add 0\.1 MB of captures in a day, .* after midnight/);
    const { retryAfter } = refused.errors[0]!.extensions as unknown as { retryAfter: number };
    expect(retryAfter > 0 && retryAfter <= 86_400).toBe(true);
    expect(await rows(kept)).toEqual([before]);
    expect(await rows(`select bytes::int from house.capture_days`)).toEqual([{ bytes: 2 * SIZE }]);

    const gate = await createDataSource({ url: database.gateUrl, poolSize: 1 }).initialize();
    const other = await addAccount(gate, { login: 'other', roles: ['reader', 'editor'] }).finally(() => gate.destroy());
    expect(outcome(await capture(ask(other.token), source))).toBe('');
    // Yesterday is another day.
    await rows(`update house.capture_days set day = day - 1`);
    expect(outcome(await capture(first, source))).toBe('');
  });

  test('of all captures is for everybody, and other writing goes on', async () => {
    // To 64 MB: what is told to an editor must not show that somebody else added a little.
    await rows(`update house.capture_total set bytes = 3 * 67108864 - ${2 * SIZE + 10}`);
    const { ask } = await serve({ captureQuota: 150_000_000 });
    const one = ask();
    const source = await sourceOf(one);
    for (const expected of ['', '', 'LIMITED capture_quota'])
      expect(outcome(await capture(one, source))).toBe(expected);
    const [before] = await rows(kept);
    expect((await capture(one, source)).errors[0]!.message).toMatch(/KUALIK_CAPTURE_QUOTA/);
    expect(await rows(kept)).toEqual([before]);
    expect(await sourceOf(one)).toBeTruthy();
    await rows(`update house.capture_total set bytes = 0`);
  });

  test('lets several captures of several accounts through at once', async () => {
    const { server, ask } = await serve({ captureQuotaDay: 1e9, captureQuota: 1e10 });
    const gate = await createDataSource({ url: database.gateUrl, poolSize: 1 }).initialize();
    const third = await addAccount(gate, { login: 'third', roles: ['reader', 'editor'] }).finally(() => gate.destroy());
    const source = await sourceOf(ask());
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) => capture(ask(n % 2 ? third.token : server.analyst.token), source)),
    );
    expect(all.map(outcome)).toEqual(Array(8).fill(''));
  });
});

test.each([
  [{}, [20e9, 1e9]],
  [{ KUALIK_CAPTURE_QUOTA: '500 MB', KUALIK_CAPTURE_QUOTA_DAY: 'off' }, [5e8, undefined]],
  [{ KUALIK_CAPTURE_QUOTA: 'off', KUALIK_CAPTURE_QUOTA_DAY: '2TB' }, [undefined, 2e12]],
])('the settings %j are read', (env, expected) => {
  const { captureQuota, captureQuotaDay } = readConfig(env);
  expect([captureQuota, captureQuotaDay]).toEqual(expected);
});

test.each(['20', '1.5GB', '-1GB', 'much', '20gb'])('a quota of "%s" is refused in plain words', (text) => {
  expect(() => readConfig({ KUALIK_CAPTURE_QUOTA: text })).toThrow(
    /KUALIK_CAPTURE_QUOTA is ".*": it must be off, or a whole number of MB, GB or TB, such as 20GB\./,
  );
});

describe('a disk', () => {
  const dir = dataDirectory();
  let served: Served | undefined;
  const mount = (options: string): Buffer =>
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir], { stdio: 'pipe' });
  const whyNot = ((): string | undefined => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'mounting needs root on Linux';
    try {
      mount('size=1g,mode=0755');
      return undefined;
    } catch (error) {
      return `mount refused: ${String((error as { stderr?: Buffer }).stderr).trim()}`;
    }
  })();
  if (whyNot !== undefined) console.info(`The test of the reserve is skipped: ${whyNot}.`);

  afterAll(async () => {
    if (served) {
      served.child.process.kill('SIGTERM');
      await served.child.ended;
    }
    if (whyNot === undefined) execFileSync('umount', ['--lazy', dir]);
    await removeKualik(dir, []);
    await killChildren();
  }, 60_000);

  (whyNot === undefined ? test : test.skip)(
    'with less than the reserve free takes no captures, goes on with all else, and takes them again when there is room',
    async () => {
      served = await serveKualik(dir);
      const ask: Ask = (query, variables) => post(served!.base, query, variables);
      const source = await sourceOf(ask);
      expect(outcome(await capture(ask, source))).toBe('');
      mount('remount,size=500m');
      const refused = await capture(ask, source);
      expect(outcome(refused)).toBe('UNAVAILABLE capture_disk_has_room');
      expect(refused.errors[0]!.message).toMatch(/^The disk of this server is nearly full, .* make room\.$/);
      expect(outcome(await ask(SAVE_EVENT, { input: { kind: 'OTHER', title: 'Written meanwhile' } }))).toBe('');
      mount('remount,size=1g');
      expect(outcome(await capture(ask, source))).toBe('');
      const { data } = await ask('query ($id: ID!) { source(id: $id) { captures { byteSize } } }', { id: source });
      expect(data.source.captures).toHaveLength(2);
    },
    120_000,
  );
});
