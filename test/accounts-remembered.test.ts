// For how long, and for whom, a server remembers who asked.
import type { DataSource } from 'typeorm';
import { openAccounts, type Accounts } from '../src/accounts/accounts.js';
import { gateOf } from '../src/accounts/gate.js';
import { remembered } from '../src/accounts/remembered.js';
import { lookUp } from '../src/accounts/look-up.js';
import { credentialOf, type Credential } from '../src/accounts/credential.js';
import { changeAccount, setActive } from '../src/accounts/people.js';
import { addAccount, openGate } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

let database: FreshDatabase;
let gate: DataSource;
let accounts: Accounts;

beforeAll(async () => {
  database = await freshDatabase();
  gate = await openGate(database);
  accounts = openAccounts({ gate, secret: Buffer.alloc(32, 1), anonymous: () => Promise.resolve(false) });
});
afterAll(async () => {
  await gate?.destroy();
  await database?.drop();
});

/** The memory with a clock and a count of look-ups of its own, on the real look-up. */
function counted() {
  const clock = { now: 0, looks: 0 };
  const find = lookUp(gateOf(gate));
  const memory = remembered(
    (credential) => {
      clock.looks++;
      return find(credential);
    },
    () => clock.now,
  );
  return { clock, ...memory };
}

const shown = (headers: object): Credential => credentialOf(headers as never)!;

test('a reader is looked up once in a second, also when many questions come at the same moment', async () => {
  const { clock, find } = counted();
  const credential = shown((await addAccount(gate, { login: 'reader', level: 1, roles: ['reader'] })).byToken);
  const found = await Promise.all(Array.from({ length: 20 }, () => find(credential)));
  expect(new Set(found.map(({ login }) => login))).toEqual(new Set(['reader']));
  clock.now = 999;
  await find(credential);
  expect(clock.looks).toBe(1);
  clock.now = 1_000;
  await find(credential);
  expect(clock.looks).toBe(2);
});

test('after a second at most a revoked token is refused, and a changed account has what is left', async () => {
  const { clock, find } = counted();
  const token = shown((await addAccount(gate, { login: 'revoked', level: 1, roles: ['reader'] })).byToken);
  expect((await find(token)).level).toBe(1);
  await changeAccount(gateOf(gate).rows, 'revoked', { level: 0 });
  clock.now = 1_000;
  expect((await find(token)).level).toBe(0);
  await setActive(gateOf(gate).rows, 'revoked', false);
  clock.now = 2_000;
  await expect(find(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test.each([
  ['restricted', { level: 2, roles: ['reader'] }],
  ['sealed', { level: 3, roles: ['reader'] }],
  ['editor', { level: 0, roles: ['reader', 'editor'] }],
] as const)('nobody remembers a viewer who enters contexts: %s', async (login, { level, roles }) => {
  const { clock, find } = counted();
  const { bySession } = await addAccount(gate, { login, level, roles: [...roles] });
  const credential = shown({ ...bySession });
  await find(credential);
  await find(credential);
  expect(clock.looks).toBe(2);
  await setActive(gateOf(gate).rows, login, false);
  await expect(find(credential)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a refusal is not remembered, nor what was known before forget()', async () => {
  const { clock, find, forget } = counted();
  const token = shown((await addAccount(gate, { login: 'late', roles: ['reader'] })).byToken);
  await setActive(gateOf(gate).rows, 'late', false);
  await expect(find(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(find(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(clock.looks).toBe(2);
  const other = shown((await addAccount(gate, { login: 'other', roles: ['reader'] })).byToken);
  await find(other);
  forget();
  await find(other);
  expect(clock.looks).toBe(4);
});

test('pages where accounts are managed are never answered from memory', async () => {
  const { byToken } = await addAccount(gate, { login: 'page', roles: ['reader'] });
  expect((await accounts.askerOf({ headers: byToken })).login).toBe('page');
  await setActive(gateOf(gate).rows, 'page', false);
  await expect(accounts.viewerOf({ headers: byToken })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});
