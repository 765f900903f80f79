// Events, who took part in them, and the links that are said to run between dated records.
import { many, type Links } from '../records/links.js';
import { claimed, defineNoun, edtf, end, ref, required, text, word, type Row } from '../records/noun.js';

export const events = defineNoun({
  table: 'events',
  type: 'Event',
  happens: 'starts',
  fields: {
    kind: required(word('event_kind')),
    stateAct: word('state_act'),
    context: required(word('event_context')),
    extent: required(word('extent')),
    title: claimed(text()),
    starts: claimed(edtf()),
    ends: claimed(end()),
    placeId: claimed(ref('places')),
    description: claimed(text()),
  },
});
export type EventRow = Row<typeof events>;

export const eventParticipants = defineNoun({
  table: 'event_participants',
  type: 'EventParticipant',
  owner: 'eventId',
  fields: {
    eventId: required(ref('events')),
    personId: ref('persons'),
    organizationId: ref('organizations'),
    role: required(word('participant_role')),
    involvement: claimed(word('involvement')),
    starts: claimed(edtf()),
    ends: claimed(end()),
    note: text(),
  },
});
export type EventParticipantRow = Row<typeof eventParticipants>;

export const eventLinks = defineNoun({
  table: 'event_links',
  type: 'EventLink',
  fields: {
    fromId: required(ref('records')),
    toId: required(ref('records')),
    kind: required(word('link_kind')),
    assessment: required(word('assessment')),
    assessmentReason: text(),
  },
});
export type EventLinkRow = Row<typeof eventLinks>;

export const eventLinkLinks: Links = {
  Event: { participants: many('event_participants', 'eventId', ['role']) },
  Person: { participations: many('event_participants', 'personId') },
  Organization: { participations: many('event_participants', 'organizationId') },
};
