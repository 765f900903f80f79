// Whether history tells what the audit was told: one entry per kept version and one version per entry, the same content in
// both, and the open version is the row. Asked in plain SQL of the database, since its functions may be part of a lie.
import pg from 'pg';
import { questionsAround, told } from './around.js';
import type { Fault } from './verify.js';

const TOLD = 100;
/** Qualified, unlike elsewhere: it is the row of now that is compared, whatever the search path says. */
const NOW = 'public';
const { escapeIdentifier: name, escapeLiteral: literal } = pg;

interface Found {
  seq: string | null;
  id: string;
  version: number | null;
  what: string;
}

const ENTERED = (noun: string): string =>
  `e.kind = 'change' and e.noun = ${literal(noun)} and e.operation in ('insert', 'update', 'found')`;

/**
 * A transaction that changes a record twice makes one version and two entries, of which one is the version.
 * jsonb || jsonb replaces equal names: nothing changes where every field of the entry is in the version with its value.
 * A field that history no longer has cannot be compared.
 */
const VERSIONS = (noun: string): string => `
  select told.seq, h.id::text as id, h.version,
      case when told.seq is null then 'has no entry in the audit: it was written past it' else 'is not what the audit was told' end as what
    from history.${name(noun)} h
    cross join lateral (select min(e.seq) as seq from audit.entries e
      where e.record_id = h.id::text and e.version = h.version and ${ENTERED(noun)}) told
    where not exists (
      select from audit.entries e
      where e.record_id = h.id::text and e.version = h.version and (e.transaction_id = h.transaction_id or e.operation = 'found')
        and ${ENTERED(noun)}
        and (e.payload is null or to_jsonb(h) || (${told('change')} - '{changeReason,retractionReason}'::text[]) = to_jsonb(h) or not exists (
          select from jsonb_each(${told('change')}) told
          where to_jsonb(h) ? told.key and to_jsonb(h) -> told.key is distinct from told.value)))
  union all
  select min(e.seq), e.record_id, e.version, 'was entered by more than one transaction'
    from audit.entries e where ${ENTERED(noun)}
    group by e.record_id, e.version having min(e.transaction_id) < max(e.transaction_id)
  union all
  select e.seq, e.record_id, e.version, 'is in the audit, but history does not have it'
    from audit.entries e
    left join history.${name(noun)} h on h.id::text = e.record_id and h.version = e.version
    where ${ENTERED(noun)} and e.payload is not null and h.id is null
      and not exists (select from audit.entries l where l.record_id = e.record_id and l.transaction_id = e.transaction_id
        and l.kind = 'change' and l.operation = 'delete')
  union all
  select null, coalesce(t.id, h.id)::text, coalesce(t.version, h.version), 'is not the row that is read now'
    from ${NOW}.${name(noun)} t full join (select * from history.${name(noun)} where recorded_to = 'infinity') h on h.id = t.id
    where t.id is null or h.id is null or to_jsonb(h) || to_jsonb(t) <> to_jsonb(h)
  union all
  select e.seq, e.record_id, e.version, 'was found after the triggers of its table had been gone for a while'
    from audit.entries e where e.kind = 'change' and e.noun = ${literal(noun)} and e.operation = 'found'
      and exists (select from audit.entries b where b.kind = 'change' and b.noun = ${literal(noun)} and b.seq < e.seq and b.transaction_id < e.transaction_id)
  order by 1 nulls last limit ${TOLD}`;

/** Class 22: a value that is no value of its type. */
const isBadValue = (error: unknown): boolean => String((error as pg.DatabaseError).code).startsWith('22');

const UNREADABLE = 'What was entered is not JSON, so what history says cannot be compared with it.';

/** Entries with a content that nobody of this house writes, named: a question that meets one gives no answer at all. */
async function unreadable(client: pg.ClientBase): Promise<Fault[]> {
  const faults: Fault[] = [];
  await client.query(
    `declare told no scroll cursor for select seq::float8 as seq, payload from audit.entries
     where kind in ('change', 'account') and payload is not null order by seq`,
  );
  for (;;) {
    const { rows } = await client.query<{ seq: number; payload: string }>('fetch 1000 from told');
    for (const { seq, payload } of rows) if (!isJson(payload)) faults.push({ seq, what: UNREADABLE });
    if (rows.length === 0 || faults.length >= TOLD) break;
  }
  await client.query('close told');
  return faults;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return !text.includes('\\u0000');
  } catch {
    return false;
  }
}

/** The caller has begun a transaction, as a role that sees every row. */
export async function compareVersions(client: pg.ClientBase): Promise<{ faults: Fault[]; versions: number }> {
  await client.query('set local statement_timeout = 0');
  await client.query('set local idle_in_transaction_session_timeout = 0');
  await client.query("set local timezone = 'UTC'");
  const { rows: nouns } = await client.query<{ noun: string }>('select noun from house.adopted order by 1');
  const faults: Fault[] = [];
  let bad: Fault[] | undefined;
  async function answers<T extends object>(question: string, about: string): Promise<T[]> {
    await client.query('savepoint question');
    try {
      return (await client.query<T>(question)).rows;
    } catch (error) {
      if (!isBadValue(error)) throw error;
      await client.query('rollback to question');
      if (!bad) faults.push(...(bad = await unreadable(client)));
      faults.push({ seq: 0, what: `${about} could not be compared with the audit: ${(error as Error).message}.` });
      return [];
    }
  }
  let versions = 0;
  for (const { noun } of nouns) {
    const { rows: counted } = await client.query<{ count: string }>(`select count(*) from history.${name(noun)}`);
    versions += Number(counted[0]!.count);
    for (const { seq, id, version, what } of await answers<Found>(VERSIONS(noun), `The history of ${noun}`))
      faults.push({
        seq: Number(seq ?? 0),
        what: `Version ${version} of ${id} in ${noun} ${what}.`,
      });
  }
  for (const question of questionsAround(nouns.map(({ noun }) => noun))) {
    const rows = await answers<{ seq: string | null; what: string }>(
      `select * from (${question}) found order by 1 nulls last limit ${TOLD}`,
      'What stands around the versions',
    );
    for (const { seq, what } of rows) faults.push({ seq: Number(seq ?? 0), what });
  }
  return { faults, versions };
}
