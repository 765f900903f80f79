// The rows of each noun, one after another, as COPY reads them. Values agree with what the claims say of them, so that
// accepting the claims would change nothing.
import { caseMembers, cases, charges, legalCases } from './rows/cases.js';
import { claims } from './rows/claims.js';
import { detentions } from './rows/detentions.js';
import { eventLinks, eventParticipants, events } from './rows/events.js';
import type { RowsOf } from './rows/made.js';
import { personNames, persons, relations } from './rows/persons.js';
import { organizations, places } from './rows/places.js';
import { refugeeStatuses, statusDecisions, statusDocuments } from './rows/refugees.js';
import { sources } from './rows/sources.js';
import { NOUNS, type NounName } from './world.js';

export type { Made } from './rows/made.js';

export interface NounRows extends RowsOf {
  noun: NounName;
}

const ROWS: Record<NounName, RowsOf> = {
  places,
  organizations,
  persons,
  person_names: personNames,
  sources,
  cases,
  events,
  event_participants: eventParticipants,
  legal_cases: legalCases,
  charges,
  relations,
  detentions,
  refugee_statuses: refugeeStatuses,
  status_documents: statusDocuments,
  status_decisions: statusDecisions,
  event_links: eventLinks,
  case_members: caseMembers,
  claims,
};

export const nounRows: readonly NounRows[] = NOUNS.map((noun) => ({ noun, ...ROWS[noun] }));
