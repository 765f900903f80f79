// The list of conflicts. SQL finds the fields on which sources differ; what the difference is, the rules say.
import { allOf, compile, raw, sql, type Sql } from '../db/sql.js';
import type { QueryConflictsArgs } from '../generated/resolvers-types.js';
import { conditions, inCaseOrBelonging, uuid } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { countOf, listOf, opened, pageSize, type List, type PageContext } from '../records/page.js';
import { sealCursor } from '../values/cursor.js';
import { columnsNamed } from './filters.js';
import { levelOf } from './origins.js';
import { claimsOf } from './record-fields.js';
import { conflictsOf, type FieldConflict } from './rules.js';

interface Field {
  recordId: string;
  field: string;
}

/** As `compatible` in rules.ts: all different values are days, and there is a day that all of them may mean. */
const COMPATIBLE = raw(`coalesce(bool_and(c.value = '".."' or c.earliest is not null and c.latest is not null)
  and max(case when c.value = '".."' then c.published_earliest else c.earliest end)
    <= min(case when c.value = '".."' then 'infinity' else c.latest end), false)`);

/** A claim that sums up others on the same field adds no voice. */
const VOICE = raw(`c.bears and c.field <> '' and not exists (
  select from claims d where d.id = any(c.derived_from) and d.record_id = c.record_id and d.field = c.field)`);

function fieldsIn(args: QueryConflictsArgs, nouns: Record<string, Noun>, from: readonly unknown[] | null): Sql {
  const { record, case: file, field, compatible } = args;
  const where = conditions(
    { record, case: file, field },
    {
      record: (id) => sql`c.record_id = ${uuid(id)}`,
      case: (id) => sql`c.record_id in ${inCaseOrBelonging(nouns, id)}`,
      field: (name) => sql`c.field = any(${columnsNamed(name, nouns)}::text[])`,
    },
    '',
  );
  const after = from ? [sql`(c.record_id, c.field) > (${from[0]}::uuid, ${from[1]}::text)`] : [];
  const differing = sql`count(distinct c.value) > 1`;
  const asked = compatible === null || compatible === undefined ? [] : [sql`${COMPATIBLE} = ${compatible}::boolean`];
  return sql`select c.record_id as "recordId", c.field from claims c where ${allOf([VOICE, ...where, ...after])}
    group by c.record_id, c.field having ${allOf([differing, ...asked])}`;
}

export type ConflictList = List<FieldConflict>;

export async function listConflicts(
  args: QueryConflictsArgs,
  nouns: Record<string, Noun>,
  context: PageContext & Loading,
): Promise<ConflictList> {
  const { db, cursorKey } = context;
  const { first, after, ...filter } = args;
  const size = pageSize(first);
  const scope = JSON.stringify(['conflicts', filter]);
  const from = opened(cursorKey, scope, after);
  const { text, values } = compile(sql`${fieldsIn(args, nouns, from)} order by c.record_id, c.field limit ${size + 1}`);
  const fields = await db.rows<Field>('conflicts', text, values);
  const found = await Promise.all(fields.map((field) => conflictOf(field, context)));
  return listOf({
    rows: found.filter((conflict) => conflict !== undefined),
    size,
    hasPreviousPage: from !== null,
    cursorOf: ({ recordId, field }) => sealCursor(cursorKey, scope, [recordId, field]),
    totalCount: () => countOf(db, 'conflicts count', fieldsIn(args, nouns, null)),
  });
}

async function conflictOf({ recordId, field }: Field, loading: Loading): Promise<FieldConflict | undefined> {
  const [claims, level] = await Promise.all([claimsOf({ id: recordId }, loading), levelOf(recordId, loading)]);
  return conflictsOf(recordId, claims, level).find((conflict) => conflict.field === field);
}
