// Every way to sign in, over HTTP against the real server and database: password, code, recovery code, passkey, link; what is
// refused, what is used up, and what many do at the same moment.
import type { DataSource } from 'typeorm';
import { openAccounts, type Accounts } from '../src/accounts/accounts.js';
import { firstSignIn } from '../src/accounts/first-sign-in.js';
import { gateOf, type Rows } from '../src/accounts/gate.js';
import { Passwords } from '../src/accounts/passwords.js';
import { addAccount, enrolmentLink, resetAccount, setActive } from '../src/accounts/people.js';
import { codeAt, stepNow } from '../src/accounts/totp.js';
import type { Role } from '../src/accounts/viewer.js';
import { authRoutes } from '../src/http/auth/routes.js';
import { openGate } from './support/accounts.js';
import { Authenticator, type Oddly } from './support/authenticator.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { testServer, type TestServer } from './support/http.js';
import { Page, type Told } from './support/page.js';

const PASSWORD = 'seven quiet herons wade';
let database: FreshDatabase;
let gate: DataSource;
let rows: Rows;
let server: TestServer;
let accounts: Accounts;
let base: string;
let count = 0;
/** Cheap, so that thirty tries take no minute; what is counted is the same. */
const passwords = new Passwords({ memory: 64, passes: 1 });

beforeAll(async () => {
  database = await freshDatabase();
  gate = await openGate(database);
  rows = gateOf(gate).rows;
  accounts = openAccounts({ gate, secret: Buffer.alloc(32, 5), anonymous: () => Promise.resolve(false), passwords });
  server = await testServer({ routes: authRoutes(accounts) });
  base = `http://localhost:${server.port}`;
});
afterAll(async () => {
  await server?.stop();
  await gate?.destroy();
  await database?.drop();
});
beforeEach(async () => {
  await rows('delete from auth.throttles');
});

const newLogin = (): string => `desk-${++count}`;
async function invited(
  login = newLogin(),
  roles: Role[] = ['reader', 'editor'],
): Promise<{ login: string; id: number; link: string }> {
  const id = await addAccount(rows, { login, roles, level: 2 });
  return { login, id, link: await enrolmentLink(rows, id) };
}

const secretOf = (base32: string): Buffer => {
  const bits = [...base32]
    .map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
};

interface Enrolled {
  login: string;
  id: number;
  page: Page;
  secret: Buffer;
  recoveryCodes: string[];
}

/** As a person does it: the link, a password, the first code of the app. */
async function enrolled(): Promise<Enrolled> {
  const { login, id, link } = await invited();
  const page = new Page(base);
  const begun = await page.must('enrol', { link });
  const secret = secretOf(begun.totp.secret);
  const { recoveryCodes } = await page.must('enrol/password', {
    link,
    password: PASSWORD,
    flow: begun.totp.flow,
    code: codeAt(secret, stepNow()),
  });
  return { login, id, page, secret, recoveryCodes };
}

/** A code that was not used: the clock moves on by a step each time in tests too. */
async function freshCode({ id, secret }: Enrolled): Promise<string> {
  await rows('update auth.accounts set totp_step = 0 where id = $1', [id]);
  return codeAt(secret, stepNow());
}

const passwordStep = (page: Page, login: string, password = PASSWORD): Promise<any> =>
  page.must('password', { login, password });
const viewer = async (page: Page): Promise<any> => (await page.must('state')).viewer;
const sessions = async (id: number): Promise<number> =>
  (await rows('select from auth.sessions where account_id = $1', [id])).length;
const outcome = (all: Told[]): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const { status, error } of all) {
    const key = error ? `${status} ${error.extensions.rule ?? error.extensions.code}` : String(status);
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
};

