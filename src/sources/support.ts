// How much rests on one source, for all sources of an answer at once.
import { raw } from '../db/sql.js';
import { batched } from '../records/batched.js';
import type { Rows } from '../records/loaders.js';
import type { Plan } from '../records/plan.js';

/** What the SDL calls SourceSupport. */
export interface Support {
  claims: number;
  records: number;
  onlySupportOf: number;
}

const NOTHING: Support = { claims: 0, records: 0, onlySupportOf: 0 };

/** Of the claims that rest on source `s`, itself the only one to say that the record of `c` exists. */
export const ONLY_SUPPORT = `c.field = '' and c.bears and not exists (
  select from claims o where o.record_id = c.record_id and o.field = '' and o.bears and not o.roots @> array[s.id])`;

const SUPPORT = `
  select s.id, count(c.id)::int as claims, count(distinct c.record_id)::int as records,
    (count(distinct c.record_id) filter (where ${ONLY_SUPPORT}))::int as "onlySupportOf"
  from unnest($1::uuid[]) s(id) cross join lateral (
    select claims.* from claims where claims.source_id = s.id
    union all select claims.* from claims where claims.source_id is null and claims.roots @> array[s.id]
  ) c group by s.id`;

const number = (property: string, name: string) => ({ property, name, sqlType: 'integer', nullable: false });

/** The same of PARENT. */
export const SUPPORT_OF: Plan = {
  is: 'first',
  rows: {
    noun: {
      table: 'support',
      type: 'SourceSupport',
      fields: {},
      columns: [number('claims', 'claims'), number('records', 'records'), number('onlySupportOf', 'only_support_of')],
    },
    madeOf: 'own',
    from: raw(`select count(c.id)::int as claims, count(distinct c.record_id)::int as records,
        (count(distinct c.record_id) filter (where ${ONLY_SUPPORT}))::int as only_support_of
      from (select parent.id) s(id) cross join lateral (
        select claims.* from claims where claims.source_id = s.id
        union all select claims.* from claims where claims.source_id is null and claims.roots @> array[s.id]
      ) c`),
    where: raw('true'),
    orderBy: raw('support.claims'),
  },
};

export async function supportOf(source: { id: string }, db: Rows): Promise<Support> {
  const loader = batched(db, 'Source.support', async (ids) => {
    const rows = await db.rows<Support & { id: string }>('Source.support', SUPPORT, [ids]);
    return new Map(rows.map(({ id, ...support }) => [id, support]));
  });
  return (await loader.load(source.id)) ?? NOTHING;
}
