// Promise 13: an export of a million lines costs +100 MB of resident memory at most over one of a thousand, and every line is there
// once. `node --import tsx test/soak/ndjson.ts [lines]`; about a minute for 100,000.
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { embeddedStatus } from '../../src/db/embedded/index.js';
import { addAccount, openGate } from '../support/accounts.js';
import { sqlOf } from '../support/writers.js';
import { soak, verdict } from './serving.js';

const LINES = Number(process.argv[2] ?? 1_000_000);
const STEP = 10_000;
const MOST_GROWTH_MB = 100;

interface Run {
  lines: number;
  last: { complete: boolean; count: number };
  peak: number;
  seconds: number;
}

await soak(
  async ({ base, dir, rss }) => {
    const gate = await openGate({ adminUrl: embeddedStatus(dir).running!.url });
    const { byToken } = await addAccount(gate, { login: 'export-soak', level: 1, roles: ['reader', 'exporter'] });
    await gate.destroy();

    async function run(encoding: string): Promise<Run> {
      const began = performance.now();
      const response = await fetch(`${base}/export`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-encoding': encoding, ...byToken },
        body: JSON.stringify({ query: '{ persons { nodes { id sensitivity names { id } claims { field } } } }' }),
      });
      if (!response.ok) throw new Error(await response.text());
      let [lines, peak, last] = [0, rss(), ''];
      const looking = setInterval(() => (peak = Math.max(peak, rss())), 100);
      for await (const line of createInterface({ input: Readable.fromWeb(response.body as ReadableStream) })) {
        lines++;
        last = line;
      }
      clearInterval(looking);
      const told = (JSON.parse(last) as { '@export': Run['last'] })['@export'];
      return { lines: lines - 1, last: told, peak, seconds: (performance.now() - began) / 1_000 };
    }

    const add = (n: number) => sqlOf(dir, `insert into persons (sensitivity) select 1 from generate_series(1, ${n})`);
    await add(1_000);
    for (let warm = 0; warm < 20; warm++) await run('gzip');
    const before = await run('identity');
    for (let n = 0; n < LINES; n += STEP) await add(Math.min(STEP, LINES - n));
    const [{ n: wanted } = { n: 0 }] = await sqlOf<{ n: number }>(
      dir,
      'select count(*)::int as n from persons where sensitivity <= 1',
    );
    for (const encoding of ['identity', 'gzip']) {
      const after = await run(encoding);
      const growth = after.peak - before.peak;
      verdict(
        13,
        `${after.lines} lines exported (${encoding}) in ${after.seconds.toFixed(0)} s: ${growth.toFixed(0)} MB more than ${before.peak.toFixed(0)} (${MOST_GROWTH_MB} allowed)`,
        growth <= MOST_GROWTH_MB && after.last.complete && after.last.count === wanted && after.lines === wanted,
      );
    }
  },
  { KUALIK_EXPORT_MINUTES: '240' },
);
