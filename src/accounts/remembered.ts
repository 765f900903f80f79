// Who asks, remembered for a moment: a dashboard sends a hundred questions in the second in which it opens, all with one
// credential. Only for viewers who never enter a context (readers of levels 0 and 1): what everybody else does is checked
// by the database again, so what is taken from them ends with the next request, and a memory would only make it a refusal.
import type { Credential } from './credential.js';
import type { LookUp } from './look-up.js';
import type { Viewer } from './viewer.js';

/** Milliseconds. Long for a machine, and within what is promised for revocation: docs/decisions/0016-accounts.md. */
const REMEMBERED_FOR = 1_000;
const MOST = 10_000;

export interface Remembered {
  find: LookUp;
  /** After anything that may have changed what an account or a credential may do. */
  forget(): void;
}

/** @param now milliseconds that never go back. */
export function remembered(lookUp: LookUp, now: () => number = () => performance.now()): Remembered {
  const known = new Map<string, { until: number; viewer: Promise<Viewer> }>();

  function look(key: string, credential: Credential): Promise<Viewer> {
    const viewer = lookUp(credential);
    // The second begins before the database is asked: its answer may be old when it comes.
    const entry = { until: now() + REMEMBERED_FOR, viewer };
    const drop = (): void => {
      if (known.get(key) === entry) known.delete(key);
    };
    viewer.then((found) => entersContexts(found) && drop(), drop);
    if (known.size >= MOST) known.delete(known.keys().next().value!);
    known.set(key, entry);
    return viewer;
  }

  return {
    find: (credential) => {
      const key = `${credential.kind} ${credential.hash.toString('latin1')}`;
      const entry = known.get(key);
      if (entry && now() < entry.until) return entry.viewer;
      known.delete(key);
      return look(key, credential);
    },
    forget: () => known.clear(),
  };
}

const entersContexts = ({ level, roles }: Viewer): boolean => level >= 2 || roles.has('editor');
