// A status is a standing, a document is a paper with a validity, a decision is an act: three nouns, never merged.
import { many, type Links } from '../records/links.js';
import {
  claimed,
  country,
  defineNoun,
  edtf,
  end,
  integer,
  ref,
  required,
  text,
  word,
  type Row,
} from '../records/noun.js';

export const refugeeStatuses = defineNoun({
  table: 'refugee_statuses',
  type: 'RefugeeStatus',
  owner: 'personId',
  happens: 'starts',
  fields: {
    personId: required(ref('persons')),
    country: required(country()),
    kind: required(word('refugee_status_kind')),
    starts: claimed(edtf()),
    ends: claimed(end()),
  },
});
export type RefugeeStatusRow = Row<typeof refugeeStatuses>;

export const statusDocuments = defineNoun({
  table: 'status_documents',
  type: 'StatusDocument',
  owner: 'personId',
  happens: 'validFrom',
  fields: {
    personId: required(ref('persons')),
    country: required(country()),
    kind: required(word('status_document_kind')),
    statusId: ref('refugee_statuses'),
    issuerId: claimed(ref('organizations')),
    issued: claimed(edtf()),
    validFrom: claimed(edtf()),
    validUntil: claimed(end()),
    predecessorId: claimed(ref('status_documents')),
    succession: claimed(word('succession')),
    dependants: claimed(integer()),
  },
});
export type StatusDocumentRow = Row<typeof statusDocuments>;

export const statusDecisions = defineNoun({
  table: 'status_decisions',
  type: 'StatusDecision',
  owner: 'personId',
  happens: 'decided',
  fields: {
    personId: required(ref('persons')),
    country: required(country()),
    action: required(word('decision_action')),
    concerns: required(word('refugee_status_kind')),
    statusId: ref('refugee_statuses'),
    documentId: ref('status_documents'),
    appealOfId: ref('status_decisions'),
    decided: claimed(edtf()),
    authorityId: claimed(ref('organizations')),
    placeId: claimed(ref('places')),
    reason: claimed(text()),
  },
});
export type StatusDecisionRow = Row<typeof statusDecisions>;

/** A published count of a state or of UNHCR; a context for cases, never a proof of one. */
export const refugeeFigures = defineNoun({
  table: 'refugee_figures',
  type: 'RefugeeFigure',
  fields: {
    asylum: required(country()),
    origin: required(country()),
    year: required(integer()),
    metric: required(word('figure_metric')),
    unit: required(word('figure_unit')),
    value: required(integer()),
    note: text(),
  },
});
export type RefugeeFigureRow = Row<typeof refugeeFigures>;

export const refugeeLinks: Links = {
  Person: {
    statuses: many('refugee_statuses', 'personId', ['startsEarliest']),
    documents: many('status_documents', 'personId', ['validFromEarliest', 'validUntilEarliest']),
    decisions: many('status_decisions', 'personId', ['decidedEarliest']),
  },
  RefugeeStatus: {
    documents: many('status_documents', 'statusId', ['validFromEarliest', 'validUntilEarliest']),
    decisions: many('status_decisions', 'statusId', ['decidedEarliest']),
  },
  StatusDocument: {
    successors: { ...many('status_documents', 'predecessorId'), shownFirst: 'successor' },
    decisions: many('status_decisions', 'documentId', ['decidedEarliest']),
  },
  StatusDecision: { appeals: many('status_decisions', 'appealOfId', ['decidedEarliest']) },
};
