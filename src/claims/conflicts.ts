// The list of conflicts. SQL finds the fields on which sources differ; what the difference is, the rules say.
import { compile, sql, type Sql } from '../db/sql.js';
import type { QueryConflictsArgs } from '../generated/resolvers-types.js';
import { conditions, inCaseOrBelonging, uuid } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { countOf, listOf, opened, pageSize, type List, type PageContext } from '../records/page.js';
import type { Plan } from '../records/plan.js';
import { sealCursor } from '../values/cursor.js';
import { COMPATIBLE, conflictRows, differing } from './conflict-plans.js';
import { columnsNamed } from './filters.js';
import { levelOf } from './origins.js';
import { claimsOf } from './record-fields.js';
import { conflictsOf, type FieldConflict } from './rules.js';

interface Field {
  recordId: string;
  field: string;
}

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
  const asked = compatible === null || compatible === undefined ? [] : [sql`${COMPATIBLE} = ${compatible}::boolean`];
  return differing([...where, ...after], asked);
}

const rowsIn = (
  args: QueryConflictsArgs,
  nouns: Record<string, Noun>,
  limit: number,
  from: readonly unknown[] | null,
) => sql`${fieldsIn(args, nouns, from)} order by c.record_id, c.field limit ${limit}`;

const scopeOf = ({ first: _, after: __, ...filter }: QueryConflictsArgs): string =>
  JSON.stringify(['conflicts', filter]);

/** The same as one statement asks it. */
export const conflictsPlan = (nouns: Record<string, Noun>): Plan => ({
  is: 'union',
  kinds: conflictRows,
  keys: ['record_id', 'field'],
  union: (args: QueryConflictsArgs) => ({
    rows: (limit, from) => rowsIn(args, nouns, limit, from),
    count: fieldsIn(args, nouns, null),
    scope: scopeOf(args),
  }),
});

export type ConflictList = List<FieldConflict>;

export async function listConflicts(
  args: QueryConflictsArgs,
  nouns: Record<string, Noun>,
  context: PageContext & Loading,
): Promise<ConflictList> {
  const { db, cursorKey } = context;
  const size = pageSize(args.first);
  const scope = scopeOf(args);
  const from = opened(cursorKey, scope, args.after);
  const { text, values } = compile(
    sql`select record_id as "recordId", field from (${rowsIn(args, nouns, size + 1, from)}) conflicts`,
  );
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
