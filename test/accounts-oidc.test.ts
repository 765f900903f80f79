// Signing in with an identity provider: a real one on loopback, with its own log-in pages, codes and signed tokens.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DataSource } from 'typeorm';
import { openAccounts } from '../src/accounts/accounts.js';
import { gateOf, type Rows } from '../src/accounts/gate.js';
import { addAccount, setActive } from '../src/accounts/people.js';
import { authRoutes, type Route } from '../src/http/auth/routes.js';
import { openGate } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { testServer, type TestServer } from './support/http.js';
import { identityProvider, type IdentityProvider } from './support/identity-provider.js';
import { Page, type Told } from './support/page.js';
import { SECRET, viewer } from './support/signing-in.js';

let database: FreshDatabase;
let gate: DataSource;
let rows: Rows;
let server: TestServer;
let provider: IdentityProvider;
let base: string;
let amina: number;

beforeAll(async () => {
  database = await freshDatabase();
  gate = await openGate(database);
  rows = gateOf(gate).rows;
  const later: { routes?: Route } = {};
  server = await testServer({ routes: (...request) => later.routes!(...request) });
  base = `http://localhost:${server.port}`;
  provider = await identityProvider(`${base}/sign-in/`);
  const { issuer, clientId, clientSecret } = provider;
  later.routes = authRoutes(
    openAccounts({
      gate,
      secret: SECRET,
      anonymous: () => Promise.resolve(false),
      publicUrl: base,
      oidc: { issuer, clientId, clientSecret },
    }),
  );
  amina = await addAccount(rows, {
    login: 'amina',
    roles: ['reader'],
    level: 2,
    identity: { issuer, subject: 'sub-amina' },
  });
});
afterAll(async () => {
  await server?.stop();
  await provider?.stop();
  await gate?.destroy();
  await database?.drop();
});
beforeEach(() => rows('delete from auth.throttles'));

/** To the provider and back; what comes back is the query of the page's address. */
async function away(page: Page, subject: string, body: object = {}): Promise<string> {
  const { url } = await page.must('provider/start', body);
  return (await provider.visit(url, subject)).search;
}
const finish = (page: Page, answer: string): Promise<Told> => page.post('provider/finish', { answer });
const rule = ({ error }: Told): unknown => error?.extensions.rule;

test('an account whose subject an administrator wrote down signs in; code, PKCE, state and nonce are asked for', async () => {
  const page = new Page(base);
  expect(await page.must('state')).toMatchObject({ provider: true, viewer: null });
  const { url } = await page.must('provider/start');
  const asked = new URL(url).searchParams;
  expect(Object.fromEntries(asked)).toMatchObject({
    response_type: 'code',
    scope: 'openid',
    redirect_uri: `${base}/sign-in/`,
    code_challenge_method: 'S256',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
    state: expect.stringMatching(/^[\w-]{43}$/) as string,
    nonce: expect.stringMatching(/^[\w-]{43}$/) as string,
  });
  expect(page.written).toEqual([
    expect.stringMatching(/^__Host-kualik-flow=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=600$/),
  ]);
  const back = await provider.visit(url, 'sub-amina');
  expect((await finish(page, back.search)).json).toEqual({ login: 'amina' });
  expect(await viewer(page)).toMatchObject({ login: 'amina', level: 2 });
  expect(page.cookies.has('__Host-kualik-flow')).toBe(false);
  expect((await page.must('account')).sessions[0].methods).toEqual(['oidc']);
});

test('who is known to the provider alone has no account, also when the subject is the login of somebody', async () => {
  for (const subject of ['sub-stranger', 'amina']) {
    const page = new Page(base);
    expect(rule(await finish(page, await away(page, subject)))).toBe('no-account');
    expect(await viewer(page)).toBe(null);
  }
  await addAccount(rows, {
    login: 'elsewhere',
    roles: ['reader'],
    level: 1,
    identity: { issuer: 'https://other.example', subject: 'sub-other' },
  });
  const page = new Page(base);
  expect(rule(await finish(page, await away(page, 'sub-other')))).toBe('no-account');
});

