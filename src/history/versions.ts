// Versions of records, and what a version changed. The tables of `history` have the names and columns of the nouns; they are
// named by their schema here and nowhere else, since a history is read through no lens.
import type { GraphQLSchema } from 'graphql';
import { isObjectType } from 'graphql';
import type { ClaimRow } from '../claims/model.js';
import { graphNameOfColumn } from '../claims/record-fields.js';
import { batched } from '../records/batched.js';
import type { AnyRow, Loading, Rows } from '../records/loaders.js';
import { snake, type Field, type Noun } from '../records/noun.js';
import { columnsOf } from '../records/select.js';
import { SENSITIVITIES } from '../records/sensitivity.js';

/** One version of a record, as a list of changes finds it. */
export interface ChangeRow {
  noun: Noun;
  id: string;
  /** The place of the record in the order in which those of its noun were recorded. */
  sequence: string;
  version: number;
  /** From when on it is what this database held. */
  recordedFrom: string;
  transactionId: string;
  actor: string;
  reason: string | null;
  request: string | null;
  retracted: boolean;
  /** Null when it is the first version. */
  retractedBefore: boolean | null;
  /** Of a claim: the column it is about. */
  claimOn: string | null;
}

/** What the SDL calls FieldChange. */
export interface FieldChangeValue {
  field: string;
  column: string;
  before: unknown;
  after: unknown;
  /** Of the record on both sides: claims above it decide nothing. */
  levels: Record<'before' | 'after', number>;
  change: ChangeRow;
}

interface Versions {
  now: AnyRow;
  before: AnyRow | null;
}

/** Of a row `v` of history.<table>: what a ChangeRow needs, but for the transaction; the noun by the name of its table. */
export const changeColumns = ({ table }: Noun): string =>
  `'${table}'::text as "table", v.id, v.sequence, v.version, v.recorded_from as "recordedFrom", v.transaction_id as "transactionId", v.retracted_at is not null as retracted, v.guard as sensitivity,
  (select p.retracted_at is not null from history.${table} p where p.id = v.id and p.recorded_from < v.recorded_from order by p.recorded_from desc limit 1) as "retractedBefore",
  ${table === 'claims' ? 'v.field' : 'null'} as "claimOn"`;

export function kindOf({ retracted, retractedBefore }: ChangeRow): 'CREATED' | 'CHANGED' | 'RETRACTED' | 'RESTORED' {
  if (retracted && !retractedBefore) return 'RETRACTED';
  if (retractedBefore === null) return 'CREATED';
  return retractedBefore && !retracted ? 'RESTORED' : 'CHANGED';
}

const keyOf = (change: ChangeRow): string => `${change.id} ${change.recordedFrom}`;

/** The version of a change and the one before it; one statement for all changes of a noun. */
async function versionsOf(change: ChangeRow, db: Rows): Promise<Versions> {
  const { noun } = change;
  const found = batched<Versions>(db, `${noun.table} versions`, async (keys) => {
    const rows = await db.rows<AnyRow & { place: string }>(
      `${noun.table} versions`,
      `select wanted.place::int as place, ${columnsOf(noun)}
       from unnest($1::uuid[], $2::timestamptz[]) with ordinality wanted(id, at, place)
       cross join lateral (
         select * from history.${noun.table} h where h.id = wanted.id and h.recorded_from <= wanted.at order by h.recorded_from desc limit 2
       ) ${noun.table} order by wanted.place, ${noun.table}.recorded_from desc`,
      [keys.map((key) => key.split(' ')[0]!), keys.map((key) => key.split(' ')[1]!)],
    );
    const versions = new Map<string, Versions>();
    for (const row of rows) {
      const key = keys[Number(row.place) - 1]!;
      const known = versions.get(key);
      if (known) known.before = row;
      else versions.set(key, { now: row, before: null });
    }
    return versions;
  });
  return (await found.load(keyOf(change)))!;
}

interface Shown {
  property: string;
  field: string;
  value(row: AnyRow): unknown;
}

/** What a reader of the graph can see of a record and a change can alter; the rest follows from it. */
function shownFields(noun: Noun, schema: GraphQLSchema): Shown[] {
  const type = schema.getType(noun.type);
  const known = isObjectType(type) ? type.getFields() : {};
  const declared = Object.entries(noun.fields as Record<string, Field>).flatMap(([property, { shape }]): Shown[] => {
    // A source has a publisher in words and one on record: the words keep the name.
    const short = shape === 'ref' ? property.replace(/Id$/, '') : property;
    const field = short !== property && short in noun.fields ? property : short;
    return field in known || property in known ? [{ property, field, value: (row) => row[property] ?? null }] : [];
  });
  return [
    ...declared,
    { property: 'sensitivity', field: 'sensitivity', value: (row) => SENSITIVITIES[row.sensitivity] },
  ];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The fields in which a version differs from the one before it. */
export async function fieldChanges(
  change: ChangeRow,
  schema: GraphQLSchema,
  { db }: { db: Rows },
): Promise<FieldChangeValue[]> {
  const { now, before } = await versionsOf(change, db);
  const { noun } = change;
  const levels = { before: before?.sensitivity ?? 0, after: now.sensitivity };
  return shownFields(noun, schema).flatMap(({ property, field, value }) => {
    // A claim names its field by the column; readers know it by its name in the graph.
    const shown = (row: AnyRow | null): unknown => {
      const found = row && value(row);
      return noun.table === 'claims' && property === 'field' && found ? graphNameOfColumn(String(found)) : found;
    };
    const [from, to] = [shown(before), shown(now)];
    return same(from, to) ? [] : [{ field, column: snake(property), before: from, after: to, levels, change }];
  });
}

/** Which claim decided each field of a record at a level, just before an instant or from it on. */
async function decidersOf(key: string, side: 'before' | 'after', db: Rows): Promise<Map<string, string> | undefined> {
  const name = `deciding claims ${side} changes`;
  const found = batched<Map<string, string>>(db, name, async (keys) => {
    const parts = keys.map((each) => each.split(' '));
    const rows = await db.rows<{ place: number; field: string; id: string }>(
      name,
      `select wanted.place::int as place, c.field, c.id
       from unnest($1::uuid[], $2::timestamptz[], $3::smallint[]) with ordinality wanted(id, since, level, place)
       cross join lateral (select wanted.since ${side === 'before' ? "- interval '1 microsecond'" : ''} as at) moment
       cross join lateral (
         select distinct on (c.field) c.field, c.id from history.claims c
         where c.record_id = wanted.id and c.field <> '' and c.bears and c.level <= wanted.level
           and c.recorded_from <= moment.at and c.recorded_to > moment.at
         order by c.field, c.preference
       ) c`,
      [0, 1, 2].map((part) => parts.map((each) => each[part]!)),
    );
    const deciders = new Map(keys.map((each) => [each, new Map<string, string>()]));
    for (const { place, field, id } of rows) deciders.get(keys[place - 1]!)!.set(field, id);
    return deciders;
  });
  return found.load(key);
}

/** The claim that decided the value of a field on one side of a change. */
export async function decider(
  { change, column, levels, ...values }: FieldChangeValue,
  side: 'before' | 'after',
  { db, load }: Loading & { db: Rows },
): Promise<ClaimRow | null> {
  if (values[side] === null || change.noun.table === 'claims') return null;
  const deciders = await decidersOf(`${keyOf(change)} ${levels[side]}`, side, db);
  const id = deciders?.get(column);
  return id ? ((await load.one.claims!.load(id)) as unknown as ClaimRow | null) : null;
}
