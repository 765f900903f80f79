// Trade measures: dates come from the event, quantities are grouped and never added up.
import type { Resolvers } from '../generated/resolvers-types.js';
import { uncertainDate } from '../records/dates.js';
import { recordById } from '../records/list.js';
import type { TradeObservationRow } from './model.js';
import { byUnit } from './rules.js';

export const tradeResolvers: Resolvers = {
  Query: {
    tradeMeasure: recordById('trade_measures'),
  },
  TradeMeasure: {
    inForce: async (measure, _, { load }) => {
      const event = await load.one.events.load(measure.eventId);
      return event && uncertainDate(event, 'starts');
    },
    removed: async (measure, _, { load }) => {
      const event = await load.one.events.load(measure.eventId);
      return event && uncertainDate(event, 'ends');
    },
    observationsByUnit: async (measure, _, { load }) =>
      byUnit((await load.many('TradeMeasure', 'observations').load(measure.id)) as unknown as TradeObservationRow[]),
  },
};
