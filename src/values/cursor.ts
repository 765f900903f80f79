// Sealed page cursors. A cursor holds sort keys of a row, which the viewer may not be allowed to read, so it is
// encrypted; and it is bound to one list, so that it cannot be carried to another query, viewer or lens.
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { InvalidValue } from './invalid-value.js';

/** The sort keys of a row, in the order of the list. */
export type CursorValues = readonly (string | number | null)[];

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LONGEST = 4096;
const REFUSED = 'This cursor belongs to another list; start again without `after`.';

/** `key` has 32 bytes; `scope` says which list this is, such as a hash of query, viewer and lens. Gives base64url text. */
export function sealCursor(key: Uint8Array, scope: string, values: CursorValues): string {
  if (values.some((value) => typeof value === 'number' && !Number.isFinite(value)))
    throw new TypeError('A sort key is a finite number.');
  const payload = JSON.stringify(values);
  // The nonce is made from what is sealed: one row has one cursor, in golden files and client caches too, and equal
  // nonces can only meet equal contents.
  const nonce = createHmac('sha256', key)
    .update(JSON.stringify(['cursor', scope, payload]))
    .digest()
    .subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(scope));
  const sealed = Buffer.concat([nonce, cipher.update(payload, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
  if (sealed.length > LONGEST) throw new RangeError('The sort keys of this row are too long for a cursor.');
  return sealed;
}

/** The sort keys that sealCursor was given. Throws InvalidValue for another list's, a changed or an overlong cursor. */
export function openCursor(key: Uint8Array, scope: string, text: string): CursorValues {
  const sealed = text.length <= LONGEST ? Buffer.from(text, 'base64url') : Buffer.alloc(0);
  // Buffer skips signs it does not know; only the one text that sealCursor wrote is accepted.
  if (sealed.length <= NONCE_BYTES + TAG_BYTES || sealed.toString('base64url') !== text)
    throw new InvalidValue(REFUSED);
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(scope))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  const opened = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    throw new InvalidValue(REFUSED);
  }
  return JSON.parse(opened.toString('utf8')) as CursorValues;
}
