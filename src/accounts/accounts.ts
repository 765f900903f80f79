// Accounts, joined: who a request comes from, and every way to prove it.
import type { IncomingHttpHeaders } from 'node:http';
import type { DataSource } from 'typeorm';
import { unauthenticated } from '../errors.js';
import { credentialOf } from './credential.js';
import { gateOf } from './gate.js';
import { lookUp, type LookUp } from './look-up.js';
import { oidcOf, type Oidc } from './oidc.js';
import { Passwords } from './passwords.js';
import { remembered } from './remembered.js';
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
  /** The same for a question; a reader's answer may be up to a second old (remembered.ts). */
  askerOf(request: ViewerRequest): Promise<Viewer>;
  /** The same for what takes longer than a request: so many milliseconds, unless the sign-in ends before. */
  lastingAskerOf(request: ViewerRequest, lasting: number): Promise<Viewer>;
  /** Nothing is remembered of who asked before. */
  forget(): void;
}

const SIGN_IN =
  'Sign in at /sign-in/, or send a token as "Authorization: Bearer kua_..."; "kualik token new" makes one.';

export function openAccounts(options: AccountsOptions): Accounts {
  const gate = gateOf(options.gate);
  const find = lookUp(gate);
  const memory = remembered(find);
  const { publicUrl, oidc, secret } = options;
  const who = async ({ headers }: ViewerRequest, look: LookUp): Promise<Viewer> => {
    const credential = credentialOf(headers, publicUrl);
    if (credential) return look(credential);
    if (await options.anonymous()) return ANONYMOUS;
    throw unauthenticated(SIGN_IN, { rule: 'sign-in' });
  };
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
    viewerOf: (request) => who(request, find),
    askerOf: (request) => who(request, memory.find),
    lastingAskerOf: (request, lasting) => who(request, (credential) => find(credential, lasting)),
    forget: memory.forget,
  };
}
