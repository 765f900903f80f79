// Envelopes, wrapped keys, shares and key files: what comes back, and that nothing else ever does.
import { randomBytes, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import {
  Damaged,
  fingerprint,
  keyIdOf,
  openText,
  sealText,
  unwrapKey,
  wrapKey,
  type Binding,
  type DataKey,
} from '../src/sealing/envelope.js';
import { createKek, kekOf, newKek, nextFile, promote, readKek, readKeks } from '../src/sealing/key-file.js';
import { openKeyring } from '../src/sealing/keyring.js';
import { inverse, join as joinShares, readShare, split, times, writeShare } from '../src/sealing/shares.js';
import { keyDirectory } from './support/sealing.js';

const key = (): DataKey => ({ id: randomUUID(), bytes: randomBytes(32) });
const about = (): Binding => ({ recordId: randomUUID(), kind: 'CONTACT', label: 'telephone' });

describe('an envelope', () => {
  test.each([
    ['an empty text', ''],
    ['a number', 'N 07412233'],
    ['Cyrillic', 'Ысық-Көл, 17'],
    ['Arabic', 'بەلگە'],
    ['what looks like padding', '80\u0000\u0080\u0000'],
    ['more than one block', 'x'.repeat(2000)],
  ])('gives back %s as it was written', (_, text) => {
    const [own, binding] = [key(), about()];
    expect(openText(sealText(text, own, binding), own, binding)).toBe(text);
  });

  test('is another one each time, names its key, and is as long for any short value', () => {
    const [own, binding] = [key(), about()];
    const envelopes = ['1', 'N 07412233', 'a'.repeat(63)].map((text) => sealText(text, own, binding));
    expect(new Set([...envelopes, sealText('1', own, binding)]).size).toBe(4);
    expect(new Set(envelopes.map((envelope) => envelope.length)).size).toBe(1);
    expect(envelopes.map(keyIdOf)).toEqual([own.id, own.id, own.id]);
    expect(keyIdOf('N 07412233')).toBeUndefined();
  });

  test('is refused beside another record, kind or label, and under another key', () => {
    const [own, binding] = [key(), about()];
    const envelope = sealText('N 07412233', own, binding);
    const others: [DataKey, Binding][] = [
      [own, { ...binding, recordId: randomUUID() }],
      [own, { ...binding, kind: 'WHEREABOUTS' }],
      [own, { ...binding, label: 'fax' }],
      [own, { ...binding, label: null }],
      [{ id: own.id, bytes: randomBytes(32) }, binding],
      [{ ...own, id: randomUUID() }, binding],
    ];
    for (const [with_, beside] of others) expect(() => openText(envelope, with_, beside)).toThrow(Damaged);
  });

  test('is refused when any one of its bits is another', () => {
    const [own, binding] = [key(), about()];
    const [version, id, nonce, sealed] = sealText('N 07412233', own, binding).split('.') as [
      string,
      string,
      string,
      string,
    ];
    const parts: [Buffer, (changed: string) => string][] = [
      [Buffer.from(nonce, 'base64url'), (changed) => [version, id, changed, sealed].join('.')],
      [Buffer.from(sealed, 'base64url'), (changed) => [version, id, nonce, changed].join('.')],
    ];
    let tried = 0;
    for (const [bytes, whole] of parts)
      for (let bit = 0; bit < bytes.length * 8; bit++, tried++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => openText(whole(changed.toString('base64url')), own, binding)).toThrow(Damaged);
      }
    expect(tried).toBe((12 + 64 + 16) * 8);
  });

  test('has one spelling: other characters for the same bytes are refused', () => {
    const [own, binding] = [key(), about()];
    const envelope = sealText('N 07412233', own, binding);
    const last = envelope.at(-1)!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const other of alphabet)
      if (other !== last) expect(() => openText(envelope.slice(0, -1) + other, own, binding)).toThrow(Damaged);
  });
});

test('a wrapped key opens with its own key, for its own record, under its own id alone', () => {
  const [own, record, kek] = [key(), randomUUID(), randomBytes(32)];
  const wrapped = wrapKey(own, record, kek);
  expect(unwrapKey(own.id, wrapped, record, kek)).toEqual(own);
  expect(() => unwrapKey(own.id, wrapped, record, randomBytes(32))).toThrow(Damaged);
  expect(() => unwrapKey(own.id, wrapped, randomUUID(), kek)).toThrow(Damaged);
  expect(() => unwrapKey(randomUUID(), wrapped, record, kek)).toThrow(Damaged);
  expect(() => unwrapKey(own.id, wrapped.slice(4), record, kek)).toThrow(Damaged);
});

