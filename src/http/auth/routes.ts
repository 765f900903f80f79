// /auth/* (POST, JSON, 16 kB) and the page at /sign-in/ that talks to it. Everything is asked by POST, also the end of a
// sign-in at a provider, so that no address of ours does anything when somebody follows a link.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Accounts } from '../../accounts/accounts.js';
import { addressOf } from '../../accounts/address.js';
import type { Site } from '../../accounts/passkeys.js';
import { SAFE_HEADERS, send } from '../answer.js';
import { parseObject, readBody } from '../body.js';
import { Gate, type GateLimits } from '../gate.js';
import { refuse } from '../refusal.js';
import { checkContent, checkOrigin } from '../request.js';
import { builtPage, staticFiles } from '../static.js';
import { deviceOf, handlers, type Answer, type Asked } from './handlers.js';

const BODY_LIMIT = 16_384;
/**
 * Half of the connections that also find out who asks a question stay free for that, however many people try to sign in. They wait
 * longer than readers would: a password is judged in a tenth of a second, two at once.
 */
const GATE_LIMITS: GateLimits = { running: 4, waiting: 256, patience: 10_000 };
const PREFIX = '/auth/';
const PAGE = '/sign-in';

/** Scripts and styles are files of ours; nothing is inline, and nothing comes from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const NOT_BUILT = 'The sign-in page is not built yet: run "npm run build", then start Kualik again.\n';

export interface AuthOptions {
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies?: BlockList;
  /** Further names of this server, as for src/http/request.ts. */
  hosts?: ReadonlySet<string>;
  /** The built page; found by itself. */
  pageDir?: string;
}

export type Route = (req: IncomingMessage, res: ServerResponse, path: string, requestId: string) => Promise<boolean>;

/** Answers what is its own and says whether it did. @throws DomainError for what is refused. */
export function authRoutes(accounts: Accounts, options: AuthOptions = {}): Route {
  const files = staticFiles(options.pageDir ?? builtPage('sign-in'), { policy: POLICY, notBuilt: NOT_BUILT });

  const gate = new Gate(GATE_LIMITS);

  return async (req, res, path, requestId) => {
    if (path === PAGE || path.startsWith(`${PAGE}/`)) {
      if (req.method !== 'GET' && req.method !== 'HEAD') throw refuse.method('GET, HEAD');
      if (path === PAGE) send(res, 308, requestId, '', { location: `${PAGE}/` });
      else if (!files(req, res, path.slice(PAGE.length), requestId)) throw refuse.address();
      return true;
    }
    if (!path.startsWith(PREFIX)) return false;
    const name = path.slice(PREFIX.length);
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (!handler) throw refuse.address();
    if (req.method !== 'POST') throw refuse.method('POST');
    checkOrigin(req, options.hosts);
    checkContent(req);
    gate.check();
    const leaving = new AbortController();
    res.once('close', () => leaving.abort());
    const body = await readBody(req, res, BODY_LIMIT);
    if (body === undefined) return true; // the client left
    const { headers, socket } = req;
    const asked: Asked = {
      accounts,
      headers,
      body: parseObject(body),
      site: siteOf(req, accounts.publicUrl),
      client: {
        address: addressOf({ headers, remoteAddress: socket.remoteAddress }, options.trustedProxies),
        browser: String(headers['user-agent'] ?? ''),
        device: deviceOf(headers),
      },
    };
    // Whatever it did, and also if it failed half way: who asks next is looked up again.
    const done = gate.through(leaving.signal, () => handler(asked)).finally(() => accounts.forget());
    answer(res, requestId, await done);
    return true;
  };
}

function answer(res: ServerResponse, requestId: string, { body, cookies = [] }: Answer): void {
  if (res.headersSent || res.destroyed) return;
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  res.writeHead(200, {
    ...SAFE_HEADERS,
    'x-request-id': requestId,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(bytes.length),
    ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}),
  });
  res.end(bytes);
}

/** Passkeys are bound to the public address; without one, to this computer by its name. */
function siteOf(req: IncomingMessage, publicUrl: string | undefined): Site | undefined {
  if (publicUrl !== undefined) return { origin: new URL(publicUrl).origin };
  const port = /^localhost(:\d{1,5})?$/i.exec(req.headers.host ?? '');
  return port ? { origin: `http://localhost${port[1] ?? ''}` } : undefined;
}
