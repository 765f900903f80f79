// A period of deprivation of liberty in one place; a transfer ends one and starts another.
import { many, type Links } from '../records/links.js';
import {
  claimed,
  defineNoun,
  duration,
  edtf,
  end,
  list,
  ref,
  required,
  text,
  word,
  type Row,
} from '../records/noun.js';

export const detentions = defineNoun({
  table: 'detentions',
  type: 'Detention',
  owner: 'personId',
  happens: 'starts',
  fields: {
    personId: required(ref('persons')),
    kind: required(word('detention_kind')),
    facilityKind: required(word('detention_facility')),
    facility: claimed(text()),
    placeId: claimed(ref('places')),
    authorityId: claimed(ref('organizations')),
    legalBasis: claimed(text()),
    statedReason: claimed(text()),
    suspectedReason: claimed(text()),
    stage: claimed(word('detention_stage')),
    outcome: claimed(word('detention_outcome')),
    arbitrariness: claimed(list()),
    whereabouts: claimed(word('whereabouts')),
    starts: claimed(edtf()),
    ends: claimed(end()),
    lasted: claimed(duration()),
    transferredFromId: ref('detentions'),
  },
});
export type DetentionRow = Row<typeof detentions>;

export const detentionLinks: Links = {
  Person: { detentions: many('detentions', 'personId', ['startsEarliest']) },
  Detention: { transferredTo: many('detentions', 'transferredFromId') },
};
