// What the value of a claim is: the declaration of the noun says whether its field is a date or another record.
import { uncertainDate, type UncertainDateValue } from '../records/dates.js';
import type { AnyRow, Loading } from '../records/loaders.js';
import { camel, type Field, type Noun } from '../records/noun.js';

/** A claim, or one of the values of a conflict. */
export interface Valued {
  recordId: string;
  /** The column; empty for the existence of the record. */
  field: string;
  value?: unknown;
  earliest: string | null;
  latest: string | null;
}

async function fieldOf(
  { recordId, field }: Valued,
  nouns: Record<string, Noun>,
  { load }: Loading,
): Promise<Field | undefined> {
  const known = field === '' ? null : await load.spine.load(recordId);
  return known ? (nouns[known.noun]?.fields[camel(field)] as Field | undefined) : undefined;
}

/** The value as an uncertain date; null where the field is no date. */
export async function dateOf(
  valued: Valued,
  nouns: Record<string, Noun>,
  loading: Loading,
): Promise<UncertainDateValue | null> {
  const shape = (await fieldOf(valued, nouns, loading))?.shape;
  if (shape !== 'edtf' && shape !== 'end') return null;
  return uncertainDate({ date: valued.value, dateEarliest: valued.earliest, dateLatest: valued.latest }, 'date');
}

/** The value as the record it points at; null where the field is none. */
export async function recordOfValue(
  valued: Valued,
  nouns: Record<string, Noun>,
  loading: Loading,
): Promise<AnyRow | null> {
  const shape = (await fieldOf(valued, nouns, loading))?.shape;
  return shape === 'ref' && typeof valued.value === 'string' ? loading.load.record.load(valued.value) : null;
}

/** The value as it may be told: the id of a record that the viewer may not see is none. */
export async function shownValue(valued: Valued, nouns: Record<string, Noun>, loading: Loading): Promise<unknown> {
  const shape = (await fieldOf(valued, nouns, loading))?.shape;
  if (shape !== 'ref' || typeof valued.value !== 'string') return valued.value;
  return (await loading.load.record.load(valued.value)) ? valued.value : null;
}
