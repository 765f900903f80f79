// Trade measures: dates come from the event, quantities are grouped and never added up.
import type { Resolvers } from '../generated/resolvers-types.js';
import { uncertainDate } from '../records/dates.js';
import { recordById } from '../records/list.js';
import { raw } from '../db/sql.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import type { Loading } from '../records/loaders.js';
import { planned, type Rows } from '../records/plan.js';
import { tradeLinks, tradeObservations, type TradeMeasureRow, type TradeObservationRow } from './model.js';
import { byUnit, type ObservationGroup } from './rules.js';

const dateOfEvent = (property: 'starts' | 'ends') =>
  planned(
    async (measure: TradeMeasureRow, _: unknown, { load }: Loading) => {
      const event = await load.one.events!.load(measure.eventId);
      return event && uncertainDate(event, property);
    },
    {
      is: 'through',
      madeOf: (row) => raw(`select ${row}.event_id`),
      row: (row) => raw(`select e.* from events e where e.id = ${row}.event_id`),
      then: { is: 'date', property },
    },
  );

const OBSERVATIONS = rowsOfLink(tradeLinks.TradeMeasure!.observations!);

/** As `byUnit`. */
const GROUPS: Rows = {
  noun: {
    table: 'observation_groups',
    type: 'TradeObservationGroup',
    fields: {},
    columns: tradeObservations.columns.filter(({ property }) => ['measureId', 'metric', 'unit'].includes(property)),
  },
  from: raw('select distinct o.measure_id, o.metric, o.unit from trade_observations o where o.measure_id = parent.id'),
  where: raw('true'),
  madeOf: (row) =>
    raw(`select o.id from trade_observations o
      where o.measure_id = ${row}.measure_id and o.metric = ${row}.metric and o.unit = ${row}.unit`),
  orderBy: raw(`(observation_groups.metric || ' ' || observation_groups.unit) collate "C"`),
};

export const tradeResolvers: Resolvers = {
  Query: {
    tradeMeasure: recordById('trade_measures'),
  },
  TradeMeasure: {
    inForce: dateOfEvent('starts'),
    removed: dateOfEvent('ends'),
    observationsByUnit: planned(
      async (measure: TradeMeasureRow, _: unknown, { load }: Loading) =>
        byUnit((await load.many('TradeMeasure', 'observations').load(measure.id)) as unknown as TradeObservationRow[]),
      { is: 'rows', rows: GROUPS },
    ),
  },
  TradeObservationGroup: {
    observations: planned(({ observations }: ObservationGroup) => observations, {
      is: 'rows',
      rows: {
        ...OBSERVATIONS,
        where: raw(`trade_observations.measure_id = parent.measure_id
        and trade_observations.metric = parent.metric and trade_observations.unit = parent.unit`),
      },
    }),
  },
};
