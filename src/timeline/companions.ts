// Who shares a person's timeline: through the same records, or through records of their own that are alike.
import type { QueryCompanionsArgs, SharedHow } from '../generated/resolvers-types.js';
import type { UncertainDateValue } from '../records/dates.js';
import type { PersonRow } from '../persons/model.js';
import { countryOf, dateOf, personIdsOf, titleOfEntry } from './entry.js';
import { entries, type Entry } from './query.js';
import { aboutPersons, type Reading } from './scope.js';
import { refuseSwapped } from '../records/filters.js';
import { pageSize } from '../records/page.js';

export interface SharedEntryValue {
  how: SharedHow;
  entry: Entry;
  theirs: Entry;
}
/** What the SDL calls Companion. */
export interface CompanionValue {
  person: PersonRow;
  shared: SharedEntryValue[];
}

const MOST_PEOPLE = 100;
const MOST_ENTRIES = 1_000;

// Those met in most events first; people of the same case files after them.
const MET = `
  select persons.id from persons join (
    select other.person_id as id, 1 as met from event_participants own
      join event_participants other on other.event_id = own.event_id where own.person_id = $1 and other.person_id <> $1
    union all
    select other.record_id, 0 from case_members own
      join case_members other on other.case_id = own.case_id where own.record_id = $1 and other.record_id <> $1
  ) acquainted on acquainted.id = persons.id
  group by persons.id, persons.sequence order by sum(acquainted.met) desc, persons.sequence limit ${MOST_PEOPLE}`;

export async function companionsOf(
  { person, first, ...choice }: QueryCompanionsArgs,
  reading: Reading,
): Promise<CompanionValue[]> {
  const { load, db } = reading;
  const size = pageSize(first);
  refuseSwapped(choice);
  if (!(await load.one.persons!.load(person))) return [];
  const met = (await db.rows<{ id: string }>('people met', MET, [person])).map(({ id }) => id);
  if (met.length === 0) return [];
  const own = await entries(aboutPersons([person]), choice, MOST_ENTRIES, reading);
  const theirs = await entries(aboutPersons(met), choice, MOST_ENTRIES * 10, reading);
  const likenesses = new Map<string, Entry[]>();
  for (const { entry, persons, likeness } of await facts(theirs, reading))
    for (const id of persons)
      likenesses.set(`${id} ${likeness}`, [...(likenesses.get(`${id} ${likeness}`) ?? []), entry]);
  const known = await facts(own, reading);
  const people = (await Promise.all(met.map((id) => load.one.persons!.load(id)))) as unknown as PersonRow[];
  return people
    .map((companion) => ({
      person: companion,
      shared: known.flatMap(({ entry, persons, likeness }): SharedEntryValue[] => {
        if (persons.includes(companion.id)) return [{ how: 'SAME_RECORD', entry, theirs: entry }];
        return closest(entry, likenesses.get(`${companion.id} ${likeness}`) ?? []);
      }),
    }))
    .filter(({ shared }) => shared.length > 0)
    .sort(
      (a, b) => b.shared.length - a.shared.length || (BigInt(a.person.sequence) < BigInt(b.person.sequence) ? -1 : 1),
    )
    .slice(0, size);
}

interface Fact {
  entry: Entry;
  persons: string[];
  /** Equal for entries of one kind, title and country. */
  likeness: string;
}

const facts = (all: readonly Entry[], reading: Reading): Promise<Fact[]> =>
  Promise.all(
    all.map(async (entry) => ({
      entry,
      persons: await personIdsOf(entry, reading),
      likeness: JSON.stringify([entry.kind, titleOfEntry(entry), await countryOf(entry, reading)]),
    })),
  );

/** The one that certainly means the same days, or else the first that may. */
function closest(entry: Entry, candidates: readonly Entry[]): SharedEntryValue[] {
  const date = dateOf(entry);
  if (!date) return [];
  const may = candidates.filter((theirs) => mayMeet(date, dateOf(theirs)));
  const same = may.find((theirs) => {
    const other = dateOf(theirs)!;
    return other.earliest === date.earliest && other.latest === date.latest;
  });
  const theirs = same ?? may[0];
  return theirs ? [{ how: same ? 'ALIKE' : 'POSSIBLY_ALIKE', entry, theirs }] : [];
}

const mayMeet = (a: UncertainDateValue, b: UncertainDateValue | null): boolean =>
  b !== null && (a.earliest ?? '') <= (b.latest ?? '~') && (b.earliest ?? '') <= (a.latest ?? '~');
