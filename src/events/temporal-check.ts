// Fetches what a temporal check needs, in batches: the two records, and the claims on when they took place.
import { claimsOf } from '../claims/record-fields.js';
import type { ClaimRow } from '../claims/model.js';
import { bearing } from '../claims/rules.js';
import type { TemporalResult } from '../generated/resolvers-types.js';
import type { UncertainDateValue } from '../records/dates.js';
import type { AnyRow, Loading } from '../records/loaders.js';
import { raw } from '../db/sql.js';
import { snake, type Noun } from '../records/noun.js';
import { planned, type Plan } from '../records/plan.js';
import { causeOf, effectOf } from './filters.js';
import { alternatives, checkOf, dateOfSide, type Side, type TemporalAlternativeValue } from './rules.js';

/** What the SDL calls TemporalCheck; the alternatives are made only when asked for. */
export interface TemporalCheckValue {
  result: TemporalResult;
  isOrdered: boolean;
  cause: AnyRow | null;
  effect: AnyRow | null;
  causeDate: UncertainDateValue | null;
  effectDate: UncertainDateValue | null;
  alternatives: (args: unknown, context: Loading) => Promise<TemporalAlternativeValue[]>;
}

const NO_ORDER: TemporalCheckValue = {
  result: 'UNDETERMINED',
  isOrdered: false,
  cause: null,
  effect: null,
  causeDate: null,
  effectDate: null,
  alternatives: () => Promise.resolve([]),
};

/** SDL type -> the field that says when such a record took place. */
type Happens = ReadonlyMap<string, string>;
export const happensOf = (nouns: Record<string, Noun>): Happens =>
  new Map(Object.values(nouns).flatMap((noun) => (noun.happens ? [[noun.type, noun.happens] as const] : [])));

const sideOf = (record: AnyRow | null, happens: Happens): Side => ({
  record,
  happens: record ? happens.get(record.__typename) : undefined,
});

async function datingClaims({ record, happens }: Side, loading: Loading): Promise<ClaimRow[]> {
  return record && happens ? bearing(await claimsOf(record, loading), snake(happens)) : [];
}

/** The row of a link as its temporal check. */
export function checkOfLink(nouns: Record<string, Noun>): Plan {
  const text = (property: string, name: string, sqlType = 'text', nullable = true) => ({
    property,
    name,
    sqlType,
    nullable,
  });
  const dated = (id: string): string =>
    Object.values(nouns)
      .flatMap(({ table, happens }) => {
        if (!happens) return [];
        const column = `${table}.${snake(happens)}`;
        return [
          `select ${column} as day, ${column}_earliest as earliest, ${column}_latest as latest from ${table} where ${table}.id = ${id}`,
        ];
      })
      .join(' union all ');
  return {
    is: 'first',
    rows: {
      noun: {
        table: 'checks',
        type: 'TemporalCheck',
        fields: {},
        columns: [text('result', 'result', 'text', false), text('isOrdered', 'is_ordered', 'boolean', false)],
      },
      from: raw(`select sides.cause_id is not null as is_ordered, sides.cause_id, sides.effect_id,
          cause.day as cause_date, cause.earliest as cause_date_earliest, cause.latest as cause_date_latest,
          effect.day as effect_date, effect.earliest as effect_date_earliest, effect.latest as effect_date_latest,
          case when effect.latest < cause.earliest then 'IMPOSSIBLE' when effect.earliest > cause.latest then 'CONSISTENT'
            else 'UNDETERMINED' end as result
        from (select ${causeOf('parent')} as cause_id, ${effectOf('parent')} as effect_id) sides
        left join lateral (${dated('sides.cause_id')}) cause on true
        left join lateral (${dated('sides.effect_id')}) effect on true`),
      where: raw('true'),
      orderBy: raw('checks.cause_id'),
      madeOf: (row) => raw(`select unnest(array[${row}.cause_id, ${row}.effect_id])`),
    },
  };
}

/** The resolvers of TemporalCheck, as far as rows tell them. */
export const checkFields = {
  cause: planned(({ cause }: TemporalCheckValue) => cause, {
    is: 'record',
    noun: 'records',
    id: (row) => raw(`${row}.cause_id`),
  }),
  effect: planned(({ effect }: TemporalCheckValue) => effect, {
    is: 'record',
    noun: 'records',
    id: (row) => raw(`${row}.effect_id`),
  }),
  causeDate: planned(({ causeDate }: TemporalCheckValue) => causeDate, { is: 'date', property: 'causeDate' }),
  effectDate: planned(({ effectDate }: TemporalCheckValue) => effectDate, { is: 'date', property: 'effectDate' }),
};

/** @param sides ids of cause and effect; undefined when there is no order between the two records. */
export async function checkBetween(
  sides: { cause: string; effect: string } | undefined,
  happens: Happens,
  { load }: Loading,
): Promise<TemporalCheckValue> {
  if (!sides) return NO_ORDER;
  const [first, second] = await Promise.all([load.record.load(sides.cause), load.record.load(sides.effect)]);
  const [cause, effect] = [sideOf(first, happens), sideOf(second, happens)];
  return {
    result: checkOf(cause, effect),
    isOrdered: true,
    cause: cause.record,
    effect: effect.record,
    causeDate: dateOfSide(cause),
    effectDate: dateOfSide(effect),
    alternatives: async (_, loading) =>
      alternatives(
        cause,
        effect,
        ...(await Promise.all([datingClaims(cause, loading), datingClaims(effect, loading)])),
      ),
  };
}
