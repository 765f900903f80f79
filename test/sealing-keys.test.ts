// The key of a database: made once, missed, lost, split, and replaced, also when the replacing is cut short at any point.
import { randomBytes, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { withClient } from '../src/db/client.js';
import { keyById, keyOfRecord, type Keys } from '../src/sealed/keys.js';
import { openText, sealText, wrapKey, type DataKey } from '../src/sealing/envelope.js';
import { createKek, earlierFile, keyPlace, newKek, nextFile, readKek, type KeyPlace } from '../src/sealing/key-file.js';
import { openKeyring } from '../src/sealing/keyring.js';
import { keyStatus, newKey, prepareKeys, rotateKeys } from '../src/sealing/keys-in-use.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { killChildren, runScript } from './support/processes.js';
import { keyDirectory } from './support/sealing.js';

let database: FreshDatabase;
let directory: string;
let place: KeyPlace;
beforeEach(async () => {
  database = await freshDatabase();
  directory = keyDirectory();
  place = keyPlace({ dataDir: directory });
});
afterEach(async () => {
  await killChildren();
  await database?.drop();
  fs.rmSync(directory, { recursive: true, force: true });
});

/** As the server holds them; one for all, as in a server that has been running all the while. */
const keysOf = (keyring = openKeyring(place.file)): Keys => ({
  keyring,
  db: {
    rows: (_, text, values) =>
      withClient(database.loaderUrl, async (client) => (await client.query(text, [...values])).rows),
  },
});
const prepare = () => prepareKeys(database.migrateUrl, place);
const status = () => keyStatus(database.migrateUrl, place);
const binding = (recordId: string) => ({ recordId, kind: 'OTHER', label: null });

interface Sealed {
  record: string;
  envelope: string;
  key: string;
}
async function sealOne(keys: Keys, text: string): Promise<Sealed> {
  const record = randomUUID();
  const key = await keyOfRecord(record, keys);
  return { record, envelope: sealText(text, key, binding(record)), key: key.id };
}
async function open({ record, envelope, key }: Sealed, keys: Keys): Promise<string> {
  // Asked anew: a batch of the loaders is one operation.
  const found = await keyById(key, { ...keys, db: { rows: keys.db.rows } });
  if (!found) throw new Error('no key');
  return 'missing' in found ? found.missing : openText(envelope, found.key, binding(record));
}

describe('at the start', () => {
  test('a key is made once, whoever starts at the same time, and nothing more is said', async () => {
    const said = await Promise.all([prepare(), prepare(), prepare()]);
    expect(said.filter((text) => text !== undefined)).toEqual([expect.stringContaining(place.file)]);
    expect(await status()).toMatchObject({
      needed: readKek(place.file)!.id,
      found: [readKek(place.file)!.id],
      under: [],
    });
    expect(await prepare()).toBeUndefined();
  });

  test('no key is made where an operator says that it is: the medium may be missing', async () => {
    place = keyPlace({ dataDir: directory, keyFile: join(directory, 'stick', 'key') });
    expect(await prepare()).toMatch(/no key file .*stick.*kualik key new/);
    expect(fs.existsSync(place.file)).toBe(false);
    await expect(keyOfRecord(randomUUID(), keysOf())).rejects.toThrow(/no key to seal with yet/);
    expect(await newKey(database.migrateUrl, place, false)).toContain(place.file);
    expect(await prepare()).toBeUndefined();
    await expect(newKey(database.migrateUrl, place, false)).rejects.toThrow(/in use and can be read/);
  });

  test.each([
    ['missing', () => fs.rmSync(place.file), /is not there/],
    ['another one', () => (fs.rmSync(place.file), createKek(place.file, newKek())), /holds another one/],
    ['damaged', () => fs.writeFileSync(place.file, 'kualik-seal-key-1 '), /does not hold a whole key/],
  ])('a key that is %s is named, and no other one is made', async (_, spoil, reason) => {
    await prepare();
    const { id } = readKek(place.file)!;
    const sealed = await sealOne(keysOf(), 'N 1');
    spoil();
    const said = await prepare();
    expect(said).toMatch(reason);
    expect(said).toContain(`they need the key ${id}`);
    expect(await open(sealed, keysOf())).toBe('KEY_LOST');
    await expect(keyOfRecord(sealed.record, keysOf())).rejects.toThrow(`lacks the key ${id}`);
    await expect(newKey(database.migrateUrl, place, false)).rejects.toThrow(/--after-loss/);
    await expect(rotateKeys(database.migrateUrl, place)).rejects.toThrow(/key/);
  });
});

test('after a loss new values are sealed under a new key, and a lost key that is found opens the old ones again', async () => {
  await prepare();
  const lost = readKek(place.file)!;
  const old = await sealOne(keysOf(), 'old');
  fs.rmSync(place.file);
  expect(await newKey(database.migrateUrl, place, true)).toContain(earlierFile(place.file, lost.id));
  const keys = keysOf();
  const fresh = await sealOne(keys, 'new');
  const again = await keyOfRecord(old.record, keys);
  expect(again.id).not.toBe(old.key);
  expect([await open(old, keys), await open(fresh, keys)]).toEqual(['KEY_LOST', 'new']);
  createKek(earlierFile(place.file, lost.id), lost);
  expect(await rotateKeys(database.migrateUrl, place)).toMatchObject({ keys: 3, left: 0 });
  fs.rmSync(earlierFile(place.file, lost.id));
  expect([await open(old, keysOf()), await open(fresh, keysOf())]).toEqual(['old', 'new']);
});

describe('a rotation', () => {
  const many = 1_300; // three batches
  async function fill(): Promise<Sealed[]> {
    await prepare();
    const kek = readKek(place.file)!;
    const made = Array.from({ length: many }, (_, n) => {
      const key: DataKey = { id: randomUUID(), bytes: randomBytes(32) };
      const record = randomUUID();
      return {
        record,
        key: key.id,
        envelope: sealText(`value ${n}`, key, binding(record)),
        wrapped: wrapKey(key, record, kek.bytes),
      };
    });
    await withClient(database.loaderUrl, (client) =>
      client.query(
        `insert into seal.keys (id, compartment, wrapped, kek_id) select v.*, $4 from unnest($1::uuid[], $2::uuid[], $3::text[]) v`,
        [made.map(({ key }) => key), made.map(({ record }) => record), made.map(({ wrapped }) => wrapped), kek.id],
      ),
    );
    return made;
  }
  /** Every value, in one question for all keys. */
  const expectAll = async (sealed: Sealed[], keys: Keys) =>
    expect(await Promise.all(sealed.map((one) => openIn(one, keys)))).toEqual(sealed.map((_, n) => `value ${n}`));
  const openIn = async ({ record, envelope, key }: Sealed, keys: Keys) => {
    const found = await keyById(key, keys);
    return found && 'key' in found ? openText(envelope, found.key, binding(record)) : found?.missing;
  };

  test('puts every data key under the new key; a server that runs all the while notices nothing', async () => {
    const sealed = await fill();
    const running = openKeyring(place.file);
    const old = readKek(place.file)!;
    await expectAll(sealed, keysOf(running));
    expect(await rotateKeys(database.migrateUrl, place)).toMatchObject({ from: old.id, keys: many, left: 0 });
    const fresh = readKek(place.file)!;
    expect(fresh.id).not.toBe(old.id);
    await expectAll(sealed, keysOf(running));
    expect(await open(await sealOne(keysOf(running), 'later'), keysOf())).toBe('later');
    expect(await status()).toEqual({ needed: fresh.id, found: [fresh.id, old.id], under: [{ kek: fresh.id, keys: many + 1 }], destroyed: 0, rotating: false }); // prettier-ignore
    // The old key opens nothing any more.
    fs.rmSync(earlierFile(place.file, old.id));
    await expectAll(sealed, keysOf());
    // Nothing can be put under it either.
    await expect(
      withClient(database.loaderUrl, (client) =>
        client.query(`insert into seal.keys (id, compartment, wrapped, kek_id) values ($1, $1, $2, $3)`, [
          randomUUID(),
          'A'.repeat(80),
          old.id,
        ]),
      ),
    ).rejects.toMatchObject({ code: '40001' });
  });

  test.each([
    ['half of the keys', /^done 500$/, 500],
    ['the last key', new RegExp(`^done ${many}$`), many],
  ])('that is killed after %s loses nothing, and the next one goes on', async (_, point, done) => {
    const sealed = await fill();
    const old = readKek(place.file)!;
    const child = runScript('test/support/rotate-child.ts', [database.migrateUrl, place.file]);
    await child.line(point);
    child.process.kill('SIGKILL');
    expect((await child.ended).signal).toBe('SIGKILL');
    const between = await status();
    expect(between).toMatchObject({ rotating: true, needed: readKek(nextFile(place.file))!.id });
    expect(between.under.find(({ kek }) => kek === between.needed)?.keys).toBe(done);
    expect(readKek(place.file)).toEqual(old);
    // The server works all the while, and seals under the new key.
    await expectAll(sealed, keysOf());
    const meanwhile = await sealOne(keysOf(), 'meanwhile');
    expect(await prepare()).toBeUndefined();
    expect(await rotateKeys(database.migrateUrl, place)).toMatchObject({
      to: between.needed,
      keys: many - done,
      left: 0,
    });
    expect(await status()).toMatchObject({ rotating: false, under: [{ kek: between.needed, keys: many + 1 }] });
    fs.rmSync(earlierFile(place.file, old.id));
    await expectAll(sealed, keysOf());
    expect(await open(meanwhile, keysOf())).toBe('meanwhile');
  });

  test('goes on from every other point at which it may have been cut short', async () => {
    const sealed = await fill();
    const old = readKek(place.file)!;
    // The new key was written, and the database does not know of it yet.
    const next = newKek();
    createKek(nextFile(place.file), next);
    await expectAll(sealed, keysOf());
    expect((await status()).needed).toBe(old.id);
    expect(await rotateKeys(database.migrateUrl, place)).toMatchObject({ from: old.id, to: next.id, keys: many });
    // All keys are done and the old one was put aside, but the new one has not taken its place.
    fs.renameSync(place.file, nextFile(place.file));
    createKek(place.file, old);
    await expectAll(sealed, keysOf());
    expect(await prepare()).toBeUndefined();
    expect(await rotateKeys(database.migrateUrl, place)).toMatchObject({ from: old.id, to: next.id, keys: 0, left: 0 });
    expect(readKek(place.file)).toEqual(next);
    expect(fs.readdirSync(directory).sort()).toEqual(['seal-key', `seal-key.${old.id}`]);
    await expectAll(sealed, keysOf());
  });

  test('leaves what is damaged as it is, and says how many', async () => {
    const sealed = await fill();
    await withClient(database.adminUrl, (client) =>
      client.query('update seal.keys set wrapped = $1 where id = $2', ['A'.repeat(80), sealed[0]!.key]),
    );
    expect(await rotateKeys(database.migrateUrl, place)).toMatchObject({ keys: many - 1, left: 1 });
  });
});