describe('a link of an administrator', () => {
  test('sets up a password with an app, signs in, shows recovery codes once, and is used up', async () => {
    const { login, id, link } = await invited();
    const page = new Page(base);
    const begun = await page.must('enrol', { link });
    expect(begun).toMatchObject({
      login,
      passkeys: true,
      totp: { secret: expect.stringMatching(/^[A-Z2-7]{32}$/) as string },
    });
    expect(begun.totp.uri).toBe(
      `otpauth://totp/Kualik:${login}?secret=${begun.totp.secret}&issuer=Kualik&algorithm=SHA1&digits=6&period=30`,
    );
    const secret = secretOf(begun.totp.secret);
    const code = codeAt(secret, stepNow());
    const wrong = await page.post('enrol/password', {
      link,
      password: PASSWORD,
      flow: begun.totp.flow,
      code: code === '000000' ? '000001' : '000000',
    });
    expect(wrong.error).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', rule: 'wrong-code' } });
    const done = await page.must('enrol/password', { link, password: PASSWORD, flow: begun.totp.flow, code });
    expect(done).toMatchObject({
      login,
      recoveryCodes: Array(10).fill(expect.stringMatching(/^([a-z2-7]{4}-){3}[a-z2-7]{4}$/)),
    });
    expect(await viewer(page)).toMatchObject({ login, level: 2, roles: ['reader', 'editor'] });
    const again = await new Page(base).post('enrol', { link });
    expect(again).toMatchObject({ status: 401, error: { extensions: { rule: 'link-over' } } });
    expect(await sessions(id)).toBe(1);
  });

  test.each([
    ['short', /12 characters/],
    ['aaaaaaaaaaaaaa', /easy to guess/],
    ['ab'.repeat(10), /easy to guess/],
    ['x'.repeat(201), /200 characters at most/],
  ])('refuses the password %j in words, and the link stays good', async (password, sentence) => {
    const { link } = await invited();
    const page = new Page(base);
    const { totp } = await page.must('enrol', { link });
    const code = codeAt(secretOf(totp.secret), stepNow());
    const refused = await page.post('enrol/password', { link, password, flow: totp.flow, code });
    expect(refused).toMatchObject({ status: 400, error: { message: expect.stringMatching(sentence) as string } });
    await page.must('enrol/password', { link, password: PASSWORD, flow: totp.flow, code });
  });

  test('lets one of thirty in who finish at the same moment', async () => {
    const { id, link } = await invited();
    const page = new Page(base);
    const { totp } = await page.must('enrol', { link });
    const code = codeAt(secretOf(totp.secret), stepNow());
    const all = await Promise.all(
      Array.from({ length: 30 }, () =>
        new Page(base).post('enrol/password', { link, password: PASSWORD, flow: totp.flow, code }),
      ),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessions(id)).toBe(1);
  });

  test('is over after 15 minutes, and when a newer one was made', async () => {
    const { id, link } = await invited();
    const newer = await enrolmentLink(rows, id);
    expect((await new Page(base).post('enrol', { link })).status).toBe(401);
    expect((await new Page(base).post('enrol', { link: newer })).status).toBe(200);
    await rows(`update auth.flows set expires_at = now() where account_id = $1 and kind = 'enrol'`, [id]);
    expect((await new Page(base).post('enrol', { link: newer })).status).toBe(401);
  });

  test('a reset takes every way in away, and its link gives new ones', async () => {
    const who = await enrolled();
    await resetAccount(rows, who.login);
    expect(await viewer(who.page)).toBe(null);
    expect(
      (await new Page(base).post('password', { login: who.login, password: PASSWORD })).error?.extensions.rule,
    ).toBe('wrong-password');
    const link = await enrolmentLink(rows, who.id);
    expect((await who.page.post('enrol', { link })).status).toBe(200);
  });
});

