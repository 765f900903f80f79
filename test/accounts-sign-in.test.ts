// Signing in with a link, a password and a code, over HTTP against the real server and database: what is refused, what is used up,
// what many do at the same moment, and how many guesses are judged.
import { enrolmentLink, resetAccount, setActive } from '../src/accounts/people.js';
import { codeAt, stepNow } from '../src/accounts/totp.js';
import { Page, type Told } from './support/page.js';
import {
  outcome,
  PASSWORD,
  passwords,
  passwordStep,
  secretOf,
  signingIn,
  viewer,
  withoutId,
} from './support/signing-in.js';

const { rows, base, invited, enrolled, freshCode, sessions, unthrottle } = signingIn();

describe('a link of an administrator', () => {
  test('sets up a password with an app, signs in, shows recovery codes once, and is used up', async () => {
    const { login, id, link } = await invited();
    const page = new Page(base());
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
    const again = await new Page(base()).post('enrol', { link });
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
    const page = new Page(base());
    const { totp } = await page.must('enrol', { link });
    const code = codeAt(secretOf(totp.secret), stepNow());
    const refused = await page.post('enrol/password', { link, password, flow: totp.flow, code });
    expect(refused).toMatchObject({ status: 400, error: { message: expect.stringMatching(sentence) as string } });
    await page.must('enrol/password', { link, password: PASSWORD, flow: totp.flow, code });
  });

  test('lets one of thirty in who finish at the same moment', async () => {
    const { id, link } = await invited();
    const page = new Page(base());
    const { totp } = await page.must('enrol', { link });
    const code = codeAt(secretOf(totp.secret), stepNow());
    const all = await Promise.all(
      Array.from({ length: 30 }, () =>
        new Page(base()).post('enrol/password', { link, password: PASSWORD, flow: totp.flow, code }),
      ),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessions(id)).toBe(1);
  });

  test('is over after 15 minutes, and when a newer one was made', async () => {
    const { id, link } = await invited();
    const newer = await enrolmentLink(rows, id);
    expect((await new Page(base()).post('enrol', { link })).status).toBe(401);
    expect((await new Page(base()).post('enrol', { link: newer })).status).toBe(200);
    await rows(`update auth.flows set expires_at = now() where account_id = $1 and kind = 'enrol'`, [id]);
    expect((await new Page(base()).post('enrol', { link: newer })).status).toBe(401);
  });

  test('a reset takes every way in away, and its link gives new ones', async () => {
    const who = await enrolled();
    await resetAccount(rows, who.login);
    expect(await viewer(who.page)).toBe(null);
    expect(
      (await new Page(base()).post('password', { login: who.login, password: PASSWORD })).error?.extensions.rule,
    ).toBe('wrong-password');
    const link = await enrolmentLink(rows, who.id);
    expect((await who.page.post('enrol', { link })).status).toBe(200);
  });
});

describe('password and code', () => {
  test('sign in; the cookies are host-only, secure, strict, and out of reach of scripts', async () => {
    const who = await enrolled();
    const page = new Page(base());
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
      const said = await new Page(base()).post('password', { login, password });
      expect(passwords.judged - before).toBe(1);
      const { date: _, 'x-request-id': __, ...headers } = said.headers;
      answers.push(JSON.stringify([said.status, headers, withoutId(said)]));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('The login or the password is wrong.');
    expect(JSON.parse(answers[0]!)[1]['www-authenticate']).toBe('Bearer');
  });

  test('a code is good once: of nine who bring it to nine sign-ins at once one passes, and later nobody', async () => {
    const who = await enrolled();
    const steps = await Promise.all(Array.from({ length: 9 }, () => passwordStep(new Page(base()), who.login)));
    const code = await freshCode(who);
    const before = await sessions(who.id);
    const all = await Promise.all(steps.map(({ flow }) => new Page(base()).post('second', { flow, code })));
    expect(outcome(all)).toEqual({ 200: 1, '401 wrong-code': 8 });
    expect(await sessions(who.id)).toBe(before + 1);
    const { flow } = await passwordStep(new Page(base()), who.login);
    expect((await new Page(base()).post('second', { flow, code })).error?.extensions.rule).toBe('wrong-code');
    // An older one is refused too.
    expect(
      (await new Page(base()).post('second', { flow, code: codeAt(who.secret, stepNow() - 1) })).error?.extensions.rule,
    ).toBe('wrong-code');
  });

  test('of thirty who bring the same sign-in and code one passes', async () => {
    const who = await enrolled();
    const { flow } = await passwordStep(new Page(base()), who.login);
    const code = await freshCode(who);
    const before = await sessions(who.id);
    const all = await Promise.all(Array.from({ length: 30 }, () => new Page(base()).post('second', { flow, code })));
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
      const { flow } = await passwordStep(new Page(base()), who.login);
      await freshCode(who);
      const { status } = await new Page(base()).post('second', { flow, code: codeAt(who.secret, stepNow() + away) });
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
    const steps = await Promise.all(Array.from({ length: 9 }, () => passwordStep(new Page(base()), who.login)));
    const recovery = who.recoveryCodes[3]!.toUpperCase().replaceAll('-', ' ');
    const all = await Promise.all(steps.map(({ flow }) => new Page(base()).post('second', { flow, recovery })));
    expect(outcome(all)).toEqual({ 200: 1, '401 wrong-code': 8 });
    expect(await rows('select from auth.recovery_codes where account_id = $1', [who.id])).toHaveLength(9);
    // Another person's code is no code.
    const other = await enrolled();
    const { flow } = await passwordStep(new Page(base()), other.login);
    expect(
      (await new Page(base()).post('second', { flow, recovery: who.recoveryCodes[4] })).error?.extensions.rule,
    ).toBe('wrong-code');
  });

  test('a sealed secret copied from another account opens nothing', async () => {
    const [who, thief] = [await enrolled(), await enrolled()];
    await rows(
      'update auth.accounts set totp_sealed = (select totp_sealed from auth.accounts where id = $2) where id = $1',
      [who.id, thief.id],
    );
    const { flow } = await passwordStep(new Page(base()), who.login);
    await freshCode(who);
    expect(
      (await new Page(base()).post('second', { flow, code: codeAt(thief.secret, stepNow()) })).error?.extensions.rule,
    ).toBe('wrong-code');
  });

  test('a password with neither app nor passkey opens nothing', async () => {
    const who = await enrolled();
    await rows('update auth.accounts set totp_sealed = null where id = $1', [who.id]);
    await rows('delete from auth.recovery_codes where account_id = $1', [who.id]);
    const said = await new Page(base()).post('password', { login: who.login, password: PASSWORD });
    expect(said).toMatchObject({ status: 401, error: { message: expect.stringMatching(/no second step/) as string } });
  });
});

