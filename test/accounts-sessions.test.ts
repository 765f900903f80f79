// What somebody who is signed in does with it: proves it again, makes tokens, ends sessions; the link of the first start; and what
// the door of the sign-in refuses before anything is read.
import { openAccounts } from '../src/accounts/accounts.js';
import { firstSignIn } from '../src/accounts/first-sign-in.js';
import { gateOf } from '../src/accounts/gate.js';
import { addAccount } from '../src/accounts/people.js';
import { codeAt, stepNow } from '../src/accounts/totp.js';
import { authRoutes } from '../src/http/auth/routes.js';
import { openGate } from './support/accounts.js';
import { freshDatabase } from './support/database.js';
import { testServer } from './support/http.js';
import { Page, type Told } from './support/page.js';
import {
  outcome,
  PASSWORD,
  passwords,
  passwordStep,
  SECRET,
  secretOf,
  signingIn,
  viewer,
} from './support/signing-in.js';

const { rows, base, accounts, enrolled, freshCode, sessions } = signingIn();

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
    expect((await new Page(base()).post('password', { again: true, password: PASSWORD })).status).toBe(401);
  });

  test('makes tokens within its rights, sees its own, and revokes them', async () => {
    const who = await enrolled();
    const ask = (more: object): Promise<Told> =>
      who.page.post('tokens/new', { name: 'nightly', roles: ['reader'], level: 1, expires: 'P90D', ...more });
    const { json } = await ask({});
    expect((await accounts().viewerOf({ headers: { authorization: `Bearer ${json.token}` } })).login).toBe(who.login);
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
    await expect(accounts().viewerOf({ headers: { authorization: `Bearer ${json.token}` } })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    // A token makes no tokens.
    const { json: second } = await ask({});
    const program = new Page(base(), { authorization: `Bearer ${second.token}` });
    expect((await program.post('tokens/new', { name: 'x', roles: ['reader'], level: 1, expires: 'P1D' })).status).toBe(
      401,
    );
  });

  test('signs out, here or everywhere, and ends another of its own but nobody else’s', async () => {
    const who = await enrolled();
    const second = new Page(base());
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
    const stolen = new Page(base());
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
    expect((await new Page(base()).post('password', { login: who.login, password: PASSWORD })).status).toBe(401);
  });
});

describe('the first start', () => {
  test('gives a link that signs in once as local, and a new one at each start until somebody has an account', async () => {
    const own = await freshDatabase();
    const pool = await openGate(own);
    const mine = gateOf(pool).rows;
    const first = await testServer({
      routes: authRoutes(
        openAccounts({ gate: pool, secret: SECRET, anonymous: () => Promise.resolve(true), passwords }),
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
    const page = new Page(base());
    const answers: Record<string, number> = {
      get: (await fetch(`${base()}/auth/state`)).status,
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
    const page = new Page(base());
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
