// Relations as one person sees them: rows are written from one side, and read from both.
import { periodValue, type PeriodValue } from '../records/dates.js';
import type { Loading } from '../records/loaders.js';
import type { PersonRow, RelationRow } from './model.js';

/** What the SDL calls PersonRelation. */
export interface SeenRelation {
  relation: RelationRow;
  kind: string;
  isReverse: boolean;
  role: string | null;
  otherPersonId: string | null;
  organizationId: string | null;
  period: PeriodValue;
}

function seenFrom(personId: string, relation: RelationRow): SeenRelation {
  const isReverse = relation.personId !== personId;
  const { kind, role, organizationId, otherPersonId } = relation;
  return {
    relation,
    kind,
    isReverse,
    role,
    organizationId,
    otherPersonId: isReverse ? relation.personId : otherPersonId,
    period: periodValue(relation, 'starts', 'ends'),
  };
}

export async function relationsOf(person: PersonRow, { load }: Loading): Promise<SeenRelation[]> {
  const [own, others] = await Promise.all([
    load.many('Person', 'relations').load(person.id),
    load.many('Person', 'relationsFromOthers').load(person.id),
  ]);
  return ([...own, ...others] as unknown as RelationRow[]).map((relation) => seenFrom(person.id, relation));
}
