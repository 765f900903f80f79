// Whether history tells what the audit was told: one entry per kept version and one version per entry, the same content in
// both, and the open version is the row. Asked in plain SQL of the database, since its functions may be part of a lie.
import pg from 'pg';
import { questionsAround } from './around.js';
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
        and (e.payload is null or to_jsonb(h) || (e.payload::jsonb - '{changeReason,retractionReason}'::text[]) = to_jsonb(h) or not exists (
          select from jsonb_each(e.payload::jsonb) told
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

/** The caller has begun a transaction, as a role that sees every row. */
export async function compareVersions(client: pg.ClientBase): Promise<{ faults: Fault[]; versions: number }> {
  await client.query('set local statement_timeout = 0');
  await client.query('set local idle_in_transaction_session_timeout = 0');
  await client.query("set local timezone = 'UTC'");
  const { rows: nouns } = await client.query<{ noun: string }>('select noun from house.adopted order by 1');
  const faults: Fault[] = [];
  let versions = 0;
  for (const { noun } of nouns) {
    const { rows: counted } = await client.query<{ count: string }>(`select count(*) from history.${name(noun)}`);
    versions += Number(counted[0]!.count);
    const { rows } = await client.query<Found>(VERSIONS(noun));
    for (const { seq, id, version, what } of rows)
      faults.push({
        seq: Number(seq ?? 0),
        what: `Version ${version} of ${id} in ${noun} ${what}.`,
      });
  }
  for (const question of questionsAround(nouns.map(({ noun }) => noun))) {
    const { rows } = await client.query<{ seq: string | null; what: string }>(
      `select * from (${question}) found order by 1 nulls last limit ${TOLD}`,
    );
    for (const { seq, what } of rows) faults.push({ seq: Number(seq ?? 0), what });
  }
  return { faults, versions };
}
