// The merged timeline: one union over all tables that date something, each branch limited by the key of the page, so that
// no branch reads more than a page. Dates are compared as bare columns with bare parameters: anything cleverer would lose
// its index under row security.
import { allOf, compile, join, raw, sql, type Sql } from '../db/sql.js';
import { duringEvent } from '../events/filters.js';
import type { QueryTimelineArgs, TimelineKind, TimelineScope } from '../generated/resolvers-types.js';
import { anywhere, conditions, duringPeriod, onDay, refuseSwapped } from '../records/filters.js';
import type { AnyRow } from '../records/loaders.js';
import { snake, type Noun } from '../records/noun.js';
import type { Plan } from '../records/plan.js';
import { countOf, listOf, opened, pageSize, type List } from '../records/page.js';
import { sealCursor } from '../values/cursor.js';
import { BRANCHES, kindOfRank, rankOf, type Branch } from './branches.js';
import { scopeOf, type Reading, type Scope } from './scope.js';
import { wordsSaying } from './titles.js';

/** One dated fact of a record. */
export interface Entry {
  kind: TimelineKind;
  row: AnyRow;
  /** The day it stands at in the order; null where nobody tells any. */
  day: string | null;
}

type Nullable<T> = { [K in keyof T]?: T[K] | null | undefined };
/** Everything that chooses entries but their scope. */
export type Choice = Nullable<{
  from: string;
  until: string;
  kinds: readonly TimelineKind[];
  text: string;
  asOf: { validOn?: string | null };
}>;

type Key = readonly [day: string | null, rank: number, sequence: string, id: string];
interface Found {
  day: string | null;
  rank: number;
  id: string;
}

const START: Key = ['-infinity', 0, '0', '00000000-0000-0000-0000-000000000000'];
/** What records say in words, beside their title. */
const PROSE: Record<string, string[]> = {
  events: ['title', 'description'],
  detentions: ['facility', 'legal_basis', 'stated_reason', 'suspected_reason'],
  charges: ['offence', 'law', 'sentence'],
  status_decisions: ['reason'],
};
const PERIODS: Record<string, [string, string]> = {
  detentions: ['starts', 'ends'],
  refugee_statuses: ['starts', 'ends'],
  status_documents: ['validFrom', 'validUntil'],
};

const bound = (branch: Branch, side: 'earliest' | 'latest'): Sql =>
  raw(`${branch.noun.table}.${snake(branch.date)}_${side}`);

function heldOn({ noun, date }: Branch, day: string): Sql {
  if (noun.table === 'events') return duringEvent({ from: day, until: day });
  const period = PERIODS[noun.table];
  return (period ? duringPeriod(noun, ...period) : onDay(noun, date))({ from: day, until: day });
}

function saysText({ noun: { table }, wording }: Branch, text: string): Sql {
  const prose = (PROSE[table] ?? []).map((column) => sql`${raw(`${table}.${column}`)} ilike ${anywhere(text)}`);
  const words = raw(
    [
      "' '",
      ...wording.by.map((property) => `${table}.${snake(property)}`),
      ...(wording.by.length > 0 ? [] : ['null']),
    ].join(', '),
  );
  const said = sql`concat_ws(${words}) = any(${wordsSaying(wording, text)}::text[])`;
  const replaced = wording.instead ? sql`${raw(`${table}.${snake(wording.instead)}`)} is null and ${said}` : said;
  return sql`(${join([...prose, replaced], ' or ')})`;
}

/** The parts of the union that the choice leaves, each with its conditions. */
function branches(scope: Scope, choice: Choice): { branch: Branch; where: Sql[] }[] {
  const kept = BRANCHES.filter(({ kind }) => !choice.kinds || choice.kinds.includes(kind));
  return kept.flatMap((branch) => {
    const scoped = scope.where(branch.noun);
    if (!scoped) return [];
    const asked = conditions(
      { from: choice.from, until: choice.until, text: choice.text, validOn: choice.asOf?.validOn },
      {
        from: (day) => sql`${bound(branch, 'latest')} >= ${day}::date`,
        until: (day) => sql`${bound(branch, 'earliest')} <= ${day}::date`,
        text: (text) => saysText(branch, text),
        validOn: (day) => heldOn(branch, day),
      },
    );
    return [{ branch, where: [scoped, ...(branch.where ? [raw(branch.where)] : []), ...asked] }];
  });
}
type Part = ReturnType<typeof branches>[number];

