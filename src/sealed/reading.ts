// The clear text of a sealed value, or why it is not told. A silent null would read as "unknown", which is a false fact.
import { Temporal } from 'temporal-polyfill';
import { STEP_UP_MINUTES } from '../accounts/sessions.js';
import type { Viewer } from '../accounts/viewer.js';
import type { RedactionReason } from '../generated/resolvers-types.js';
import { Damaged, keyIdOf, openText } from '../sealing/envelope.js';
import { keyById, type Keys } from './keys.js';
import type { SealedValueRow } from './model.js';

export type Opened = { value: string } | { redacted: RedactionReason };

export interface Reading extends Keys {
  viewer: Viewer;
  now: string;
}

/** What holds whoever asks comes before what asking again in another way would change. */
export async function openSealed(row: SealedValueRow, reading: Reading): Promise<Opened> {
  const { viewer, now } = reading;
  if (viewer.level < 3) return { redacted: 'LEVEL' };
  try {
    const id = keyIdOf(row.envelope);
    const found = id === undefined ? undefined : await keyById(id, reading);
    if (!found) return { redacted: 'DAMAGED' };
    if ('missing' in found) return { redacted: found.missing };
    if (!isRecent(viewer.steppedUpAt, now)) return { redacted: 'STEP_UP' };
    return { value: openText(row.envelope, found.key, row) };
  } catch (error) {
    if (error instanceof Damaged) return { redacted: 'DAMAGED' };
    throw error;
  }
}

function isRecent(steppedUpAt: string | undefined, now: string): boolean {
  if (steppedUpAt === undefined) return false;
  const passed = Temporal.Instant.from(now).since(Temporal.Instant.from(steppedUpAt));
  return passed.total('minutes') <= STEP_UP_MINUTES;
}
