// The settings of accounts, and the address that tries are counted for: X-Forwarded-For is believed as far as proxies are listed.
import { BlockList } from 'node:net';
import { addressOf } from '../src/accounts/address.js';
import { ConfigError, readConfig } from '../src/config.js';

const problemsOf = (env: Record<string, string>): string[] => {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

test.each<[string, string, string | undefined, string]>([
  ['', '192.0.2.1', '198.51.100.9', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1', '198.51.100.9', '198.51.100.9'],
  ['192.0.2.1', '192.0.2.1', undefined, '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1', 'nonsense', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.7', '198.51.100.9', '192.0.2.7'],
  // What the client wrote itself stands on the left.
  ['192.0.2.1', '192.0.2.1', '203.0.113.5, 198.51.100.9', '198.51.100.9'],
  ['192.0.2.0/24', '192.0.2.1', '203.0.113.5, 198.51.100.9, 192.0.2.77', '198.51.100.9'],
  ['127.0.0.1', '::ffff:127.0.0.1', '::ffff:198.51.100.9', '198.51.100.9'],
  ['::1', '::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['', '2001:db8::1', undefined, '2001:db8:0:0::/64'],
])('proxies %j, socket %s, forwarded for %j: %s', (proxies, remoteAddress, forwarded, address) => {
  const { trustedProxies } = readConfig({ KUALIK_TRUSTED_PROXIES: proxies });
  expect(trustedProxies).toBeInstanceOf(BlockList);
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  expect(addressOf({ headers, remoteAddress }, trustedProxies)).toBe(address);
});

test('the settings of accounts are read', () => {
  const provider = {
    KUALIK_OIDC_ISSUER: 'https://id.example',
    KUALIK_OIDC_CLIENT_ID: 'a',
    KUALIK_OIDC_CLIENT_SECRET: 'b',
  };
  expect(
    readConfig({ ...provider, KUALIK_PUBLIC_URL: 'https://Kualik.example/', KUALIK_ANONYMOUS: 'off' }),
  ).toMatchObject({
    publicUrl: 'https://kualik.example',
    anonymous: 'off',
    oidc: { issuer: 'https://id.example', clientId: 'a', clientSecret: 'b' },
  });
  expect(readConfig({})).toMatchObject({ publicUrl: undefined, anonymous: undefined, oidc: undefined });
});

test.each<[Record<string, string>, RegExp]>([
  [{ KUALIK_PUBLIC_URL: 'kualik.example' }, /is not an address/],
  [{ KUALIK_PUBLIC_URL: 'http://kualik.example' }, /must begin with https/],
  [{ KUALIK_PUBLIC_URL: 'https://kualik.example/desk' }, /must end after the host/],
  [{ KUALIK_ANONYMOUS: 'yes' }, /must be on or off/],
  [{ KUALIK_TRUSTED_PROXIES: '10.0.0.0/33' }, /addresses or networks/],
  [{ KUALIK_TRUSTED_PROXIES: 'proxy' }, /addresses or networks/],
  [
    {
      KUALIK_OIDC_ISSUER: 'http://id.example',
      KUALIK_OIDC_CLIENT_ID: 'a',
      KUALIK_OIDC_CLIENT_SECRET: 'b',
      KUALIK_PUBLIC_URL: 'https://k.example',
    },
    /https:\/\/ address/,
  ],
  [
    { KUALIK_OIDC_ISSUER: 'https://id.example' },
    /set KUALIK_OIDC_CLIENT_ID and KUALIK_OIDC_CLIENT_SECRET and KUALIK_PUBLIC_URL too/,
  ],
])('%j is refused in one sentence', (env, sentence) => {
  expect(problemsOf(env)).toEqual([expect.stringMatching(sentence)]);
});
