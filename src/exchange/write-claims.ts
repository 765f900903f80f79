// The claims of a dataset as tasks: when the files say something else in the place of a claim, the old one is withdrawn and
// stays readable.
import { insertClaim, judgeClaim, withdrawClaim, type Judging } from '../claims/write-claim.js';
import type { Rows } from '../records/loaders.js';
import type { Task } from './attempts.js';
import type { LoadClaim } from './dataset.js';
import type { Ids } from './write-records.js';

function judging({ judgement: { informantKey, ...said } }: LoadClaim, ids: Ids): Judging {
  return { ...said, informantId: informantKey === null ? null : ids.get(informantKey)! };
}

const task = (claim: LoadClaim, parts: Pick<Task, 'isReady' | 'run'>): Task => ({
  at: claim.at,
  about: claim.address,
  depth: claim.depth,
  ...parts,
});

/** Ids of claims are kept beside those of records, under the keys of claims. */
export function insertTask(db: Rows, claim: LoadClaim, ids: Ids): Task {
  return task(claim, {
    isReady: () => claim.derivedFrom.every(({ key }) => ids.has(key)),
    async run() {
      ids.delete(claim.key);
      const { saying, field, earliest, latest, value } = claim;
      const said = {
        ...saying,
        field,
        earliest,
        latest,
        recordId: ids.get(claim.record.key)!,
        value: 'key' in value ? ids.get(value.key) : value.value,
        sourceId: claim.source === null ? null : ids.get(claim.source)!,
        derivedFrom: claim.derivedFrom.map(({ key }) => ids.get(key)!),
      };
      ids.set(claim.key, await insertClaim(db, said, judging(claim, ids)));
    },
  });
}

export function judgeTask(db: Rows, claim: LoadClaim, ids: Ids): Task {
  return task(claim, {
    isReady: () => true,
    run: () => judgeClaim(db, ids.get(claim.key)!, judging(claim, ids)),
  });
}

export function withdrawTask(db: Rows, id: string, instead: LoadClaim, dataset: string): Task {
  const reason = `The dataset ${dataset} says otherwise since a later load; see the claim that replaces this one.`;
  return task(instead, { isReady: () => true, run: () => withdrawClaim(db, id, reason) });
}
