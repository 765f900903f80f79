// Persons with their names and relations: only what the declarations cannot say.
import { allOf, raw, sql, type Sql } from '../db/sql.js';
import type {
  PersonFilter,
  PersonRelationsArgs,
  QueryPersonsArgs,
  QueryRelationsArgs,
  RelationFilter,
  Resolvers,
} from '../generated/resolvers-types.js';
import { periodFrom } from '../records/dates.js';
import {
  atPlace,
  conditions,
  duringPeriod,
  fromSource,
  hasReference,
  holdsText,
  inCase,
  is,
  isOneOf,
  onDay,
  uuid,
  validOn,
  whenValid,
} from '../records/filters.js';
import { refResolver } from '../records/link-resolvers.js';
import { listed, recordById } from '../records/list.js';
import { referenceOf } from '../records/reference.js';
import type { Loading } from '../records/loaders.js';
import { planned } from '../records/plan.js';
import { persons, relations, type PersonNameRow, type PersonRow } from './model.js';
import { byNearness, namedLike } from './name-search.js';
import { relationsOf, SEEN_RELATIONS, type SeenRelation } from './relations.js';

/** Role and event are asked of one and the same participation. */
function takingPart({ role, event }: Pick<PersonFilter, 'role' | 'event'>): Sql[] {
  const asked = conditions(
    { role, event },
    { role: (roles) => sql`role = any(${roles}::text[])`, event: (id) => sql`event_id = ${uuid(id)}` },
  );
  return asked.length > 0 ? [sql`persons.id in (select person_id from event_participants where ${allOf(asked)})`] : [];
}

const connectedWith = (countries: readonly string[]): Sql => sql`
  persons.nationalities && ${countries}::text[]
  or persons.residence_id in (select p.id from places p where p.country = any(${countries}::text[]))
  or persons.id in (
    select person_id from refugee_statuses where country = any(${countries}::text[])
    union all select person_id from status_documents where country = any(${countries}::text[])
    union all select person_id from status_decisions where country = any(${countries}::text[])
    union all select d.person_id from detentions d join places p on p.id = d.place_id where p.country = any(${countries}::text[])
    union all select t.person_id from event_participants t join events e on e.id = t.event_id join places p on p.id = e.place_id
      where p.country = any(${countries}::text[]) and t.person_id is not null)`;

const ask = ({ role, event, ...filter }: PersonFilter): Sql[] => [
  ...takingPart({ role, event }),
  ...conditions(filter, {
    name: namedLike,
    reference: hasReference(persons, 'P'),
    kind: isOneOf(persons, 'kind'),
    sex: isOneOf(persons, 'sex'),
    ethnicity: (ethnicity) => sql`lower(persons.ethnicity) = lower(${ethnicity})`,
    nationality: (countries) => sql`persons.nationalities && ${countries}::text[]`,
    country: connectedWith,
    place: atPlace(persons, 'residenceId'),
    bornDuring: onDay(persons, 'born'),
    relatedTo: (id) => sql`persons.id in (
      select person_id from relations where other_person_id = ${uuid(id)} or organization_id = ${uuid(id)}
      union all select other_person_id from relations where person_id = ${uuid(id)} and other_person_id is not null)`,
    hasStatus: (kinds) =>
      sql`persons.id in (select person_id from refugee_statuses where kind = any(${kinds}::text[]))`,
    case: inCase(persons),
    source: (id) => sql`(${fromSource(persons)(id)} or persons.id in (
      select n.person_id from person_names n join claims c on c.record_id = n.id where c.source_id = ${uuid(id)}))`,
  }),
];

const askRelations = (filter: RelationFilter | null | undefined): Sql[] =>
  conditions(filter, {
    person: (id) => sql`relations.person_id = ${uuid(id)} or relations.other_person_id = ${uuid(id)}`,
    organization: is(relations, 'organizationId'),
    kind: isOneOf(relations, 'kind'),
    role: holdsText(relations, 'role'),
    during: duringPeriod(relations, 'starts', 'ends'),
    case: inCase(relations),
    source: fromSource(relations),
  });

/** In the order of the link `Person.names`. */
const FIRST_NAME = (row: string): string =>
  `from person_names named where named.person_id = ${row}.id
    order by named.display_order nulls last, named.sequence, named.id limit 1`;

export const personResolvers: Resolvers = {
  Query: {
    person: recordById('persons'),
    persons: listed(
      persons,
      ({ filter }: QueryPersonsArgs) => ask(filter ?? {}),
      ({ filter }) => byNearness(filter?.name),
    ),
    relation: recordById('relations'),
    relations: listed(relations, ({ filter, asOf }: QueryRelationsArgs) => [
      ...askRelations(filter),
      ...whenValid(asOf, validOn(relations, 'starts', 'ends')),
    ]),
  },
  Person: {
    reference: referenceOf('P'),
    name: planned(
      async (person: PersonRow, _: unknown, { load }: Loading) => {
        const [first] = (await load.many('Person', 'names').load(person.id)) as unknown as PersonNameRow[];
        return first?.value ?? null;
      },
      {
        is: 'leaf',
        madeOf: (row) => raw(`select named.id ${FIRST_NAME(row)}`),
        sql: (row) => raw(`(select to_json(named.value) ${FIRST_NAME(row)})`),
      },
    ),
    relations: planned(
      async (person: PersonRow, { kind }: PersonRelationsArgs, context: Loading) => {
        const seen = await relationsOf(person, context);
        return kind ? seen.filter((relation) => kind.some((asked) => asked === relation.kind)) : seen;
      },
      {
        is: 'rows',
        rows: SEEN_RELATIONS,
        choose: ({ kind }: PersonRelationsArgs) => (kind ? [sql`seen_relations.kind = any(${kind}::text[])`] : []),
      },
    ),
  },
  Relation: {
    period: periodFrom('starts', 'ends'),
  },
  PersonRelation: {
    relation: planned((seen: SeenRelation) => seen, { is: 'own' }),
    otherPerson: refResolver('seenPersonId', 'persons'),
    organization: refResolver('organizationId', 'organizations'),
    period: periodFrom('starts', 'ends'),
  },
};
