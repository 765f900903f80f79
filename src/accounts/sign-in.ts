// Signing in with a password and a second step, and the end that all ways to sign in share. One sentence for every wrong
// password: who guesses learns neither which logins exist nor which are disabled.
import { unauthenticated } from '../errors.js';
import { knownDevice, newDevice } from './devices.js';
import { beginFlow, FLOW_OVER, mustTakeFlow, sweep, tryFlow } from './flows.js';
import type { Rows } from './gate.js';
import { useRecoveryCode } from './recovery.js';
import { beginSession, stepUp, type Method } from './sessions.js';
import { count, forgive, type Throttled } from './throttle.js';
import type { Client, SignedIn, Tools } from './tools.js';
import { stepOf, unseal } from './totp.js';

interface Account {
  id: number;
  login: string;
  active: boolean;
  password: string | null;
  ways: SecondWay[];
}

/** What can follow a password. */
export type SecondWay = 'totp' | 'passkey' | 'recovery';

const WITH_WAYS = `
  select a.id, a.login, a.active, a.password, array_remove(array[
    case when a.totp_sealed is not null then 'totp' end,
    case when exists (select from auth.passkeys p where p.account_id = a.id) then 'passkey' end,
    case when exists (select from auth.recovery_codes r where r.account_id = a.id) then 'recovery' end], null) as ways
  from auth.accounts a where a.login = $1`;

const WRONG_PASSWORD = 'The login or the password is wrong.';
export const WRONG_CODE = 'This code is wrong or was used already; wait for the next one.';

/** @returns a flow for secondStep, or for a passkey. */
export async function passwordStep(
  { gate, passwords, deviceKey }: Tools,
  { login, password }: { login: string; password: string },
  { address, device, sessionId }: Client,
): Promise<{ flow: string; ways: SecondWay[] }> {
  const name = login.trim().toLowerCase();
  const known = knownDevice(deviceKey, name, device);
  const throttle: [Throttled, string] = known === undefined ? ['login', name] : ['device', known];
  await count(gate.rows, 'address', address);
  await count(gate.rows, ...throttle);
  const [account] = await gate.rows<Account>(WITH_WAYS, [name]);
  const right = await passwords.isRight(account?.active ? account.password : undefined, password);
  // For a session that steps up the login comes from the session itself.
  if (!right || !account) throw unauthenticated(WRONG_PASSWORD, { rule: 'wrong-password' });
  await forgive(gate.rows, ...throttle);
  await forgive(gate.rows, 'address', address);
  if (account.ways.length === 0)
    throw unauthenticated('This account has no second step yet; ask your administrator for a new link.');
  await sweep(gate.rows);
  const data = sessionId === undefined ? {} : { sessionId };
  return { flow: await beginFlow(gate.rows, 'second', { accountId: account.id, data }), ways: account.ways };
}

/** A code of the app, or a recovery code. */
export async function secondStep(
  tools: Tools,
  { flow, code, recovery }: { flow: unknown; code?: unknown; recovery?: unknown },
  client: Client,
): Promise<SignedIn> {
  const { gate } = tools;
  await count(gate.rows, 'address', client.address);
  const tried = await tryFlow(gate.rows, 'second', flow);
  if (!tried?.accountId) throw unauthenticated(FLOW_OVER, { rule: 'flow-over' });
  const { accountId } = tried;
  await count(gate.rows, 'second', String(accountId));
  const signedIn = await gate.transaction(async (rows) => {
    // Taken first: of several who bring the same right code at once, one goes on.
    await mustTakeFlow(rows, 'second', flow);
    const method: Method = recovery === undefined ? 'totp' : 'recovery';
    const right =
      method === 'totp'
        ? await useCode(tools, rows, accountId, code)
        : await useRecoveryCode(rows, accountId, recovery);
    // Thrown inside, so that the flow is there for another try.
    if (!right) throw unauthenticated(WRONG_CODE, { rule: 'wrong-code' });
    return finish(tools, rows, accountId, ['password', method], { ...client, sessionId: sessionOf(tried.data) });
  });
  await forgive(gate.rows, 'second', String(accountId));
  await forgive(gate.rows, 'address', client.address);
  return signedIn;
}

/** True for one caller per code, and never again for it or an older one. */
async function useCode({ totpKey }: Tools, rows: Rows, accountId: number, code: unknown): Promise<boolean> {
  const [account] = await rows<{ sealed: Buffer | null }>(
    'select totp_sealed as sealed from auth.accounts where id = $1',
    [accountId],
  );
  const secret = account?.sealed ? unseal(totpKey, accountId, account.sealed) : undefined;
  const step = secret && stepOf(secret, code);
  if (step === undefined) return false;
  const used = await rows(
    'update auth.accounts set totp_step = $2 where id = $1 and totp_step < $2 and active returning id',
    [accountId, step],
  );
  return used.length === 1;
}

export const sessionOf = (data: Record<string, unknown>): number | undefined =>
  typeof data.sessionId === 'number' ? data.sessionId : undefined;

/** Everything was proved: a session begins, or the one there is steps up. */
export async function finish(
  { deviceKey }: Tools,
  rows: Rows,
  accountId: number,
  methods: readonly Method[],
  { browser, sessionId }: Pick<Client, 'browser' | 'sessionId'>,
): Promise<SignedIn> {
  const [account] = await rows<{ login: string }>('select login from auth.accounts where id = $1 and active', [
    accountId,
  ]);
  if (!account) throw unauthenticated('This account is disabled; ask your administrator.');
  const device = newDevice(deviceKey, account.login);
  if (sessionId !== undefined) {
    const own = await rows('select from auth.sessions where id = $1 and account_id = $2', [sessionId, accountId]);
    if (own.length === 0) throw unauthenticated('Step up with the account you are signed in with.');
    await stepUp(rows, sessionId, methods);
    return { accountId, login: account.login, device, methods };
  }
  const session = await beginSession(rows, accountId, methods, browser);
  if (session === undefined) throw unauthenticated('This account is disabled; ask your administrator.');
  return { accountId, login: account.login, session, device, methods };
}
