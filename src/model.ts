// Every noun and every link of the house in one list: what the graph, the loaders and the datasets are made from.
import { caseLinks, caseMembers, cases, charges, legalCases } from './cases/model.js';
import { claimLinks, claims } from './claims/model.js';
import { detentionLinks, detentions } from './detentions/model.js';
import { eventLinkLinks, eventLinks, eventParticipants, events } from './events/model.js';
import { organizationLinks, organizations } from './organizations/model.js';
import { identifiers, personLinks, personNames, persons, relations } from './persons/model.js';
import { placeLinks, places } from './places/model.js';
import { mergeLinks } from './records/links.js';
import { entityOf, type Noun } from './records/noun.js';
import { refugeeFigures, refugeeLinks, refugeeStatuses, statusDecisions, statusDocuments } from './refugees/model.js';
import { sealedLinks, sealedValues } from './sealed/model.js';
import { captures, custodySteps, sourceInterests, sourceLinks, sources } from './sources/model.js';
import { tradeGoods, tradeLinks, tradeMeasures, tradeObservations } from './trade/model.js';

export const nouns = {
  places,
  organizations,
  persons,
  person_names: personNames,
  identifiers,
  relations,
  sources,
  source_interests: sourceInterests,
  captures,
  custody_steps: custodySteps,
  claims,
  cases,
  case_members: caseMembers,
  legal_cases: legalCases,
  charges,
  events,
  event_participants: eventParticipants,
  event_links: eventLinks,
  detentions,
  refugee_statuses: refugeeStatuses,
  status_documents: statusDocuments,
  status_decisions: statusDecisions,
  refugee_figures: refugeeFigures,
  trade_measures: tradeMeasures,
  trade_goods: tradeGoods,
  trade_observations: tradeObservations,
  sealed_values: sealedValues,
};
export type NounName = keyof typeof nouns;

export const links = mergeLinks([
  placeLinks,
  organizationLinks,
  personLinks,
  sourceLinks,
  caseLinks,
  claimLinks,
  eventLinkLinks,
  detentionLinks,
  refugeeLinks,
  tradeLinks,
  sealedLinks,
]);

export const entities = Object.values<Noun>(nouns).map(entityOf);
