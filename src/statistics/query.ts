// Counts, with the unit said. Facts of all sorts are brought to one shape, then grouped; a unit is counted once per group.
// Facts of an uncertain month are never put into one: they stand in a group of their own.
import { allOf, compile, join, raw, sql, type Sql } from '../db/sql.js';
import { detentions } from '../detentions/model.js';
import { limited, invalid } from '../errors.js';
import { duringEvent } from '../events/filters.js';
import type {
  QueryStatisticsArgs,
  StatisticsFact,
  StatisticsFilter,
  StatisticsGrouping,
  StatisticsUnit,
} from '../generated/resolvers-types.js';
import { conditions, duringPeriod, membersOf, onDay, refuseSwapped } from '../records/filters.js';
import type { Rows } from '../records/loaders.js';
import { refugeeStatuses, statusDecisions, statusDocuments } from '../refugees/model.js';
import { didYouMean } from '../values/did-you-mean.js';
import { quoted } from '../values/invalid-value.js';

const MOST_ROWS = 2_000;

interface Shape {
  fact: StatisticsFact;
  table: string;
  /** The enum whose words its kinds are. */
  words: 'EventKind' | 'DetentionKind' | 'DecisionAction' | 'StatusDocumentKind' | 'RefugeeStatusKind';
  /** Columns or expressions of the table. */
  kind: string;
  country: string;
  person: string;
  /** Of the table to the places of its rows, where `country` is not its own. */
  placed?: string;
  /** Of the table to the people, one row for each, where `person` is not its own. */
  peopled?: string;
  earliest: string;
  latest: string;
  validOn: (day: string) => Sql;
}

const placed = (table: string): string => `left join places on places.id = ${table}.place_id`;
const only = (day: string) => ({ from: day, until: day });

/** One row per fact; for an event one per participant, where people matter. */
const SHAPES: Record<StatisticsFact, Shape> = {
  EVENT: {
    fact: 'EVENT',
    table: 'events',
    words: 'EventKind',
    kind: 'events.kind',
    country: 'places.country',
    person: 'event_participants.person_id',
    placed: placed('events'),
    peopled: 'left join event_participants on event_participants.event_id = events.id',
    earliest: 'events.starts_earliest',
    latest: 'events.starts_latest',
    validOn: (day) => duringEvent(only(day)),
  },
  DETENTION: {
    fact: 'DETENTION',
    table: 'detentions',
    words: 'DetentionKind',
    kind: 'detentions.kind',
    country: 'places.country',
    person: 'detentions.person_id',
    placed: placed('detentions'),
    earliest: 'detentions.starts_earliest',
    latest: 'detentions.starts_latest',
    validOn: (day) => duringPeriod(detentions, 'starts', 'ends')(only(day)),
  },
  DECISION: {
    fact: 'DECISION',
    table: 'status_decisions',
    words: 'DecisionAction',
    kind: 'status_decisions.action',
    country: 'status_decisions.country',
    person: 'status_decisions.person_id',
    earliest: 'status_decisions.decided_earliest',
    latest: 'status_decisions.decided_latest',
    validOn: (day) => onDay(statusDecisions, 'decided')(only(day)),
  },
  DOCUMENT: {
    fact: 'DOCUMENT',
    table: 'status_documents',
    words: 'StatusDocumentKind',
    kind: 'status_documents.kind',
    country: 'status_documents.country',
    person: 'status_documents.person_id',
    earliest: 'coalesce(status_documents.issued_earliest, status_documents.valid_from_earliest)',
    latest: 'coalesce(status_documents.issued_latest, status_documents.valid_from_latest)',
    validOn: (day) => duringPeriod(statusDocuments, 'validFrom', 'validUntil')(only(day)),
  },
  STATUS: {
    fact: 'STATUS',
    table: 'refugee_statuses',
    words: 'RefugeeStatusKind',
    kind: 'refugee_statuses.kind',
    country: 'refugee_statuses.country',
    person: 'refugee_statuses.person_id',
    earliest: 'refugee_statuses.starts_earliest',
    latest: 'refugee_statuses.starts_latest',
    validOn: (day) => duringPeriod(refugeeStatuses, 'starts', 'ends')(only(day)),
  },
};

