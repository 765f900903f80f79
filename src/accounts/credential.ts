// What a request shows of itself: a session cookie or a token, never both, and the cookie only from our own pages.
import type { IncomingHttpHeaders } from 'node:http';
import { forbidden, unauthenticated } from '../errors.js';
import { hashOf, isSecret, isToken } from './secrets.js';

export const SESSION_COOKIE = '__Host-kualik';

export type Credential = { kind: 'session' | 'token'; hash: Buffer };

/** The value of a cookie; undefined when it is missing. Twice the same name is somebody's trick, so it counts as none. */
export function cookieOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const found = (headers.cookie ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
  return found.length === 1 ? found[0] : undefined;
}

export const SESSION_OVER = 'Your session has ended; sign in again.';
export const TOKEN_REFUSED =
  'This token is not valid: it may have been cut off, have expired, or been revoked. Make a new one with "kualik token new".';

/** Undefined when the request shows nothing. @throws DomainError when it shows something that cannot be read. */
export function credentialOf(headers: IncomingHttpHeaders, publicUrl?: string): Credential | undefined {
  const cookie = cookieOf(headers, SESSION_COOKIE);
  const { authorization } = headers;
  if (authorization !== undefined && cookie !== undefined)
    throw unauthenticated('The request shows a session and a token at once; send one of them.', {
      rule: 'one-credential',
    });
  if (authorization !== undefined) {
    const token = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1];
    if (token === undefined) throw unauthenticated('Send a token of Kualik as "Authorization: Bearer kua_...".');
    if (!isToken(token)) throw unauthenticated(TOKEN_REFUSED);
    return { kind: 'token', hash: hashOf(token) };
  }
  if (cookie === undefined) return undefined;
  refuseOtherSites(headers, publicUrl);
  if (!isSecret(cookie)) throw unauthenticated(SESSION_OVER);
  return { kind: 'session', hash: hashOf(cookie) };
}

/**
 * A browser adds the cookie by itself, so the request must also say that a page of ours made it. No script can write
 * Sec-Fetch-Site; browsers that do not send it (over plain http to another machine) send Origin.
 */
function refuseOtherSites(headers: IncomingHttpHeaders, publicUrl?: string): void {
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin') return;
  if (site === undefined && headers.origin !== undefined && isOwnOrigin(headers, publicUrl)) return;
  throw forbidden('A session counts only for pages of this very server; programs use a token.', { rule: 'origin' });
}

function isOwnOrigin({ origin, host }: IncomingHttpHeaders, publicUrl: string | undefined): boolean {
  if (publicUrl !== undefined) return origin === new URL(publicUrl).origin;
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}
