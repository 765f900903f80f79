// A dataset that has been checked: what load.ts writes, in values of the database. References are still keys.
import type { NounName } from '../model.js';
import type { Place } from './problem.js';

/** A value to be written, or the key of the record whose id is to be written. */
export type Content = { readonly value: unknown } | { readonly key: string };

export interface LoadRecord {
  readonly noun: NounName;
  readonly key: string;
  readonly at: Place;
  readonly sensitivity: number;
  /** By the name of the column. */
  readonly columns: ReadonlyMap<string, Content>;
  /** Columns left to claims. */
  readonly claimed: ReadonlySet<string>;
  readonly digest: string;
  /** Records of a lower depth are written before. */
  readonly depth: number;
}

export interface LoadClaim {
  /** `record.field@source` and what it says, in one word: another saying is another claim. */
  readonly key: string;
  readonly address: string;
  readonly at: Place;
  readonly record: LoadRecord;
  /** The column, or '' for "this record exists". */
  readonly field: string;
  readonly value: Content;
  readonly earliest: string | null;
  readonly latest: string | null;
  readonly source: string | null;
  readonly derivedFrom: readonly LoadClaim[];
  readonly depth: number;
  readonly order: number;
  /** What was said and cannot change. */
  readonly saying: { wording: string | null; locator: string | null; stance: string; basis: string };
  /** How it is judged and described, which may change. */
  readonly judgement: Judgement;
  readonly digest: string;
}

export interface Judgement {
  readonly rank: string;
  readonly rankReason: string | null;
  readonly credibility: number;
  readonly sensitivity: number;
  readonly reference: string | null;
  readonly wordingLanguage: string | null;
  readonly informant: string | null;
  readonly informantKey: string | null;
  readonly note: string | null;
  readonly published: string | null;
  readonly publishedEarliest: string | null;
  readonly publishedLatest: string | null;
}

export interface Dataset {
  readonly name: string;
  /** By depth, then as in the files. */
  readonly records: readonly LoadRecord[];
  /** By depth, then as in the files. */
  readonly claims: readonly LoadClaim[];
}
