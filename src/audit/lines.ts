// The audit as lines of JSON, in the order of the tree: what `kualik audit export` writes and `verify` reads, from a file or
// straight from the database. No function of the database is trusted here, only what PostgreSQL itself brings.
import { createReadStream } from 'node:fs';
import type pg from 'pg';

export const FORMAT = 'kualik audit export 1';
const FETCH = 2000;

/** First line. */
export interface HeadLine {
  export: typeof FORMAT;
  /** The seq of the first sealed entry. */
  first: number | null;
  /** Whose log it is; a reader who has the key from elsewhere believes that one. */
  key?: string;
}
export interface EntryLine {
  /** Its place in the tree; null while it is not sealed. */
  position: number | null;
  seq: number;
  /** The seq at the following position, so that a lost line is missed by name. */
  next: number | null;
  /** Absent: it was sealed, and is gone. */
  header?: [
    format: string,
    seq: number,
    recordId: string | null,
    version: number | null,
    level: number | null,
    teamId: number | null,
    transactionId: string,
    at: string,
    kind: string,
    actor: string,
    request: string | null,
    noun: string | null,
    operation: string,
  ];
  salt?: string | null;
  payload?: string | null;
  content?: string | null;
  leaf?: string;
}
export interface CheckpointLine {
  /** The signed note. */
  checkpoint: string;
}
/** Last line: without it the file was cut off. */
export interface EndLine {
  end: true;
  sealed: number;
  unsealed: number;
}
export type Line = HeadLine | EntryLine | CheckpointLine | EndLine;

const text = (column: string): string => `coalesce(to_json(${column})::text, 'null')`;
const number = (column: string): string => `coalesce(${column}::text, 'null')`;
const hex = (column: string): string => `coalesce('"' || encode(${column}, 'hex') || '"', 'null')`;
const ENTRY = `
  '"header":["kualik audit 1",' || e.seq || ',' || ${text('e.record_id')} || ',' || ${number('e.version')} || ',' || ${number('e.level')} || ','
  || ${number('e.team_id')} || ',"' || e.transaction_id || '","' || to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",'
  || ${text('e.kind')} || ',' || ${text('e.actor')} || ',' || ${text('e.request')} || ',' || ${text('e.noun')} || ',' || ${text('e.operation')}
  || '],"salt":' || ${hex('e.salt')} || ',"payload":' || ${text('e.payload')} || ',"content":' || ${hex('e.content')} || ',"leaf":' || ${hex('e.leaf')} || '}'`;
const SEALED = `
  select p.position, '{"position":' || p.position || ',"seq":' || p.seq || ',"next":' || coalesce(p.next::text, 'null')
    || case when e.seq is null then '}' else ',' || ${ENTRY} end as line
  from (select position, seq, lead(seq) over (order by position) as next from audit.positions) p
  left join audit.entries e on e.seq = p.seq order by p.position`;
const UNSEALED = `
  select '{"position":null,"seq":' || e.seq || ',"next":null,' || ${ENTRY} as line
  from audit.entries e where not exists (select from audit.positions p where p.seq = e.seq) order by e.seq`;
const CHECKPOINTS = 'select size, note from audit.checkpoints order by size';

async function* cursor<T extends object>(client: pg.ClientBase, name: string, sql: string): AsyncGenerator<T[]> {
  await client.query(`declare ${name} no scroll cursor for ${sql}`);
  for (;;) {
    const { rows } = await client.query<T>(`fetch ${FETCH} from ${name}`);
    if (rows.length > 0) yield rows;
    if (rows.length < FETCH) break;
  }
  await client.query(`close ${name}`);
}

/** All lines of a database, in batches, in bounded memory and one snapshot. The caller has begun a transaction. */
export async function* linesOfDatabase(client: pg.ClientBase, key?: string): AsyncGenerator<string[]> {
  // The cursor is read to its end: plan for all rows, not for the first tenth of them.
  await client.query('set local cursor_tuple_fraction = 1');
  await client.query('set local statement_timeout = 0');
  await client.query('set local idle_in_transaction_session_timeout = 0');
  const first = await client.query<{ seq: string }>('select seq from audit.positions order by position limit 1');
  const head: HeadLine = { export: FORMAT, first: first.rows[0] ? Number(first.rows[0].seq) : null, key };
  yield [JSON.stringify(head)];
  const notes = checkpointLines(client);
  let due = await notes.next();
  let sealed = 0;
  let unsealed = 0;
  for await (const rows of cursor<{ position: string; line: string }>(client, 'sealed_lines', SEALED)) {
    const lines: string[] = [];
    for (const { position, line } of rows) {
      for (; !due.done && due.value.size <= Number(position); due = await notes.next()) lines.push(due.value.line);
      lines.push(line);
      sealed++;
    }
    yield lines;
  }
  for (; !due.done; due = await notes.next()) yield [due.value.line];
  for await (const rows of cursor<{ line: string }>(client, 'unsealed_lines', UNSEALED)) {
    unsealed += rows.length;
    yield rows.map(({ line }) => line);
  }
  const end: EndLine = { end: true, sealed, unsealed };
  yield [JSON.stringify(end)];
}

async function* checkpointLines(client: pg.ClientBase): AsyncGenerator<{ size: number; line: string }> {
  for await (const rows of cursor<{ size: string; note: string }>(client, 'notes', CHECKPOINTS))
    for (const { size, note } of rows) {
      const line: CheckpointLine = { checkpoint: note };
      yield { size: Number(size), line: JSON.stringify(line) };
    }
}

/** The lines of an exported file, in batches. Not by readline: to it U+2028, which a name may hold, ends a line too. */
export async function* linesOfFile(file: string): AsyncGenerator<string[]> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop()!;
    yield lines;
  }
  if (rest !== '') yield [rest];
}
