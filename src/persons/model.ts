// A person, whose names stand beside them in rows of their own: one may be shown under a pseudonym while a name is hidden.
import { many, type Links } from '../records/links.js';
import {
  bigint,
  claimed,
  defineNoun,
  derived,
  edtf,
  end,
  integer,
  list,
  ref,
  required,
  text,
  word,
  type Row,
} from '../records/noun.js';

export const persons = defineNoun({
  table: 'persons',
  type: 'Person',
  fields: {
    reference: derived(required(bigint())),
    kind: required(word('person_kind')),
    sex: claimed(word('sex')),
    born: claimed(edtf()),
    died: claimed(edtf()),
    ethnicity: claimed(text()),
    nationalities: claimed(list()),
    residenceId: claimed(ref('places')),
    summary: claimed(text()),
  },
});
export type PersonRow = Row<typeof persons>;

export const personNames = defineNoun({
  table: 'person_names',
  type: 'PersonName',
  owner: 'personId',
  fields: {
    personId: required(ref('persons')),
    kind: required(word('name_kind')),
    value: required(text()),
    nameKey: derived(required(text())),
    script: text(),
    language: text(),
    displayOrder: required(integer()),
  },
});
export type PersonNameRow = Row<typeof personNames>;

/** An identifier elsewhere: Wikidata, a case number of another database. Any record may have some. */
export const identifiers = defineNoun({
  table: 'identifiers',
  type: 'Identifier',
  owner: 'recordId',
  fields: { recordId: required(ref('records')), scheme: required(text()), value: required(text()) },
});
export type IdentifierRow = Row<typeof identifiers>;

/** Between two persons or a person and an organization: personId is the `kind` of the other side (SPOUSE of, LEADER of). */
export const relations = defineNoun({
  table: 'relations',
  type: 'Relation',
  owner: 'personId',
  happens: 'starts',
  fields: {
    personId: required(ref('persons')),
    otherPersonId: ref('persons'),
    organizationId: ref('organizations'),
    kind: required(word('relation_kind')),
    role: claimed(text()),
    starts: claimed(edtf()),
    ends: claimed(end()),
  },
});
export type RelationRow = Row<typeof relations>;

export const personLinks: Links = {
  Person: {
    names: many('person_names', 'personId', ['displayOrder']),
    relations: many('relations', 'personId'),
    relationsFromOthers: many('relations', 'otherPersonId'),
    identifiers: many('identifiers', 'recordId', ['scheme']),
  },
  Organization: { relations: many('relations', 'organizationId') },
};