describe('throttles', () => {
  test('of thirty guesses at once exactly ten are judged, for a login that exists and one that does not, with equal answers', async () => {
    const who = await enrolled();
    const shapes: unknown[] = [];
    for (const login of [who.login, 'nobody-at-all']) {
      await unthrottle();
      const before = passwords.judged;
      const all = await Promise.all(
        Array.from({ length: 30 }, () => new Page(base()).post('password', { login, password: 'wrong wrong wrong' })),
      );
      expect(passwords.judged - before).toBe(10);
      shapes.push(outcome(all));
      expect((await new Page(base()).post('password', { login, password: PASSWORD })).status).toBe(429);
    }
    expect(shapes).toEqual(Array(2).fill({ '401 wrong-password': 10, '429 too-many-tries': 20 }));
    // The browser that enrolled has a count of its own, and is let in while strangers are held off.
    await unthrottle();
    await Promise.all(
      Array.from({ length: 11 }, () => new Page(base()).post('password', { login: who.login, password: 'x' })),
    );
    expect((await new Page(base()).post('password', { login: who.login, password: PASSWORD })).status).toBe(429);
    expect((await who.page.post('password', { login: who.login, password: PASSWORD })).status).toBe(200);
    const own = await Promise.all(
      Array.from({ length: 12 }, () => who.page.post('password', { login: who.login, password: 'x' })),
    );
    expect(outcome(own)).toEqual({ '401 wrong-password': 10, '429 too-many-tries': 2 });
  });

  test('a try that is refused anyway is told from memory: it costs no statement, and the right time to wait is said', async () => {
    const guess = () => new Page(base()).post('password', { login: 'nobody-at-all', password: 'wrong wrong wrong' });
    for (let tries = 0; tries < 10; tries++) expect((await guess()).status).toBe(401);
    for (let tries = 0; tries < 60; tries++) {
      const { status, headers } = await guess();
      expect(status).toBe(429);
      expect(Number(headers['retry-after'])).toBeGreaterThan(800);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(900);
    }
    // Of the address sixty tries were counted and one that was refused; of the login eleven: what came after that wrote nothing.
    expect(await rows('select tries from auth.throttles order by tries')).toEqual([{ tries: 11 }, { tries: 61 }]);
  });

  test('a known browser is known for its own login alone', async () => {
    const [who, other] = [await enrolled(), await enrolled()];
    await Promise.all(
      Array.from({ length: 10 }, () => new Page(base()).post('password', { login: other.login, password: 'x' })),
    );
    expect((await who.page.post('password', { login: other.login, password: PASSWORD })).status).toBe(429);
  });

  test('of a hundred guesses at different logins from one address sixty are judged, whatever X-Forwarded-For says', async () => {
    const before = passwords.judged;
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        new Page(base()).post(
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
    await unthrottle();
    for (let at = 0; at < 15; at++) await passwordStep(new Page(base()), who.login);
    expect(await rows('select tries from auth.throttles where tries > 0')).toEqual([]);
  });
});
