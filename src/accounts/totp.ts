// Codes of an authenticator app (RFC 6238: SHA-1, 30 seconds, 6 digits, what every app knows). The step of an accepted code is
// stored, so that a code, once used, and every older one, is refused.
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Temporal } from 'temporal-polyfill';

const SECONDS = 30;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const stepNow = (): number => Math.floor(Temporal.Now.instant().epochMilliseconds / 1000 / SECONDS);

export function codeAt(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = mac[mac.length - 1]! & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** The step the code belongs to; clocks may be one step apart. */
export function stepOf(secret: Buffer, code: unknown, now = stepNow()): number | undefined {
  const digits = typeof code === 'string' ? code.replace(/[\s-]/g, '') : '';
  if (!/^\d{6}$/.test(digits)) return undefined;
  const fits = [now + 1, now, now - 1].filter((step) =>
    timingSafeEqual(Buffer.from(codeAt(secret, step)), Buffer.from(digits)),
  );
  return fits[0];
}

export function base32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** What an authenticator app reads. */
export const otpauth = (login: string, secret: Buffer): string =>
  `otpauth://totp/Kualik:${encodeURIComponent(login)}?secret=${base32(secret)}&issuer=Kualik&algorithm=SHA1&digits=6&period=${SECONDS}`;

/** AES-256-GCM, bound to its account: a sealed secret copied to another row does not open. */
export function seal(key: Buffer, accountId: number, secret: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(`totp:${accountId}`));
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined when it was sealed with another key, as after the master secret was lost. */
export function unseal(key: Buffer, accountId: number, sealed: Buffer): Buffer | undefined {
  const [nonce, text, tag] = [sealed.subarray(0, 12), sealed.subarray(12, -16), sealed.subarray(-16)];
  try {
    const opened = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
      .setAAD(Buffer.from(`totp:${accountId}`))
      .setAuthTag(tag);
    return Buffer.concat([opened.update(text), opened.final()]);
  } catch {
    return undefined;
  }
}
