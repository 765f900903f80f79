// A fingerprint of what a file says, remembered beside the record: equal fingerprints mean that nothing has to be written.
import { createHash } from 'node:crypto';

/** Of anything JSON can hold, where arrays are in a fixed order. Never change what goes in without a thought for old databases. */
export const digest = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64url');