describe('password and code', () => {
  test('sign in; the cookies are host-only, secure, strict, and out of reach of scripts', async () => {
    const who = await enrolled();
    const page = new Page(base);
    const { flow, ways } = await passwordStep(page, who.login.toUpperCase());
    expect(ways).toEqual(['totp', 'recovery']);
    expect(page.written).toEqual([]);
    expect(await viewer(page)).toBe(null);
    await page.must('second', { flow, code: await freshCode(who) });
    expect(page.written).toEqual([
      expect.stringMatching(/^__Host-kualik=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/),
      expect.stringMatching(
        /^__Host-kualik-device=[\w.-]+; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=15552000$/,
      ),
    ]);
    expect(await viewer(page)).toMatchObject({ login: who.login });
    const { sessions: all } = await page.must('account');
    expect(all).toHaveLength(2);
    expect(all[0]).toMatchObject({ here: true, methods: ['password', 'totp'] });
  });

  test('unknown login, wrong password and disabled account answer with equal bytes, and a hash was computed for each', async () => {
    const who = await enrolled();
    const off = await enrolled();
    await setActive(rows, off.login, false);
    const answers: string[] = [];
    for (const [login, password] of [
      [who.login, 'wrong wrong wrong'],
      ['nobody-here', PASSWORD],
      [off.login, PASSWORD],
      ['', ''],
      ["x' or 1=1", 'x'],
    ] as const) {
      const before = passwords.judged;
      const said = await new Page(base, { 'x-request-id': 'same' }).post('password', { login, password });
      expect(passwords.judged - before).toBe(1);
      const { date: _, ...headers } = said.headers;
      answers.push(JSON.stringify([said.status, headers, said.text]));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('The login or the password is wrong.');
    expect(JSON.parse(answers[0]!)[1]['www-authenticate']).toBe('Bearer');
  });

  test('a code is good once: of nine who bring it to nine sign-ins at once one passes, and later nobody', async () => {
    const who = await enrolled();
    const steps = await Promise.all(Array.from({ length: 9 }, () => passwordStep(new Page(base), who.login)));
    const code = await freshCode(who);
    const before = await sessions(who.id);
    const all = await Promise.all(steps.map(({ flow }) => new Page(base).post('second', { flow, code })));
    expect(outcome(all)).toEqual({ 200: 1, '401 wrong-code': 8 });
    expect(await sessions(who.id)).toBe(before + 1);
    const { flow } = await passwordStep(new Page(base), who.login);
    expect((await new Page(base).post('second', { flow, code })).error?.extensions.rule).toBe('wrong-code');
    // An older one is refused too.
    expect(
      (await new Page(base).post('second', { flow, code: codeAt(who.secret, stepNow() - 1) })).error?.extensions.rule,
    ).toBe('wrong-code');
  });

  test('of thirty who bring the same sign-in and code one passes', async () => {
    const who = await enrolled();
    const { flow } = await passwordStep(new Page(base), who.login);
    const code = await freshCode(who);
    const before = await sessions(who.id);
    const all = await Promise.all(Array.from({ length: 30 }, () => new Page(base).post('second', { flow, code })));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessions(who.id)).toBe(before + 1);
  });

  test('clocks may be one step apart, not two', async () => {
    const who = await enrolled();
    for (const [away, passes] of [
      [-2, false],
      [-1, true],
      [1, true],
      [3, false],
    ] as const) {
      const { flow } = await passwordStep(new Page(base), who.login);
      await freshCode(who);
      const { status } = await new Page(base).post('second', { flow, code: codeAt(who.secret, stepNow() + away) });
      expect({ away, passes: status === 200 }).toEqual({ away, passes });
    }
  });

  test('five wrong codes end the sign-in, and ten the second step, for a known browser too', async () => {
    const who = await enrolled();
    const guess = async (flow: string): Promise<Told> => who.page.post('second', { flow, code: '123' });
    const first = await passwordStep(who.page, who.login);
    const tries: Told[] = [];
    for (let at = 0; at < 6; at++) tries.push(await guess(first.flow));
    expect(outcome(tries)).toEqual({ '401 wrong-code': 5, '401 flow-over': 1 });
    const second = await passwordStep(who.page, who.login);
    for (let at = 0; at < 5; at++) await guess(second.flow);
    const third = await passwordStep(who.page, who.login);
    const right = await who.page.post('second', { flow: third.flow, code: await freshCode(who) });
    expect(right).toMatchObject({ status: 429, error: { extensions: { code: 'LIMITED', rule: 'too-many-tries' } } });
    expect(Number(right.headers['retry-after'])).toBeGreaterThan(800);
    expect(Number(right.headers['retry-after'])).toBeLessThanOrEqual(900);
  });

  test('a recovery code is good once, of nine who bring it to nine sign-ins at once too', async () => {
    const who = await enrolled();
    const steps = await Promise.all(Array.from({ length: 9 }, () => passwordStep(new Page(base), who.login)));
    const recovery = who.recoveryCodes[3]!.toUpperCase().replaceAll('-', ' ');
    const all = await Promise.all(steps.map(({ flow }) => new Page(base).post('second', { flow, recovery })));
    expect(outcome(all)).toEqual({ 200: 1, '401 wrong-code': 8 });
    expect(await rows('select from auth.recovery_codes where account_id = $1', [who.id])).toHaveLength(9);
    // Another person's code is no code.
    const other = await enrolled();
    const { flow } = await passwordStep(new Page(base), other.login);
    expect((await new Page(base).post('second', { flow, recovery: who.recoveryCodes[4] })).error?.extensions.rule).toBe(
      'wrong-code',
    );
  });

  test('a sealed secret copied from another account opens nothing', async () => {
    const [who, thief] = [await enrolled(), await enrolled()];
    await rows(
      'update auth.accounts set totp_sealed = (select totp_sealed from auth.accounts where id = $2) where id = $1',
      [who.id, thief.id],
    );
    const { flow } = await passwordStep(new Page(base), who.login);
    await freshCode(who);
    expect(
      (await new Page(base).post('second', { flow, code: codeAt(thief.secret, stepNow()) })).error?.extensions.rule,
    ).toBe('wrong-code');
  });

  test('a password with neither app nor passkey opens nothing', async () => {
    const who = await enrolled();
    await rows('update auth.accounts set totp_sealed = null where id = $1', [who.id]);
    await rows('delete from auth.recovery_codes where account_id = $1', [who.id]);
    const said = await new Page(base).post('password', { login: who.login, password: PASSWORD });
    expect(said).toMatchObject({ status: 401, error: { message: expect.stringMatching(/no second step/) as string } });
  });
});