const USUAL: Record<StatisticsUnit, StatisticsFact[]> = {
  PERSON: Object.keys(SHAPES) as StatisticsFact[],
  EVENT: ['EVENT'],
  DOCUMENT: ['DOCUMENT'],
  CASE: Object.keys(SHAPES) as StatisticsFact[],
};

/** The groupings in their fixed order; refuses what cannot be answered. */
function groupingsOf(by: readonly StatisticsGrouping[]): StatisticsGrouping[] {
  if (by.length < 1 || by.length > 2) throw invalid('by', 'Group by one or two of MONTH, YEAR, COUNTRY and KIND.');
  const asked = (['MONTH', 'YEAR', 'COUNTRY', 'KIND'] as const).filter((grouping) => by.includes(grouping));
  return asked.filter((grouping) => grouping !== 'YEAR' || !asked.includes('MONTH'));
}

function factsOf(unit: StatisticsUnit, asked: readonly StatisticsFact[] | null | undefined): StatisticsFact[] {
  const facts = asked ?? USUAL[unit];
  const wrong = facts.find((fact) => !USUAL[unit].includes(fact));
  if (facts.length === 0 || wrong)
    throw invalid('filter.facts', `The unit ${unit} counts only facts of the sort ${USUAL[unit].join(', ')}.`);
  return [...facts];
}

/** A word that no counted fact has would be counted nought times, as if it had never happened. */
function refuseUnknownKinds(kinds: readonly string[], shapes: readonly Shape[], wordsOf: Vocabularies): void {
  const names = [...new Set(shapes.map(({ words }) => words))];
  const known = names.flatMap((name) => wordsOf(name));
  const at = kinds.findIndex((kind) => !known.includes(kind));
  if (at === -1) return;
  const sentence = `${quoted(kinds[at]!)} is not a word of ${names.join(', ')}.${didYouMean(kinds[at]!, known)}`;
  throw invalid(`filter.kinds.${at}`, sentence, { rule: 'known-kind' });
}

/** What a question needs to know of each fact. What it does not need is not joined: a count over all events walks over events. */
interface Needs {
  country: boolean;
  people: boolean;
}

function selectFacts(
  shape: Shape,
  { kinds, roles, country, from, until, case: file }: StatisticsFilter,
  validOn: string | null | undefined,
  needs: Needs,
): Sql {
  const column = (name: 'kind' | 'country' | 'earliest' | 'latest'): Sql => raw(shape[name]);
  const asked = conditions(
    { kinds, roles: shape.fact === 'EVENT' ? roles : null, country, from, until, case: file },
    {
      kinds: (words) => sql`${column('kind')} = any(${words}::text[])`,
      roles: (words) => sql`event_participants.role = any(${words}::text[])`,
      country: (codes) => sql`${column('country')} = any(${codes}::text[])`,
      from: (day) => sql`${column('latest')} >= ${day}::date`,
      until: (day) => sql`${column('earliest')} <= ${day}::date`,
      case: (id) => sql`(${raw(shape.table)}.id in ${membersOf(id)} or ${raw(shape.person)} in ${membersOf(id)})`,
    },
  );
  const where = [...asked, ...(validOn ? [shape.validOn(validOn)] : [])];
  const told = (needed: boolean, value: string, type: string): Sql => raw(needed ? value : `null::${type}`);
  return sql`select ${raw(`'${shape.fact}'`)} as fact, ${column('kind')}::text as kind, ${told(needs.country, shape.country, 'text')} as country,
    ${raw(shape.table)}.id as record_id, ${told(needs.people, shape.person, 'uuid')} as person_id, ${column('earliest')} as earliest, ${column('latest')} as latest
    from ${raw(shape.table)} ${raw(needs.country ? (shape.placed ?? '') : '')} ${raw(needs.people ? (shape.peopled ?? '') : '')} where ${allOf(where)}`;
}

/** How a fact becomes units; those that are hidden are not counted. */
const UNITS: Record<StatisticsUnit, string> = {
  PERSON: 'select facts.*, persons.id as unit from facts join persons on persons.id = facts.person_id',
  EVENT: 'select facts.*, facts.record_id as unit from facts',
  DOCUMENT: 'select facts.*, facts.record_id as unit from facts',
  CASE: `select facts.*, cases.id as unit from facts cross join lateral (values (facts.record_id), (facts.person_id)) held (id)
    join case_members on case_members.record_id = held.id join cases on cases.id = case_members.case_id`,
};

