// A clear text and its envelope, `k1.<key id>.<nonce>.<ciphertext and tag>`: AES-256-GCM under the data key of the record that
// it belongs to. What a reader sees beside the value is authenticated with it, so an envelope that was moved to another
// record, another kind or another label is refused instead of being shown as something that it is not.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** 32 bytes that seal the values of one record. */
export interface DataKey {
  id: string;
  bytes: Buffer;
}

/** What an envelope is bound to: all that is known when it is made and shown beside the value. */
export interface Binding {
  recordId: string;
  kind: string;
  label: string | null;
}

/** An envelope that its key does not open: it was altered, or moved here from elsewhere. */
export class Damaged extends Error {
  constructor() {
    super('The envelope was altered or moved.');
    this.name = 'Damaged';
  }
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The length of a short value would nearly tell it, so all are as long as the next multiple of this. */
const BLOCK = 64;
const FORM = /^k1\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{107,})$/;

/** One key for one use: none of them says anything of the others. */
const derived = (bytes: Buffer, use: string): Buffer => Buffer.from(hkdfSync('sha256', bytes, 'kualik', use, 32));

const bound = (keyId: string, { recordId, kind, label }: Binding): Buffer =>
  Buffer.from(JSON.stringify(['kualik sealed value 1', 'sealed_values.envelope', keyId, recordId, kind, label]));

/** A 1 after the text, then zeros (ISO/IEC 7816-4). */
function padded(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const whole = Buffer.alloc(Math.ceil((bytes.length + 1) / BLOCK) * BLOCK);
  bytes.copy(whole);
  whole[bytes.length] = 0x80;
  return whole;
}

export function sealText(text: string, key: DataKey, binding: Binding): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, derived(key.bytes, 'seal'), nonce).setAAD(bound(key.id, binding));
  const sealed = Buffer.concat([cipher.update(padded(text)), cipher.final(), cipher.getAuthTag()]);
  return ['k1', key.id, nonce.toString('base64url'), sealed.toString('base64url')].join('.');
}

/** Which data key an envelope needs; undefined for what is no envelope. */
export const keyIdOf = (envelope: string): string | undefined => FORM.exec(envelope)?.[1];

/** The clear text. Throws Damaged. */
export function openText(envelope: string, key: DataKey, binding: Binding): string {
  const [, id, nonce, rest] = FORM.exec(envelope) ?? [];
  if (id !== key.id) throw new Damaged();
  const sealed = Buffer.from(rest!, 'base64url');
  // base64url has several spellings of the same bytes at its end; only the one that was written is right.
  if (sealed.toString('base64url') !== rest) throw new Damaged();
  const decipher = createDecipheriv(CIPHER, derived(key.bytes, 'seal'), Buffer.from(nonce!, 'base64url'))
    .setAAD(bound(key.id, binding))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const whole = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
    return whole.subarray(0, whole.lastIndexOf(0x80)).toString('utf8');
  } catch {
    throw new Damaged();
  }
}

/** What may be remembered of a clear text: equal for equal texts, and without the key no text can be tried against it. */
export const fingerprint = (text: string, { bytes }: DataKey): string =>
  createHmac('sha256', derived(bytes, 'remember')).update(text).digest('base64url');

/** A data key under a key-encryption key, bound to its id and record: `<nonce><ciphertext><tag>`, base64url. */
export function wrapKey(key: DataKey, compartment: string, kek: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, kek, nonce).setAAD(wrapping(key.id, compartment));
  return Buffer.concat([nonce, cipher.update(key.bytes), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** Throws Damaged. */
export function unwrapKey(id: string, wrapped: string, compartment: string, kek: Buffer): DataKey {
  const whole = Buffer.from(wrapped, 'base64url');
  if (whole.length !== NONCE_BYTES + 32 + TAG_BYTES) throw new Damaged();
  const decipher = createDecipheriv(CIPHER, kek, whole.subarray(0, NONCE_BYTES))
    .setAAD(wrapping(id, compartment))
    .setAuthTag(whole.subarray(-TAG_BYTES));
  try {
    return { id, bytes: Buffer.concat([decipher.update(whole.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]) };
  } catch {
    throw new Damaged();
  }
}

const wrapping = (id: string, compartment: string): Buffer =>
  Buffer.from(JSON.stringify(['kualik data key 1', id, compartment]));
