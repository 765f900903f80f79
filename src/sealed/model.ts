// What must not lie open in a database or its backups: numbers of documents, contacts, who a source is, where somebody hides.
// Any record may have some. The table holds envelopes alone (src/sealing/envelope.ts); nothing can be found or sorted by them.
import { many, type Links } from '../records/links.js';
import { defineNoun, derived, ref, required, text, word, type Row } from '../records/noun.js';

export const sealedValues = defineNoun({
  table: 'sealed_values',
  type: 'SealedValue',
  owner: 'recordId',
  fields: {
    recordId: required(ref('records')),
    kind: required(word('sealed_value_kind')),
    label: text(),
    envelope: derived(required(text())),
  },
});
export type SealedValueRow = Row<typeof sealedValues>;

export const sealedLinks: Links = {
  Record: { sealedValues: many('sealed_values', 'recordId', ['kind', 'label']) },
};
