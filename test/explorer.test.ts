// The explorer in a real browser, on the founding case: every question is there and gets an answer, and nothing leaves this machine.
// Needs `npm run build` and a Chromium on PATH; without the browser it is skipped, except in CI.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { pino } from 'pino';
import { ANONYMOUS } from '../src/accounts/viewer.js';
import { contextOpener } from '../src/context.js';
import { createDataSource } from '../src/db/data-source.js';
import { entities } from '../src/model.js';
import { packageRoot } from '../src/paths.js';
import { buildSchema } from '../src/schema.js';
import { builtExplorer, startServer, type RunningServer } from '../src/server.js';
import { freshDatabase } from './support/database.js';

const browserPath = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find(existsSync);
const wanted = browserPath !== undefined || process.env.CI !== undefined;
if (!wanted) console.warn('No Chromium on PATH: the explorer is not tested in a browser.');
const inBrowser = wanted ? describe : describe.skip;

/** Nothing of the browser's own may ask the network either. */
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AS_ROOT = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

const folder = join(packageRoot, 'web', 'explorer', 'questions');
const questions = readdirSync(folder).filter((name) => name.endsWith('.graphql'));

/** An explorer that is older than its questions would be tested for what it no longer is. */
function checkBuilt(): string {
  const built = builtExplorer();
  const page = join(built, 'index.html');
  const newest = Math.max(...questions.map((name) => statSync(join(folder, name)).mtimeMs));
  if (!existsSync(page) || statSync(page).mtimeMs < newest) {
    throw new Error('The explorer is not built, or older than its questions: run "npm run build" first.');
  }
  return built;
}

inBrowser('the explorer', () => {
  let server: RunningServer;
  let browser: Browser;
  let cleanUp: () => Promise<void>;

  beforeAll(async () => {
    const explorerDir = checkBuilt();
    const database = await freshDatabase('founding');
    const dataSource = await createDataSource({ url: database.readerUrl, entities, poolSize: 2 }).initialize();
    cleanUp = async () => {
      await dataSource.destroy();
      await database.drop();
    };
    server = await startServer({
      schema: buildSchema(),
      identify: () => Promise.resolve(ANONYMOUS),
      openContext: contextOpener({
        pools: { reader: () => Promise.resolve(dataSource) },
        cursorKey: Buffer.alloc(32, 7),
      }),
      ready: () => Promise.resolve(true),
      port: 0,
      host: '127.0.0.1',
      logger: pino({ level: 'silent' }),
      explorerDir,
    });
    browser = await chromium.launch({ executablePath: browserPath, args: [...QUIET, ...AS_ROOT] });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await cleanUp?.();
  });

  /** A page that notes everything it asks for and everything it complains about. */
  async function visit(options: BrowserContextOptions = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const elsewhere: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url())) elsewhere.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(server.url);
    // Monaco comes after the page: its first coloured line means that it works.
    await page.locator('.graphiql-query-editor .view-line span span').first().waitFor();
    return { page, elsewhere, complaints, close: () => context.close() };
  }

  /** GraphiQL learns the name of the operation a moment after the text has changed. */
  const execute = async (page: Page) => {
    await page.waitForTimeout(500);
    await page.getByRole('button', { name: /Execute query/ }).click();
  };
  const answer = (page: Page) => page.locator('.graphiql-response .view-lines');

  test('opens with the questions in tabs, answers each, asks no other host, and complains about nothing', async () => {
    const { page, elsewhere, complaints, close } = await visit();
    expect(await page.title()).toBe('Kualik explorer');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    const tabs = page.getByRole('tab');
    expect(await tabs.count()).toBe(questions.length);
    for (let index = 0; index < questions.length; index++) {
      await tabs.nth(index).click();
      await execute(page);
      await answer(page).getByText('"data"').waitFor();
      expect(await answer(page).getByText('"errors"').count()).toBe(0);
    }
    await page.getByRole('button', { name: /Documentation Explorer/i }).click();
    await page.getByText('Root Types').waitFor();
    expect(elsewhere).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  }, 60_000);

  test('a question that was closed can be opened again from the strip', async () => {
    const { page, complaints, close } = await visit();
    await page.getByRole('button', { name: 'Close Tab' }).first().click();
    expect(await page.getByRole('tab').count()).toBe(questions.length - 1);
    await page.getByText('Questions to start from').click();
    const list = page.getByRole('list', { name: 'Ready-made questions' });
    expect(await list.getByRole('button').count()).toBe(questions.length);
    await list.getByRole('button').first().click();
    expect(await page.getByRole('tab').count()).toBe(questions.length);
    expect(await list.isVisible()).toBe(false);
    await execute(page);
    await answer(page).getByText('"data"').waitFor();
    expect(complaints).toEqual([]);
    await close();
  }, 60_000);

  test('where no answer stands yet a hint says how to get one, and it goes when the answer comes', async () => {
    const { page, close } = await visit();
    const hint = page.getByText('No answer yet.');
    await hint.waitFor();
    await execute(page);
    await answer(page).getByText('"data"').waitFor();
    expect(await hint.count()).toBe(0);
    await page.getByRole('tab').nth(1).click();
    await hint.waitFor();
    await close();
  }, 60_000);

  test('a refusal is shown as the server said it', async () => {
    const { page, close } = await visit();
    await page.locator('.graphiql-query-editor .view-lines').first().click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('{ helo'); // the editor closes the bracket itself
    await page.waitForTimeout(500);
    await page.keyboard.press('Control+Enter');
    await answer(page).getByText('GRAPHQL_VALIDATION_FAILED').waitFor();
    await close();
  }, 60_000);

  test('on a narrow, dark screen the answer stands below the question and nothing is cut off', async () => {
    const { page, complaints, close } = await visit({ viewport: { width: 420, height: 820 }, colorScheme: 'dark' });
    const box = async (selector: string) => (await page.locator(selector).boundingBox())!;
    const [question, response] = [await box('.graphiql-query-editor'), await box('.graphiql-response')];
    expect(response.y).toBeGreaterThan(question.y + question.height - 1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(420);
    expect(await page.evaluate("getComputedStyle(document.querySelector('.strip')).backgroundColor")).toBe(
      'rgb(28, 37, 38)',
    );
    expect(complaints).toEqual([]);
    await close();
  }, 60_000);

  test('nothing typed outlives the browser tab, and headers are not kept at all', async () => {
    const { page, close } = await visit();
    await execute(page);
    await answer(page).getByText('"data"').waitFor();
    expect(await page.evaluate('localStorage.length')).toBe(0);
    await close();
  }, 60_000);
});
