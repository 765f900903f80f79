// What stands in the place of a retracted record.
import type { Context } from '../context.js';
import { raw } from '../db/sql.js';
import { isUuid } from '../values/identifier.js';
import { batched } from './batched.js';
import type { Noun } from './noun.js';
import type { Rows } from './plan.js';

export interface TombstoneRow {
  __typename: 'Tombstone';
  id: string;
  /** The table. */
  noun: string;
  retractedAt: string;
  reason: string;
  by: string;
}

const FIND = `
  select 'Tombstone' as "__typename", t.record_id as id, r.noun, t.retracted_at as "retractedAt", t.reason, t.retracted_by as by
  from house.tombstones t join records r on r.id = t.record_id where t.record_id = any($1::uuid[])`;

/** The same as rows beside PARENT. */
export const TOMBSTONES: Rows & { noun: Noun } = {
  noun: {
    table: 'tombstones',
    type: 'Tombstone',
    fields: {},
    columns: [
      { property: 'id', name: 'id', sqlType: 'uuid', nullable: false },
      { property: 'noun', name: 'noun', sqlType: 'text', nullable: false },
      { property: 'retractedAt', name: 'retracted_at', sqlType: 'timestamptz', nullable: false },
      { property: 'reason', name: 'reason', sqlType: 'text', nullable: false },
      { property: 'by', name: 'by', sqlType: 'text', nullable: false },
    ],
  },
  from: raw(`select t.record_id as id, r.noun, t.retracted_at, t.reason, t.retracted_by as by
    from house.tombstones t join records r on r.id = t.record_id where t.record_id = parent.id`),
  where: raw('true'),
  orderBy: raw('tombstones.id'),
};

export const tombstoneOf = ({ db }: Pick<Context, 'db'>, id: string): Promise<TombstoneRow | undefined> =>
  batched(db, 'tombstones', async (ids) => {
    const wanted = ids.filter(isUuid);
    const rows = wanted.length > 0 ? await db.rows<TombstoneRow>('tombstones', FIND, [wanted]) : [];
    return new Map(rows.map((row) => [row.id, row]));
  }).load(id);

/** The SDL type behind a table. */
export const typeOfNoun = (nouns: Record<string, Noun>, table: string): string => nouns[table]?.type ?? table;
