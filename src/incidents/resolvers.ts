// Trade incidents, from the decisions they are said to answer and back, and side by side with decisions in time.
import type { Resolvers } from '../generated/resolvers-types.js';
import type { Noun } from '../records/noun.js';
import { listCoincidences } from './coincidences.js';
import { incidentFields, incidentsOfRecord, tradeIncidents } from './incidents.js';

export const incidentResolvers = (nouns: Record<string, Noun>): Resolvers => ({
  Query: {
    tradeIncidents: tradeIncidents(nouns),
    coincidences: (_, args, context) => listCoincidences(nouns, args, context),
  },
  TradeIncident: incidentFields,
  StatusDecision: { tradeIncidents: incidentsOfRecord },
  Event: { tradeIncidents: incidentsOfRecord },
});
