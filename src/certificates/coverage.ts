// On which days documents cover a person. The arithmetic of days stands in src/values/coverage.ts.
import type { QueryCoverageArgs } from '../generated/resolvers-types.js';
import { spanOf, type DaySpanValue } from '../records/dates.js';
import type { Loading } from '../records/loaders.js';
import type { StatusDocumentRow } from '../refugees/model.js';
import { refuseSwapped } from '../records/filters.js';
import { coverage, type Covering, type Overlap } from '../values/coverage.js';
import { compare, earlier, later, type DateBound, type LocalDate } from '../values/local-date.js';
import { possible, type Span } from '../values/period.js';
import { documentsOf, knownOf } from './known.js';
import { merelyInferred, validityOf, vouched, type Known } from './rules.js';

export interface OverlapValue {
  documents: StatusDocumentRow[];
  days: DaySpanValue;
}

/** What the SDL calls Coverage. */
export interface Covered {
  personId: string;
  known: Known[];
  documents: StatusDocumentRow[];
  certain: DaySpanValue[];
  possible: DaySpanValue[];
  certainGaps: DaySpanValue[];
  possibleGaps: DaySpanValue[];
  certainOverlaps: OverlapValue[];
  possibleOverlaps: OverlapValue[];
}

export async function coverageOf(args: QueryCoverageArgs, loading: Loading): Promise<Covered> {
  const { person, from, until } = args;
  refuseSwapped(args);
  const holder = await loading.load.one.persons!.load(person);
  const documents = holder ? await documentsOf(holder.id, args, loading) : [];
  const known = await Promise.all(documents.map((document) => knownOf(document, loading)));
  return { personId: person, known, documents, ...covered(known, from as LocalDate | null, until as LocalDate | null) };
}

const coveringOf = ({ document, claims }: Known): Covering => ({
  id: document.id,
  period: validityOf(document),
  ...vouched(claims),
});

/** Merely inferred documents cover days possibly, never certainly. */
export function covered(
  known: readonly Known[],
  from: LocalDate | null | undefined,
  until: LocalDate | null | undefined,
): Omit<Covered, 'personId' | 'known' | 'documents'> {
  const within = windowOf(known, from, until);
  const sure = known.filter(({ claims }) => !merelyInferred(claims));
  const all = within ? coverage(known.map(coveringOf), within) : coverage([]);
  const certainly = within ? coverage(sure.map(coveringOf), within) : coverage([]);
  const documents = new Map(known.map(({ document }) => [document.id, document]));
  const overlaps = (among: readonly Known[], which: 'certainOverlaps' | 'possibleOverlaps'): OverlapValue[] =>
    within
      ? perKind(among)
          .flatMap((group) => coverage(group.map(coveringOf), within)[which])
          .map((overlap) => overlapValue(overlap, documents))
      : [];
  return {
    certain: certainly.certain.map(spanOf),
    possible: all.possible.map(spanOf),
    certainGaps: all.certainGaps.map(spanOf),
    possibleGaps: certainly.possibleGaps.map(spanOf),
    certainOverlaps: overlaps(sure, 'certainOverlaps'),
    possibleOverlaps: overlaps(known, 'possibleOverlaps'),
  };
}

const overlapValue = (
  { ids, from, until }: Overlap,
  documents: ReadonlyMap<string, StatusDocumentRow>,
): OverlapValue => ({
  documents: ids.map((id) => documents.get(id)!),
  days: spanOf({ from, until }),
});

/** Papers of different kinds or countries do not conflict. */
function perKind(known: readonly Known[]): Known[][] {
  const groups = new Map<string, Known[]>();
  for (const one of known) {
    const key = `${one.document.kind} ${one.document.country}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Null when there is nothing to look at. */
function windowOf(
  known: readonly Known[],
  from: LocalDate | null | undefined,
  until: LocalDate | null | undefined,
): Span | null {
  const spans = known.map(({ document }) => possible(validityOf(document)));
  const first = from ?? spans.map((span) => span.from).reduce<DateBound>(earlier, 'infinity');
  const last = until ?? spans.map((span) => span.until).reduce<DateBound>(later, '-infinity');
  return compare(first, last) <= 0 ? { from: first, until: last } : null;
}
