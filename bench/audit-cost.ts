// What the audit costs a writer: the same writes with and without its triggers, in turns, in one run on one server.
// npx tsx bench/audit-cost.ts
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { freshDatabase } from '../test/support/database.js';
import { startTestServer } from '../test/support/test-server.js';

const SINGLE = 1500;
const BULK = 20_000;
const ROUNDS = 4;
const OFF = `
  alter table places disable trigger zz_audit_insert;
  alter table places disable trigger zz_audit_update;
  alter table places disable trigger zz_audit_delete`;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Rates per second. */
async function measure(loader: pg.Client): Promise<Record<string, number>> {
  const ids: string[] = [];
  const add = { name: 'add', text: `insert into places (name, kind) values ($1, 'LOCALITY') returning id` };
  const change = { name: 'change', text: 'update places set name = $2 where id = $1' };
  const inserted = await seconds(async () => {
    for (let i = 0; i < SINGLE; i++) ids.push((await loader.query({ ...add, values: [`Place ${i}`] })).rows[0].id);
  });
  const updated = await seconds(async () => {
    for (const [i, id] of ids.entries()) await loader.query({ ...change, values: [id, `Changed ${i}`] });
  });
  const loaded = await seconds(() =>
    loader.query(`insert into places (name, kind) select 'Bulk ' || n, 'LOCALITY' from generate_series(1, ${BULK}) n`),
  );
  const bulk = await seconds(() => loader.query(`update places set native_name = name where name like 'Bulk %'`));
  return {
    'single insert /s': SINGLE / inserted,
    'single update /s': SINGLE / updated,
    'bulk insert rows/s': BULK / loaded,
    'bulk update rows/s': BULK / bulk,
  };
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const stop = await startTestServer();
try {
  const found: Record<'with' | 'without', Record<string, number>[]> = { with: [], without: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const how of ['with', 'without'] as const) {
      const database = await freshDatabase();
      const [admin, loader] = [new pg.Client(database.adminUrl), new pg.Client(database.loaderUrl)];
      await Promise.all([admin.connect(), loader.connect()]);
      if (how === 'without') await admin.query(OFF);
      await loader.query(`set statement_timeout = '5min'`);
      await loader.query(
        `insert into places (name, kind) select 'Before ' || n, 'LOCALITY' from generate_series(1, 5000) n`,
      );
      await admin.query('analyze');
      found[how].push(await measure(loader));
      await Promise.all([admin.end(), loader.end()]);
      await database.drop();
    }
  for (const what of Object.keys(found.with[0]!)) {
    const [kept, plain] = [found.with, found.without].map((rounds) => median(rounds.map((round) => round[what]!))) as [
      number,
      number,
    ];
    process.stdout.write(
      `${what.padEnd(24)} with ${kept.toFixed(2).padStart(10)}   without ${plain.toFixed(2).padStart(10)}   x ${(kept / plain).toFixed(2)}\n`,
    );
  }
} catch (error) {
  // Said before the server stops: what its end does to open connections would hide it.
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
} finally {
  await stop();
}