describe('throttles', () => {
  test('of thirty guesses at once exactly ten are judged, for a login that exists and one that does not, with equal answers', async () => {
    const who = await enrolled();
    const shapes: unknown[] = [];
    for (const login of [who.login, 'nobody-at-all']) {
      await rows('delete from auth.throttles');
      const before = passwords.judged;
      const all = await Promise.all(
        Array.from({ length: 30 }, () => new Page(base).post('password', { login, password: 'wrong wrong wrong' })),
      );
      expect(passwords.judged - before).toBe(10);
      shapes.push(outcome(all));
      expect((await new Page(base).post('password', { login, password: PASSWORD })).status).toBe(429);
    }
    expect(shapes).toEqual(Array(2).fill({ '401 wrong-password': 10, '429 too-many-tries': 20 }));
    // The browser that enrolled has a count of its own, and is let in while strangers are held off.
    await rows('delete from auth.throttles');
    await Promise.all(
      Array.from({ length: 11 }, () => new Page(base).post('password', { login: who.login, password: 'x' })),
    );
    expect((await new Page(base).post('password', { login: who.login, password: PASSWORD })).status).toBe(429);
    expect((await who.page.post('password', { login: who.login, password: PASSWORD })).status).toBe(200);
    const own = await Promise.all(
      Array.from({ length: 12 }, () => who.page.post('password', { login: who.login, password: 'x' })),
    );
    expect(outcome(own)).toEqual({ '401 wrong-password': 10, '429 too-many-tries': 2 });
  });

  test('a known browser is known for its own login alone', async () => {
    const [who, other] = [await enrolled(), await enrolled()];
    await Promise.all(
      Array.from({ length: 10 }, () => new Page(base).post('password', { login: other.login, password: 'x' })),
    );
    expect((await who.page.post('password', { login: other.login, password: PASSWORD })).status).toBe(429);
  });

  test('of a hundred guesses at different logins from one address sixty are judged, whatever X-Forwarded-For says', async () => {
    const before = passwords.judged;
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        new Page(base).post(
          'password',
          { login: `guess-${at}`, password: 'x' },
          { 'x-forwarded-for': `192.0.2.${at}` },
        ),
      ),
    );
    expect(passwords.judged - before).toBe(60);
    expect(outcome(all)).toEqual({ '401 wrong-password': 60, '429 too-many-tries': 40 });
  });

  test('the right password takes its own try back, so an office is not locked out', async () => {
    const who = await enrolled();
    await rows('delete from auth.throttles');
    for (let at = 0; at < 15; at++) await passwordStep(new Page(base), who.login);
    expect(await rows('select tries from auth.throttles where tries > 0')).toEqual([]);
  });
});