interface Slice {
  day: Sql;
  where: Sql[];
}

/** Rows of a branch that stand at a day: their first one, or their last where nothing bounds them from below. */
function slices({ branch }: Part): Slice[] {
  const [earliest, latest] = [bound(branch, 'earliest'), bound(branch, 'latest')];
  return [
    // An end that is still open has bounds at infinity, and is no entry.
    { day: earliest, where: [sql`${earliest} > '-infinity'`, sql`${earliest} < 'infinity'`] },
    { day: latest, where: [sql`${earliest} = '-infinity'`] },
  ];
}

/** All entries of one kind are of one table, so its own count settles their ties. */
const tiesOf = ({ table }: Noun): Sql => raw(`${table}.sequence, ${table}.id`);

function select(
  { branch: { noun, kind }, where }: Part,
  { day, where: also }: Slice,
  [from, rank, sequence, id]: Key,
  limit: number,
): Sql {
  const own = raw(String(rankOf(kind)));
  const ties = tiesOf(noun);
  const key = sql`(${day}, ${own}, ${ties}) > (${from}::date, ${rank}::int, ${sequence}::bigint, ${id}::uuid)`;
  return sql`(select ${day} as day, ${own} as rank, ${ties} from ${raw(noun.table)}
    where ${allOf([...also, key, ...where])} order by ${day}, ${ties} limit ${limit})`;
}

function selectUndated(
  { branch: { noun, kind, undated, date }, where }: Part,
  [, rank, sequence, id]: Key,
  limit: number,
): Sql[] {
  if (!undated) return [];
  const own = raw(String(rankOf(kind)));
  const { table } = noun;
  const ties = tiesOf(noun);
  const also = [
    raw(`${table}.${snake(date)}_earliest is null`),
    raw(undated),
    sql`(${own}, ${ties}) > (${rank}::int, ${sequence}::bigint, ${id}::uuid)`,
  ];
  return [
    sql`(select null::date as day, ${own} as rank, ${ties} from ${raw(table)}
    where ${allOf([...also, ...where])} order by ${ties} limit ${limit})`,
  ];
}

/** All entries of a branch after a place, where they are few. */
function selectAll({ branch, where }: Part, [from, rank, sequence, id]: Key, onlyDated: boolean): Sql {
  const { noun, kind, undated } = branch;
  const own = raw(String(rankOf(kind)));
  const ties = tiesOf(noun);
  const [earliest, latest] = [bound(branch, 'earliest'), bound(branch, 'latest')];
  const day = sql`case when ${earliest} = '-infinity' then ${latest} else ${earliest} end`;
  const dated = sql`${earliest} < 'infinity'`;
  const told = undated && !onlyDated ? sql`(${dated} or (${earliest} is null and ${raw(undated)}))` : dated;
  const later = sql`(${own}, ${ties}) > (${rank}::int, ${sequence}::bigint, ${id}::uuid)`;
  const after =
    from === null
      ? sql`${earliest} is null and ${later}`
      : sql`(${earliest} is null or ${day} > ${from}::date or (${day} = ${from}::date and ${later}))`;
  return sql`select ${day} as day, ${own} as rank, ${ties} from ${raw(noun.table)} where ${allOf([told, after, ...where])}`;
}

const COLUMNS = 'day, rank, sequence, id';
const unionOf = (parts: readonly Sql[], limit: Sql): Sql =>
  parts.length === 0
    ? raw('select null::date as day, 0 as rank, 0::bigint as sequence, null::uuid as id where false')
    : sql`select ${raw(COLUMNS)} from (${join(parts, ' union all ')}) entries order by ${raw(COLUMNS)} limit ${limit}`;

/**
 * Up to `limit` entries after a place, in order. Dated ones first; those without any date are read only where the page
 * reaches them: PostgreSQL does not begin what is limited to nothing.
 */
