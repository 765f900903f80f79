// The sign-in page in a real browser: by keyboard, with the browser's own authenticator, at 200 %, in the dark; nothing is asked of another host.
// Needs `npm run build` and a Chromium on PATH; without the browser it is skipped, except in CI.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import type { DataSource } from 'typeorm';
import { openAccounts } from '../src/accounts/accounts.js';
import { firstSignIn } from '../src/accounts/first-sign-in.js';
import { gateOf, type Rows } from '../src/accounts/gate.js';
import { Passwords } from '../src/accounts/passwords.js';
import { addAccount, enrolmentLink } from '../src/accounts/people.js';
import { codeAt, stepNow } from '../src/accounts/totp.js';
import { authRoutes, type Route } from '../src/http/auth/routes.js';
import { builtPage } from '../src/http/static.js';
import { packageRoot } from '../src/paths.js';
import { openGate } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { testServer, type TestServer } from './support/http.js';
import { identityProvider, type IdentityProvider } from './support/identity-provider.js';

const browserPath = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find(existsSync);
const wanted = browserPath !== undefined || process.env.CI !== undefined;
if (!wanted) console.warn('No Chromium on PATH: the sign-in page is not tested in a browser.');
const inBrowser = wanted ? describe : describe.skip;
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AS_ROOT = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

const PASSWORD = 'seven quiet herons wade';

/** A page that is older than its sources would be tested for what it no longer is. */
function checkBuilt(): void {
  const page = join(builtPage('sign-in'), 'index.html');
  const folder = join(packageRoot, 'web', 'sign-in');
  const newest = Math.max(
    ...readdirSync(folder)
      .filter((name) => !name.endsWith('.json'))
      .map((name) => statSync(join(folder, name)).mtimeMs),
  );
  if (!existsSync(page) || statSync(page).mtimeMs < newest)
    throw new Error('The sign-in page is not built, or older than its sources: run "npm run build" first.');
}

