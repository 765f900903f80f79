// A place on earth, as precise as the sources are; coordinates only where a source gives them.
import { many, type Links } from '../records/links.js';
import {
  bigint,
  claimed,
  country,
  decimal,
  defineNoun,
  derived,
  ref,
  required,
  text,
  word,
  type Row,
} from '../records/noun.js';

export const places = defineNoun({
  table: 'places',
  type: 'Place',
  fields: {
    kind: required(word('place_kind')),
    name: claimed(text()),
    nameKey: derived(text()),
    nativeName: claimed(text()),
    parentId: ref('places'),
    country: country(),
    latitude: claimed(decimal()),
    longitude: claimed(decimal()),
    precision: claimed(word('place_precision')),
    geonamesId: bigint(),
  },
});
export type PlaceRow = Row<typeof places>;

export const placeLinks: Links = {
  Place: { parts: many('places', 'parentId', ['nameKey']) },
};
