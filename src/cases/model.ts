// A case file groups records of any noun; a legal case is a proceeding in a court, with a charge per person.
import { many, type Links } from '../records/links.js';
import {
  bigint,
  claimed,
  country,
  defineNoun,
  derived,
  duration,
  edtf,
  integer,
  ref,
  required,
  text,
  word,
  type Row,
} from '../records/noun.js';

export const cases = defineNoun({
  table: 'cases',
  type: 'Case',
  fields: {
    reference: derived(required(bigint())),
    title: required(text()),
    status: required(word('case_status')),
    summary: text(),
  },
});
export type CaseRow = Row<typeof cases>;

export const caseMembers = defineNoun({
  table: 'case_members',
  type: 'CaseMember',
  owner: 'caseId',
  fields: { caseId: required(ref('cases')), recordId: required(ref('records')), role: text() },
});
export type CaseMemberRow = Row<typeof caseMembers>;

export const legalCases = defineNoun({
  table: 'legal_cases',
  type: 'LegalCase',
  happens: 'opened',
  fields: {
    title: required(text()),
    courtId: claimed(ref('organizations')),
    courtKind: word('court_kind'),
    number: claimed(text()),
    country: country(),
    stage: claimed(word('legal_stage')),
    opened: claimed(edtf()),
    closed: claimed(edtf()),
  },
});
export type LegalCaseRow = Row<typeof legalCases>;

export const charges = defineNoun({
  table: 'charges',
  type: 'Charge',
  owner: 'legalCaseId',
  happens: 'decided',
  fields: {
    legalCaseId: required(ref('legal_cases')),
    personId: required(ref('persons')),
    seq: required(integer()),
    offence: claimed(text()),
    law: claimed(text()),
    filed: claimed(edtf()),
    status: claimed(word('charge_status')),
    decided: claimed(edtf()),
    sentence: claimed(text()),
    sentenceLength: claimed(duration()),
  },
});
export type ChargeRow = Row<typeof charges>;

export const caseLinks: Links = {
  Case: { members: many('case_members', 'caseId') },
  LegalCase: { charges: many('charges', 'legalCaseId', ['decidedEarliest', 'seq']) },
  Person: { charges: many('charges', 'personId', ['decidedEarliest', 'seq']) },
};
