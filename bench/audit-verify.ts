// How long a million entries take: sealing them all at once, exporting them, verifying the file without a database.
// npx tsx bench/audit-verify.ts [entries]
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { loadSigner } from '../src/audit/key-file.js';
import { linesOfDatabase, linesOfFile } from '../src/audit/lines.js';
import { formatVerifier } from '../src/audit/note.js';
import { Sealer } from '../src/audit/sealer.js';
import { verifyLines } from '../src/audit/verify.js';
import { compareVersions } from '../src/audit/versions.js';
import { freshDatabase } from '../test/support/database.js';
import { promise } from '../test/support/promise.js';
import { startTestServer } from '../test/support/test-server.js';

const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const STEP = 50_000;

const seconds: Record<string, number> = {};

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const done = await work();
  seconds[what] = (performance.now() - started) / 1000;
  const rss = Math.round(process.memoryUsage().rss / 1_048_576);
  process.stdout.write(
    `${what.padEnd(34)} ${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s   RSS ${rss} MB\n`,
  );
  return done;
}

const stop = await startTestServer();
const directory = mkdtempSync(join(tmpdir(), 'kualik-audit-'));
try {
  const database = await freshDatabase();
  const [loader, sealing, owner, admin] = [
    database.loaderUrl,
    database.sealerUrl,
    database.migrateUrl,
    database.adminUrl,
  ].map((url) => new pg.Client(url)) as [pg.Client, pg.Client, pg.Client, pg.Client];
  await Promise.all([loader, sealing, owner, admin].map((client) => client.connect()));
  await loader.query('set statement_timeout = 0');
  // A snapshot that is held while files are read is no forgotten one.
  await owner.query('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0');
  await timed(`enter ${ENTRIES}`, async () => {
    for (let n = 0; n < ENTRIES; n += STEP)
      await loader.query(
        `insert into places (name, kind) select 'Place ' || n, 'LOCALITY' from generate_series(1, ${Math.min(STEP, ENTRIES - n)}) n`,
      );
  });
  await admin.query('analyze');
  const keyFile = join(directory, 'audit-key');
  const signer = loadSigner(keyFile, true);
  await timed('seal', async () => {
    const sealer = new Sealer(sealing, signer, keyFile);
    for (let sealed = 0; sealed < ENTRIES;) sealed += (await sealer.run()) ?? 0;
  });
  await timed('a new server looks at all of it', () => new Sealer(sealing, signer, keyFile).run());
  const file = join(directory, 'audit.ndjson');
  await owner.query('begin isolation level repeatable read read only');
  await timed('export', async () => {
    const to = createWriteStream(file);
    for await (const lines of linesOfDatabase(owner, formatVerifier(signer)))
      if (!to.write(`${lines.join('\n')}\n`)) await once(to, 'drain');
    to.end();
    await once(to, 'finish');
  });
  await owner.query('commit; begin isolation level repeatable read read only');
  process.stdout.write(`${Math.round(statSync(file).size / 1_048_576)} MB\n`);
  for (let round = 0; round < 3; round++) {
    const verdict = await timed('verify the file', () => verifyLines(linesOfFile(file), { key: signer }));
    if (verdict.faults.length > 0 || verdict.sealed !== ENTRIES) throw new Error(JSON.stringify(verdict.faults[0]));
  }
  await timed('verify the database, log', () => verifyLines(linesOfDatabase(owner), { key: signer }));
  const { faults } = await timed('verify the database, history', () => compareVersions(owner));
  if (faults.length > 0) throw new Error(JSON.stringify(faults[0]));
  const [online, offline] = [seconds['verify the database, log']!, seconds['verify the file']!];
  promise(
    6,
    `${ENTRIES} entries: ${online.toFixed(1)} s in the database (15 allowed), ${offline.toFixed(1)} s offline (30 allowed)`,
  );
  if (online > 15 || offline > 30) process.exitCode = 1;
  await Promise.all([loader, sealing, owner, admin].map((client) => client.end()));
  await database.drop();
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
  await stop();
}
