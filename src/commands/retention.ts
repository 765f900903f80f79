// kualik retention: what is kept for a while only is removed when its time is over. The server does it each day by itself; the
// command tells what would go, and with --apply removes it now. How long is what: migrations/repeatable/80-retention.sql.
import type { DataSource } from 'typeorm';
import type { Logger } from 'pino';
import { gateOf, type Rows } from '../accounts/gate.js';
import type { Config } from '../config.js';
import { redacted } from '../http/log.js';
import { print, table, withGate } from './gate.js';
import type { Life } from './life.js';
import { say } from './say.js';

interface Kept {
  what: string;
  /** How long, in words. */
  kept: string;
  /** Over their time. */
  rows: number;
}

/** Empty when another one is at work. */
export const retain = (rows: Rows, apply: boolean): Promise<Kept[]> =>
  rows<Kept>('select what, kept, rows::int from auth.retention($1)', [apply]);

export function retention(config: Config, life: Life, { apply = false }: { apply?: boolean }): Promise<void> {
  return withGate(config, life, async ({ rows }) => {
    const found = await retain(rows, apply);
    if (found.length === 0) return say('Another Kualik is removing at this moment; nothing was done.');
    print(
      table(
        [apply ? 'REMOVED' : 'WOULD GO', 'WHAT', 'KEPT'],
        found.map(({ what, kept, rows: count }) => [String(count), what, kept]),
      ),
    );
    if (!apply) say('Nothing was done. To remove it now: add --apply. A running server does it each day.');
  });
}

const MINUTE = 60_000;

export interface RetentionOptions {
  gate: () => Promise<DataSource>;
  logger: Logger;
  /** Not at the start itself, where a crash may be repeating. */
  firstAfterMs?: number;
  everyMs?: number;
}

/** Each day, and never a reason for the process to stay. */
export function startRetention({
  gate,
  logger,
  firstAfterMs = 10 * MINUTE,
  everyMs = 24 * 60 * MINUTE,
}: RetentionOptions): { stop(): Promise<void> } {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const later = (ms: number): void => {
    timer = setTimeout(() => {
      running = once();
    }, ms).unref();
  };
  const once = async (): Promise<void> => {
    try {
      const removed = (await retain(gateOf(await gate()).rows, true)).filter(({ rows }) => rows > 0);
      if (removed.length > 0)
        logger.info({ removed: Object.fromEntries(removed.map(({ what, rows }) => [what, rows])) }, 'retention');
    } catch (error) {
      logger.warn({ error: redacted(error) }, 'retention failed; it is tried again tomorrow');
    }
    if (!stopped) later(everyMs);
  };
  later(firstAfterMs);
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