describe('passkeys', () => {
  const register = async (page: Page, link: string, key: Authenticator, oddly?: Oddly): Promise<Told> => {
    const { flow, options } = await page.must('enrol/passkey/options', { link });
    return page.post('enrol/passkey', { link, flow, response: key.register(options, oddly), name: 'Blue key' });
  };
  async function withPasskey(): Promise<{ login: string; id: number; page: Page; key: Authenticator }> {
    const { login, id, link } = await invited();
    const [page, key] = [new Page(base), new Authenticator(base)];
    expect((await register(page, link, key)).status).toBe(200);
    return { login, id, page, key };
  }

  test('enrol with a link and sign in alone; the options demand that the person is verified', async () => {
    const { login, id, link } = await invited();
    const [page, key] = [new Page(base), new Authenticator(base)];
    const { options } = await page.must('enrol/passkey/options', { link });
    expect(options).toMatchObject({
      rp: { id: 'localhost' },
      attestation: 'none',
      authenticatorSelection: { userVerification: 'required', residentKey: 'required' },
    });
    expect(await register(page, link, key)).toMatchObject({ status: 200, json: { login } });
    expect(await viewer(page)).toMatchObject({ login });
    expect(await register(page, link, new Authenticator(base)).catch((error: Error) => error.message)).toMatch(/401/);
    const other = new Page(base);
    const asked = await other.must('passkey/options');
    expect(asked.options).toMatchObject({ rpId: 'localhost', userVerification: 'required' });
    await other.must('passkey', { flow: asked.flow, response: key.assert(asked.options) });
    expect(await viewer(other)).toMatchObject({ login });
    expect((await other.must('account')).passkeys).toEqual([
      expect.objectContaining({ name: 'Blue key', usedAt: expect.any(String) as string }),
    ]);
    expect(await sessions(id)).toBe(2);
  });

  const odd: [string, (key: Authenticator) => Oddly][] = [
    ['nobody verified', () => ({ unverified: true })],
    ['made for another origin', () => ({ origin: 'http://localhost:1' })],
    ['made for another host', () => ({ rpId: 'example.org' })],
    ['made for another challenge', () => ({ challenge: Buffer.alloc(32).toString('base64url') })],
    ['of another kind', () => ({ type: 'webauthn.other' })],
  ];
  test.each(odd)('an answer that is %s is refused, at registration and at sign-in', async (_, make) => {
    const { link } = await invited();
    const spoiled = new Authenticator(base);
    expect((await register(new Page(base), link, spoiled, make(spoiled))).status).toBe(400);
    const { key } = await withPasskey();
    const page = new Page(base);
    const { flow, options } = await page.must('passkey/options');
    expect(await page.post('passkey', { flow, response: key.assert(options, make(key)) })).toMatchObject({
      status: 401,
      error: { extensions: { rule: 'wrong-passkey' } },
    });
    expect(page.written).toEqual([]);
  });

  test('a counter that does not rise is refused: the key was copied', async () => {
    const { key } = await withPasskey();
    const page = new Page(base);
    const use = async (oddly?: Oddly): Promise<number> => {
      const { flow, options } = await page.must('passkey/options');
      return (await page.post('passkey', { flow, response: key.assert(options, oddly) })).status;
    };
    expect(await use({ counter: 7 })).toBe(200);
    expect(await use({ counter: 7 })).toBe(401);
    expect(await use({ counter: 6 })).toBe(401);
    expect(await use({ counter: 0 })).toBe(401);
    expect(await use({ counter: 8 })).toBe(200);
  });

  test('a challenge is used once, of thirty at the same moment too, and belongs to whoever began', async () => {
    const { key, id } = await withPasskey();
    const page = new Page(base);
    const { flow, options } = await page.must('passkey/options');
    const response = key.assert(options);
    const before = await sessions(id);
    const all = await Promise.all(Array.from({ length: 30 }, () => new Page(base).post('passkey', { flow, response })));
    expect(outcome(all)).toEqual({ 200: 1, '401 flow-over': 29 });
    expect(await sessions(id)).toBe(before + 1);
    const later = await page.must('passkey/options');
    expect((await page.post('passkey', { flow: later.flow, response })).status).toBe(401);
  });

  test('of thirty different answers with the same counter one passes', async () => {
    const { key } = await withPasskey();
    const asked = await Promise.all(Array.from({ length: 30 }, () => new Page(base).must('passkey/options')));
    const all = await Promise.all(
      asked.map(({ flow, options }) =>
        new Page(base).post('passkey', { flow, response: key.assert(options, { counter: 40 }) }),
      ),
    );
    expect(outcome(all)).toEqual({ 200: 1, '401 wrong-passkey': 29 });
  });

  test('an unknown passkey, one of a disabled account and nonsense are refused alike', async () => {
    const off = await withPasskey();
    await setActive(rows, off.login, false);
    const texts = new Set<string>();
    const page = new Page(base, { 'x-request-id': 'same' });
    for (const make of [
      (o: any) => new Authenticator(base).assert(o),
      (o: any) => off.key.assert(o),
      () => null,
      () => ({ id: off.key.id.toString('base64url') }),
      () => ({ id: 7 }),
    ]) {
      const { flow, options } = await page.must('passkey/options');
      texts.add((await page.post('passkey', { flow, response: make(options) })).text);
    }
    expect(texts.size).toBe(1);
  });

  test('after a password only a passkey of that account will do', async () => {
    const [who, thief] = [await enrolled(), await withPasskey()];
    const key = new Authenticator(base);
    const offered = await who.page.must('enrol/passkey/options');
    await who.page.must('enrol/passkey', { flow: offered.flow, response: key.register(offered.options), name: '' });
    const page = new Page(base);
    const { flow: second, ways } = await passwordStep(page, who.login);
    expect(ways).toEqual(['totp', 'passkey', 'recovery']);
    const asked = await page.must('passkey/options', { second });
    expect(asked.options.allowCredentials).toEqual([expect.objectContaining({ id: key.id.toString('base64url') })]);
    expect((await page.post('passkey', { flow: asked.flow, response: thief.key.assert(asked.options) })).status).toBe(
      401,
    );
    const again = await page.must('passkey/options', { second });
    await page.must('passkey', { flow: again.flow, response: key.assert(again.options) });
    expect((await page.must('account')).sessions[0].methods).toEqual(['password', 'passkey']);
  });

  test('the last way in cannot be removed, of two keys removed at once one stays', async () => {
    const { page, key, id } = await withPasskey();
    const [first] = (await page.must('account')).passkeys;
    expect(await page.post('passkeys/remove', { id: first.id })).toMatchObject({
      status: 403,
      error: { extensions: { rule: 'last-way' } },
    });
    const offered = await page.must('enrol/passkey/options');
    expect(offered.options.excludeCredentials).toEqual([expect.objectContaining({ id: key.id.toString('base64url') })]);
    await page.must('enrol/passkey', {
      flow: offered.flow,
      response: new Authenticator(base).register(offered.options),
      name: 'Second',
    });
    const both = (await page.must('account')).passkeys;
    const removed = await Promise.all(
      both.map(({ id: passkey }: any) => page.post('passkeys/remove', { id: passkey })),
    );
    expect(outcome(removed)).toEqual({ 200: 1, '403 last-way': 1 });
    expect(await rows('select from auth.passkeys where account_id = $1', [id])).toHaveLength(1);
  });

  test('are offered under a name only: 127.0.0.1 cannot have passkeys', async () => {
    const page = new Page(base.replace('localhost', '127.0.0.1'));
    expect(await page.must('state')).toMatchObject({ passkeys: false });
    expect(await page.post('passkey/options')).toMatchObject({
      status: 400,
      error: { message: expect.stringMatching(/http:\/\/localhost/) as string },
    });
  });
});

