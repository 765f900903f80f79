// Setting up ways to sign in: with the link of an administrator, or later, by a session that has just proved who it is.
// Either a passkey, or a password with an authenticator app; a password alone opens nothing.
import { randomBytes } from 'node:crypto';
import { forbidden, invalid, unauthenticated } from '../errors.js';
import { LOCAL } from './anonymous.js';
import { beginFlow, LINK_OVER, mustTakeFlow, peekFlow, sweep, takeFlow } from './flows.js';
import type { Rows } from './gate.js';
import { checkNewPasskey, offerPasskey, type Site } from './passkeys.js';
import { newRecoveryCodes } from './recovery.js';
import { finish, WRONG_CODE } from './sign-in.js';
import { refuseWithoutStepUp } from './sessions.js';
import { count, forgive } from './throttle.js';
import type { Client, SignedIn, Tools } from './tools.js';
import { base32, otpauth, seal, stepOf, unseal } from './totp.js';
import type { Viewer } from './viewer.js';

/** Who sets something up: the holder of a link, or a viewer with a session. */
export type Owner = { link: unknown } | { viewer: Viewer };

async function ownerOf(rows: Rows, owner: Owner): Promise<{ accountId: number; login: string }> {
  let accountId: number | undefined;
  if ('viewer' in owner) {
    await refuseWithoutStepUp(rows, owner.viewer);
    accountId = owner.viewer.accountId;
  } else accountId = (await peekFlow(rows, 'enrol', owner.link))?.accountId;
  const [account] = await rows<{ login: string }>('select login from auth.accounts where id = $1 and active', [
    accountId ?? 0,
  ]);
  if (accountId === undefined || !account) throw unauthenticated(LINK_OVER, { rule: 'link-over' });
  return { accountId, login: account.login };
}

/** The link is spent by whoever finishes first; until then its page may be opened again. */
const spend = async (rows: Rows, owner: Owner): Promise<void> => {
  if ('link' in owner) await mustTakeFlow(rows, 'enrol', owner.link, LINK_OVER);
};

export interface Enrolment {
  login: string;
  /** For finishing with a password: `flow` goes back with the first code. */
  totp: { flow: string; secret: string; uri: string };
}

/** What a page shows to set up a password with an app. */
export async function beginEnrolment(tools: Tools, owner: Owner, { address }: Client): Promise<Enrolment> {
  const { gate, totpKey } = tools;
  await count(gate.rows, 'begin', address);
  await sweep(gate.rows);
  const { accountId, login } = await ownerOf(gate.rows, owner);
  const secret = randomBytes(20);
  const sealed = seal(totpKey, accountId, secret).toString('base64');
  const flow = await beginFlow(gate.rows, 'totp', { accountId, data: { sealed } });
  return { login, totp: { flow, secret: base32(secret), uri: otpauth(login, secret) } };
}

/** Other sessions end with the old password. The codes are shown once. */
export async function enrolPassword(
  tools: Tools,
  owner: Owner,
  { password, flow, code }: { password: string; flow: unknown; code: unknown },
  client: Client,
): Promise<SignedIn & { recoveryCodes: string[] }> {
  const { gate, passwords, totpKey } = tools;
  await count(gate.rows, 'address', client.address);
  const { accountId, login } = await ownerOf(gate.rows, owner);
  const shown = await peekFlow(gate.rows, 'totp', flow);
  const secret =
    shown?.accountId === accountId && typeof shown.data.sealed === 'string'
      ? unseal(totpKey, accountId, Buffer.from(shown.data.sealed, 'base64'))
      : undefined;
  if (!secret) throw unauthenticated('The set-up took too long; load the page again.', { rule: 'flow-over' });
  const step = stepOf(secret, code);
  if (step === undefined) throw invalid('code', WRONG_CODE, { rule: 'wrong-code' });
  const hashed = await passwords.hash(password, login);
  const enrolled = await gate.transaction(async (rows) => {
    await spend(rows, owner);
    if (!(await takeFlow(rows, 'totp', flow))) throw unauthenticated(LINK_OVER, { rule: 'link-over' });
    await rows('update auth.accounts set password = $2, totp_sealed = $3, totp_step = $4 where id = $1 and active', [
      accountId,
      hashed,
      seal(totpKey, accountId, secret),
      step,
    ]);
    const recoveryCodes = await newRecoveryCodes(rows, accountId);
    const signedIn = await finish(tools, rows, accountId, ['password', 'totp'], { browser: client.browser ?? '' });
    return { ...signedIn, recoveryCodes };
  });
  await forgive(gate.rows, 'address', client.address);
  return enrolled;
}

export const offerNewPasskey = async (
  { gate }: Tools,
  site: Site,
  owner: Owner,
  { address }: Client,
): Promise<Awaited<ReturnType<typeof offerPasskey>> & { login: string }> => {
  await count(gate.rows, 'begin', address);
  const { accountId, login } = await ownerOf(gate.rows, owner);
  return { login, ...(await offerPasskey(gate.rows, site, accountId)) };
};

/** With a link it also signs in. */
export async function enrolPasskey(
  tools: Tools,
  site: Site,
  owner: Owner,
  given: { flow: unknown; response: unknown; name: unknown },
  client: Client,
): Promise<SignedIn | undefined> {
  const { gate } = tools;
  await count(gate.rows, 'address', client.address);
  const { accountId } = await ownerOf(gate.rows, owner);
  const passkey = await checkNewPasskey(gate.rows, site, given);
  if (passkey.accountId !== accountId) throw unauthenticated(LINK_OVER, { rule: 'link-over' });
  return gate.transaction(async (rows) => {
    await spend(rows, owner);
    await passkey.keep(rows);
    return 'link' in owner ? finish(tools, rows, accountId, ['passkey'], { browser: client.browser ?? '' }) : undefined;
  });
}

/**
 * The last way to sign in stays: without it only an administrator could help.
 * @param issuer the identity provider that is set up here; without one, an identity that was written down opens nothing.
 */
export async function removePasskey(rows: Rows, viewer: Viewer, id: string, issuer?: string): Promise<void> {
  await refuseWithoutStepUp(rows, viewer);
  const { accountId } = viewer;
  await rows('select from auth.accounts where id = $1 for update', [accountId]);
  const removed = await rows(
    `delete from auth.passkeys p using auth.accounts a where p.id = $2 and p.account_id = $1 and a.id = $1
       and ((a.password is not null and a.totp_sealed is not null)
         or exists (select from auth.passkeys o where o.account_id = $1 and o.id <> $2)
         or exists (select from auth.identities i where i.account_id = $1 and i.issuer = $3)) returning p.id`,
    [accountId, id, issuer ?? null],
  );
  if (removed.length === 0)
    throw forbidden('This passkey is your last way to sign in; set up another one first.', { rule: 'last-way' });
}

/** The link of a first start. */
export async function useFirstLink(tools: Tools, link: unknown, client: Client): Promise<SignedIn> {
  const { gate } = tools;
  await count(gate.rows, 'address', client.address);
  return gate.transaction(async (rows) => {
    const flow = await takeFlow(rows, 'first', link);
    // Whoever still finds the link in a log must not come in once people have accounts of their own.
    const [others] = await rows('select from auth.accounts where login <> $1 limit 1', [LOCAL]);
    if (!flow?.accountId || others)
      throw unauthenticated('This link was used or is older than 15 minutes; start Kualik again for a new one.', {
        rule: 'link-over',
      });
    return finish(tools, rows, flow.accountId, ['link'], { browser: client.browser ?? '' });
  });
}
