// Trade incidents, from the decisions they are said to answer and back, and side by side with decisions in time.
import type { Resolvers } from '../generated/resolvers-types.js';
import { listCoincidences } from './coincidences.js';
import { incidentsAnswering, listIncidents } from './incidents.js';

export const incidentResolvers: Resolvers = {
  Query: {
    tradeIncidents: (_, args, context) => listIncidents(args, context as never) as never,
    coincidences: (_, args, context) => listCoincidences(args, context as never) as never,
  },
  TradeIncident: {
    measure: async ({ event }, _, { load }) => (await load.many('Event', 'measures').load(event.id))[0] as never,
  },
  StatusDecision: { tradeIncidents: (decision, _, context) => incidentsAnswering(decision, context as never) },
  Event: { tradeIncidents: (event, _, context) => incidentsAnswering(event, context as never) },
};
