// What claims add up to: which one decides a field, where sources contradict each other, how well a record is supported.
// Pure: the same rules must give the same answers under any lens, so they see only the claims they are given.
import { compare, type DateBound } from '../values/local-date.js';
import type { ClaimRow } from './model.js';

/** One of the values that a field is said to have, with the claims that give it, the strongest first. */
export interface FieldValue {
  recordId: string;
  /** The column. */
  field: string;
  value: unknown;
  earliest: string | null;
  latest: string | null;
  claims: ClaimRow[];
  isAccepted: boolean;
}

/** A field, by its column, on which sources say different things. */
export interface FieldConflict {
  recordId: string;
  field: string;
  /** One entry per different value, the accepted one first. */
  values: FieldValue[];
  /** Whether one value could satisfy all sources. */
  compatible: boolean;
}

/** In the order that decides: claims come from the database sorted by preference. */
export const bearing = (claims: readonly ClaimRow[], field: string): ClaimRow[] =>
  claims.filter((c) => c.field === field && c.bears);

/** The claim that a field rests on, at or below the level of the record; undefined for an editor's value. */
export const deciding = (claims: readonly ClaimRow[], field: string, level = Infinity): ClaimRow | undefined =>
  bearing(claims, field).find((claim) => claim.level <= level);

/** Sums up other claims on the same field, such as a range that covers two dates: it adds no voice and settles nothing. */
const sumsUp = (claim: ClaimRow, borne: readonly ClaimRow[]): boolean =>
  borne.some((base) => claim.derivedFrom.includes(base.id));

/** The claims of one record, sorted by preference; `level` is that of the record. Fields in the order of the claims. */
export function conflictsOf(recordId: string, claims: readonly ClaimRow[], level?: number): FieldConflict[] {
  const fields = [...new Set(claims.filter((c) => c.field !== '').map((c) => c.field))];
  return fields.flatMap((field) => conflictOn(recordId, field, claims, level) ?? []);
}

function conflictOn(
  recordId: string,
  field: string,
  claims: readonly ClaimRow[],
  level?: number,
): FieldConflict | undefined {
  const borne = bearing(claims, field);
  const onField = claims.filter((claim) => claim.field === field);
  const voices = borne.filter((claim) => !sumsUp(claim, onField));
  if (new Set(voices.map(keyOf)).size < 2) return undefined;
  const accepted = deciding(claims, field, level);
  const values = valuesOf(recordId, field, borne, accepted);
  return { recordId, field, values, compatible: compatible(voices) };
}

const keyOf = (claim: ClaimRow): string => JSON.stringify(claim.value);

function valuesOf(
  recordId: string,
  field: string,
  borne: readonly ClaimRow[],
  accepted: ClaimRow | undefined,
): FieldValue[] {
  const groups = new Map<string, FieldValue>();
  for (const claim of borne) {
    const { value, earliest, latest } = claim;
    const group = groups.get(keyOf(claim)) ?? {
      recordId,
      field,
      value,
      earliest,
      latest,
      claims: [],
      isAccepted: false,
    };
    group.claims.push(claim);
    group.isAccepted ||= claim === accepted;
    groups.set(keyOf(claim), group);
  }
  // Claims above the level of the record may come first by preference, but do not decide.
  return [...groups.values()].sort((a, b) => Number(b.isAccepted) - Number(a.isAccepted));
}

/** Different values agree when they are days that all share; anything else is either equal or contradicts. */
function compatible(voices: readonly ClaimRow[]): boolean {
  const spans = voices.map(daysOf);
  return spans.every((a) => a !== undefined && spans.every((b) => b !== undefined && compare(a.from, b.until) <= 0));
}

/** The days a claimed date may mean. "Still so" can only have ended after the source was published. */
function daysOf({
  value,
  earliest,
  latest,
  publishedEarliest,
}: ClaimRow): { from: DateBound; until: DateBound } | undefined {
  if (value === '..') return { from: (publishedEarliest ?? '-infinity') as DateBound, until: 'infinity' };
  return earliest === null || latest === null ? undefined : { from: earliest as DateBound, until: latest as DateBound };
}

/** What the SDL enum says; RETRACTED is told by the record itself, since a tombstone keeps its claims. */
export type Verification =
  'UNSOURCED' | 'REPORTED' | 'CORROBORATED' | 'CONFIRMED' | 'DISPUTED' | 'REFUTED' | 'RETRACTED';

const denies = (claim: ClaimRow): boolean =>
  claim.rank !== 'DEPRECATED' && (claim.stance === 'DENIES' || claim.stance === 'OFFICIAL_DENIAL');
const speaksOfTime = (claim: ClaimRow): boolean => claim.earliest !== null || claim.value === '..';

/** Said in favour once, and no longer standing: withdrawn itself, or concluded from what was. */
const fell = (claim: ClaimRow): boolean =>
  !claim.bears && (claim.stance === 'ASSERTS' || claim.stance === 'REPORTS_ALLEGATION');

/** A person judged it confirmed by others (Admiralty 1) and said why; the grade alone, as files give it, is an opinion. */
const confirmed = (claim: ClaimRow): boolean =>
  claim.bears && claim.credibility === 1 && claim.credibilityReason !== null;

/**
 * Of a record, by all claims on it. `originOf` maps a source to what it is a copy of: copies and relays count once. A
 * denial of the record or of when it was disputes it; one of another field, such as a motive, disputes that field alone.
 * Who confirms a record has read the denials, so the judgement of a person stands above what is counted.
 */
export function verificationOf(claims: readonly ClaimRow[], originOf: (sourceId: string) => string): Verification {
  if (!claims.some((claim) => claim.bears))
    return claims.some((claim) => denies(claim) || fell(claim)) ? 'REFUTED' : 'UNSOURCED';
  if (bearing(claims, '').some(confirmed)) return 'CONFIRMED';
  const denied = claims.some((claim) => denies(claim) && (claim.field === '' || speaksOfTime(claim)));
  const contradicted = conflictsOf('', claims).some(
    ({ compatible, values }) => !compatible && values.every((v) => v.claims.every(speaksOfTime)),
  );
  if (denied || contradicted) return 'DISPUTED';
  return originsOf(bearing(claims, ''), originOf) > 1 ? 'CORROBORATED' : 'REPORTED';
}

/** Of one claim: how well its value stands among all claims on the same field of the same record. */
export function verificationOfClaim(
  claim: ClaimRow,
  claims: readonly ClaimRow[],
  originOf: (sourceId: string) => string,
): Verification {
  if (!claim.bears) return fell(claim) ? 'REFUTED' : 'UNSOURCED';
  const onField = claims.filter((other) => other.field === claim.field);
  const same = onField.filter((other) => other.bears && keyOf(other) === keyOf(claim));
  if (same.some(confirmed)) return 'CONFIRMED';
  if (onField.some(denies) || conflictsOf('', onField).some((conflict) => !conflict.compatible)) return 'DISPUTED';
  return originsOf(same, originOf) > 1 ? 'CORROBORATED' : 'REPORTED';
}

/** How many times it is said independently: what was concluded from two sources together needs both, and counts once. */
function originsOf(claims: readonly ClaimRow[], originOf: (sourceId: string) => string): number {
  const bySize = claims.map((claim) => [...new Set(claim.roots.map(originOf))]).sort((a, b) => a.length - b.length);
  const counted = new Set<string>();
  let voices = 0;
  for (const origins of bySize) {
    if (!origins.some((origin) => counted.has(origin))) voices += 1;
    for (const origin of origins) counted.add(origin);
  }
  return voices;
}