const within = (unit: string): string =>
  `earliest > '-infinity' and latest < 'infinity' and date_trunc('${unit}', earliest::timestamp) = date_trunc('${unit}', latest::timestamp)`;
const dating = (unit: string): string =>
  `case when earliest is null then 'UNDATED' when ${within(unit)} then 'CERTAIN' else 'UNDECIDED' end`;
const COLUMNS: Record<StatisticsGrouping, string[]> = {
  MONTH: [
    `case when ${within('month')} then to_char(earliest, 'YYYY-MM') end as month`,
    `case when ${within('month')} then extract(year from earliest)::int end as year`,
    `${dating('month')} as dating`,
  ],
  YEAR: [
    `case when ${within('year')} then extract(year from earliest)::int end as year`,
    `${dating('year')} as dating`,
  ],
  COUNTRY: ['country'],
  KIND: ['fact', 'kind'],
};
/** Columns of a fact on which those depend. */
const SOURCES: Record<StatisticsGrouping, string[]> = {
  MONTH: ['earliest', 'latest'],
  YEAR: ['earliest', 'latest'],
  COUNTRY: ['country'],
  KIND: ['fact', 'kind'],
};

export interface StatisticsRowValue {
  month: string | null;
  year: number | null;
  dating: 'CERTAIN' | 'UNDECIDED' | 'UNDATED' | null;
  country: string | null;
  fact: StatisticsFact | null;
  kind: string | null;
  count: number;
}

/** The words of an enum of the SDL. */
export type Vocabularies = (name: string) => readonly string[];

/** Where each row is a unit of its own. Days repeat, so they are counted before months are made of them. */
const countRows = (facts: Sql, columns: string[], names: string[], sources: string[]): Sql => sql`
  with days as (select ${raw(sources.join(', '))}, count(*) as n from (${facts}) facts group by ${raw(sources.join(', '))})
  select ${raw(names.join(', '))}, sum(n)::int as count, (sum(sum(n)) over ())::int as total
  from (select ${raw(columns.join(', '))}, n from days) grouped group by ${raw(names.join(', '))}`;

/** Where several rows may be one unit: each counts once in its group, and once over all. */
const countEachOnce = (facts: Sql, unit: StatisticsUnit, columns: string[], names: string[]): Sql => sql`
  with facts as (${facts}), units as (${raw(UNITS[unit])}),
    grouped as materialized (select distinct unit, ${raw(columns.join(', '))} from units)
  select ${raw(names.join(', '))}, count(*)::int as count, (select count(*)::int from (select distinct unit from grouped) once) as total
  from grouped group by ${raw(names.join(', '))}`;

export async function statistics({ unit, by, filter, asOf }: QueryStatisticsArgs, db: Rows, wordsOf: Vocabularies) {
  const groupings = groupingsOf(by);
  const shapes = factsOf(unit, filter?.facts).map((fact) => SHAPES[fact]);
  if (filter?.kinds) refuseUnknownKinds(filter.kinds, shapes, wordsOf);
  refuseSwapped(filter ?? {}, 'filter.until');
  const needs: Needs = {
    country: groupings.includes('COUNTRY') || Boolean(filter?.country),
    people: unit === 'PERSON' || unit === 'CASE' || Boolean(filter?.roles) || Boolean(filter?.case),
  };
  const facts = join(
    shapes.map((shape) => selectFacts(shape, filter ?? {}, asOf?.validOn, needs)),
    ' union all ',
  );
  const columns = groupings.flatMap((grouping) => COLUMNS[grouping]);
  const names = columns.map((column) => column.split(' as ').at(-1)!.trim());
  const counted = needs.people
    ? countEachOnce(facts, unit, columns, names)
    : countRows(facts, columns, names, groupings.flatMap((grouping) => SOURCES[grouping])); // prettier-ignore
  const order = names.map((name) => `${name} nulls last`).join(', ');
  const { text, values } = compile(sql`${counted} order by ${raw(order)} limit ${MOST_ROWS + 1}`);
  const rows = await db.rows<StatisticsRowValue & { total: number }>('statistics', text, values);
  if (rows.length > MOST_ROWS)
    throw limited(`This has more than ${MOST_ROWS} rows; group by less, or narrow the filter.`, {
      rule: 'statistics-rows',
    });
  return { unit, by: groupings, total: rows[0]?.total ?? 0, rows };
}
