// A full disk: the data directory lies on a small file system of its own, which is filled and emptied again. Needs root and
// the right to mount; elsewhere the test is skipped and says why.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { embeddedStatus } from '../src/db/embedded/index.js';
import { killChildren, runScript } from './support/processes.js';
import {
  dataDirectory,
  healthy,
  isReady,
  post,
  removeKualik,
  SAVE_EVENT,
  serveKualik,
  sleep,
  sqlOf,
  type Answer,
  type Served,
} from './support/writers.js';

const dir = dataDirectory();
let served: Served | undefined;

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'tmpfs is known to Linux only';
  if (process.getuid?.() !== 0) return 'mounting needs root';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=0755', 'tmpfs', dir], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `mount refused: ${String((error as { stderr?: Buffer }).stderr).trim()}`;
  }
}
const skipped = whyNot();
if (skipped !== undefined) console.info(`The test of the full disk is skipped: ${skipped}.`);

afterAll(async () => {
  if (skipped === undefined) {
    fs.rmSync(join(dir, 'ballast'), { force: true });
    if (served) {
      served.child.process.kill('SIGTERM');
      await served.child.ended;
    }
    execFileSync('umount', ['--lazy', dir]);
  }
  await removeKualik(dir, []);
  await killChildren();
}, 60_000);

/** Leaves less than one page. */
function fill(): void {
  const file = fs.openSync(join(dir, 'ballast'), 'a');
  for (let size = 1 << 20; size >= 512;) {
    try {
      if (fs.writeSync(file, Buffer.alloc(size)) < size) size /= 2;
    } catch {
      size /= 2;
    }
  }
  fs.closeSync(file);
}

/** Text that cannot be compressed, so that it needs new pages. */
const write = (base: string, title: string): Promise<Answer> =>
  post(base, SAVE_EVENT, {
    input: { kind: 'OTHER', title, description: randomBytes(24_000).toString('hex'), idempotencyKey: title },
  });

(skipped === undefined ? test : test.skip)(
  'on a full disk writes answer UNAVAILABLE, reads go on, and freed space heals without a restart',
  async () => {
    served = await serveKualik(dir);
    const { base, child } = served;
    expect((await write(base, 'before')).errors).toEqual([]);
    // A journal segment with room: only tables need the disk then. A journal without room is the second test.
    await sqlOf(dir, 'select pg_switch_wal()');
    await sqlOf(dir, 'checkpoint');
    fill();
    const answers: Answer[] = [];
    for (let n = 0; n < 30; n++) answers.push(await write(base, `full ${n}`));
    const refused = answers.filter(({ errors }) => errors.length > 0);
    const kinds = new Set(
      refused.map(({ errors }) => `${errors[0]!.extensions.code} ${errors[0]!.extensions.retryable}`),
    );
    expect(refused.length).toBeGreaterThan(20);
    expect([...kinds]).toEqual(['UNAVAILABLE true']);
    const read = await post(base, '{ persons(first: 5) { nodes { name claims { value source { title } } } } }');
    expect(read.errors).toEqual([]);
    expect(read.data.persons.nodes).toHaveLength(5);
    expect(await isReady(base)).toBe(true);
    expect(child.process.exitCode).toBeNull();

    fs.rmSync(join(dir, 'ballast'));
    const started = performance.now();
    while ((await write(base, 'after')).errors.length > 0) await sleep(50);
    console.info(
      `full disk: ${refused.length} of 30 writes refused; writing again ${Math.round(performance.now() - started)} ms after space was freed`,
    );
    const [kept] = await sqlOf<{ count: number }>(
      dir,
      `select count(*)::int from events where title like 'full %' or title in ('before', 'after')`,
    );
    expect(kept!.count).toBe(answers.length - refused.length + 2);
  },
  120_000,
);

(skipped === undefined ? test : test.skip)(
  'when not even the journal has room PostgreSQL gives up: the server stays and says so, and freed space brings everything back that was acknowledged',
  async () => {
    const { base, child } = served!;
    fill();
    const kept: string[] = [];
    for (let n = 0; n < 100 && (await isReady(base)); n++) {
      // The segments that are there already are used up, rather than filled with small changes for an hour.
      await sqlOf(dir, 'select pg_switch_wal()').catch(() => undefined);
      const { errors } = await write(base, `journal ${n}`);
      if (errors.length === 0) kept.push(`journal ${n}`);
      else expect(errors[0]!.extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    }
    expect(await isReady(base)).toBe(false);
    expect((await post(base, '{ cases { nodes { id } } }')).errors[0]!.extensions).toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(child.process.exitCode).toBeNull();

    fs.rmSync(join(dir, 'ballast'));
    const freed = performance.now();
    const readyMs = await healthy(base, freed);
    expect((await write(base, 'after all')).errors).toEqual([]);
    const rows = await sqlOf<{ title: string }>(
      dir,
      `select title from events where title like 'journal %' or title in ('before', 'after', 'after all') order by title`,
    );
    expect(rows.map(({ title }) => title)).toEqual([...kept, 'before', 'after', 'after all'].sort());
    expect(child.process.exitCode).toBeNull();
    console.info(`full journal: ready again ${Math.round(readyMs)} ms after space was freed`);
  },
  120_000,
);

(skipped === undefined ? test : test.skip)(
  'a first start on a disk that is too small fails in words that end with the reason, stops what it started, and ends',
  async () => {
    const small = dataDirectory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=56m,mode=0755', 'tmpfs', small]);
    try {
      const child = runScript('src/main.ts', ['serve'], { env: { KUALIK_DATA: small, PORT: '0', LOG_LEVEL: 'warn' } });
      expect((await child.ended).code).toBe(1);
      expect(child.output()).toMatch(/(?:FATAL|PANIC): .*No space left on device\n$/);
      expect(embeddedStatus(small).running).toBeUndefined();
    } finally {
      execFileSync('umount', ['--lazy', small]);
      fs.rmSync(small, { recursive: true });
    }
  },
  120_000,
);