inBrowser('the sign-in page', () => {
  let database: FreshDatabase;
  let gate: DataSource;
  let rows: Rows;
  let server: TestServer;
  let provider: IdentityProvider;
  let browser: Browser;
  let base: string;
  let count = 0;

  beforeAll(async () => {
    checkBuilt();
    database = await freshDatabase();
    gate = await openGate(database);
    rows = gateOf(gate).rows;
    const later: { routes?: Route } = {};
    server = await testServer({ routes: (...request) => later.routes!(...request) });
    base = `http://localhost:${server.port}`;
    provider = await identityProvider(`${base}/sign-in/`);
    const accounts = openAccounts({
      gate,
      secret: Buffer.alloc(32, 5),
      anonymous: () => Promise.resolve(false),
      passwords: new Passwords({ memory: 64, passes: 1 }),
      publicUrl: base,
      oidc: provider,
    });
    later.routes = authRoutes(accounts);
    browser = await chromium.launch({ executablePath: browserPath, args: [...QUIET, ...AS_ROOT] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await provider?.stop();
    await gate?.destroy();
    await database?.drop();
  });
  beforeEach(() => rows('delete from auth.throttles'));

  async function visit(hash = '', options: BrowserContextOptions = {}) {
    const context = await browser.newContext({ viewport: { width: 900, height: 800 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const elsewhere: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(base)) elsewhere.push(request.url());
    });
    page.on('console', (message) => {
      // A refusal is answered with its status, which the browser notes as an error.
      if (/error|warning/.test(message.type()) && !/status of 4\d\d/.test(message.text()))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(`${base}/sign-in/${hash}`);
    await page.locator('h1').waitFor();
    return { page, context, elsewhere, complaints };
  }
  const invited = async (): Promise<{ login: string; id: number; hash: string }> => {
    const login = `desk-${++count}`;
    const id = await addAccount(rows, { login, roles: ['reader', 'editor'], level: 2 });
    return { login, id, hash: `#enrol=${await enrolmentLink(rows, id)}` };
  };
  const heading = (page: Page, text: RegExp | string) => page.getByRole('heading', { level: 1, name: text }).waitFor();
  const secretOf = (text: string): Buffer => {
    const bits = [...text.replace(/\s/g, '')]
      .map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0'))
      .join('');
    return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  };
  const shot = (page: Page, name: string) =>
    process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true }) : undefined;

  /** The browser's own authenticator, with a person who confirms. */
  async function authenticator(page: Page, verified = true) {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: verified,
        automaticPresenceSimulation: true,
      },
    });
    return {
      verify: (isUserVerified: boolean) =>
        session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    };
  }

  test('a link, a password and an app by keyboard alone; then out, and in again', async () => {
    const { login, id, hash } = await invited();
    const { page, elsewhere, complaints, context } = await visit(hash);
    await heading(page, 'Set up your account');
    // The secret of the link is out of the address before anything else happens.
    expect(page.url()).toBe(`${base}/sign-in/`);
    expect(await page.evaluate('document.activeElement?.tagName')).toBe('H1');
    await shot(page, 'enrol');
    const secret = secretOf((await page.locator('.secret code').textContent())!);
    await page.getByLabel('New password', { exact: true }).focus();
    await page.keyboard.type('short');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('000000');
    await page.getByLabel('New password', { exact: true }).evaluate((input) => input.removeAttribute('minlength'));
    await page.keyboard.press('Enter');
    await page
      .getByRole('alert')
      .getByText(/code is wrong|12 characters/)
      .waitFor();
    expect(await page.locator('[aria-invalid=true]').count()).toBe(1);
    await shot(page, 'enrol-error');
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('Code from the app').fill(codeAt(secret, stepNow()));
    await page.keyboard.press('Enter');
    await heading(page, 'Keep your recovery codes');
    expect(await page.locator('.codes li').count()).toBe(10);
    await shot(page, 'recovery');
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await heading(page, `Signed in as ${login}`);
    await shot(page, 'home');
    const cookies = await context.cookies();
    expect(
      cookies
        .filter(({ name }) => name.startsWith('__Host-'))
        .map(({ httpOnly, secure, sameSite, path }) => ({ httpOnly, secure, sameSite, path })),
    ).toEqual(Array(2).fill({ httpOnly: true, secure: true, sameSite: 'Strict', path: '/' }));
    await page.reload();
    await heading(page, `Signed in as ${login}`);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await heading(page, 'Sign in');
    await shot(page, 'sign-in');
    await rows('update auth.accounts set totp_step = 0 where id = $1', [id]);
    await page.keyboard.press('Tab');
    await page.keyboard.type(login);
    await page.keyboard.press('Tab');
    await page.keyboard.type('wrong wrong wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('The login or the password is wrong.').waitFor();
    await shot(page, 'sign-in-error');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await heading(page, 'Second step');
    await shot(page, 'second');
    await page.keyboard.press('Tab');
    await page.keyboard.type(codeAt(secret, stepNow()));
    await page.keyboard.press('Enter');
    await heading(page, `Signed in as ${login}`);
    expect(elsewhere).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);

  test('a passkey of the browser: enrols, signs in, and is refused when nobody is verified', async () => {
    const { login, hash } = await invited();
    const { page, complaints, context } = await visit(hash);
    const key = await authenticator(page);
    await page.getByRole('button', { name: 'Set up a passkey' }).click();
    await heading(page, `Signed in as ${login}`);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await heading(page, 'Sign in');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await heading(page, `Signed in as ${login}`);
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await heading(page, 'Sign in');
    await key.verify(false);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('alert').getByText('Nothing was confirmed').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);

  test('a token is made after confirming who one is, shown once, works, and is revoked', async () => {
    const { id, hash } = await invited();
    const { page, complaints, context } = await visit(hash);
    await authenticator(page);
    await page.getByRole('button', { name: 'Set up a passkey' }).click();
    await heading(page, /^Signed in/);
    await rows(`update auth.sessions set stepped_up_at = now() - interval '1 hour' where account_id = $1`, [id]);
    await page.getByText('Make a token').click();
    await page.getByLabel('What it is for').fill('nightly export');
    await page.getByRole('button', { name: 'Make it' }).click();
    await heading(page, 'Confirm that it is you');
    await shot(page, 'step-up');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await heading(page, 'Your new token');
    await shot(page, 'token');
    const token = (await page.locator('.secret code').textContent())!;
    const asked = async (): Promise<number> =>
      (
        await fetch(`${base}/auth/account`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: '{}',
        })
      ).status;
    expect(token).toMatch(/^kua_\w{49}$/);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText(token).waitFor({ state: 'detached' }); // the page asks for the list first
    await shot(page, 'home-token');
    expect(await rows('select name, level, roles from auth.tokens where account_id = $1', [id])).toEqual([
      { name: 'nightly export', level: 0, roles: ['reader'] },
    ]);
    await page.getByRole('button', { name: 'Revoke the token nightly export' }).click();
    await page.getByRole('status').getByText('was revoked').waitFor();
    // A token signs nobody in at this page, living or not.
    expect(await asked()).toBe(401);
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);

  test('the provider and back: the page asks with its strict cookie although it was reached from another site', async () => {
    await addAccount(rows, {
      login: 'amina',
      roles: ['reader'],
      level: 1,
      identity: { issuer: provider.issuer, subject: 'sub-amina' },
    });
    const { page, context } = await visit();
    await page.getByRole('button', { name: 'Sign in with your organisation' }).click();
    await page.locator('input[name=login]').fill('sub-amina');
    await page.locator('input[name=password]').fill('x');
    await page.getByRole('button', { name: /sign-in/i }).click();
    await page.getByRole('button', { name: /continue/i }).click();
    await heading(page, 'Signed in as amina');
    expect(page.url()).toBe(`${base}/sign-in/`);
    await context.close();
  }, 60_000);

  test('a first link signs in as local; a link that is over says so and leaves the form', async () => {
    await rows('delete from auth.accounts');
    const link = (await firstSignIn(gate, base))!;
    const { page, context } = await visit(link.slice(link.indexOf('#')));
    await heading(page, 'Signed in as local');
    await context.close();
    const later = await visit(link.slice(link.indexOf('#')));
    await later.page.getByRole('status').getByText('start Kualik again').waitFor();
    expect(await later.page.getByLabel('Login').isVisible()).toBe(true);
    await shot(later.page, 'link-over');
    await later.context.close();
  }, 60_000);

  test.each([
    ['at 200 %', { viewport: { width: 450, height: 400 }, deviceScaleFactor: 2 }],
    ['on a telephone, in the dark', { viewport: { width: 320, height: 640 }, colorScheme: 'dark' }],
  ] as [string, BrowserContextOptions][])(
    '%s nothing is cut off and every control has a name and 24 pixels',
    async (name, options) => {
      for (const hash of ['', (await invited()).hash]) {
        const { page, context, complaints } = await visit(hash, options);
        await shot(page, `${name.replace(/\W+/g, '-')}${hash ? '-enrol' : ''}`);
        expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(
          0,
        );
        const controls = page.locator('main :is(button, input:not([hidden]), summary, a)');
        for (const control of await controls.all()) {
          const box = await control.boundingBox();
          if (
            !box ||
            (await control.evaluate((element) => element.tagName === 'A' && element.parentElement?.tagName === 'P'))
          )
            continue;
          expect(Math.min(box.height, box.width)).toBeGreaterThanOrEqual(24);
        }
        for (const input of await page.locator('main input:not([hidden])').all())
          expect(
            await input.evaluate((element) => (element as unknown as { labels: { length: number } }).labels.length),
          ).toBe(1);
        expect(complaints).toEqual([]);
        await context.close();
      }
    },
    60_000,
  );
});
