// A passkey in software: ES256, CBOR by hand. It does what a real one does, and, when told to, what a broken or stolen one would do.
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

type Cbor = number | string | Buffer | Map<number | string, Cbor>;

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 255]);
}

function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])]);
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();
const FLAGS = { present: 1, verified: 4, attested: 64 };

export interface Oddly {
  origin?: string;
  rpId?: string;
  challenge?: string;
  /** Nobody typed a PIN. */
  unverified?: boolean;
  /** The counter that is told, in place of one more than the last. */
  counter?: number;
  type?: string;
}

export class Authenticator {
  readonly id = randomBytes(16);
  counter = 0;
  readonly #key: KeyObject;
  readonly #public: { x: Buffer; y: Buffer };

  constructor(readonly origin: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x, y } = publicKey.export({ format: 'jwk' });
    this.#key = privateKey;
    this.#public = { x: Buffer.from(x!, 'base64url'), y: Buffer.from(y!, 'base64url') };
  }

  #data(oddly: Oddly, attested = Buffer.alloc(0)): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(oddly.counter ?? ++this.counter);
    const flags = FLAGS.present | (oddly.unverified ? 0 : FLAGS.verified) | (attested.length > 0 ? FLAGS.attested : 0);
    const host = oddly.rpId ?? new URL(this.origin).hostname;
    return Buffer.concat([sha256(host), Buffer.from([flags]), counter, attested]);
  }

  #client(type: string, challenge: string, oddly: Oddly): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: oddly.type ?? type,
        challenge: oddly.challenge ?? challenge,
        origin: oddly.origin ?? this.origin,
        crossOrigin: false,
      }),
    );
  }

  /** What navigator.credentials.create() answers. */
  register(options: { challenge: string }, oddly: Oddly = {}): object {
    const length = Buffer.from([0, this.id.length]);
    const key = cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, this.#public.x],
        [-3, this.#public.y],
      ]),
    );
    const authData = this.#data(oddly, Buffer.concat([Buffer.alloc(16), length, this.id, key]));
    const attestation = cbor(
      new Map<string, Cbor>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ]),
    );
    return this.#answer({
      clientDataJSON: this.#client('webauthn.create', options.challenge, oddly).toString('base64url'),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal'],
    });
  }

  /** What navigator.credentials.get() answers. */
  assert(options: { challenge: string }, oddly: Oddly = {}): object {
    const clientData = this.#client('webauthn.get', options.challenge, oddly);
    const authData = this.#data(oddly);
    return this.#answer({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', Buffer.concat([authData, sha256(clientData)]), this.#key).toString('base64url'),
    });
  }

  #answer(response: object): object {
    const id = this.id.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }
}
