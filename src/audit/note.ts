// Signed notes and checkpoints in the formats of C2SP (signed-note, tlog-checkpoint), so that any witness or monitor of
// transparency logs can read ours: origin, size, root; then `— <name> <base64 of 4 bytes of key id and the signature>`.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { sha256 } from './merkle.js';

const ED25519 = 1;
/** What PKCS #8 and SubjectPublicKeyInfo write before the 32 bytes of an Ed25519 key. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface Verifier {
  name: string;
  id: Buffer;
  publicKey: KeyObject;
}
export interface Signer extends Verifier {
  privateKey: KeyObject;
}
export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
  /** Every entry of a transaction with a smaller id is among these: an extension line, `settled <id>`. */
  settled: string;
  /** The whole signed note. */
  note: string;
}

const rawPublic = (key: KeyObject): Buffer =>
  key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length);
const keyId = (name: string, raw: Buffer): Buffer =>
  sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([ED25519]), raw])).subarray(0, 4);
const typed = (raw: Buffer): string => Buffer.concat([Buffer.from([ED25519]), raw]).toString('base64');

/** Name, id and typed key, joined with `+`. A base64 text may itself hold a +, a name may not. */
function split(text: string): { name: string; id: string; raw: Buffer } | undefined {
  const found = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44}=*)$/.exec(text.trim());
  const bytes = found && Buffer.from(found[3]!, 'base64');
  if (!bytes || bytes.length !== 33 || bytes[0] !== ED25519) return undefined;
  return { name: found[1]!, id: found[2]!, raw: bytes.subarray(1) };
}

function signerOf(name: string, privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey);
  return { name, id: keyId(name, rawPublic(publicKey)), publicKey, privateKey };
}

export function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  // The name is that of the log too: no two houses have the same.
  return signerOf(`kualik/audit/${sha256(rawPublic(publicKey)).toString('hex', 0, 6)}`, privateKey);
}

/** What the key file holds, as note tools write it: `PRIVATE+KEY+<name>+<id>+<base64>`. */
export function formatSigner({ name, id, privateKey }: Signer): string {
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PRIVATE_PREFIX.length);
  return `PRIVATE+KEY+${name}+${id.toString('hex')}+${typed(seed)}`;
}

export function parseSigner(text: string): Signer | undefined {
  const parts = text.startsWith('PRIVATE+KEY+') ? split(text.slice('PRIVATE+KEY+'.length)) : undefined;
  if (!parts) return undefined;
  const der = Buffer.concat([PRIVATE_PREFIX, parts.raw]);
  const signer = signerOf(parts.name, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return signer.id.toString('hex') === parts.id ? signer : undefined;
}

/** The public key, to give away: `<name>+<id>+<base64>`. */
export const formatVerifier = ({ name, id, publicKey }: Verifier): string =>
  `${name}+${id.toString('hex')}+${typed(rawPublic(publicKey))}`;

export function parseVerifier(text: string): Verifier | undefined {
  const parts = split(text);
  if (!parts || keyId(parts.name, parts.raw).toString('hex') !== parts.id) return undefined;
  const der = Buffer.concat([PUBLIC_PREFIX, parts.raw]);
  return {
    name: parts.name,
    id: Buffer.from(parts.id, 'hex'),
    publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }),
  };
}

export function signCheckpoint(signer: Signer, size: number, root: Buffer, settled: string): Checkpoint {
  const body = `${signer.name}\n${size}\n${root.toString('base64')}\nsettled ${settled}\n`;
  const signature = Buffer.concat([signer.id, sign(null, Buffer.from(body), signer.privateKey)]);
  return {
    origin: signer.name,
    size,
    root,
    settled,
    note: `${body}\n\u2014 ${signer.name} ${signature.toString('base64')}\n`,
  };
}

/** What a checkpoint says; undefined when it is none. Whether it is true is another question: isSigned. */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const found =
    /^([^\s+]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\nsettled (\d+)\n(?:[^\n]+\n)*\n(?:\u2014 [^\n]+\n)+$/.exec(
      note,
    );
  const size = Number(found?.[2]);
  if (!found || !Number.isSafeInteger(size)) return undefined;
  return { origin: found[1]!, size, root: Buffer.from(found[3]!, 'base64'), settled: found[4]!, note };
}

/** Whether this key signed it, as the log of its own name; other signatures, those of witnesses, are let be. */
export function isSigned({ note, origin }: Checkpoint, verifier: Verifier): boolean {
  if (origin !== verifier.name) return false;
  const end = note.lastIndexOf('\n\n') + 1;
  return note
    .slice(end + 1)
    .split('\n')
    .map((line) => /^\u2014 (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line))
    .filter((found) => found?.[1] === verifier.name)
    .map((found) => Buffer.from(found![2]!, 'base64'))
    .some(
      (bytes) =>
        bytes.subarray(0, 4).equals(verifier.id) &&
        verify(null, Buffer.from(note.slice(0, end)), verifier.publicKey, bytes.subarray(4)),
    );
}
