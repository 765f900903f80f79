// Which key-encryption key a database is sealed with, and what becomes of it: made at the first start, found missing, replaced
// by another one. Works as the owner of the tables, one process at a time.
import type pg from 'pg';
import { withClient } from '../db/client.js';
import { PlainError } from '../db/plain-error.js';
import { Damaged, unwrapKey, wrapKey } from './envelope.js';
import { createKek, earlierFile, newKek, nextFile, promote, readKek, readKeks, type Kek, type KeyPlace } from './key-file.js'; // prettier-ignore

const LOCK = 7_120_016;
const BATCH = 500;

const inUse = async (client: pg.Client): Promise<string | undefined> =>
  (await client.query<{ id: string }>('select id from seal.keks where retired_at is null')).rows[0]?.id;

function alone<T>(migrateUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return withClient(migrateUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    return work(client);
  });
}

/** From here on new data keys are put under this key. */
async function take(client: pg.Client, { id }: Kek): Promise<void> {
  await client.query('begin');
  try {
    await client.query('update seal.keks set retired_at = now() where retired_at is null');
    await client.query('insert into seal.keks (id) values ($1) on conflict (id) do update set retired_at = null', [id]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** At each start. Never fails for want of a key: all that is not sealed can be answered without. Gives what must be said. */
export function prepareKeys(migrateUrl: string, place: KeyPlace): Promise<string | undefined> {
  return alone(migrateUrl, async (client) => {
    const { file } = place;
    const needed = await inUse(client);
    if (needed !== undefined) return readKeks(file).some(({ id }) => id === needed) ? undefined : missing(file, needed);
    try {
      const found = readKek(file);
      if (!found && place.named)
        return `Nothing can be sealed yet: there is no key file ${file}. "kualik key new" makes it.`;
      if (!found) createKek(file, newKek());
      await take(client, readKek(file)!);
      return found ? undefined : made(file);
    } catch (error) {
      if (error instanceof PlainError) return `Nothing can be sealed yet. ${error.message}`;
      throw error;
    }
  });
}

const made = (file: string): string =>
  `The key of the sealed values was made: ${file}. Keep it apart from backups of the database, and a copy of it elsewhere ("kualik key split"): without it sealed values can never be read again.`;

function missing(file: string, needed: string): string {
  let there: string;
  try {
    const found = readKek(file);
    there = found ? `${file} holds another one, ${found.id}` : `${file} is not there`;
  } catch (error) {
    there = (error as Error).message;
  }
  return `Sealed values cannot be read or written now: they need the key ${needed}, and ${there}. Bring it back, or join it from two of its shares ("kualik key join"). Nothing else is affected, and nothing is lost as long as the key exists somewhere.`;
}

/** A key where there is none. After a loss, what was sealed before stays as it is, in case the lost key is found. */
export function newKey(migrateUrl: string, { file }: KeyPlace, afterLoss: boolean): Promise<string> {
  return alone(migrateUrl, async (client) => {
    const needed = await inUse(client);
    if (needed !== undefined && readKeks(file).some(({ id }) => id === needed))
      throw new PlainError(`The key ${needed} is in use and can be read; "kualik key rotate" replaces it.`);
    if (needed !== undefined && !afterLoss)
      throw new PlainError(
        `${missing(file, needed)} If it is lost for ever: "kualik key new --after-loss" lets new values be sealed under a new key; those sealed until now stay unreadable.`,
      );
    const isNew = createKek(file, newKek());
    const kek = readKek(file)!;
    await take(client, kek);
    const then = needed === undefined ? '' : ` Should the key ${needed} be found, put it to ${earlierFile(file, needed)} and run "kualik key rotate".`; // prettier-ignore
    return `The key ${kek.id} is in use now; ${isNew ? `it was written to ${file}` : `it was in ${file} already`}.${then}`;
  });
}

export interface Rotated {
  from: string;
  to: string;
  /** Data keys that were put under the new key by this run. */
  keys: number;
  /** Data keys that no key file opens; they stay as they are. */
  left: number;
  /** Where the key that was in use until now is kept. */
  earlier: string;
}

/**
 * Puts all data keys under a new key. May be cut short anywhere: both keys are in files until the last data key is done, and
 * the next run goes on. `onBatch` is told how many are done.
 */
export function rotateKeys(
  migrateUrl: string,
  { file }: KeyPlace,
  onBatch: (done: number) => void = () => undefined,
): Promise<Rotated> {
  return alone(migrateUrl, async (client) => {
    const needed = await inUse(client);
    const old = readKek(file);
    if (needed === undefined || !old)
      throw new PlainError(
        needed === undefined ? `There is no key in use yet; "kualik key new" makes it.` : missing(file, needed),
      );
    if (!readKek(nextFile(file))) {
      if (needed !== old.id) throw new PlainError(missing(file, needed));
      createKek(nextFile(file), newKek());
    }
    const next = readKek(nextFile(file))!;
    if (needed !== next.id) {
      if (needed !== old.id) throw new PlainError(missing(file, needed));
      await take(client, next);
    }
    const keys = await rewrap(client, new Map(readKeks(file).map((kek) => [kek.id, kek])), next, onBatch);
    promote(file, old);
    const { rows } = await client.query<{ left: number }>(
      'select count(*)::int as left from seal.keys where wrapped is not null and kek_id <> $1',
      [next.id],
    );
    return { from: old.id, to: next.id, keys, left: rows[0]!.left, earlier: earlierFile(file, old.id) };
  });
}

interface KeyRow {
  id: string;
  compartment: string;
  wrapped: string;
  kek_id: string;
}

async function rewrap(
  client: pg.Client,
  keks: ReadonlyMap<string, Kek>,
  next: Kek,
  onBatch: (done: number) => void,
): Promise<number> {
  let last = '00000000-0000-0000-0000-000000000000';
  for (let done = 0; ;) {
    const { rows } = await client.query<KeyRow>(
      `select id, compartment, wrapped, kek_id from seal.keys
       where wrapped is not null and kek_id <> $1 and kek_id = any ($2) and id > $3 order by id limit ${BATCH}`,
      [next.id, [...keks.keys()], last],
    );
    const fresh = rows.flatMap((row) => rewrapped(row, keks.get(row.kek_id)!, next));
    // A key that was destroyed meanwhile stays destroyed.
    const { rowCount } = await client.query(
      `update seal.keys k set wrapped = v.wrapped, kek_id = $1 from unnest($2::uuid[], $3::text[]) v (id, wrapped)
       where k.id = v.id and k.wrapped is not null`,
      [next.id, fresh.map(({ id }) => id), fresh.map(({ wrapped }) => wrapped)],
    );
    done += rowCount ?? 0;
    onBatch(done);
    if (rows.length < BATCH) return done;
    last = rows.at(-1)!.id;
  }
}

function rewrapped({ id, compartment, wrapped }: KeyRow, from: Kek, to: Kek): { id: string; wrapped: string }[] {
  try {
    return [{ id, wrapped: wrapKey(unwrapKey(id, wrapped, compartment, from.bytes), compartment, to.bytes) }];
  } catch (error) {
    // What is damaged is not made worse; it is counted among those that are left.
    if (error instanceof Damaged) return [];
    throw error;
  }
}

export interface KeyStatus {
  /** The id of the key in use; undefined before the first. */
  needed: string | undefined;
  /** Ids of the keys in files. */
  found: string[];
  /** Data keys by the key that they are under. */
  under: { kek: string; keys: number }[];
  destroyed: number;
  rotating: boolean;
}

export function keyStatus(migrateUrl: string, { file }: KeyPlace): Promise<KeyStatus> {
  return withClient(migrateUrl, async (client) => {
    const { rows: under } = await client.query<{ kek: string; keys: number }>(
      'select kek_id as kek, count(*)::int as keys from seal.keys where wrapped is not null group by 1 order by 1',
    );
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from seal.keys where destroyed_at is not null',
    );
    const found = readKeks(file).map(({ id }) => id);
    return {
      needed: await inUse(client),
      found,
      under,
      destroyed: rows[0]!.n,
      rotating: readKeks(nextFile(file)).length > 0,
    };
  });
}
