// Servers and databases that die while people write. Real processes, killed without warning, on a directory of their own.
// KUALIK_LONG=1 runs the promised size (20 rounds with 10 clients, 20 cuts under 50 clients); the ordinary suite runs 4 and 5.
import { embeddedStatus } from '../src/db/embedded/index.js';
import { killChildren } from './support/processes.js';
import { promise } from './support/promise.js';
import {
  dataDirectory,
  healthy,
  ledger,
  LONG,
  post,
  removeKualik,
  SAVE_EVENT,
  serveKualik,
  sleep,
  sqlOf,
  writer,
  type Ledger,
  type Served,
} from './support/writers.js';

const ROUNDS = LONG ? 20 : 4;
const CUTS = LONG ? 20 : 5;
/**
 * Held against the clock by the long run alone, on a computer that has nothing else to do: from the start of the process, the
 * translation of its code by tsx included. The ordinary suite reports its figure.
 */
const READY_WITHIN_MS = 5_000;
const HEALTHY_WITHIN_MS = 2_000;

let dir: string;
let served: Served;

beforeAll(async () => {
  dir = dataDirectory();
  served = await serveKualik(dir);
}, 120_000);
afterAll(async () => {
  await removeKualik(dir, [served]);
  await killChildren();
}, 60_000);

/** Every acknowledged write is there exactly once under its id, every other one at most once, and nothing besides. */
async function expectKept(prefix: string, { acknowledged, abandoned }: Ledger): Promise<void> {
  const rows = await sqlOf<{ title: string; ids: string[] }>(
    dir,
    'select title, array_agg(id::text) as ids from events where starts_with(title, $1) group by title',
    [prefix],
  );
  const found = new Map(rows.map(({ title, ids }) => [title, ids]));
  const wrong = [...acknowledged].filter(([key, id]) => found.get(key)?.join() !== id);
  expect(wrong).toEqual([]);
  expect(rows.filter(({ ids }) => ids.length !== 1)).toEqual([]);
  expect(rows.filter(({ title }) => !acknowledged.has(title) && !abandoned.has(title))).toEqual([]);
}

describe('killed without warning', () => {
  const port = (): string => new URL(served.base).port;

  /** The server dies; the database goes on and is adopted by the next server. */
  async function killServer(): Promise<number> {
    served.child.process.kill('SIGKILL');
    await served.child.ended;
    served = await serveKualik(dir, port());
    return served.readyMs;
  }

  /** All of PostgreSQL dies. The server stays, answers nothing but UNAVAILABLE, and brings it back by itself. */
  async function killDatabase(): Promise<number> {
    const old = embeddedStatus(dir).running!.pid;
    process.kill(old, 'SIGKILL');
    const started = performance.now();
    for (;;) {
      const { errors } = await post(served.base, '{ cases { nodes { id } } }');
      if (errors.length > 0) expect(errors[0]!.extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
      const now = embeddedStatus(dir).running?.pid;
      if (now !== undefined && now !== old) break;
      if (performance.now() > started + 30_000) throw new Error('Nobody started it again.');
    }
    expect(served.child.process.exitCode).toBeNull();
    return healthy(served.base, started);
  }

  /** One process of PostgreSQL dies: the database recovers by itself, and the server never stops. */
  async function killBackend(): Promise<number> {
    const [backend] = await sqlOf<{ pid: number }>(
      dir,
      `select pid from pg_stat_activity where usename like 'kualik_editor%' order by state = 'active' desc limit 1`,
    );
    process.kill(backend!.pid, 'SIGKILL');
    const started = performance.now();
    await sleep(50);
    return healthy(served.base, started);
  }

  test('whatever was acknowledged is there exactly once, a request sent again has one effect, and it is ready again', async () => {
    const book = ledger();
    const end = new AbortController();
    const writers = Array.from({ length: 10 }, (_, n) =>
      writer(served.base, `kill${n}`, book, n % 2 === 0, end.signal),
    );
    const ready: Record<string, number[]> = {};
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await sleep(200 + ((round * 370) % 800)); // somewhere else in their work each time
        const kill = [killServer, killDatabase, killServer, killBackend][round % 4]!;
        (ready[kill.name] ??= []).push(Math.round(await kill()));
        const before = book.acknowledged.size;
        while (book.acknowledged.size < before + 20) await sleep(10); // work goes on before the next one dies
      }
    } finally {
      end.abort();
      await Promise.all(writers);
    }
    const { acknowledged, abandoned, retried, refusals } = book;
    console.info(
      `${ROUNDS} rounds: ${acknowledged.size} writes acknowledged, ${retried.size} keys sent again, ${abandoned.size} abandoned`,
      { ready, refusals },
    );
    await expectKept('kill', book);
    promise(
      8,
      `${ROUNDS} rounds: ${acknowledged.size} writes acknowledged; ready again after ${Math.max(...Object.values(ready).flat())} ms at most`,
    );
    // A key of long ago still gives its record, and writes nothing.
    const some = [...acknowledged].filter((_, n) => n % Math.ceil(acknowledged.size / 50) === 0);
    for (const [key, id] of some) {
      const { data } = await post(served.base, SAVE_EVENT, {
        input: { kind: 'OTHER', title: key, idempotencyKey: key },
      });
      expect(data.saveEvent.id).toBe(id);
    }
    await expectKept('kill', book);
    if (LONG) expect(Math.max(...Object.values(ready).flat())).toBeLessThan(READY_WITHIN_MS);
    const strange = [...refusals.keys()].filter(
      (kind) => !/^(LOST|CONFLICT retryable|UNAVAILABLE retryable( stopping)?)$/.test(kind),
    );
    expect(strange).toEqual([]);
  }, 600_000);
});

