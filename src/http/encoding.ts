// Answers made smaller for who asks for it. Why this is safe, and where level and threshold come from, is in
// docs/decisions/0022-large-answers.md.
import { constants, createGzip, gzip, type ZlibOptions } from 'node:zlib';
import { promisify } from 'node:util';
import type { Feed } from './outbox.js';

/** Below it, what is saved fits into the packets that are sent anyway. */
export const WORTH_BYTES = 8_192;
const OPTIONS: ZlibOptions = { level: 1, memLevel: 9 };

const zip = promisify<Buffer, ZlibOptions, Buffer>(gzip);

/** Whether an accept-encoding header asks for gzip: by its name or by *, and not with q=0. */
export function asksForGzip(accepted: string | undefined): boolean {
  if (accepted === undefined) return false;
  const ratings = new Map(
    accepted
      .toLowerCase()
      .split(',')
      .map((part) => {
        const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
        const quality = parameters.find((text) => text.startsWith('q='));
        return [name, quality === undefined ? 1 : Number(quality.slice(2))];
      }),
  );
  return (ratings.get('gzip') ?? ratings.get('*') ?? 0) > 0;
}

/** The body, and what goes with it is added to the headers; not on the thread that answers. */
export async function encoded(
  body: string,
  accepted: string | undefined,
  headers: Record<string, string>,
): Promise<string | Buffer> {
  headers.vary = 'accept-encoding';
  if (body.length < WORTH_BYTES || !asksForGzip(accepted)) return body;
  const small = await zip(Buffer.from(body), OPTIONS);
  headers['content-encoding'] = 'gzip';
  return small;
}

/** A feed whose bytes are compressed; what is written leaves at once, and is not kept for more to come. */
export function gzipped(inner: Feed): Feed {
  const stream = createGzip(OPTIONS);
  const made: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => made.push(chunk));
  const leave = (): Promise<void> => inner.write(Buffer.concat(made.splice(0)));
  return {
    async write(bytes) {
      await new Promise<void>((resolve, reject) =>
        stream.write(bytes, (error) => (error ? reject(error) : stream.flush(constants.Z_SYNC_FLUSH, resolve))),
      );
      await leave();
    },
    async end() {
      await new Promise<void>((resolve, reject) => stream.once('end', resolve).once('error', reject).end());
      await leave();
      await inner.end();
    },
  };
}
