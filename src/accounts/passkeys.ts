// Passkeys: possession and a PIN, finger or face, so they sign in alone. User verification is asked for in the options and
// required of both answers, whatever the library's defaults are; each challenge works once; a counter that counts must rise.
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { conflict, invalid, unauthenticated } from '../errors.js';
import { beginFlow, mustTakeFlow, peekFlow, sweep } from './flows.js';
import type { Rows } from './gate.js';
import { derived } from './secrets.js';
import { finish, sessionOf } from './sign-in.js';
import { count, forgive } from './throttle.js';
import type { Client, SignedIn, Tools } from './tools.js';

/** Where the page is: passkeys belong to a host name. */
export interface Site {
  /** Such as https://kualik.example. */
  origin: string;
}

const hostOf = ({ origin }: Site): string => new URL(origin).hostname;
const challengeOf = (flow: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(derived(flow, 'challenge'), 'base64url'));
/** As the browser sends it back. */
const expected = (flow: string): string => derived(flow, 'challenge');

const REFUSED = 'This passkey was not accepted; try again, or sign in another way.';
const refused = (): Error => unauthenticated(REFUSED, { rule: 'wrong-passkey' });

interface Stored {
  id: string;
  account_id: number;
  public_key: Buffer;
  counter: string;
  transports: string[];
}

const ofAccount = (rows: Rows, accountId: number): Promise<{ id: string; transports: string[] }[]> =>
  rows('select id, transports from auth.passkeys where account_id = $1 order by created_at', [accountId]);

/** To sign in with any passkey, or, after a password (`second`) or to step up, with one of that account. */
export async function askForPasskey(
  { gate }: Tools,
  site: Site,
  { address, sessionId }: Client,
  { second, accountId }: { second?: unknown; accountId?: number | undefined } = {},
): Promise<{ flow: string; options: PublicKeyCredentialRequestOptionsJSON }> {
  await count(gate.rows, 'begin', address);
  await sweep(gate.rows);
  const after = second === undefined ? undefined : await peekFlow(gate.rows, 'second', second);
  if (second !== undefined && !after?.accountId)
    throw unauthenticated('Begin again with the password.', { rule: 'flow-over' });
  const account = accountId ?? after?.accountId;
  const session = sessionId ?? (after ? sessionOf(after.data) : undefined);
  const flow = await beginFlow(gate.rows, 'passkey', {
    ...(account === undefined ? {} : { accountId: account }),
    data: { ...(session === undefined ? {} : { sessionId: session }), ...(after ? { password: true } : {}) },
  });
  const options = await generateAuthenticationOptions({
    rpID: hostOf(site),
    challenge: challengeOf(flow),
    userVerification: 'required',
    ...(account === undefined ? {} : { allowCredentials: await ofAccount(gate.rows, account) }),
  });
  return { flow, options };
}

export async function passkeyStep(
  tools: Tools,
  site: Site,
  { flow, response }: { flow: unknown; response: unknown },
  client: Client,
): Promise<SignedIn> {
  const { gate } = tools;
  await count(gate.rows, 'address', client.address);
  // Outside of the transaction: a challenge is spent by the first answer, right or wrong.
  const { accountId, data } = await mustTakeFlow(gate.rows, 'passkey', flow);
  const answer = response as AuthenticationResponseJSON;
  if (typeof answer?.id !== 'string') throw refused();
  const [stored] = await gate.rows<Stored>(
    `select p.id, p.account_id, p.public_key, p.counter, p.transports from auth.passkeys p
     join auth.accounts a on a.id = p.account_id and a.active where p.id = $1`,
    [answer.id],
  );
  if (!stored || (accountId !== undefined && stored.account_id !== accountId)) throw refused();
  const checked = await verifyAuthenticationResponse({
    response: answer,
    expectedChallenge: expected(flow as string),
    expectedOrigin: site.origin,
    expectedRPID: hostOf(site),
    requireUserVerification: true,
    credential: { id: stored.id, publicKey: new Uint8Array(stored.public_key), counter: Number(stored.counter) },
  }).catch(() => undefined);
  if (!checked?.verified) throw refused();
  const { newCounter } = checked.authenticationInfo;
  const signedIn = await gate.transaction(async (rows) => {
    const raised = await rows(
      `update auth.passkeys set counter = $2, used_at = now()
       where id = $1 and (counter < $2 or (counter = 0 and $2 = 0)) returning id`,
      [stored.id, newCounter],
    );
    if (raised.length === 0) throw refused();
    return finish(tools, rows, stored.account_id, data.password === true ? ['password', 'passkey'] : ['passkey'], {
      ...client,
      sessionId: sessionOf(data),
    });
  });
  await forgive(gate.rows, 'address', client.address);
  return signedIn;
}

/** For an account whose owner is known: by a link, or by a session that stepped up. */
export async function offerPasskey(
  rows: Rows,
  site: Site,
  accountId: number,
): Promise<{ flow: string; options: PublicKeyCredentialCreationOptionsJSON }> {
  const [account] = await rows<{ login: string }>('select login from auth.accounts where id = $1', [accountId]);
  const flow = await beginFlow(rows, 'new-passkey', { accountId });
  const options = await generateRegistrationOptions({
    rpName: 'Kualik',
    rpID: hostOf(site),
    userName: account!.login,
    // The same for all passkeys of an account, so that an authenticator keeps one; says nothing of the person.
    userID: new Uint8Array(Buffer.from(`kualik:${accountId}`)),
    challenge: challengeOf(flow),
    attestationType: 'none',
    excludeCredentials: await ofAccount(rows, accountId),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: [-8, -7, -257],
  });
  return { flow, options };
}

/** What the browser made, checked; nothing is kept yet. */
export async function checkNewPasskey(
  rows: Rows,
  site: Site,
  { flow, response, name }: { flow: unknown; response: unknown; name: unknown },
): Promise<{ accountId: number; keep: (rows: Rows) => Promise<void> }> {
  const { accountId } = await mustTakeFlow(rows, 'new-passkey', flow);
  const made = await verifyRegistrationResponse({
    response: response as RegistrationResponseJSON,
    expectedChallenge: expected(flow as string),
    expectedOrigin: site.origin,
    expectedRPID: hostOf(site),
    requireUserPresence: true,
    requireUserVerification: true,
    supportedAlgorithmIDs: [-8, -7, -257],
  }).catch(() => undefined);
  if (!made?.verified || accountId === undefined)
    throw invalid(
      'response',
      'This passkey was not accepted; it must ask for a PIN, a finger or a face. Try another one.',
    );
  const { credential } = made.registrationInfo;
  const label = typeof name === 'string' && name.trim() !== '' ? name.trim().slice(0, 80) : 'Passkey';
  return {
    accountId,
    async keep(within) {
      const kept = await within(
        `insert into auth.passkeys (id, account_id, public_key, counter, transports, name) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing returning id`,
        [
          credential.id,
          accountId,
          Buffer.from(credential.publicKey),
          credential.counter,
          credential.transports ?? [],
          label,
        ],
      );
      if (kept.length === 0) throw conflict('This passkey is registered already.');
    },
  };
}

export interface PasskeyInfo {
  id: string;
  name: string;
  createdAt: string;
  usedAt: string | null;
}

export const listPasskeys = (rows: Rows, accountId: number): Promise<PasskeyInfo[]> =>
  rows(
    `select id, name, created_at as "createdAt", used_at as "usedAt" from auth.passkeys where account_id = $1 order by created_at`,
    [accountId],
  );
