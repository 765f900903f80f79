// Two ways to read what was recorded: the changes of one record, and the changes of all as a feed that a copy can follow.
import { allOf, compile, join, raw, sql, type Sql } from '../db/sql.js';
import { claims } from '../claims/model.js';
import { invalid, reading } from '../errors.js';
import type { AsOf } from '../generated/resolvers-types.js';
import { uuid } from '../records/filters.js';
import type { Loading, Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { countOf, listOf, opened, pageSize, type List, type PageArgs } from '../records/page.js';
import { openCursor, sealCursor } from '../values/cursor.js';
import { changeColumns, type ChangeRow } from './versions.js';

export type ChangeList = List<ChangeRow>;

interface Reading extends Loading {
  db: Rows;
  cursorKey: Uint8Array;
}

const version = (noun: Noun): Sql => sql`select ${raw(changeColumns(noun))} from ${raw(`history.${noun.table}`)} v`;

/** With who, why and by which request; in the order given. */
const told = (changes: Sql, order: string, limit: number): Sql => sql`
  select c.*, t.actor, history.reason_of(t.id) as reason, t.request from (${changes}) c join history.transactions t on t.id = c."transactionId"
  order by ${raw(order)} limit ${limit}`;

type Nouns = Record<string, Noun>;
type Found = Omit<ChangeRow, 'noun'> & { table: string };

async function ask(db: Rows, name: string, statement: Sql, nouns: Nouns): Promise<ChangeRow[]> {
  const { text, values } = compile(statement);
  return (await db.rows<Found>(name, text, values)).map((row) => ({ ...row, noun: nouns[row.table]! }));
}

/** The instant by which it was recorded; other clocks ask what was public or in force, which is no matter of recording. */
function recordedByOf(asOf: AsOf | null | undefined): string | null {
  const { recordedBy, publishedBy, accordingTo, validOn } = asOf ?? {};
  if (publishedBy ?? accordingTo ?? validOn)
    throw invalid('asOf', 'History is read by the clock of recording: give `recordedBy` alone, or leave `asOf` out.', {
      rule: 'history-is-read-by-recording',
    });
  return recordedBy ?? null;
}

/** At one instant the record itself comes first, then its claims in the order in which they were recorded. */
export async function historyOf(
  { record, asOf, ...args }: PageArgs & { record: string; asOf?: AsOf | null },
  nouns: Nouns,
  { db, load, cursorKey }: Reading,
): Promise<ChangeList> {
  const id = reading('record', () => uuid(record));
  const recordedBy = recordedByOf(asOf);
  const size = pageSize(args.first);
  const scope = JSON.stringify(['history', record.toLowerCase()]);
  const from = opened(cursorKey, scope, args.after);
  // The spine keeps retracted records; of one that it does not know there is nothing to tell.
  const noun = (await load.spine.load(record))?.noun;
  if (!noun)
    return listOf({
      rows: [],
      size,
      hasPreviousPage: false,
      cursorOf: () => '',
      totalCount: async () => ({ value: 0, isExact: true }),
    });
  const then = recordedBy === null ? raw('true') : sql`v.recorded_from <= ${recordedBy}::timestamptz`;
  const parts = [sql`${version(nouns[noun]!)} where v.id = ${id} and ${then}`];
  if (noun !== 'claims') parts.push(sql`${version(claims)} where v.record_id = ${id} and ${then}`);
  const all = sql`select *, id <> ${id} as below from (${join(parts, ' union all ')}) parts`;
  const later = from
    ? sql`("recordedFrom", below, sequence) > (${from[0]}::timestamptz, ${from[1]}::boolean, ${from[2]}::bigint)`
    : raw('true');
  const rows = await ask(
    db,
    'history',
    told(sql`select * from (${all}) changes where ${later}`, 'c."recordedFrom", c.below, c.sequence', size + 1),
    nouns,
  );
  return listOf({
    rows,
    size,
    hasPreviousPage: from !== null,
    cursorOf: (row) =>
      sealCursor(cursorKey, scope, [row.recordedFrom, String(row.id !== record.toLowerCase()), row.sequence]),
    totalCount: () => countOf(db, 'history count', all),
  });
}

export interface Feed {
  nodes: ChangeRow[];
  cursor: string;
  hasMore: boolean;
}

/** Where a feed stands: all changes up to this one were given. */
interface Position {
  transaction: string;
  table: string;
  /** Of the records of a table, in the order in which they were recorded. */
  sequence: string;
}
const FIRST = '0';
const LAST = '9223372036854775807';
const after = (transaction: string): Position => ({ transaction, table: '~', sequence: LAST });

/** Nouns of the feed in the order in which it gives them within one transaction. */
function chosen(types: readonly string[] | null | undefined, nouns: Nouns): Noun[] {
  const all = Object.values(nouns).sort((a, b) => (a.table < b.table ? -1 : 1));
  const unknown = types?.find((type) => !all.some((noun) => noun.type === type));
  if (unknown !== undefined)
    throw invalid(
      'nouns',
      `There is no type "${unknown.slice(0, 40)}" of records; write it as in this graph, such as "Person".`,
    );
  if (types?.length === 0)
    throw invalid('nouns', 'Name at least one type of records, or leave `nouns` out for all of them.');
  return all.filter((noun) => !types || types.includes(noun.type));
}

/** Row comparison per noun: in the transaction of the position some nouns are done, one is half done, the others are not begun. */
function beyond({ transaction, table, sequence }: Position, noun: Noun): Sql {
  const done = noun.table < table ? LAST : noun.table === table ? sequence : FIRST;
  return sql`(v.transaction_id, v.sequence) > (${transaction}::bigint, ${done}::bigint)`;
}

interface FeedArgs {
  after?: string | null | undefined;
  since?: string | null | undefined;
  nouns?: readonly string[] | null | undefined;
  first?: number | null | undefined;
}

async function positionOf(
  { after: cursor, since }: FeedArgs,
  scope: string,
  settled: string,
  { db, cursorKey }: Reading,
): Promise<Position> {
  if (cursor && since) throw invalid('since', 'Give either `since` or `after`: a cursor already says where to go on.');
  if (cursor) {
    const [transaction, table, sequence] = reading('after', () => openCursor(cursorKey, scope, cursor), {
      rule: 'cursor',
    });
    return { transaction: String(transaction), table: String(table), sequence: String(sequence) };
  }
  if (!since) return after('0');
  // Ids do not follow the instants exactly: all from the smallest id on, so that nothing recorded since is left out.
  const [first] = await db.rows<{ id: string | null }>(
    'changes since',
    `select min(id) as id from history.transactions where recorded_at >= $1::timestamptz`,
    [since],
  );
  const from = BigInt(first?.id ?? settled);
  return after(String((from < BigInt(settled) ? from : BigInt(settled)) - 1n));
}

/** Transactions by their ids, which are given in the order in which they began to write; see history.settled_id. */
export async function changeFeed(args: FeedArgs, nouns: Nouns, context: Reading): Promise<Feed> {
  const { db, cursorKey } = context;
  const kept = chosen(args.nouns, nouns);
  const size = pageSize(args.first ?? 100);
  const scope = JSON.stringify(['changes', args.nouns ? kept.map(({ table }) => table) : null]);
  const [bound] = await db.rows<{ settled: string }>('changes settled', 'select history.settled_id() as settled', []);
  const { settled } = bound!;
  const position = await positionOf(args, scope, settled, context);
  const parts = kept.map(
    (noun) => sql`(${version(noun)} where ${allOf([beyond(position, noun), sql`v.transaction_id < ${settled}::bigint`])}
      order by v.transaction_id, v.sequence limit ${size + 1})`,
  );
  const rows = await ask(
    db,
    'changes',
    told(join(parts, ' union all '), 'c."transactionId", c."table" collate "C", c.sequence', size + 1),
    nouns,
  );
  const nodes = rows.slice(0, size);
  const hasMore = rows.length > size;
  const last = nodes.at(-1);
  // At the end the cursor goes to where the feed ends, also when that is past the last change.
  const next = hasMore
    ? { transaction: last!.transactionId, table: last!.noun.table, sequence: last!.sequence }
    : furthest(position, after(String(BigInt(settled) - 1n)));
  return { nodes, hasMore, cursor: sealCursor(cursorKey, scope, [next.transaction, next.table, next.sequence]) };
}

/** A standby may lag behind what another one has already told. */
const furthest = (a: Position, b: Position): Position => (BigInt(a.transaction) > BigInt(b.transaction) ? a : b);
