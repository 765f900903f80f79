// Signing in with an identity provider (OpenID Connect: discovery, authorization code, PKCE S256, state, nonce). The provider
// says only who somebody is; whether they have an account, and what it may do, stands in our tables. An account is joined by
// (issuer, subject), which an administrator wrote down, never by an e-mail address.
import * as client from 'openid-client';
import { invalid, unauthenticated, unavailable } from '../errors.js';
import { beginFlow, mustTakeFlow, sweep } from './flows.js';
import { derived } from './secrets.js';
import { finish, sessionOf } from './sign-in.js';
import { count, forgive } from './throttle.js';
import type { Client, SignedIn, Tools } from './tools.js';

export interface OidcOptions {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Where the provider sends people back to: the page, not an address of its own; the page posts what it was given. */
  redirectUri: string;
}

/** How long ago somebody may have signed in at the provider to count as having stepped up here, in seconds. */
const FRESH = 300;
const TIMEOUT = 10;

const REFUSED = 'The identity provider did not confirm the sign-in; begin again.';

const AWAY = 'The identity provider cannot be reached; try again, or sign in another way.';
const UNFIT = 'The identity provider answers what cannot be used; sign in another way, and tell your operator.';

/** Whatever a provider says fits in this many times over; one that talks without end must not fill the memory. */
const LONGEST = 1_000_000;

/** As fetch, but the whole body is here when it returns, within the time that `signal` leaves, or it fails. */
const boundedFetch: client.CustomFetch = async (url, options) => {
  const response = await fetch(url, options as RequestInit);
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop by an error closes the connection.
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > LONGEST) throw new RangeError(`The identity provider sent more than ${LONGEST} bytes.`);
    chunks.push(chunk as Uint8Array);
  }
  const { status, statusText, headers } = response;
  return new Response(chunks.length === 0 ? null : Buffer.concat(chunks), { status, statusText, headers });
};

/** https, or http on this very machine, as src/config.ts has it for the issuer. */
function isSafe(address: string | undefined): boolean {
  if (address === undefined || !URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname));
}

function authorizationUrl(config: client.Configuration, parameters: Record<string, string>): URL {
  try {
    return client.buildAuthorizationUrl(config, parameters);
  } catch (error) {
    throw unavailable(UNFIT, { cause: error });
  }
}

/** Where people and secrets are sent. @throws Error that names what is wrong. */
function checkEndpoints(config: client.Configuration): void {
  const said = config.serverMetadata();
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const)
    if (!isSafe(said[name])) throw new RangeError(`The ${name} of the identity provider is no https address.`);
}

export interface Oidc {
  /** As an administrator writes it down with an identity. */
  issuer: string;
  /** @returns where to send the browser, and the secret for its flow cookie. */
  start(tools: Tools, from: Client): Promise<{ url: string; flow: string }>;
  /** @param answer the query of the address the provider sent the browser to. */
  finish(tools: Tools, given: { flow: unknown; answer: unknown }, from: Client): Promise<SignedIn>;
}

export function oidcOf({ issuer, clientId, clientSecret, redirectUri }: OidcOptions): Oidc {
  let known: Promise<client.Configuration> | undefined;

  /** Asked once; a provider that is away is asked again by the next person. */
  const configuration = (): Promise<client.Configuration> => {
    const server = new URL(issuer);
    known ??= client
      .discovery(server, clientId, clientSecret, undefined, {
        timeout: TIMEOUT,
        [client.customFetch]: boundedFetch,
        execute: [
          client.enableNonRepudiationChecks,
          // src/config.ts lets plain http pass for this very machine only.
          ...(server.protocol === 'http:' ? [client.allowInsecureRequests] : []),
        ],
      })
      .then((config) => {
        checkEndpoints(config);
        return config;
      })
      .catch((error: unknown) => {
        known = undefined;
        throw unavailable(error instanceof RangeError ? UNFIT : AWAY, { cause: error });
      });
    return known;
  };

  return {
    issuer,

    async start({ gate }, { address, sessionId }) {
      await count(gate.rows, 'begin', address);
      await sweep(gate.rows);
      const config = await configuration();
      const flow = await beginFlow(gate.rows, 'oidc', { data: sessionId === undefined ? {} : { sessionId } });
      const url = authorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid',
        // All of them follow from the secret in the cookie, so the table holds nothing to steal.
        state: derived(flow, 'state'),
        nonce: derived(flow, 'nonce'),
        code_challenge: await client.calculatePKCECodeChallenge(derived(flow, 'verifier')),
        code_challenge_method: 'S256',
        ...(sessionId === undefined ? {} : { max_age: String(FRESH) }),
      });
      return { url: url.href, flow };
    },

    async finish(tools, { flow, answer }, from) {
      const { gate } = tools;
      if (typeof answer !== 'string' || answer.length > 8_000)
        throw invalid('answer', 'Send the query of the address.');
      await count(gate.rows, 'address', from.address);
      const { data } = await mustTakeFlow(gate.rows, 'oidc', flow);
      const secret = flow as string;
      const sessionId = sessionOf(data);
      const config = await configuration();
      const current = new URL(redirectUri);
      current.search = answer;
      const claims = await client
        .authorizationCodeGrant(config, current, {
          pkceCodeVerifier: derived(secret, 'verifier'),
          expectedState: derived(secret, 'state'),
          expectedNonce: derived(secret, 'nonce'),
          idTokenExpected: true,
          ...(sessionId === undefined ? {} : { maxAge: FRESH }),
        })
        .then((tokens) => tokens.claims())
        .catch((error: unknown) => {
          throw unauthenticated(REFUSED, { rule: 'provider-refused', cause: error });
        });
      if (!claims) throw unauthenticated(REFUSED, { rule: 'provider-refused' });
      const [account] = await gate.rows<{ id: number }>(
        `select a.id from auth.identities i join auth.accounts a on a.id = i.account_id and a.active
         where i.issuer = $1 and i.subject = $2`,
        [claims.iss, claims.sub],
      );
      if (!account)
        throw unauthenticated(
          'The identity provider knows you, but you have no account here; ask your administrator.',
          {
            rule: 'no-account',
          },
        );
      const signedIn = await gate.transaction((rows) =>
        finish(tools, rows, account.id, ['oidc'], { ...from, sessionId }),
      );
      await forgive(gate.rows, 'address', from.address);
      return signedIn;
    },
  };
}
