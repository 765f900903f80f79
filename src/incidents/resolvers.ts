// Trade incidents, from the decisions they are said to answer and back, and side by side with decisions in time.
import type { Resolvers } from '../generated/resolvers-types.js';
import type { Noun } from '../records/noun.js';
import type { TradeMeasureRow } from '../trade/model.js';
import { listCoincidences } from './coincidences.js';
import { incidentsAnswering, listIncidents } from './incidents.js';

export const incidentResolvers = (nouns: Record<string, Noun>): Resolvers => ({
  Query: {
    tradeIncidents: (_, args, context) => listIncidents(nouns, args, context),
    coincidences: (_, args, context) => listCoincidences(nouns, args, context),
  },
  TradeIncident: {
    measure: async ({ event }, _, { load }) =>
      (await load.many('Event', 'measures').load(event.id))[0] as unknown as TradeMeasureRow,
  },
  StatusDecision: { tradeIncidents: (decision, _, context) => incidentsAnswering(decision, context) },
  Event: { tradeIncidents: (event, _, context) => incidentsAnswering(event, context) },
});
