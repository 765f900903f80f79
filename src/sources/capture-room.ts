// Room for captures: what all of them may take, what one account may add in a day, and what the disk must have left for
// everything else. Asked before a byte is kept, in the transaction of the change, so nothing half written stays.
import { Temporal } from 'temporal-polyfill';
import type { Context } from '../context.js';
import { limited, unavailable } from '../errors.js';

/** Bytes; what is absent is not limited. `all` is kept to within 64 MB. */
export interface CaptureRoom {
  all?: number;
  /** Of one account, from midnight to midnight in UTC. */
  ofDay?: number;
  /** What the disk has left. */
  free?: () => number;
}

/** For PostgreSQL to work with: a capture is evidence that can be sent again, a database without a disk stands still. */
const RESERVE = 512 * 1024 * 1024;

const DAY = 86_400;
const untilMidnight = (now: string): number =>
  DAY - (Math.floor(Temporal.Instant.from(now).epochMilliseconds / 1000) % DAY);
const inWords = (bytes: number): string =>
  `${(bytes / (bytes < 1e9 ? 1e6 : 1e9)).toFixed(1).replace(/\.0$/, '')} ${bytes < 1e9 ? 'MB' : 'GB'}`;

/** @throws DomainError LIMITED or UNAVAILABLE, with what to do. */
export async function checkRoom(
  { captureRoom, db, now }: Pick<Context, 'captureRoom' | 'db' | 'now'>,
  size: number,
): Promise<void> {
  if (!captureRoom) return;
  const { all = Infinity, ofDay = Infinity, free } = captureRoom;
  if (free && free() - size < RESERVE)
    throw unavailable(
      'The disk of this server is nearly full, so it takes no captures now; keep the file, and tell whoever runs the server to make room.',
      { rule: 'capture_disk_has_room', retryAfter: 600 },
    );
  const [found] = await db.rows<{ kept: number; today: number }>(
    'room for a capture',
    'select kept::float8, today::float8 from house.count_capture($1)',
    [size],
  );
  const { kept, today } = found!;
  if (kept > all)
    throw limited(
      `All captures together may take ${inWords(all)}, and this one would exceed it; keep the file, and ask whoever runs the server for more room (KUALIK_CAPTURE_QUOTA).`,
      { rule: 'capture_quota' },
    );
  if (today > ofDay)
    throw limited(
      `An account may add ${inWords(ofDay)} of captures in a day, and yours has; send this one after midnight (UTC).`,
      { rule: 'capture_quota_of_day', retryAfter: untilMidnight(now) },
    );
}
