// The sign-in of people over HTTP, against the real server and database: a server, people who set themselves up as a person
// does it, and what is counted of many answers.
import type { DataSource } from 'typeorm';
import { openAccounts, type Accounts } from '../../src/accounts/accounts.js';
import { gateOf, type Rows } from '../../src/accounts/gate.js';
import { Passwords } from '../../src/accounts/passwords.js';
import { addAccount, enrolmentLink } from '../../src/accounts/people.js';
import { forgetTries } from '../../src/accounts/throttle.js';
import { codeAt, stepNow } from '../../src/accounts/totp.js';
import type { Role } from '../../src/accounts/viewer.js';
import { authRoutes } from '../../src/http/auth/routes.js';
import { openGate } from './accounts.js';
import { freshDatabase, type FreshDatabase } from './database.js';
import { testServer, type TestServer } from './http.js';
import { Page, type Told } from './page.js';

export const PASSWORD = 'seven quiet herons wade';
/** Of every server of a test. */
export const SECRET = Buffer.alloc(32, 5);
/** Cheap, so that thirty tries take no minute; what is counted is the same. */
export const passwords = new Passwords({ memory: 64, passes: 1 });

export interface Invited {
  login: string;
  id: number;
  link: string;
}

export interface Enrolled {
  login: string;
  id: number;
  page: Page;
  secret: Buffer;
  recoveryCodes: string[];
}

/** The bytes of an answer but for the id of its request, which is another each time. */
export const withoutId = ({ text, headers }: Told): string => text.replaceAll(String(headers['x-request-id']), '');

/** The secret of an authenticator app, from the letters that a person would type. */
export const secretOf = (base32: string): Buffer => {
  const bits = [...base32]
    .map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
};

export const passwordStep = (page: Page, login: string, password = PASSWORD): Promise<any> =>
  page.must('password', { login, password });

/** Who the server takes this browser for. */
export const viewer = async (page: Page): Promise<any> => (await page.must('state')).viewer;

/** How many answers of each status and rule. */
export const outcome = (all: Told[]): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const { status, error } of all) {
    const key = error ? `${status} ${error.extensions.rule ?? error.extensions.code}` : String(status);
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
};

/** A server for the tests of one file; made before the first of them, gone after the last. No test is throttled by another. */
export function signingIn() {
  let database: FreshDatabase;
  let gate: DataSource;
  let server: TestServer;
  let accounts: Accounts;
  let count = 0;

  const rows: Rows = (sql, values) => gateOf(gate).rows(sql, values);
  const base = (): string => `http://localhost:${server.port}`;

  beforeAll(async () => {
    database = await freshDatabase();
    gate = await openGate(database);
    accounts = openAccounts({ gate, secret: SECRET, anonymous: () => Promise.resolve(false), passwords });
    server = await testServer({ routes: authRoutes(accounts) });
  });
  afterAll(async () => {
    await server?.stop();
    await gate?.destroy();
    await database?.drop();
  });
  const unthrottle = async (): Promise<void> => {
    await rows('delete from auth.throttles');
    forgetTries(accounts.tools.gate.rows);
  };
  beforeEach(unthrottle);

  const newLogin = (): string => `desk-${++count}`;

  async function invited(login = newLogin(), roles: Role[] = ['reader', 'editor']): Promise<Invited> {
    const id = await addAccount(rows, { login, roles, level: 2 });
    return { login, id, link: await enrolmentLink(rows, id) };
  }

  /** As a person does it: the link, a password, the first code of the app. */
  async function enrolled(): Promise<Enrolled> {
    const { login, id, link } = await invited();
    const page = new Page(base());
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

  return {
    rows,
    /** The address under which a browser knows it. */
    base,
    accounts: (): Accounts => accounts,
    newLogin,
    /** As if nobody had tried anything yet. */
    unthrottle,
    invited,
    enrolled,
    /** A code that was not used: the clock moves on by a step each time in tests too. */
    freshCode: async ({ id, secret }: Enrolled): Promise<string> => {
      await rows('update auth.accounts set totp_step = 0 where id = $1', [id]);
      return codeAt(secret, stepNow());
    },
    sessions: async (id: number): Promise<number> =>
      (await rows('select from auth.sessions where account_id = $1', [id])).length,
  };
}