describe('a session', () => {
  test('steps up by proving it again, with its own account only, and begins no second session', async () => {
    const [who, other] = [await enrolled(), await enrolled()];
    const before = await sessions(who.id);
    await rows(`update auth.sessions set stepped_up_at = now() - interval '16 minutes' where account_id = $1`, [
      who.id,
    ]);
    const ask = { name: 'n', roles: ['reader'], level: 1, expires: 'P1D' };
    expect(await who.page.post('tokens/new', ask)).toMatchObject({
      status: 403,
      error: { extensions: { rule: 'step-up' } },
    });
    for (const name of ['enrol', 'enrol/passkey/options', 'passkeys/remove'])
      expect((await who.page.post(name, { id: 'x' })).error?.extensions.rule).toBe('step-up');
    // The login in the body is not read: whose session it is, is known.
    const { flow } = await who.page.must('password', { again: true, login: other.login, password: PASSWORD });
    await who.page.must('second', { flow, code: await freshCode(who) });
    expect((await who.page.must('tokens/new', ask)).token).toMatch(/^kua_/);
    expect(await sessions(who.id)).toBe(before);
    // Somebody else's proof does not step it up.
    await rows(`update auth.sessions set stepped_up_at = now() - interval '16 minutes' where account_id = $1`, [
      who.id,
    ]);
    const theirs = await passwordStep(other.page, other.login);
    await other.page.must('second', { flow: theirs.flow, code: await freshCode(other) });
    expect((await who.page.post('tokens/new', ask)).status).toBe(403);
    expect((await new Page(base).post('password', { again: true, password: PASSWORD })).status).toBe(401);
  });

  test('makes tokens within its rights, sees its own, and revokes them', async () => {
    const who = await enrolled();
    const ask = (more: object): Promise<Told> =>
      who.page.post('tokens/new', { name: 'nightly', roles: ['reader'], level: 1, expires: 'P90D', ...more });
    const { json } = await ask({});
    expect((await accounts.viewerOf({ headers: { authorization: `Bearer ${json.token}` } })).login).toBe(who.login);
    for (const more of [
      { level: 3 },
      { roles: ['admin'] },
      { roles: [] },
      { roles: ['root'] },
      { expires: 'P91D' },
      { expires: 'P1Y' },
      { expires: 'P0D' },
      { expires: 'soon' },
      { level: 1.5 },
      { name: 5 },
    ])
      expect({ more, status: (await ask(more)).status }).toEqual({ more, status: 400 });
    const { tokens } = await who.page.must('account');
    expect(tokens).toEqual([
      expect.objectContaining({ name: 'nightly', level: 1, roles: ['reader'], revokedAt: null }),
    ]);
    expect(JSON.stringify(tokens)).not.toContain(json.token);
    const other = await enrolled();
    expect((await other.page.post('tokens/revoke', { id: tokens[0].id })).status).toBe(404);
    await who.page.must('tokens/revoke', { id: tokens[0].id });
    await expect(accounts.viewerOf({ headers: { authorization: `Bearer ${json.token}` } })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    // A token makes no tokens.
    const { json: second } = await ask({});
    const program = new Page(base, { authorization: `Bearer ${second.token}` });
    expect((await program.post('tokens/new', { name: 'x', roles: ['reader'], level: 1, expires: 'P1D' })).status).toBe(
      401,
    );
  });

  test('signs out, here or everywhere, and ends another of its own but nobody else’s', async () => {
    const who = await enrolled();
    const second = new Page(base);
    const { flow } = await passwordStep(second, who.login);
    await second.must('second', { flow, code: await freshCode(who) });
    const [, first] = (await second.must('account')).sessions;
    const other = await enrolled();
    await other.page.must('sessions/end', { id: first.id });
    expect(await viewer(who.page)).not.toBe(null);
    await second.must('sessions/end', { id: first.id });
    expect(await viewer(who.page)).toBe(null);
    expect(who.page.written.at(-1)).toMatch(/^__Host-kualik=; .*Max-Age=0$/);
    const cookie = second.cookies.get('__Host-kualik')!;
    await second.must('sign-out');
    expect(second.cookies.has('__Host-kualik')).toBe(false);
    second.cookies.set('__Host-kualik', cookie);
    expect((await second.post('account')).status).toBe(401);
    await other.page.must('sign-out/everywhere');
    expect(await sessions(other.id)).toBe(0);
  });

  test('a new password ends the others and keeps the one that set it', async () => {
    const who = await enrolled();
    const stolen = new Page(base);
    stolen.cookies.set('__Host-kualik', who.page.cookies.get('__Host-kualik')!);
    const { totp } = await who.page.must('enrol');
    const secret = secretOf(totp.secret);
    await who.page.must('enrol/password', {
      password: 'another nine herons wade',
      flow: totp.flow,
      code: codeAt(secret, stepNow()),
    });
    expect(await viewer(who.page)).toMatchObject({ login: who.login });
    expect(await viewer(stolen)).toBe(null);
    expect((await new Page(base).post('password', { login: who.login, password: PASSWORD })).status).toBe(401);
  });
});

describe('the first start', () => {
  test('gives a link that signs in once as local, and a new one at each start until somebody has an account', async () => {
    const own = await freshDatabase();
    const pool = await openGate(own);
    const mine = gateOf(pool).rows;
    const first = await testServer({
      routes: authRoutes(
        openAccounts({ gate: pool, secret: Buffer.alloc(32, 5), anonymous: () => Promise.resolve(true), passwords }),
      ),
    });
    try {
      const old = (await firstSignIn(pool, 'http://127.0.0.1:4000'))!;
      expect(old).toMatch(/^http:\/\/localhost:4000\/sign-in\/#first=[\w-]{43}$/);
      const link = (await firstSignIn(pool, 'http://127.0.0.1:4000'))!.split('=')[1];
      const at = `http://localhost:${first.port}`;
      expect((await new Page(at).post('first', { link: old.split('=')[1] })).status).toBe(401);
      const all = await Promise.all(
        Array.from({ length: 30 }, async () => {
          const page = new Page(at);
          return { page, told: await page.post('first', { link }) };
        }),
      );
      expect(outcome(all.map(({ told }) => told))).toEqual({ 200: 1, '401 link-over': 29 });
      const { page } = all.find(({ told }) => told.status === 200)!;
      expect(await viewer(page)).toEqual({
        login: 'local',
        level: 3,
        roles: ['reader', 'editor', 'reviewer', 'exporter'],
      });
      await addAccount(mine, { login: 'rena', roles: ['reader'], level: 1 });
      expect(await firstSignIn(pool, 'http://127.0.0.1:4000')).toBe(undefined);
    } finally {
      await first.stop();
      await pool.destroy();
      await own.drop();
    }
  }, 60_000);
});

describe('at the door', () => {
  test('only POST, only JSON, only 16 kB, only our own pages, only known addresses', async () => {
    const page = new Page(base);
    const answers: Record<string, number> = {
      get: (await fetch(`${base}/auth/state`)).status,
      text: (await page.post('state', '{}', { 'content-type': 'text/plain' })).status,
      list: (await page.post('state', '[]')).status,
      broken: (await page.post('state', '{')).status,
      large: (await page.post('state', JSON.stringify({ x: 'x'.repeat(16_384) }))).status,
      foreign: (await page.post('state', {}, { 'sec-fetch-site': 'cross-site' })).status,
      foreignOrigin: (await page.post('state', {}, { 'sec-fetch-site': undefined, origin: 'https://evil.example' }))
        .status,
      unknown: (await page.post('nothing')).status,
      inherited: (await page.post('constructor')).status,
      known: (await page.post('state')).status,
    };
    expect(answers).toEqual({
      get: 405,
      text: 415,
      list: 400,
      broken: 400,
      large: 413,
      foreign: 403,
      foreignOrigin: 403,
      unknown: 404,
      inherited: 404,
      known: 200,
    });
  });

  test('a session cookie from another page changes nothing', async () => {
    const who = await enrolled();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': undefined },
      { 'sec-fetch-site': undefined, origin: 'null' },
    ])
      expect((await who.page.post('sign-out/everywhere', {}, headers)).status).toBe(403);
    expect(await viewer(who.page)).toMatchObject({ login: who.login });
  });

  test('wrong shapes are told in words and reach no table', async () => {
    const page = new Page(base);
    for (const [name, body] of [
      ['password', {}],
      ['password', { login: 5, password: 'x' }],
      ['password', { login: 'x', password: ['x'] }],
      ['second', { flow: {}, code: [] }],
      ['second', { flow: 'x'.repeat(43) }],
      ['passkey', { flow: 7 }],
      ['first', { link: null }],
      ['enrol', { link: 5 }],
      ['enrol/password', { link: {}, password: 'x', flow: 1 }],
      ['provider/start', {}],
      ['provider/finish', { answer: 5 }],
      ['tokens/new', {}],
      ['sessions/end', { id: 1e99 }],
    ] as [string, object][]) {
      const { status, error } = await page.post(name, body);
      expect({ name, body, fine: status >= 400 && status < 500, code: error?.extensions.code }).toEqual({
        name,
        body,
        fine: true,
        code: expect.not.stringMatching('INTERNAL'),
      });
    }
  });
});
