// Cookies: __Host- (this host alone, TLS or this very machine, no script of ours needs to read them), SameSite=Strict all of
// them. Also that of a sign-in at a provider: the provider sends people to the page, and the page's own request carries it.
import { SESSION_COOKIE } from '../../accounts/credential.js';

export const DEVICE_COOKIE = '__Host-kualik-device';
export const FLOW_COOKIE = '__Host-kualik-flow';
const HALF_A_YEAR = 180 * 86_400;

const cookie = (name: string, value: string, age?: number): string =>
  `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Strict${age === undefined ? '' : `; Max-Age=${age}`}`;

export const setCookie = {
  /** Without an age: it also ends with the browser. */
  session: (secret: string): string => cookie(SESSION_COOKIE, secret),
  noSession: (): string => cookie(SESSION_COOKIE, '', 0),
  device: (value: string): string => cookie(DEVICE_COOKIE, value, HALF_A_YEAR),
  flow: (secret: string): string => cookie(FLOW_COOKIE, secret, 600),
  noFlow: (): string => cookie(FLOW_COOKIE, '', 0),
};
