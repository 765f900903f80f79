// Promise 13: writing a million rows out, as a backup and as an export of the audit, costs +100 MB of resident memory at most over
// writing out the founding case alone. `node --import tsx test/soak/export.ts [rows]`; about a minute for 100,000.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/paths.js';
import { sqlOf } from '../support/writers.js';
import { soak, verdict } from './serving.js';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const STEP = 10_000;
const MOST_GROWTH_MB = 100;

/** Runs a command of the host on this data directory; the most memory that it had, in MB. */
function peakOf(dir: string, args: string[]): Promise<number> {
  const main = join(packageRoot, 'dist', 'src', 'main.js');
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, KUALIK_DATA: dir, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let peak = 0;
  const look = (): void => {
    try {
      const found = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      if (found) peak = Math.max(peak, Number(found[1]) / 1024);
    } catch {
      // It has ended.
    }
  };
  const looking = setInterval(look, 50);
  return new Promise((resolve, reject) =>
    child.once('close', (code) => {
      clearInterval(looking);
      if (code === 0) resolve(peak);
      else reject(new Error(`kualik ${args.join(' ')} ended with ${code}.`));
    }),
  );
}

await soak(async ({ dir }) => {
  const [backup, audit] = [`${dir}-backup`, `${dir}-audit.ndjson`];
  const clear = (): void => [backup, audit].forEach((path) => rmSync(path, { recursive: true, force: true }));
  const both = async (): Promise<[backup: number, audit: number]> => {
    clear();
    return [await peakOf(dir, ['backup', backup]), await peakOf(dir, ['audit', 'export', audit])];
  };
  try {
    const before = await both();
    for (let n = 0; n < ROWS; n += STEP)
      await sqlOf(
        dir,
        `insert into persons (sensitivity) select 1 from generate_series(1, ${Math.min(STEP, ROWS - n)})`,
      );
    const after = await both();
    const growth = after.map((peak, i) => peak - before[i]!);
    const megabytes = (statSync(audit).size / 1_048_576).toFixed(0);
    verdict(
      13,
      `${ROWS} rows written out: backup ${growth[0]!.toFixed(0)} MB more than ${before[0].toFixed(0)}, audit (${megabytes} MB) ${growth[1]!.toFixed(0)} MB more than ${before[1].toFixed(0)} (${MOST_GROWTH_MB} allowed)`,
      growth.every((more) => more <= MOST_GROWTH_MB),
    );
  } finally {
    clear();
  }
});