function found(scope: Scope, choice: Choice, after: Key, limit: number): Sql {
  const parts = branches(scope, choice);
  if (scope.gathered) {
    const all = parts.map((part) => selectAll(part, after, Boolean(choice.from || choice.until)));
    return sql`with ${scope.gathered} ${unionOf(all, sql`${limit}`)}`;
  }
  const dated =
    after[0] === null ? [] : parts.flatMap((part) => slices(part).map((slice) => select(part, slice, after, limit)));
  const first = unionOf(dated, sql`${limit}`);
  if (choice.from || choice.until) return first;
  const start = after[0] === null ? after : START;
  const undated = parts.flatMap((part) => selectUndated(part, start, limit));
  const rest = sql`greatest(0, ${limit} - (select count(*) from dated))`;
  return sql`with dated as materialized (${first}), undated as materialized (${unionOf(undated, rest)})
    select ${raw(COLUMNS)} from (select * from dated union all select * from undated) entries order by ${raw(COLUMNS)}`;
}

async function find(scope: Scope, choice: Choice, after: Key, limit: number, { db }: Reading): Promise<Found[]> {
  const { text, values } = compile(found(scope, choice, after, limit));
  return db.rows<Found>('timeline', text, values);
}

async function entriesOf(found: readonly Found[], { load }: Reading): Promise<Entry[]> {
  const nounOf = (rank: number): string => BRANCHES.find(({ kind }) => kind === kindOfRank(rank))!.noun.table;
  const rows = await Promise.all(found.map(({ rank, id }) => load.one[nounOf(rank)]!.load(id)));
  // All were found on this very snapshot, so none can be missing.
  return found.map(({ day, rank }, i) => ({ kind: kindOfRank(rank), row: rows[i] as AnyRow, day }));
}

/** Up to `limit` entries of a scope, in order. */
export const entries = async (scope: Scope, choice: Choice, limit: number, reading: Reading): Promise<Entry[]> =>
  entriesOf(await find(scope, choice, START, limit, reading), reading);

export interface PageReading extends Reading {
  cursorKey: Uint8Array;
}

export type EntryList = List<Entry>;

const listName = (of: TimelineScope, choice: Choice): string => JSON.stringify(['timeline', of, choice]);

const tables = new Map(BRANCHES.map(({ noun }) => [noun.table, noun]));

/** The same page for a question of one statement. */
export const TIMELINE: Plan = {
  is: 'union',
  keys: ['day', 'rank', 'sequence::text', 'id'],
  kinds: [...tables.values()].map((noun) => ({
    noun,
    ranks: [...new Set(BRANCHES.flatMap((branch) => (branch.noun === noun ? [rankOf(branch.kind)] : [])))],
    wrap: (row: AnyRow, rank: number): Omit<Entry, 'day'> => ({ kind: kindOfRank(rank), row }),
  })),
  union: ({ of, first: _, after: __, ...choice }: QueryTimelineArgs) => {
    refuseSwapped(choice);
    const scope = scopeOf(of);
    return {
      rows: (limit, after) => found(scope, choice, (after as Key | null) ?? START, limit),
      count: counted(scope, choice),
      scope: listName(of, choice),
    };
  },
};

export async function timelinePage(args: QueryTimelineArgs, reading: PageReading): Promise<EntryList> {
  const { of, first, after, ...choice } = args;
  const size = pageSize(first);
  refuseSwapped(choice);
  const list = listName(of, choice);
  const from = opened(reading.cursorKey, list, after) as Key | null;
  const scope = scopeOf(of);
  return listOf({
    rows: await entriesOf(await find(scope, choice, from ?? START, size + 1, reading), reading),
    size,
    hasPreviousPage: from !== null,
    cursorOf: ({ day, kind, row }) => sealCursor(reading.cursorKey, list, [day, rankOf(kind), row.sequence, row.id]),
    totalCount: () => countOf(reading.db, 'timeline count', counted(scope, choice)),
  });
}

function counted(scope: Scope, choice: Choice): Sql {
  const parts = branches(scope, choice);
  const each = parts.map(({ branch, where }) => {
    const { noun, date, undated } = branch;
    const dated = sql`${bound(branch, 'earliest')} < 'infinity'`;
    const told = undated
      ? sql`(${dated} or (${raw(`${noun.table}.${snake(date)}_earliest is null and ${undated}`)}))`
      : dated;
    return sql`select 1 from ${raw(noun.table)} where ${allOf([told, ...where])}`;
  });
  const all = each.length > 0 ? join(each, ' union all ') : sql`select 1 where false`;
  return scope.gathered ? sql`with ${scope.gathered} ${all}` : all;
}