test('a fingerprint is equal for equal texts under one key, and says nothing under another', () => {
  const [a, b] = [key(), key()];
  expect(fingerprint('42', a)).toBe(fingerprint('42', a));
  expect(fingerprint('42', a)).not.toBe(fingerprint('43', a));
  expect(fingerprint('42', a)).not.toBe(fingerprint('42', b));
});

describe('shares', () => {
  test('the field: every element has its inverse, and products are those of a second way to count', () => {
    const slowly = (a: number, b: number): number => {
      let product = 0;
      for (let bit = 0; bit < 8; bit++) if (b & (1 << bit)) product ^= a << bit;
      for (let bit = 15; bit >= 8; bit--) if (product & (1 << bit)) product ^= 0x11b << (bit - 8);
      return product;
    };
    for (let a = 0; a < 256; a++)
      for (let b = 0; b < 256; b++) if (times(a, b) !== slowly(a, b)) throw new Error(`${a} ${b}`);
    for (let a = 1; a < 256; a++) expect(times(a, inverse(a))).toBe(1);
    expect(() => inverse(0)).toThrow(RangeError);
  });

  test('any two give the secret back, in any order; two of different splits do not', () => {
    for (let round = 0; round < 50; round++) {
      const secret = randomBytes(32);
      const shares = split(secret);
      for (const a of shares) for (const b of shares) if (a !== b) expect(joinShares(a, b).equals(secret)).toBe(true);
      expect(joinShares(shares[0]!, split(secret)[1]!).equals(secret)).toBe(false);
    }
  });

  test('one alone fits every secret: whatever the secret was, its bytes are spread alike', () => {
    // With one share known, each secret byte belongs to exactly one slope: so all 256 of them are as likely as before.
    for (const x of [1, 2, 3]) {
      const possible = new Set(Array.from({ length: 256 }, (_, slope) => 0x5a ^ times(slope, x)));
      expect(possible.size).toBe(256);
    }
  });

  test('are read from paper, and a slip of one letter is noticed', () => {
    const kek = newKek();
    for (const share of split(kek.bytes)) {
      const line = writeShare(kek.id, share);
      expect(readShare(`  ${line.toUpperCase()}\n`)).toEqual({ keyId: kek.id, ...share });
      const places = [...line].flatMap((letter, place) => (/[0-9a-f]/.test(letter) && place > 14 ? [place] : []));
      const slips = places.map(
        (place) => line.slice(0, place) + (line[place] === '7' ? '8' : '7') + line.slice(place + 1),
      );
      expect(slips.filter((slip) => readShare(slip) !== undefined)).toEqual([]);
    }
  });
});

describe('a key file', () => {
  let directory: string;
  beforeEach(() => (directory = keyDirectory()));
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  test('is written once, for its owner alone, and read back', () => {
    const [file, kek] = [join(directory, 'deep', 'seal-key'), newKek()];
    expect(readKek(file)).toBeUndefined();
    expect(createKek(file, kek)).toBe(true);
    expect(createKek(file, newKek())).toBe(false);
    expect(readKek(file)).toEqual(kek);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(join(directory, 'deep'))).toEqual(['seal-key']);
  });

  test.each([
    ['empty', () => ''],
    ['cut short', (text: string) => text.slice(0, 40)],
    ['of another format', () => randomBytes(32).toString('base64')],
    [
      'with a slip in it',
      (text: string) => text.replace(/(.{5})=\n$/, (_, tail: string) => `${tail === 'AAAAA' ? 'BBBBB' : 'AAAAA'}=\n`),
    ],
  ])('that is %s is told, without the key', (_, change) => {
    const file = join(directory, 'seal-key');
    const kek = newKek();
    createKek(file, kek);
    fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8')));
    expect(() => readKek(file)).toThrow(/does not hold a whole key/);
    expect(readKeks(file)).toEqual([]);
  });

  test('gives way to the next one, and every key that is there is found', () => {
    const [file, old, next] = [join(directory, 'seal-key'), newKek(), newKek()];
    const keyring = openKeyring(file);
    expect(keyring.find(old.id)).toBeUndefined();
    createKek(file, old);
    createKek(nextFile(file), next);
    expect(keyring.find(next.id)).toEqual(next);
    promote(file, old);
    expect(readKek(file)).toEqual(next);
    expect(readKeks(file).map(({ id }) => id)).toEqual([next.id, old.id]);
    // What was read is kept: the medium may be taken away.
    fs.rmSync(directory, { recursive: true });
    expect(keyring.find(next.id)).toEqual(next);
    expect(keyring.find(kekOf(Buffer.alloc(32)).id)).toBeUndefined();
  });
});
