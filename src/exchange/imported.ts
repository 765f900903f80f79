// What earlier loads of this dataset left in the database: which record a key became, and the digest of what it said.
import type { HeldConnection } from '../db/held-connection.js';

export interface Imported {
  key: string;
  recordId: string;
  digest: string;
  noun: string;
  /** Of a claim: the record it speaks of, its column, its source. */
  about: string | null;
  field: string | null;
  sourceId: string | null;
}

/** In place of the digest of a claim that a newer saying has replaced. */
export const REPLACED = 'replaced';

const IMPORTED = `
  select i.key, i.record_id as "recordId", i.digest, r.noun, c.record_id as about, c.field, c.source_id as "sourceId"
  from imports i join records r on r.id = i.record_id left join claims c on c.id = i.record_id
  where i.dataset = $1 order by c.sequence, i.key`;

const REMEMBER = `
  insert into imports (dataset, key, record_id, digest) select $1, * from unnest($2::text[], $3::uuid[], $4::text[])
  on conflict (dataset, key) do update set record_id = excluded.record_id, digest = excluded.digest`;

export async function readImported(connection: HeldConnection, dataset: string): Promise<Map<string, Imported>> {
  const rows = await connection.rows<Imported>('imported records', IMPORTED, [dataset], '');
  return new Map(rows.map((row) => [row.key, row]));
}

export type Remembered = Pick<Imported, 'key' | 'recordId' | 'digest'>;

export async function remember(
  connection: HeldConnection,
  dataset: string,
  entries: readonly Remembered[],
): Promise<void> {
  if (entries.length === 0) return;
  const columns = [
    entries.map(({ key }) => key),
    entries.map(({ recordId }) => recordId),
    entries.map((entry) => entry.digest),
  ];
  await connection.rows('remember what was loaded', REMEMBER, [dataset, ...columns], '');
}
