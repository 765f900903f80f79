// The explorer's files, read once at start: a request is looked up by its exact path, so no path can leave the folder.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SAFE_HEADERS, send } from './answer.js';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ttf': 'font/ttf',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

/** GraphiQL needs inline styles (Monaco positions its lines with them) and workers from blobs; scripts are files of ours. */
const PAGE_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface File {
  type: string;
  /** Hashed names never change their content. */
  immutable: boolean;
  plain: Variant;
  br?: Variant;
  gzip?: Variant;
}

interface Variant {
  bytes: Buffer;
  etag: string;
}

export interface Page {
  policy: string;
  notBuilt: string;
}

const NOT_BUILT = 'The explorer is not built yet: run "npm run build", then start Kualik again.\n';

/** Answers a GET or HEAD for a file; false if there is none. */
export type StaticFiles = (req: IncomingMessage, res: ServerResponse, path: string, requestId: string) => boolean;

const EXPLORER: Page = { policy: PAGE_POLICY, notBuilt: NOT_BUILT };

export function staticFiles(folder: string | undefined, page = EXPLORER): StaticFiles {
  const files = folder === undefined ? new Map<string, File>() : readFiles(folder);
  return (req, res, path, requestId) => {
    const file = files.get(path === '/' ? '/index.html' : path);
    if (file) sendFile(req, res, file, requestId, page.policy);
    else if (path === '/') send(res, 404, requestId, page.notBuilt, { 'content-type': 'text/plain; charset=utf-8' });
    else return false;
    return true;
  };
}

/** Where `npm run build` puts a page, seen from src/http and from dist/src/http alike. */
export const builtExplorer = (): string => builtPage('explorer');

export function builtPage(name: string): string {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const beside = join(here, '../../web', name);
  return existsSync(join(beside, 'index.html')) && !existsSync(join(beside, 'vite.config.ts'))
    ? beside
    : join(here, '../../dist/web', name);
}

function readFiles(folder: string): Map<string, File> {
  const files = new Map<string, File>();
  if (!existsSync(join(folder, 'index.html'))) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, path).split(sep).join('/')}`, {
      type,
      immutable: /-[\w-]{8}\.\w+$/.test(entry.name),
      plain: variant(path),
      ...(existsSync(`${path}.br`) ? { br: variant(`${path}.br`) } : {}),
      ...(existsSync(`${path}.gz`) ? { gzip: variant(`${path}.gz`) } : {}),
    });
  }
  return files;
}

function variant(path: string): Variant {
  const bytes = readFileSync(path);
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}

function sendFile(req: IncomingMessage, res: ServerResponse, file: File, requestId: string, policy: string): void {
  const accepted = String(req.headers['accept-encoding'] ?? '');
  const encoding =
    file.br && /\bbr\b/.test(accepted) ? 'br' : file.gzip && /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
  const { bytes, etag } = (encoding && file[encoding]) || file.plain;
  const headers = {
    ...SAFE_HEADERS,
    'content-type': file.type,
    'content-security-policy': policy,
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-store',
    vary: 'accept-encoding',
    etag,
    ...(encoding ? { 'content-encoding': encoding } : {}),
  };
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, { ...headers, 'x-request-id': requestId }).end();
    return;
  }
  send(res, 200, requestId, bytes, headers);
}
