// Data keys as an operation needs them: the one of an envelope, and the one that new values of a record are sealed with. They
// are read from the database each time and never kept, so that an erased one is gone with the next question.
import { randomBytes, randomUUID } from 'node:crypto';
import { unavailable, type DomainError } from '../errors.js';
import { batched } from '../records/batched.js';
import type { Rows } from '../records/loaders.js';
import { unwrapKey, wrapKey, type DataKey } from '../sealing/envelope.js';
import type { Keyring } from '../sealing/keyring.js';

interface KeyRow {
  id: string;
  compartment: string;
  /** Null once it is destroyed. */
  wrapped: string | null;
  kek: string;
}

/** What an operation knows of keys. */
export interface Keys {
  db: Rows;
  /** Absent: this server seals and opens nothing. */
  keyring?: Keyring;
}

const COLUMNS = 'id, compartment, wrapped, kek_id as kek';

export type FoundKey = { key: DataKey } | { missing: 'ERASED' } | { missing: 'KEY_LOST'; kek: string };

/** Undefined when the database has no such key. Throws Damaged. */
export async function keyById(id: string, { db, keyring }: Keys): Promise<FoundKey | undefined> {
  const row = await batched<KeyRow>(db, 'data keys', async (ids) => {
    const rows = await db.rows<KeyRow>('data keys', `select ${COLUMNS} from seal.keys where id = any ($1::uuid[])`, [
      ids,
    ]);
    return new Map(rows.map((found) => [found.id, found]));
  }).load(id);
  return row && opened(row, keyring);
}

function opened({ id, compartment, wrapped, kek }: KeyRow, keyring: Keyring | undefined): FoundKey {
  if (wrapped === null) return { missing: 'ERASED' };
  const found = keyring?.find(kek);
  return found ? { key: unwrapKey(id, wrapped, compartment, found.bytes) } : { missing: 'KEY_LOST', kek };
}

/** The first key of the record that can be used; a new one when there is none. */
export async function keyOfRecord(record: string, { db, keyring }: Keys): Promise<DataKey> {
  const rows = await db.rows<KeyRow>(
    'data keys of a record',
    `select ${COLUMNS} from seal.keys where compartment = $1 and wrapped is not null order by created_at, id`,
    [record],
  );
  for (const row of rows) {
    const found = opened(row, keyring);
    if ('key' in found) return found.key;
  }
  const [inUse] = await db.rows<{ id: string }>('key in use', 'select id from seal.keks where retired_at is null', []);
  const kek = inUse && keyring?.find(inUse.id);
  if (!kek) throw unusable(inUse?.id);
  const key = { id: randomUUID(), bytes: randomBytes(32) };
  await db.rows('keep data key', 'insert into seal.keys (id, compartment, wrapped, kek_id) values ($1, $2, $3, $4)', [
    key.id,
    record,
    wrapKey(key, record, kek.bytes),
    kek.id,
  ]);
  return key;
}

export const unusable = (kek: string | undefined): DomainError =>
  unavailable(
    kek === undefined
      ? 'This server has no key to seal with yet; whoever runs it makes one with "kualik key new".'
      : `This server lacks the key ${kek} that sealed values need; whoever runs it has to bring the key file back.`,
    { rule: 'sealing_key_is_there', retryable: false },
  );
