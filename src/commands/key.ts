// kualik key: the key of the sealed values. Told, replaced, made anew after a loss, and split so that two of three people have it.
import * as fs from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../config.js';
import { PlainError } from '../db/plain-error.js';
import { createKek, kekOf, keyPlace, readKek } from '../sealing/key-file.js';
import { keyStatus, newKey, rotateKeys } from '../sealing/keys-in-use.js';
import { join as joinShares, readShare, split, writeShare, type ReadShare } from '../sealing/shares.js';
import { openDatabase } from './database.js';
import type { Life } from './life.js';
import { say } from './say.js';

export async function tellKey(config: Config, life: Life): Promise<void> {
  const place = keyPlace(config);
  const { migrateUrl } = await openDatabase(config, life);
  const { needed, found, under, destroyed, rotating } = await keyStatus(migrateUrl, place);
  say(`Key file   ${place.file}`);
  say(`In use     ${needed === undefined ? 'none yet' : `${needed} (${found.includes(needed) ? 'here' : 'MISSING'})`}`);
  for (const { kek, keys } of under)
    say(`Data keys  ${keys} under ${kek}${found.includes(kek) ? '' : ' (MISSING: what they sealed cannot be read until that key is back)'}`); // prettier-ignore
  say(`Erased     ${destroyed} data keys`);
  if (rotating) say('A rotation was begun and is not done; "kualik key rotate" goes on with it.');
}

export async function makeKey(
  config: Config,
  life: Life,
  { afterLoss = false }: { afterLoss?: boolean },
): Promise<void> {
  const { migrateUrl } = await openDatabase(config, life);
  say(await newKey(migrateUrl, keyPlace(config), afterLoss));
}

export async function rotateKey(config: Config, life: Life): Promise<void> {
  const { migrateUrl } = await openDatabase(config, life);
  const { from, to, keys, left, earlier } = await rotateKeys(migrateUrl, keyPlace(config), (done) =>
    say(`${done} data keys done`),
  );
  say(`The key ${to} is in use now, in place of ${from}; ${keys} data keys were put under it.`);
  if (left > 0) say(`${left} data keys are under other keys, or damaged, and stay as they are; "kualik key status" names them.`); // prettier-ignore
  say(
    `The old key is in ${earlier}. Only backups made until now need it: keep it where you would need it to restore one, away from here, and destroy it with the last of them.`,
  );
}

/** Three files in a directory; any two of them make the key, one alone says nothing. */
export function splitKey(config: Config, directory: string): void {
  const { file } = keyPlace(config);
  const kek = readKek(file);
  if (!kek) throw new PlainError(`There is no key file ${file}.`);
  const into = resolve(directory);
  fs.mkdirSync(into, { recursive: true, mode: 0o700 });
  for (const share of split(kek.bytes)) {
    const name = join(into, `seal-key-share-${share.x}`);
    try {
      fs.writeFileSync(name, `${writeShare(kek.id, share)}\n`, { mode: 0o600, flag: 'wx', flush: true });
    } catch (error) {
      throw new PlainError(`The share ${name} cannot be written (${(error as Error).message}). Give an empty directory.`, { cause: error }); // prettier-ignore
    }
    say(name);
  }
  say(
    `Give each share to another person and delete it here. Any two make the key ${kek.id} again: kualik key join FILE FILE`,
  );
}

/** The key file of two shares, where there is none. */
export function joinKey(config: Config, files: readonly string[]): void {
  const { file } = keyPlace(config);
  const [a, b] = files.map(shareIn) as [ReadShare, ReadShare];
  if (a.keyId !== b.keyId) throw new PlainError(`These are shares of two keys, ${a.keyId} and ${b.keyId}; take two of one key.`); // prettier-ignore
  if (a.x === b.x) throw new PlainError('This is twice the same share; two different ones are needed.');
  const kek = kekOf(joinShares(a, b));
  if (kek.id !== a.keyId) throw new PlainError('These shares do not make the key that they name; one of them was altered, or they are of two splits.'); // prettier-ignore
  if (!createKek(file, kek)) throw new PlainError(`There is a key file ${file} already; move it away first, or set KUALIK_KEY_FILE.`); // prettier-ignore
  say(`The key ${kek.id} was written to ${file}.`);
}

function shareIn(path: string): ReadShare {
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (error) {
    throw new PlainError(`The share ${path} cannot be read (${(error as Error).message}).`, { cause: error });
  }
  const share = readShare(text);
  if (!share) throw new PlainError(`${path} holds no share, or one with a slip in it; compare it with the paper, letter by letter.`); // prettier-ignore
  return share;
}
