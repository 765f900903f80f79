// States, agencies, courts, companies, media, NGOs: whatever acts or speaks and is not one person.
import { many, type Links } from '../records/links.js';
import { claimed, country, defineNoun, derived, list, ref, required, text, word, type Row } from '../records/noun.js';

export const organizations = defineNoun({
  table: 'organizations',
  type: 'Organization',
  fields: {
    kind: required(word('organization_kind')),
    name: claimed(text()),
    nameKey: derived(text()),
    nativeName: claimed(text()),
    acronym: claimed(text()),
    aliases: required(list()),
    jurisdiction: claimed(country()),
    parentId: ref('organizations'),
    placeId: claimed(ref('places')),
    website: claimed(text()),
  },
});
export type OrganizationRow = Row<typeof organizations>;

export const organizationLinks: Links = {
  Organization: { parts: many('organizations', 'parentId', ['nameKey']) },
};
