// All that is held about one person: the record, what belongs to it or ever did, in every version, retracted or not, with who
// wrote it and why; the claims with their sources; the sealed values in clear where their key is here; and who else names it.
import type pg from 'pg';
import { Damaged, keyIdOf, openText } from '../sealing/envelope.js';
import type { Keyring } from '../sealing/keyring.js';
import { keyById, type Keys } from './keys.js';

type Json = Record<string, unknown>;

export interface SubjectReport {
  person: string;
  /** Of every noun: the person first, then what belongs to it. */
  records: { noun: string; id: string; versions: Json[] }[];
  /** By id: the sources that claims among the records rest on. */
  sources: Record<string, Json>;
  /** Records of others that name one of these, as they are now. */
  namedBy: { noun: string; field: string; record: Json }[];
}

/** Undefined when there is no such person. Read as the loader, in one snapshot. */
export async function subjectReport(
  client: pg.Client,
  keyring: Keyring,
  person: string,
): Promise<SubjectReport | undefined> {
  await client.query('begin isolation level repeatable read read only');
  try {
    const { rows: reached } = await client.query<{ noun: string; ids: string[] }>(
      `select r.noun, array_agg(r.id::text) as ids from records r where r.id = any (seal.reach($1))
       group by 1 order by r.noun <> 'persons', 1`,
      [person],
    );
    if (!reached.some(({ noun, ids }) => noun === 'persons' && ids.includes(person))) return undefined;
    const ids = reached.flatMap((each) => each.ids);
    const rows = { rows: async <T>(_: string, text: string, values: readonly unknown[]) => (await client.query(text, [...values])).rows as T[] }; // prettier-ignore
    const records = [];
    for (const { noun, ids: own } of reached) records.push(...(await versionsOf(client, noun, own)));
    for (const { noun, versions } of records)
      if (noun === 'sealed_values') for (const version of versions) await open(version, { db: rows, keyring });
    return { person, records, sources: await sourcesOf(client, records), namedBy: await namedBy(client, ids) };
  } finally {
    await client.query('commit').catch(() => undefined);
  }
}

async function versionsOf(client: pg.Client, noun: string, ids: string[]): Promise<SubjectReport['records']> {
  const { rows } = await client.query<{ id: string; version: Json }>(
    `select h.id, to_jsonb(h) - '{id,guard,guard_team,transaction_id}'::text[]
       || jsonb_build_object('written_by', t.actor, 'reason', history.reason_of(t.id)) as version
     from history.${noun} h join history.transactions t on t.id = h.transaction_id
     where h.id = any ($1) order by h.id, h.recorded_from`,
    [ids],
  );
  const found = new Map<string, Json[]>();
  for (const { id, version } of rows) found.set(id, [...(found.get(id) ?? []), version]);
  return [...found].map(([id, versions]) => ({ noun, id, versions }));
}

/** The value, or why it cannot be told, in place of the envelope. */
async function open(version: Json, keys: Keys): Promise<void> {
  const { envelope, record_id, kind, label } = version as {
    envelope: string;
    record_id: string;
    kind: string;
    label: string | null;
  };
  delete version.envelope;
  try {
    const id = keyIdOf(envelope);
    const found = id === undefined ? undefined : await keyById(id, keys);
    if (found && 'key' in found) version.value = openText(envelope, found.key, { recordId: record_id, kind, label });
    else if (found?.missing === 'KEY_LOST') version.not_told = `The key ${found.kek} is not here.`;
    else version.not_told = found ? 'Erased.' : 'The envelope was altered.';
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    version.not_told = 'The envelope was altered.';
  }
}

async function sourcesOf(client: pg.Client, records: SubjectReport['records']): Promise<Record<string, Json>> {
  const wanted = records.flatMap(({ versions }) =>
    versions.flatMap(({ source_id, roots }) => [source_id, ...((roots as string[] | undefined) ?? [])]),
  );
  const { rows } = await client.query<{ id: string; source: Json }>(
    `select h.id, to_jsonb(h) - '{guard,guard_team,transaction_id,recorded_from,recorded_to}'::text[] as source
     from history.sources h where h.recorded_to = 'infinity' and h.id = any ($1)`,
    [[...new Set(wanted.filter((id) => typeof id === 'string'))]],
  );
  return Object.fromEntries(rows.map(({ id, source }) => [id, source]));
}

/** Every reference of the model to a person or to any record, whatever the noun. */
async function namedBy(client: pg.Client, ids: string[]): Promise<SubjectReport['namedBy']> {
  const { rows: references } = await client.query<{ noun: string; field: string }>(
    `select a.noun, c.attname as field from house.adopted a
     join pg_constraint f on f.contype = 'f' and f.conrelid = format('public.%I', a.noun)::regclass and cardinality(f.conkey) = 1
     join pg_attribute c on c.attrelid = f.conrelid and c.attnum = f.conkey[1]
     where c.attname <> 'id' order by 1, 2`,
  );
  const found: SubjectReport['namedBy'] = [];
  for (const { noun, field } of references) {
    const { rows } = await client.query<{ record: Json }>(
      `select to_jsonb(t) - '{envelope,sequence}'::text[] as record from ${noun} t where t.${field} = any ($1) and t.id <> all ($1) order by t.id`,
      [ids],
    );
    found.push(...rows.map(({ record }) => ({ noun, field, record })));
  }
  return found;
}
