// One claim: one record (and, if it concerns one, a field), a value, one source or the claims it is derived from.
import { many, type Links } from '../records/links.js';
import {
  bigint,
  day,
  defineNoun,
  derived,
  edtf,
  flag,
  ids,
  integer,
  json,
  ref,
  required,
  text,
  word,
  type Row,
} from '../records/noun.js';

export const claims = defineNoun({
  table: 'claims',
  type: 'Claim',
  owner: 'recordId',
  fields: {
    reference: text(),
    recordId: required(ref('records')),
    field: required(text()),
    value: json(),
    earliest: day(),
    latest: day(),
    wording: text(),
    wordingLanguage: text(),
    sourceId: ref('sources'),
    locator: text(),
    informant: text(),
    informantId: ref('records'),
    stance: required(word('stance')),
    basis: required(word('basis')),
    derivedFrom: required(ids('claims')),
    credibility: required(integer()),
    credibilityReason: text(),
    rank: required(word('claim_rank')),
    rankReason: text(),
    note: text(),
    published: edtf(),
    sequence: derived(required(bigint())),
    roots: derived(required(ids('sources'))),
    bears: derived(required(flag())),
    preference: derived(required(bigint())),
    level: derived(required(integer())),
  },
});
export type ClaimRow = Row<typeof claims>;

/** `Record` is the SDL interface: whatever the noun, these rows point at it. */
export const claimLinks: Links = {
  Record: {
    claims: many('claims', 'recordId', ['field', 'preference']),
    identifiers: many('identifiers', 'recordId', ['scheme']),
    caseMemberships: many('case_members', 'recordId'),
    linksFrom: many('event_links', 'fromId', ['kind']),
    linksTo: many('event_links', 'toId', ['kind']),
  },
};
