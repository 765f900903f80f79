// Passkeys, over HTTP against the real server and database, with an authenticator that can also answer wrongly in every way.
import { removePasskey } from '../src/accounts/enrol.js';
import { setActive } from '../src/accounts/people.js';
import type { Viewer } from '../src/accounts/viewer.js';
import { Authenticator, type Oddly } from './support/authenticator.js';
import { Page, type Told } from './support/page.js';
import { outcome, passwordStep, signingIn, viewer, withoutId } from './support/signing-in.js';

const { rows, base, invited, enrolled, sessions } = signingIn();

describe('passkeys', () => {
  const register = async (page: Page, link: string, key: Authenticator, oddly?: Oddly): Promise<Told> => {
    const { flow, options } = await page.must('enrol/passkey/options', { link });
    return page.post('enrol/passkey', { link, flow, response: key.register(options, oddly), name: 'Blue key' });
  };
  async function withPasskey(): Promise<{ login: string; id: number; page: Page; key: Authenticator }> {
    const { login, id, link } = await invited();
    const [page, key] = [new Page(base()), new Authenticator(base())];
    expect((await register(page, link, key)).status).toBe(200);
    return { login, id, page, key };
  }

  test('enrol with a link and sign in alone; the options demand that the person is verified', async () => {
    const { login, id, link } = await invited();
    const [page, key] = [new Page(base()), new Authenticator(base())];
    const { options } = await page.must('enrol/passkey/options', { link });
    expect(options).toMatchObject({
      rp: { id: 'localhost' },
      attestation: 'none',
      authenticatorSelection: { userVerification: 'required', residentKey: 'required' },
    });
    expect(await register(page, link, key)).toMatchObject({ status: 200, json: { login } });
    expect(await viewer(page)).toMatchObject({ login });
    expect(await register(page, link, new Authenticator(base())).catch((error: Error) => error.message)).toMatch(/401/);
    const other = new Page(base());
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
    const spoiled = new Authenticator(base());
    expect((await register(new Page(base()), link, spoiled, make(spoiled))).status).toBe(400);
    const { key } = await withPasskey();
    const page = new Page(base());
    const { flow, options } = await page.must('passkey/options');
    expect(await page.post('passkey', { flow, response: key.assert(options, make(key)) })).toMatchObject({
      status: 401,
      error: { extensions: { rule: 'wrong-passkey' } },
    });
    expect(page.written).toEqual([]);
  });

  test('a counter that does not rise is refused: the key was copied', async () => {
    const { key } = await withPasskey();
    const page = new Page(base());
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
    const page = new Page(base());
    const { flow, options } = await page.must('passkey/options');
    const response = key.assert(options);
    const before = await sessions(id);
    const all = await Promise.all(
      Array.from({ length: 30 }, () => new Page(base()).post('passkey', { flow, response })),
    );
    expect(outcome(all)).toEqual({ 200: 1, '401 flow-over': 29 });
    expect(await sessions(id)).toBe(before + 1);
    const later = await page.must('passkey/options');
    expect((await page.post('passkey', { flow: later.flow, response })).status).toBe(401);
  });

  test('of thirty different answers with the same counter one passes', async () => {
    const { key } = await withPasskey();
    const asked = await Promise.all(Array.from({ length: 30 }, () => new Page(base()).must('passkey/options')));
    const all = await Promise.all(
      asked.map(({ flow, options }) =>
        new Page(base()).post('passkey', { flow, response: key.assert(options, { counter: 40 }) }),
      ),
    );
    expect(outcome(all)).toEqual({ 200: 1, '401 wrong-passkey': 29 });
  });

  test('an unknown passkey, one of a disabled account and nonsense are refused alike', async () => {
    const off = await withPasskey();
    await setActive(rows, off.login, false);
    const texts = new Set<string>();
    const page = new Page(base());
    for (const make of [
      (o: any) => new Authenticator(base()).assert(o),
      (o: any) => off.key.assert(o),
      () => null,
      () => ({ id: off.key.id.toString('base64url') }),
      () => ({ id: 7 }),
    ]) {
      const { flow, options } = await page.must('passkey/options');
      texts.add(withoutId(await page.post('passkey', { flow, response: make(options) })));
    }
    expect(texts.size).toBe(1);
  });

  test('after a password only a passkey of that account will do', async () => {
    const [who, thief] = [await enrolled(), await withPasskey()];
    const key = new Authenticator(base());
    const offered = await who.page.must('enrol/passkey/options');
    await who.page.must('enrol/passkey', { flow: offered.flow, response: key.register(offered.options), name: '' });
    const page = new Page(base());
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
      response: new Authenticator(base()).register(offered.options),
      name: 'Second',
    });
    const both = (await page.must('account')).passkeys;
    const removed = await Promise.all(
      both.map(({ id: passkey }: any) => page.post('passkeys/remove', { id: passkey })),
    );
    expect(outcome(removed)).toEqual({ 200: 1, '403 last-way': 1 });
    expect(await rows('select from auth.passkeys where account_id = $1', [id])).toHaveLength(1);
  });

  test('an identity at a provider counts as a way in where that provider is set up, and nowhere else', async () => {
    const { page, id } = await withPasskey();
    await rows('insert into auth.identities (issuer, subject, account_id) values ($1, $2, $3)', [
      'https://id.example',
      `sub-${id}`,
      id,
    ]);
    const [passkey] = (await page.must('account')).passkeys;
    // No provider is set up on this server.
    expect(await page.post('passkeys/remove', { id: passkey.id })).toMatchObject({
      status: 403,
      error: { extensions: { rule: 'last-way' } },
    });
    const [session] = await rows<{ id: number }>('select id from auth.sessions where account_id = $1', [id]);
    const owner = { accountId: id, sessionId: session!.id } as Viewer;
    await expect(removePasskey(rows, owner, passkey.id, 'https://other.example')).rejects.toThrow(/last way/);
    await removePasskey(rows, owner, passkey.id, 'https://id.example');
    expect((await page.must('account')).passkeys).toEqual([]);
  });

  test('are offered under a name only: 127.0.0.1 cannot have passkeys', async () => {
    const page = new Page(base().replace('localhost', '127.0.0.1'));
    expect(await page.must('state')).toMatchObject({ passkeys: false });
    expect(await page.post('passkey/options')).toMatchObject({
      status: 400,
      error: { message: expect.stringMatching(/http:\/\/localhost/) as string },
    });
  });
});
