// How the model looks from a file: the names that fields have there, and which lists may be nested in which noun.
// Made from the declarations of the nouns, so that a new noun can be loaded the day it is declared.
import { links, nouns, type NounName } from '../model.js';
import { writtenFields, type NamedField } from '../records/field-names.js';
import { snake, type Noun } from '../records/noun.js';

export type DatasetField = NamedField;

/** Claims stand inside the records they speak of; what is to be sealed does not stand in files. */
export const NOUN_NAMES: readonly NounName[] = (Object.keys(nouns) as NounName[]).filter(
  (name) => name !== 'claims' && name !== 'sealed_values',
);
export const isNoun = (name: string): name is NounName => (NOUN_NAMES as readonly string[]).includes(name);
export const nounOf = (name: NounName): Noun => nouns[name] as Noun;

const FIELDS = new Map(NOUN_NAMES.map((name) => [name, writtenFields(nounOf(name))]));
/** By their names in files, without what the house computes itself. */
export const fieldsOf = (noun: NounName): ReadonlyMap<string, DatasetField> => FIELDS.get(noun)!;

/** The field by which a record says what it belongs to. */
export function ownerField(noun: NounName): DatasetField | undefined {
  const { owner } = nounOf(noun);
  return owner === undefined ? undefined : [...fieldsOf(noun).values()].find(({ column }) => column === snake(owner));
}

function nestedIn(noun: NounName): Map<string, NounName> {
  const lists = Object.entries(links[nounOf(noun).type] ?? {}).filter(
    ([, link]) => isNoun(link.noun) && nounOf(link.noun).owner === link.by,
  );
  return new Map([
    ...lists.map(([list, link]): [string, NounName] => [list, link.noun as NounName]),
    ['identifiers', 'identifiers'],
  ]);
}
const NESTED = new Map(NOUN_NAMES.map((name) => [name, nestedIn(name)]));
/** Lists of records that belong to one of this noun: list name -> noun. */
export const nestedLists = (noun: NounName): ReadonlyMap<string, NounName> => NESTED.get(noun)!;

/** From which fields a nested record takes its key; the first that is given of each row. Absent: it needs one of its own. */
const KEY_PARTS: Partial<Record<NounName, string[][]>> = {
  person_names: [['value']],
  identifiers: [['scheme']],
  source_interests: [['party']],
  case_members: [['record']],
  event_participants: [['role'], ['person', 'organization']],
  trade_goods: [['label']],
};

/** The key of a nested record, such as `km/names/Kaster Musakhan`; undefined when nothing in it makes one. */
export function nestedKey(
  owner: string,
  list: string,
  noun: NounName,
  textOf: (field: string) => string | undefined,
): string | undefined {
  const parts = KEY_PARTS[noun]?.map((row) => row.map(textOf).find((text) => text !== undefined));
  if (!parts) return undefined;
  if (noun === 'source_interests') return `${owner}/${list}/${parts[0] ?? 'all of it'}`;
  return parts.includes(undefined) ? undefined : [owner, list, ...parts].join('/');
}
