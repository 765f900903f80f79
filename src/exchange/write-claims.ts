// Claims: a new saying is inserted, a changed judgement updated. What a claim says never changes; when the files say
// something else in its place, the old claim is withdrawn and stays readable.
import type { HeldConnection } from '../db/held-connection.js';
import type { Task } from './attempts.js';
import type { LoadClaim } from './dataset.js';
import type { Ids } from './write-records.js';

const INSERT = `
  insert into claims (record_id, field, value, earliest, latest, source_id, locator, wording, stance, basis, derived_from,
    rank, rank_reason, credibility, sensitivity, reference, wording_language, informant, informant_id, note, published, published_earliest, published_latest)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) returning id`;

const JUDGE = `
  update claims set rank = $2, rank_reason = $3, credibility = $4, sensitivity = $5, reference = $6, wording_language = $7, informant = $8,
    informant_id = $9, note = $10, published = $11, published_earliest = $12, published_latest = $13 where id = $1`;

const WITHDRAW = `update claims set rank = 'DEPRECATED', rank_reason = $2 where id = $1`;

function judgement({ judgement: said }: LoadClaim, ids: Ids): unknown[] {
  return [
    said.rank, said.rankReason, said.credibility, said.sensitivity, said.reference, said.wordingLanguage, said.informant,
    said.informantKey === null ? null : ids.get(said.informantKey), said.note, said.published, said.publishedEarliest, said.publishedLatest,
  ]; // prettier-ignore
}

function json({ value }: LoadClaim, ids: Ids): string | null {
  const content = 'key' in value ? ids.get(value.key) : value.value;
  return content === null ? null : JSON.stringify(content);
}

const task = (claim: LoadClaim, parts: Pick<Task, 'isReady' | 'run'>): Task => ({
  at: claim.at,
  about: claim.address,
  depth: claim.depth,
  ...parts,
});

/** Ids of claims are kept beside those of records, under the keys of claims. */
export function insertClaim(connection: HeldConnection, claim: LoadClaim, ids: Ids): Task {
  return task(claim, {
    isReady: () => claim.derivedFrom.every(({ key }) => ids.has(key)),
    async run() {
      ids.delete(claim.key);
      const { saying } = claim;
      const source = claim.source === null ? null : ids.get(claim.source);
      const bases = claim.derivedFrom.map(({ key }) => ids.get(key));
      const said = [
        ids.get(claim.record.key),
        claim.field,
        json(claim, ids),
        claim.earliest,
        claim.latest,
        source,
        saying.locator,
        saying.wording,
        saying.stance,
        saying.basis,
        bases,
      ];
      const [row] = await connection.rows<{ id: string }>(
        'insert claims',
        INSERT,
        [...said, ...judgement(claim, ids)],
        '',
      );
      ids.set(claim.key, row!.id);
    },
  });
}

export function judgeClaim(connection: HeldConnection, claim: LoadClaim, ids: Ids): Task {
  return task(claim, {
    isReady: () => true,
    async run() {
      await connection.rows('judge claims', JUDGE, [ids.get(claim.key), ...judgement(claim, ids)], '');
    },
  });
}

export function withdrawClaim(connection: HeldConnection, id: string, instead: LoadClaim, dataset: string): Task {
  return task(instead, {
    isReady: () => true,
    async run() {
      await connection.rows(
        'withdraw claims',
        WITHDRAW,
        [id, `The dataset ${dataset} says otherwise since a later load; see the claim that replaces this one.`],
        '',
      );
    },
  });
}
