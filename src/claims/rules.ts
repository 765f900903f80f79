// What claims add up to: which one decides a field, where sources contradict each other, how well a record is supported.
// Pure: the same rules must give the same answers under any lens, so they see only the claims they are given.
import { compare, type DateBound } from '../values/local-date.js';
import type { ClaimRow } from './model.js';

export interface Conflict {
  __typename: 'Conflict';
  recordId: string;
  field: string;
  /** One entry per different value, the accepted one first. */
  values: { value: unknown; claims: ClaimRow[] }[];
  /** Whether one date could satisfy all of them. */
  compatible: boolean;
}

/** In the order that decides: claims come from the database sorted by preference. */
export const bearing = (claims: readonly ClaimRow[], field: string): ClaimRow[] => claims.filter((c) => c.field === field && c.bears);

/** The claim that a field rests on; undefined for an editor's value. */
export const deciding = (claims: readonly ClaimRow[], field: string): ClaimRow | undefined => bearing(claims, field)[0];

/** Derived claims sum up others: two stated values stay in conflict even when a derived one covers both. */
export function conflictsOf(recordId: string, claims: readonly ClaimRow[]): Conflict[] {
  const fields = [...new Set(claims.filter((c) => c.field !== '').map((c) => c.field))];
  return fields.flatMap((field): Conflict[] => {
    const borne = bearing(claims, field);
    const values = groupByValue(borne);
    if (groupByValue(borne.filter((c) => c.derivedFrom.length === 0)).length < 2 && values.length < 2) return [];
    if (values.length < 2) return [];
    return [{ __typename: 'Conflict', recordId, field, values, compatible: compatible(borne) }];
  });
}

function groupByValue(claims: readonly ClaimRow[]): Conflict['values'] {
  const groups = new Map<string, { value: unknown; claims: ClaimRow[] }>();
  for (const claim of claims) {
    const key = JSON.stringify(claim.value);
    const group = groups.get(key) ?? { value: claim.value, claims: [] };
    group.claims.push(claim);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Dates are compatible when the bounds of all share a day; other values only when they are equal. */
function compatible(claims: readonly ClaimRow[]): boolean {
  if (claims.some((c) => c.earliest === null || c.latest === null)) return groupByValue(claims).length < 2;
  return claims.every((a) => claims.every((b) => compare(a.earliest as DateBound, b.latest as DateBound) <= 0));
}

export type Verification = 'UNSOURCED' | 'REPORTED' | 'CORROBORATED' | 'DISPUTED';

/** `originOf` maps a source to what it is a copy of; copies and relays of one piece count once. */
export function verificationOf(claims: readonly ClaimRow[], originOf: (sourceId: string) => string): Verification {
  const speaking = claims.filter((c) => c.bears);
  if (speaking.length === 0) return 'UNSOURCED';
  const contradicted = conflictsOf('', claims).some((c) => !c.compatible && c.values.every((v) => v.claims.some((x) => x.earliest !== null)));
  if (contradicted || claims.some((c) => c.stance === 'DENIES' || c.stance === 'OFFICIAL_DENIAL')) return 'DISPUTED';
  const origins = new Set(speaking.filter((c) => c.field === '').flatMap((c) => c.roots.map(originOf)));
  return origins.size > 1 ? 'CORROBORATED' : 'REPORTED';
}
