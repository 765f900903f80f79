// Claims as they are written, by the loader of datasets and by mutations: a new saying is inserted, a judgement changed. What
// a claim says never changes; house.accept then writes what the claims of a record say together.
import type { Noun } from '../records/noun.js';
import { renewNameKeys } from '../records/name-keys.js';
import type { Rows } from '../records/loaders.js';

/** What is said and cannot change; ids of the database. */
export interface Saying {
  recordId: string;
  /** The column, or '' for "this record exists". */
  field: string;
  /** As JSON can hold it; null where nothing is said of a value. */
  value: unknown;
  earliest: string | null;
  latest: string | null;
  sourceId: string | null;
  locator: string | null;
  wording: string | null;
  stance: string;
  basis: string;
  derivedFrom: readonly string[];
}

/** How it is judged and described, which may change. */
export interface Judging {
  rank: string;
  rankReason: string | null;
  credibility: number;
  sensitivity: number;
  reference: string | null;
  wordingLanguage: string | null;
  informant: string | null;
  informantId: string | null;
  note: string | null;
  published: string | null;
  publishedEarliest: string | null;
  publishedLatest: string | null;
}

/** Cannot be judged (Admiralty code). */
export const DEFAULT_CREDIBILITY = 6;
/** Only these bear a value; the others may deny or mention the field without naming one. */
export const BEARING_STANCES: readonly string[] = ['ASSERTS', 'REPORTS_ALLEGATION'];

const INSERT = `
  insert into claims (record_id, field, value, earliest, latest, source_id, locator, wording, stance, basis, derived_from,
    rank, rank_reason, credibility, sensitivity, reference, wording_language, informant, informant_id, note, published, published_earliest, published_latest,
    team_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) returning id`;

const JUDGE = `
  update claims set rank = $2, rank_reason = $3, credibility = $4, sensitivity = $5, reference = $6, wording_language = $7, informant = $8,
    informant_id = $9, note = $10, published = $11, published_earliest = $12, published_latest = $13 where id = $1`;

const judged = (judging: Judging): unknown[] => [
  judging.rank, judging.rankReason, judging.credibility, judging.sensitivity, judging.reference, judging.wordingLanguage,
  judging.informant, judging.informantId, judging.note, judging.published, judging.publishedEarliest, judging.publishedLatest,
]; // prettier-ignore

const json = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value));

/**
 * Gives the id of the new claim. Asks for its one statement before it returns.
 * @param teamId where what the claim is about and rests on has none.
 */
export async function insertClaim(db: Rows, said: Saying, judging: Judging, teamId = 0): Promise<string> {
  const saying = [
    said.recordId, said.field, json(said.value), said.earliest, said.latest, said.sourceId, said.locator, said.wording, said.stance,
    said.basis, said.derivedFrom,
  ]; // prettier-ignore
  const [row] = await db.rows<{ id: string }>('insert claims', INSERT, [...saying, ...judged(judging), teamId]);
  return row!.id;
}

export async function judgeClaim(db: Rows, id: string, judging: Judging): Promise<void> {
  await db.rows('judge claims', JUDGE, [id, ...judged(judging)]);
}

/** It stays readable and decides nothing any more. */
export async function withdrawClaim(db: Rows, id: string, reason: string): Promise<void> {
  await db.rows('withdraw claims', `update claims set rank = 'DEPRECATED', rank_reason = $2 where id = $1`, [
    id,
    reason,
  ]);
}

/** This claim decides its field; whichever was preferred before is an ordinary one again, for the same reason. */
export async function preferClaim(db: Rows, id: string, reason: string): Promise<void> {
  await db.rows(
    'prefer no other claim',
    `update claims set rank = 'NORMAL', rank_reason = $2 from claims chosen
     where chosen.id = $1 and claims.record_id = chosen.record_id and claims.field = chosen.field and claims.id <> $1 and claims.rank = 'PREFERRED'`,
    [id, reason],
  );
  await db.rows('prefer claims', `update claims set rank = 'PREFERRED', rank_reason = $2 where id = $1`, [id, reason]);
}

const SAME = `
  select id from claims where record_id = $1 and field = $2 and source_id = $3 and value is not distinct from $4::jsonb
    and locator is not distinct from $5 and wording is not distinct from $6 and stance = $7 and basis = $8
    and informant is not distinct from $9 and informant_id is not distinct from $10 limit 1`;

/** A claim that says the very same, by the same informant. */
export async function sameClaim(
  db: Rows,
  said: Saying,
  by: Pick<Judging, 'informant' | 'informantId'>,
): Promise<string | undefined> {
  const [row] = await db.rows<{ id: string }>('the same claim', SAME, [
    said.recordId, said.field, said.sourceId, json(said.value), said.locator, said.wording, said.stance, said.basis, by.informant, by.informantId,
  ]); // prettier-ignore
  return row?.id;
}

/** Writes what the claims of a record say together, and the search key of a name that they changed. */
export async function acceptClaims(db: Rows, noun: Noun, recordId: string): Promise<void> {
  await db.rows('accept claims', 'select house.accept($1)', [recordId]);
  await renewNameKeys(db, noun, [recordId]);
}
