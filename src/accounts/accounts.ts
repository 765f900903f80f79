// Accounts, joined: who a request comes from, and every way to prove it.
import type { IncomingHttpHeaders } from 'node:http';
import type { DataSource } from 'typeorm';
import { unauthenticated } from '../errors.js';
import { credentialOf } from './credential.js';
import { gateOf } from './gate.js';
import { lookUp } from './look-up.js';
import { oidcOf, type Oidc } from './oidc.js';
import { Passwords } from './passwords.js';
import { keyFor } from './secrets.js';
import type { Tools } from './tools.js';
import { ANONYMOUS, type Viewer } from './viewer.js';

export interface AccountsOptions {
  /** A pool of kualik_gate. */
  gate: DataSource;
  /** The master secret; each use here has a key of its own. */
  secret: Buffer;
  /** Whether people may read without signing in, asked at each such request; see anonymousAllowed. */
  anonymous: () => Promise<boolean>;
  /** The address under which browsers reach this server, such as https://kualik.example. */
  publicUrl?: string;
  /** Needs publicUrl. */
  oidc?: { issuer: string; clientId: string; clientSecret: string };
  /** For tests, where a hash may cost less. */
  passwords?: Passwords;
}

export interface ViewerRequest {
  headers: IncomingHttpHeaders;
}

export interface Accounts {
  /** What the ceremonies of the other files take first. */
  tools: Tools;
  publicUrl: string | undefined;
  oidc: Oidc | undefined;
  /** Whether people may read without signing in. */
  anonymous: () => Promise<boolean>;
  /**
   * Who is asking.
   * @throws DomainError UNAUTHENTICATED: a credential that does not count, or none where one is needed; FORBIDDEN: a session used by
   * another site's page.
   */
  viewerOf(request: ViewerRequest): Promise<Viewer>;
}

const SIGN_IN =
  'Sign in at /sign-in/, or send a token as "Authorization: Bearer kua_..."; "kualik token new" makes one.';

export function openAccounts(options: AccountsOptions): Accounts {
  const gate = gateOf(options.gate);
  const find = lookUp(gate);
  const { publicUrl, oidc, secret } = options;
  return {
    tools: {
      gate,
      passwords: options.passwords ?? new Passwords(),
      totpKey: keyFor(secret, 'totp secrets'),
      deviceKey: keyFor(secret, 'known devices'),
    },
    publicUrl,
    oidc: oidc && publicUrl ? oidcOf({ ...oidc, redirectUri: `${new URL(publicUrl).origin}/sign-in/` }) : undefined,
    anonymous: options.anonymous,
    async viewerOf({ headers }) {
      const credential = credentialOf(headers, publicUrl);
      if (credential) return find(credential);
      if (await options.anonymous()) return ANONYMOUS;
      throw unauthenticated(SIGN_IN, { rule: 'sign-in' });
    },
  };
}
