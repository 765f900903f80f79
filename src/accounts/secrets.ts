// Secrets that are handed out: 32 random bytes for the client, their SHA-256 for the table, never both in one place.
import { createHmac, hash, hkdfSync, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const BYTES = 32;

/** 256 bits, base64url: sessions, links, flows, contexts. */
export const newSecret = (): string => randomBytes(BYTES).toString('base64url');

export const isSecret = (text: unknown): text is string => typeof text === 'string' && /^[\w-]{43}$/.test(text);

/** What the table keeps of a secret. A fast hash will do: 256 random bits cannot be guessed. */
export const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');

/** Something that belongs to a secret and need not be kept: the nonce of a sign-in, the challenge of a passkey. */
export const derived = (secret: string, purpose: string): string =>
  createHmac('sha256', secret).update(purpose).digest('base64url');

/** A key of its own for each purpose, from the master secret. */
export const keyFor = (master: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', master, 'kualik', purpose, BYTES));

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BODY = 43;
const CHECK = 6;

function base62(bytes: Buffer, length: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; rest > 0n; rest /= 62n) text = DIGITS[Number(rest % 62n)]! + text;
  return text.padStart(length, '0');
}

/** In the same digits; of a number that is small enough to be one, since it is asked for with every request. */
function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (; rest > 0; rest = Math.floor(rest / 62)) text = DIGITS[rest % 62]! + text;
  return text.padStart(CHECK, '0');
}

/** `kua_`, 43 characters, 6 of checksum: programs that look for leaked secrets know it at sight, without asking us. */
export function newToken(): string {
  const body = base62(randomBytes(BYTES), BODY);
  return `kua_${body}${checksum(body)}`;
}

/** False for what was cut off or mistyped: it is refused without asking the database. */
export function isToken(text: string): boolean {
  const parts = /^kua_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/.exec(text);
  return parts !== null && checksum(parts[1]!) === parts[2];
}
