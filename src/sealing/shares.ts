// A key in three shares, any two of which give it back while one alone says nothing at all (Shamir, "How to share a secret",
// 1979): each byte is the constant of a random straight line over GF(256), and a share is the line's value at 1, 2 or 3.
import { createHash, randomBytes } from 'node:crypto';

/** At which point of the lines, and their values there. */
export interface Share {
  x: number;
  bytes: Buffer;
}

const POINTS = [1, 2, 3];

/** Multiplication modulo x^8 + x^4 + x^3 + x + 1, the field of AES; the same steps whatever the bits. */
export function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) {
    product ^= a & -((b >> bit) & 1);
    a = (a << 1) ^ (0x11b & -(a >> 7));
  }
  return product;
}

/** a^254: the field has 255 elements that are not 0. */
export function inverse(a: number): number {
  if (a === 0) throw new RangeError('0 has no inverse.');
  let power = a;
  for (let step = 0; step < 6; step++) power = times(times(power, power), a);
  return times(power, power);
}

export function split(secret: Buffer): Share[] {
  const slopes = randomBytes(secret.length);
  return POINTS.map((x) => ({ x, bytes: Buffer.from(secret.map((byte, i) => byte ^ times(slopes[i]!, x))) }));
}

/** The secret of two different shares; of shares of different secrets something else, which the caller must notice. */
export function join(a: Share, b: Share): Buffer {
  const span = inverse(a.x ^ b.x);
  return Buffer.from(a.bytes.map((byte, i) => byte ^ times(times(byte ^ b.bytes[i]!, span), a.x)));
}

/** One line that can be copied by hand: which key, which share, its bytes, and eight digits that find a slip of the pen. */
export function writeShare(keyId: string, { x, bytes }: Share): string {
  const text = `kualik-share-1 ${keyId} ${x} ${bytes.toString('hex')}`;
  return `${text} ${check(text)}`;
}

export type ReadShare = Share & { keyId: string };

/** Undefined for anything but a share that was copied without a mistake. */
export function readShare(line: string): ReadShare | undefined {
  const [, text, keyId, x, hex, found] =
    /^(kualik-share-1 ([0-9a-f]{16}) ([123]) ([0-9a-f]{64})) ([0-9a-f]{8})$/.exec(line.trim().toLowerCase()) ?? [];
  if (text === undefined || check(text) !== found) return undefined;
  return { keyId: keyId!, x: Number(x), bytes: Buffer.from(hex!, 'hex') };
}

const check = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