test('connections cut under load end no process, fail only as UNAVAILABLE and retryable, and are replaced', async () => {
  const book = ledger();
  const end = new AbortController();
  const clients = LONG ? 50 : 20;
  let reads = 0;
  async function reader(): Promise<void> {
    while (!end.signal.aborted) {
      const kinds = await post(
        served.base,
        '{ persons(first: 3) { nodes { name claims { source { title } } } } }',
      ).then(
        ({ errors }) =>
          errors.map(({ extensions: { code, retryable } }) => `${code} ${retryable ? 'retryable' : 'final'}`),
        (error: Error) => [
          `LOST ${String((error.cause as Error | undefined)?.message)} ${Math.round(performance.now() - begun)}`,
        ],
      );
      for (const kind of kinds) book.refusals.set(kind, (book.refusals.get(kind) ?? 0) + 1);
      if (kinds.length === 0) reads++;
      else await sleep(20);
    }
  }
  const begun = performance.now();
  const running = Array.from({ length: clients }, (_, n) =>
    n % 2 === 0 ? reader() : writer(served.base, `cut${n}`, book, true, end.signal),
  );
  const took: number[] = [];
  let cut = 0;
  try {
    for (let round = 0; round < CUTS; round++) {
      await sleep(100 + ((round * 130) % 300));
      const rows = await sqlOf(
        dir,
        `select pg_terminate_backend(pid) from pg_stat_activity where usename ~ '^kualik_(reader|editor|gate)'`,
      );
      cut += rows.length;
      const started = performance.now();
      const [before, readsBefore] = [book.acknowledged.size, reads];
      await healthy(served.base, started);
      while (book.acknowledged.size === before || reads === readsBefore) await sleep(5);
      took.push(Math.round(performance.now() - started));
    }
  } finally {
    end.abort();
    await Promise.all(running);
  }
  console.info(`${CUTS} cuts, ${cut} connections, ${reads} answers and ${book.acknowledged.size} writes beside`, {
    took,
    refusals: book.refusals,
  });
  promise(
    9,
    `${CUTS} cuts under ${clients} clients, ${cut} connections; working again after ${Math.max(...took)} ms at most`,
  );
  expect(served.child.process.exitCode).toBeNull();
  expect(
    [...book.refusals.keys()].filter((kind) => !/^(UNAVAILABLE|CONFLICT) retryable( overload)?$/.test(kind)),
  ).toEqual([]);
  if (LONG) expect(Math.max(...took)).toBeLessThan(HEALTHY_WITHIN_MS);
  await expectKept('cut', book);
}, 300_000);
