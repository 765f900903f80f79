// The environment as configuration: what is accepted, and every problem told at once without a secret.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, maskPasswords, readConfig } from '../src/config.js';
import { loadSecret, rolePassword } from '../src/db/secret.js';
import { snakeCase } from '../src/db/naming.js';
import { instant } from '../src/db/types.js';

function problemsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

test('an empty environment gives the defaults, and an empty variable counts as unset', () => {
  expect(readConfig({})).toMatchObject({
    port: 4000,
    host: '127.0.0.1',
    logLevel: 'info',
    databaseUrl: undefined,
    secret: undefined,
  });
  expect(readConfig({ PORT: '', DATABASE_URL: ' ' })).toEqual(readConfig({}));
  expect(readConfig({}).dataDir).toMatch(/\/\.data$/);
});

test.each([
  [{ PORT: '0' }, { port: 0 }],
  [{ HOST: '::1' }, { host: '::1' }],
  [{ HOST: 'example.org' }, { host: 'example.org' }],
  [{ DATABASE_URL: 'postgresql://u:p@h/kualik' }, { databaseUrl: 'postgresql://u:p@h/kualik' }],
  [
    { DATABASE_URL: 'postgres:///kualik?host=/run/postgresql' },
    { databaseUrl: 'postgres:///kualik?host=/run/postgresql' },
  ],
  [{ KUALIK_SECRET: 'ab'.repeat(32) }, { secret: Buffer.from('ab'.repeat(32), 'hex') }],
  [{ KUALIK_SECRET: Buffer.alloc(33, 7).toString('base64') }, { secret: Buffer.alloc(33, 7) }],
  [{ KUALIK_DATA: '/srv/kualik' }, { dataDir: '/srv/kualik' }],
] as [Record<string, string>, object][])('%j is understood', (env, expected) => {
  expect(readConfig(env)).toMatchObject(expected);
});

test.each([
  [{ PORT: '65536' }, /PORT is "65536"/],
  [{ PORT: '80a' }, /PORT is "80a"/],
  [{ HOST: 'http://localhost' }, /HOST is/],
  [{ HOST: '127.0.0.1:4000' }, /HOST is/],
  [{ DATABASE_URL: 'mysql://a:b@c/d' }, /must start with postgres:\/\//],
  [{ DATABASE_URL: 'postgres://u:a/b@h/d' }, /percent-encoded/],
  [{ DATABASE_URL: 'postgres://u:p@h' }, /names no database/],
  [{ KUALIK_SECRET: 'short' }, /KUALIK_SECRET must be at least 32/],
  [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL is "loud"/],
  [{ KUALIK_SECERT: 'x' }, /KUALIK_SECERT is not a setting/],
] as [Record<string, string>, RegExp][])('%j is refused with one sentence', (env, sentence) => {
  expect(problemsOf(env)).toEqual([expect.stringMatching(sentence)]);
});

test('all problems are told at once, and no secret or password with them', () => {
  const problems = problemsOf({
    PORT: 'x',
    DATABASE_URL: 'mysql://u:geheim@h/d',
    KUALIK_SECRET: 'geheim',
    KUALIK_X: 'geheim',
  });
  expect(problems).toHaveLength(4);
  expect(problems.join()).not.toContain('geheim');
  expect(new ConfigError(problems).exitCode).toBe(2);
});

test('an example of ours is shown as it is', () => {
  const [problem] = problemsOf({ DATABASE_URL: 'mysql://u:geheim@h/d' });
  expect(maskPasswords(problem!)).toContain('postgres://user:password@localhost:5432/kualik');
});

test('passwords in addresses are masked', () => {
  expect(maskPasswords('postgres:///d?sslpassword=b&sslkey=c&x_password=d')).toBe(
    'postgres:///d?sslpassword=***&sslkey=c&x_password=***',
  );
  expect(maskPasswords('at postgres://u:p@ss:w@h:5/d and postgres:///d?user=a&password=b&x=c')).toBe(
    'at postgres://u:***@h:5/d and postgres:///d?user=a&password=***&x=c',
  );
});

test('the secret file is made once, is private, and gives every role another password', () => {
  const dir = fs.mkdtempSync(join(tmpdir(), 'kualik-secret-'));
  const secret = loadSecret(dir);
  expect(loadSecret(dir)).toEqual(secret);
  expect(fs.statSync(join(dir, 'secret')).mode & 0o777).toBe(0o600);
  expect(fs.readdirSync(dir)).toEqual(['secret']);
  expect(rolePassword(secret, 'a')).not.toBe(rolePassword(secret, 'b'));
  fs.writeFileSync(join(dir, 'secret'), 'AAAA');
  expect(() => loadSecret(dir)).toThrow(/damaged/);
  fs.rmSync(dir, { recursive: true });
});

test.each([
  ['personId', 'person_id'],
  ['publishedURL', 'published_url'],
  ['URLOfPage', 'url_of_page'],
  ['line2', 'line2'],
  ['renewalNoticeDays', 'renewal_notice_days'],
])('property %s is column %s', (property, column) => expect(snakeCase(property)).toBe(column));

test.each([
  ['2021-10-14 08:30:00.25+00', '2021-10-14T08:30:00.25Z'],
  ['2021-10-14 08:30:00+05:30', '2021-10-14T08:30:00+05:30'],
  ['2021-10-14 08:30:00-03', '2021-10-14T08:30:00-03:00'],
  ['infinity', 'infinity'],
  ['0044-03-15 00:00:00+00 BC', '0044-03-15 00:00:00+00 BC'],
])('the instant %s is told as %s', (sent, told) => expect(instant(sent)).toBe(told));
