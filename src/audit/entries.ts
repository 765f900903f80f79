// Entries of the audit as whoever runs the host looks them up: who did what to which record, when. Headers alone, or with what
// was stored. Read past no rule: as the owner, in one snapshot that nobody can change.
import type pg from 'pg';

export const KINDS = ['change', 'read', 'export', 'account', 'erasure', 'loss'] as const;

export interface EntryFilter {
  record?: string;
  actor?: string;
  /** Days in UTC, both included. */
  since?: string;
  until?: string;
  kind?: readonly string[];
}

export interface ListedEntry {
  seq: number;
  /** RFC 3339. */
  at: string;
  kind: string;
  operation: string;
  actor: string;
  request: string | null;
  noun: string | null;
  record: string | null;
  version: number | null;
  level: number | null;
  team: string | null;
  /** Whether its content was taken out of the audit. */
  erased: boolean;
  /** Only where it was asked for. */
  content?: unknown;
}

const ENTRIES = (content: boolean): string => `
  select e.seq::float8, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.kind, e.operation, e.actor, e.request, e.noun,
    e.record_id as record, e.version, e.level, coalesce(t.name, nullif(e.team_id, 0)::text) as team, e.payload is null as erased${content ? ', e.payload as content' : ''}
  from audit.entries e left join auth.teams t on t.id = e.team_id
  where ($1::text is null or e.record_id = $1 or (e.kind = 'read' and strpos(e.payload, to_json($1::text)::text) > 0))
    and ($2::text is null or e.actor = $2)
    and ($3::date is null or e.at >= $3::date::timestamp at time zone 'UTC')
    and ($4::date is null or e.at < ($4::date + 1)::timestamp at time zone 'UTC')
    and ($5::text[] is null or e.kind = any ($5))
  order by e.seq`;

const FETCH = 500;

/** In batches, by number. The caller has begun a transaction. */
export async function* entries(
  client: pg.ClientBase,
  { record, actor, since, until, kind }: EntryFilter,
  content = false,
): AsyncGenerator<ListedEntry[]> {
  await client.query(`declare listed_entries no scroll cursor for ${ENTRIES(content)}`, [
    record ?? null,
    actor ?? null,
    since ?? null,
    until ?? null,
    kind?.length ? kind : null,
  ]);
  for (;;) {
    const { rows } = await client.query<ListedEntry>(`fetch ${FETCH} from listed_entries`);
    if (rows.length > 0) yield content ? rows.map(opened) : rows;
    if (rows.length < FETCH) return;
  }
}

/** Content that is no JSON, as nobody of this house writes it, is shown as the text that it is. */
function opened({ content, ...entry }: ListedEntry): ListedEntry {
  try {
    return { ...entry, content: content === null ? null : (JSON.parse(content as string) as unknown) };
  } catch {
    return { ...entry, content };
  }
}
