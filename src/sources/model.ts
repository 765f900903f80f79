// Where claims come from, with what a reader must know to weigh them: reliability, interests, origin, copies.
import { many, type Links } from '../records/links.js';
import { bigint, defineNoun, edtf, instant, ref, required, text, word, type Row } from '../records/noun.js';

export const sources = defineNoun({
  table: 'sources',
  type: 'Source',
  happens: 'published',
  fields: {
    kind: required(word('source_kind')),
    title: text(),
    titleNote: text(),
    publisher: text(),
    publisherId: ref('organizations'),
    author: text(),
    authorId: ref('persons'),
    published: edtf(),
    language: text(),
    url: text(),
    archiveUrl: text(),
    licence: text(),
    relation: required(word('source_relation')),
    reliability: required(word('source_reliability')),
    reliabilityReason: text(),
    reliabilityAssessor: text(),
    readExtent: word('read_extent'),
    originId: ref('sources'),
    note: text(),
  },
});
export type SourceRow = Row<typeof sources>;

export const sourceInterests = defineNoun({
  table: 'source_interests',
  type: 'SourceInterest',
  owner: 'sourceId',
  fields: { sourceId: required(ref('sources')), partyId: ref('records'), statement: required(text()) },
});
export type SourceInterestRow = Row<typeof sourceInterests>;

export const captures = defineNoun({
  table: 'captures',
  type: 'Capture',
  owner: 'sourceId',
  fields: {
    sourceId: required(ref('sources')),
    sha256: required(text()),
    byteSize: required(bigint()),
    mediaType: required(text()),
    capturedAt: required(instant()),
    url: text(),
    tool: required(text()),
    operator: required(text()),
    copyKind: required(word('copy_kind')),
  },
});
export type CaptureRow = Row<typeof captures>;

export const custodySteps = defineNoun({
  table: 'custody_steps',
  type: 'CustodyStep',
  owner: 'captureId',
  fields: {
    captureId: required(ref('captures')),
    happenedAt: required(instant()),
    actor: required(text()),
    action: required(text()),
    reason: required(text()),
  },
});
export type CustodyStepRow = Row<typeof custodySteps>;

export const sourceLinks: Links = {
  Source: {
    interests: many('source_interests', 'sourceId'),
    captures: many('captures', 'sourceId', ['capturedAt']),
    copies: many('sources', 'originId', ['publishedEarliest']),
  },
  Capture: { custody: many('custody_steps', 'captureId', ['happenedAt']) },
  Person: { authoredSources: many('sources', 'authorId', ['publishedEarliest']) },
  Organization: { publishedSources: many('sources', 'publisherId', ['publishedEarliest']) },
};
