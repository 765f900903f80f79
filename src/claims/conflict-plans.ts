// Conflicts in SQL, as rules.ts finds them: which fields have different values, and which values these are.
import { allOf, raw, sql, type Sql } from '../db/sql.js';
import type { Column, Noun } from '../records/noun.js';
import type { Plan } from '../records/plan.js';
import { claims } from './model.js';

/** As `compatible` in rules.ts: all different values are days, and there is a day that all of them may mean. */
export const COMPATIBLE = raw(`coalesce(bool_and(c.value = '".."' or c.earliest is not null and c.latest is not null)
  and max(case when c.value = '".."' then c.published_earliest else c.earliest end)
    <= min(case when c.value = '".."' then 'infinity' else c.latest end), false)`);

/** A claim that sums up others on the same field adds no voice. */
const VOICE = raw(`c.bears and c.field <> '' and not exists (
  select from claims d where d.id = any(c.derived_from) and d.record_id = c.record_id and d.field = c.field)`);

/** Fields on which sources differ: columns record_id, field, compatible. */
export const differing = (where: readonly Sql[], having: readonly Sql[] = []): Sql => sql`
  select c.record_id, c.field, ${COMPATIBLE} as compatible from claims c where ${allOf([VOICE, ...where])}
  group by c.record_id, c.field having ${allOf([raw('count(distinct c.value) > 1'), ...having])}`;

const column = (property: string, name: string, sqlType: string): Column => ({
  property,
  name,
  sqlType,
  nullable: false,
});

/** What the SDL calls Conflict, as rows. */
export const conflictRows: Noun = {
  table: 'conflicts',
  type: 'Conflict',
  fields: {},
  columns: [
    column('recordId', 'record_id', 'uuid'),
    column('field', 'field', 'text'),
    column('compatible', 'compatible', 'boolean'),
  ],
};

/** Of one record, in the order of its claims. */
export const CONFLICTS: Plan = {
  is: 'rows',
  rows: {
    noun: conflictRows,
    from: differing([raw('c.record_id = parent.id')]),
    where: raw('true'),
    orderBy: raw('conflicts.field'),
    madeOf: (row) =>
      raw(`select c.id from claims c where c.record_id = ${row}.record_id and c.field = ${row}.field and c.bears`),
  },
};

/** What the SDL calls ConflictValue: the strongest claim that gives the value, and whether it is the accepted one. */
const valueRows: Noun = {
  ...claims,
  table: 'conflict_values',
  type: 'ConflictValue',
  columns: [...claims.columns, column('isAccepted', 'is_accepted', 'boolean')],
};

/** The accepted one first, then by the strongest claim. */
export const VALUES: Plan = {
  is: 'rows',
  rows: {
    noun: valueRows,
    from: raw(`select strongest.*, coalesce(strongest.value = (
        select a.value from claims a where a.record_id = parent.record_id and a.field = parent.field and a.bears
          and a.level <= (select r.sensitivity from records r where r.id = parent.record_id)
        order by a.preference, a.sequence, a.id limit 1), false) as is_accepted
      from (select distinct on (c.value) c.* from claims c
        where c.record_id = parent.record_id and c.field = parent.field and c.bears
        order by c.value, c.preference, c.sequence, c.id) strongest`),
    where: raw('true'),
    orderBy: raw(
      'conflict_values.is_accepted desc, conflict_values.preference, conflict_values.sequence, conflict_values.id',
    ),
  },
};

export const CLAIMS_OF_VALUE: Plan = {
  is: 'rows',
  rows: {
    noun: 'claims',
    where: raw(
      'claims.record_id = parent.record_id and claims.field = parent.field and claims.value = parent.value and claims.bears',
    ),
    orderBy: raw('claims.preference, claims.sequence, claims.id'),
  },
};
