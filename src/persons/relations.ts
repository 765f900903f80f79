// Relations as one person sees them: rows are written from one side, and read from both.
import { raw } from '../db/sql.js';
import type { Loading } from '../records/loaders.js';
import type { Rows } from '../records/plan.js';
import { relations, type PersonRow, type RelationRow } from './model.js';

/** What the SDL calls PersonRelation. */
export type SeenRelation = RelationRow & {
  isReverse: boolean;
  /** The other side, when it is a person. */
  seenPersonId: string | null;
};

function seenFrom(personId: string, relation: RelationRow): SeenRelation {
  const isReverse = relation.personId !== personId;
  return { ...relation, isReverse, seenPersonId: isReverse ? relation.personId : relation.otherPersonId };
}

export async function relationsOf(person: PersonRow, { load }: Loading): Promise<SeenRelation[]> {
  const [own, others] = await Promise.all([
    load.many('Person', 'relations').load(person.id),
    load.many('Person', 'relationsFromOthers').load(person.id),
  ]);
  return ([...own, ...others] as unknown as RelationRow[]).map((relation) => seenFrom(person.id, relation));
}

/** The same as rows: those written from the side of the person, then those of others. */
export const SEEN_RELATIONS: Rows = {
  noun: {
    ...relations,
    table: 'seen_relations',
    columns: [
      ...relations.columns,
      { property: 'isReverse', name: 'is_reverse', sqlType: 'boolean', nullable: false },
      { property: 'seenPersonId', name: 'seen_person_id', sqlType: 'uuid', nullable: true },
    ],
  },
  from: raw(`
    select r.*, false as is_reverse, r.other_person_id as seen_person_id, 0 as side
    from relations r where r.person_id = parent.id
    union all
    select r.*, r.person_id <> parent.id, r.person_id, 1 from relations r where r.other_person_id = parent.id`),
  where: raw('true'),
  orderBy: raw('seen_relations.side, seen_relations.sequence, seen_relations.id'),
};
