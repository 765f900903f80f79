// Whether the bytes of a capture are still what was written down when they came in. The bytes never leave the database.
import type { Loading, Rows } from '../records/loaders.js';
import type { CaptureRow } from './model.js';

/** What the SDL calls CaptureVerification. */
export interface CaptureVerificationValue {
  capture: CaptureRow;
  isKept: boolean;
  sha256: string | null;
  byteSize: string | null;
  isIntact: boolean | null;
}

const COUNT = `select sha256, byte_size::text as "byteSize" from house.count_again($1)`;

/** Null where there is no such capture, or none that the viewer may see. */
export async function verifyCapture(
  id: string,
  { db, load }: Loading & { db: Rows },
): Promise<CaptureVerificationValue | null> {
  const capture = (await load.one.captures!.load(id)) as unknown as CaptureRow | null;
  if (!capture) return null;
  const [found] = await db.rows<{ sha256: string | null; byteSize: string | null }>('count again', COUNT, [
    capture.sha256,
  ]);
  const { sha256 = null, byteSize = null } = found ?? {};
  const isKept = sha256 !== null;
  const isIntact = isKept ? sha256 === capture.sha256 && byteSize === capture.byteSize : null;
  return { capture, isKept, sha256, byteSize, isIntact };
}