test('an answer is good once, in the browser that began, for the sign-in that was begun last', async () => {
  const page = new Page(base);
  const answer = await away(page, 'sub-amina');
  expect(rule(await finish(new Page(base), answer))).toBe('flow-over');
  const other = new Page(base);
  await away(other, 'sub-amina');
  // The victim's browser is given the thief's answer: the state is not its own.
  expect(rule(await finish(other, answer))).toBe('provider-refused');
  const cookie = page.cookies.get('__Host-kualik-flow')!;
  const thirty = await Promise.all(
    Array.from({ length: 30 }, () => {
      const copy = new Page(base);
      copy.cookies.set('__Host-kualik-flow', cookie);
      return finish(copy, answer);
    }),
  );
  expect(thirty.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(thirty.filter((told) => rule(told) === 'flow-over')).toHaveLength(29);
});

test.each<[string, (answer: URLSearchParams) => void]>([
  ['another state', (answer) => answer.set('state', 'x'.repeat(43))],
  ['no state', (answer) => answer.delete('state')],
  ['another code', (answer) => answer.set('code', 'x'.repeat(43))],
  ['another issuer', (answer) => answer.set('iss', 'http://127.0.0.1:1')],
  [
    'an error in place of a code',
    (answer) => {
      answer.delete('code');
      answer.set('error', 'access_denied');
    },
  ],
])('%s is refused, and the sign-in is over', async (_, spoil) => {
  const page = new Page(base);
  const answer = new URLSearchParams(await away(page, 'sub-amina'));
  const right = answer.toString();
  spoil(answer);
  expect(rule(await finish(page, `?${answer}`))).toBe('provider-refused');
  expect(rule(await finish(page, `?${right}`))).toBe('flow-over');
  expect(await viewer(page)).toBe(null);
});

test('a session steps up at the provider, with a fresh sign-in of its own account', async () => {
  const page = new Page(base);
  await finish(page, await away(page, 'sub-amina'));
  const before = (await rows('select from auth.sessions where account_id = $1', [amina])).length;
  const old = () =>
    rows(`update auth.sessions set stepped_up_at = now() - interval '16 minutes' where account_id = $1`, [amina]);
  await old();
  const token = { name: 'x', roles: ['reader'], level: 1, expires: 'P1D' };
  expect(rule(await page.post('tokens/new', token))).toBe('step-up');
  const { url } = await page.must('provider/start', { again: true });
  expect(new URL(url).searchParams.get('max_age')).toBe('300');
  expect((await finish(page, (await provider.visit(url, 'sub-amina')).search)).status).toBe(200);
  expect((await page.post('tokens/new', token)).status).toBe(200);
  expect(await rows('select from auth.sessions where account_id = $1', [amina])).toHaveLength(before);
  await old();
  await addAccount(rows, {
    login: 'beko',
    roles: ['reader'],
    level: 2,
    identity: { issuer: provider.issuer, subject: 'sub-beko' },
  });
  expect((await finish(page, await away(page, 'sub-beko', { again: true }))).status).toBe(401);
  expect(rule(await page.post('tokens/new', token))).toBe('step-up');
});

test('a disabled account does not come in by the provider', async () => {
  const page = new Page(base);
  const answer = await away(page, 'sub-amina');
  await setActive(rows, 'amina', false);
  expect(rule(await finish(page, answer))).toBe('no-account');
  await setActive(rows, 'amina', true);
});

/** A server that signs in at `address`, until `work` is done. */
async function signingInAt(address: string, work: (page: Page, own: TestServer) => Promise<void>): Promise<void> {
  const accounts = openAccounts({
    gate,
    secret: SECRET,
    anonymous: () => Promise.resolve(false),
    publicUrl: base,
    oidc: { issuer: address, clientId: 'a', clientSecret: 'b' },
  });
  const own = await testServer({ routes: authRoutes(accounts) });
  await work(new Page(`http://localhost:${own.port}`), own);
  await own.stop();
}

/** A provider that answers its discovery as it likes; nothing else of it is reached. */
async function discovery(answer: (issuer: string, res: ServerResponse) => void) {
  const evil = createServer((_, res) => answer(issuer, res.setHeader('content-type', 'application/json')));
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
  return { issuer, stop: () => new Promise((resolve) => evil.close(resolve).closeAllConnections()) };
}

test.each<[name: string, endpoints: Record<string, unknown>]>([
  ['a script', { authorization_endpoint: 'javascript:alert(1)//' }],
  ['data', { authorization_endpoint: 'data:text/html,x' }],
  ['plain http elsewhere', { authorization_endpoint: 'http://id.example/auth' }],
  ['no address', { authorization_endpoint: 'nonsense' }],
  ['nothing', { authorization_endpoint: undefined }],
  ['plain http for the token', { token_endpoint: 'http://id.example/token' }],
  ['plain http for the keys', { jwks_uri: 'http://id.example/keys' }],
])('a provider that sends people or secrets to %s is not used; its operator is told', async (_, endpoints) => {
  const evil = await discovery((issuer, res) =>
    res.end(
      JSON.stringify({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        ...endpoints,
      }),
    ),
  );
  await signingInAt(evil.issuer, async (page, own) => {
    expect(await page.post('provider/start')).toMatchObject({
      status: 503,
      error: {
        message: expect.stringMatching(/cannot be used/) as string,
        extensions: { code: 'UNAVAILABLE', retryable: true },
      },
    });
    expect(own.log.filter(({ level }) => level >= 40)).toEqual([
      expect.objectContaining({ level: 40, msg: 'something this server needs is away' }),
    ]);
  });
  await evil.stop();
});

test('a provider that talks without end is cut off before it fills the memory', async () => {
  let sent = 0;
  let closed = (): void => undefined;
  const cut = new Promise<void>((resolve) => (closed = resolve));
  const evil = await discovery((issuer, res) => {
    res.write(`{"issuer":"${issuer}","x":"`);
    const more = Buffer.alloc(65_536, 97);
    const write = (): void => {
      while (!res.destroyed && res.write(more)) sent += more.length;
      sent += more.length;
    };
    res.on('drain', write).on('close', closed);
    write();
  });
  await signingInAt(evil.issuer, async (page) => {
    expect(await page.post('provider/start')).toMatchObject({ status: 503, error: expect.anything() as object });
    await cut;
    // What lay in the buffers of two sockets comes on top of the megabyte that is read.
    expect(sent).toBeLessThan(20_000_000);
  });
  await evil.stop();
}, 30_000);

test('a provider that is away is told in words, and asked again by the next one', async () => {
  const absent = openAccounts({
    gate,
    secret: SECRET,
    anonymous: () => Promise.resolve(false),
    publicUrl: base,
    oidc: { issuer: 'http://127.0.0.1:1', clientId: 'a', clientSecret: 'b' },
  });
  const own = await testServer({ routes: authRoutes(absent) });
  const page = new Page(`http://localhost:${own.port}`);
  for (let again = 0; again < 2; again++)
    expect(await page.post('provider/start')).toMatchObject({
      status: 503,
      error: { message: expect.stringMatching(/cannot be reached/) as string },
    });
  await own.stop();
});
