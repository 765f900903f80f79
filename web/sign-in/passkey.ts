// The two passkey ceremonies, between the browser and this server.
import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { post } from './api';

/** Signs in, or, with `again`, proves it again; `second` after a password. */
export async function usePasskey(given: { second?: string; again?: true } = {}): Promise<void> {
  const { flow, options } = await post<{ flow: string; options: PublicKeyCredentialRequestOptionsJSON }>(
    'passkey/options',
    given,
  );
  await post('passkey', { flow, response: await startAuthentication({ optionsJSON: options }) });
}

/** Makes one for the owner of the link, or for who is signed in. */
export async function addPasskey(name: string, link?: string): Promise<void> {
  const { flow, options } = await post<{ flow: string; options: PublicKeyCredentialCreationOptionsJSON }>(
    'enrol/passkey/options',
    { link },
  );
  await post('enrol/passkey', { link, flow, name, response: await startRegistration({ optionsJSON: options }) });
}
