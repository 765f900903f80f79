// Many writers, two servers, one connection: what Kualik promises when everybody comes at once. Real server processes on a
// directory of their own. KUALIK_LONG=1 runs the promised size (8 writers x 1,250 edits); the ordinary suite runs 8 x 60.
import { withClient } from '../src/db/client.js';
import { killChildren } from './support/processes.js';
import { promise } from './support/promise.js';
import {
  dataDirectory,
  LONG,
  post,
  removeKualik,
  SAVE_EVENT,
  saveEvent,
  serveHere,
  serveKualik,
  sqlOf,
  type Answer,
  type Served,
} from './support/writers.js';

const WRITERS = 8;
const EDITS = LONG ? 1250 : 60;
const RECORDS = 20;

let dir: string;
let servers: Served[];

beforeAll(async () => {
  dir = dataDirectory();
  servers = await Promise.all([serveKualik(dir), serveKualik(dir)]);
}, 120_000);
afterAll(async () => {
  await removeKualik(dir, servers ?? []);
  await killChildren();
}, 60_000);

test('two servers that start at once on one empty database migrate it once, load the first case once, and both answer', async () => {
  const outputs = servers.map(({ child }) => child.output());
  expect(outputs.filter((text) => /Ran \d+ migrations/.test(text))).toHaveLength(1);
  expect(outputs.filter((text) => /The database is up to date/.test(text))).toHaveLength(1);
  const [migrated] = await sqlOf<{ all: number; names: number }>(
    dir,
    'select count(*)::int as all, count(distinct name)::int as names from schema_migrations',
  );
  expect(migrated!.all).toBe(migrated!.names);
  expect(migrated!.all).toBeGreaterThan(5);
  const answers = await Promise.all(
    servers.map(({ base }) => post(base, '{ cases { nodes { title } totalCount { value } } }')),
  );
  expect(answers[0]!.data.cases.totalCount.value).toBe(1);
  expect(answers[1]).toEqual(answers[0]);
});

test('of many edits of the same records each is either kept or refused with the version there is, and history has every kept one', async () => {
  const records: { id: string; version: number }[] = [];
  for (let n = 0; n < RECORDS; n++)
    records.push(await saveEvent(servers[0]!.base, { kind: 'OTHER', title: `record ${n}` }));
  const accepted: { id: string; version: number; title: string }[] = [];
  const refused: Answer[] = [];
  const started = performance.now();

  async function write(name: number): Promise<void> {
    const seen = new Map(records.map(({ id, version }) => [id, version]));
    for (let edit = 0; edit < EDITS; edit++) {
      const { id } = records[(edit * 7 + name * 3) % RECORDS]!;
      const title = `writer ${name}, edit ${edit}`;
      const answer = await post(servers[name % 2]!.base, SAVE_EVENT, {
        input: { id, expectedVersion: seen.get(id), title },
      });
      if (answer.errors.length === 0) {
        const { version } = answer.data.saveEvent;
        accepted.push({ id, version, title });
        seen.set(id, version);
      } else {
        refused.push(answer);
        const { current } = answer.errors[0]!.extensions;
        if (current) seen.set(id, current.version);
      }
    }
  }
  // Four writers on each server: the promise is the database's, not that of one process.
  await Promise.all(Array.from({ length: WRITERS }, (_, name) => write(name)));
  const seconds = (performance.now() - started) / 1000;

  expect(accepted.length + refused.length).toBe(WRITERS * EDITS);
  const kinds = new Map<string, number>();
  for (const { data, errors } of refused) {
    expect(data).toBeNull();
    const { code, rule, current, retryable } = errors[0]!.extensions;
    const kind = `${code} ${rule} ${retryable} ${current ? 'with' : 'without'} the current version`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  promise(
    7,
    `${WRITERS} writers x ${EDITS}: ${accepted.length} edits kept, ${refused.length} refused, in ${seconds.toFixed(1)} s`,
  );
  console.info(`${accepted.length} edits kept, ${refused.length} refused, in ${seconds.toFixed(1)} s`, kinds);
  expect([...kinds.keys()].filter((kind) => !/^CONFLICT stale_version false with /.test(kind))).toEqual([]);

  const rows = await sqlOf<{ id: string; version: number }>(dir, 'select id, version from events where id = any($1)', [
    records.map(({ id }) => id),
  ]);
  for (const { id, version } of rows)
    expect([id, accepted.filter((edit) => edit.id === id).length]).toEqual([id, version - 1]);
  const history = await sqlOf<{ id: string; version: number; title: string }>(
    dir,
    'select id, version, title from history.events where id = any($1) and version > 1 order by id, version',
    [records.map(({ id }) => id)],
  );
  const byVersion = (a: { id: string; version: number }, b: typeof a): number =>
    a.id === b.id ? a.version - b.version : a.id < b.id ? -1 : 1;
  expect(history).toEqual(accepted.sort(byVersion));
}, 600_000);

test('with one connection for readers and one for writers, twenty parallel questions and changes are all answered', async () => {
  const { base, database, close } = await serveHere('founding', 1);
  try {
    const nested = `{ persons(first: 10) { nodes { name names { value } verification claims { source { title } }
      detentions { place { name } claims { value source { title origin { title } } } } events { nodes { title links { kind } } } } } }`;
    const both =
      'mutation ($input: SaveEventInput!) { saveEvent(input: $input) { title claims { value } links { kind } cases { title } } }';
    const started = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 === 0
          ? post(base, nested)
          : post(base, both, { input: { kind: 'OTHER', title: `${n}`, idempotencyKey: `pool of one ${n}` } }),
      ),
    );
    console.info(`pool of one: 20 answers in ${Math.round(performance.now() - started)} ms`);
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    expect(answers[0]!.data.persons.nodes.length).toBeGreaterThan(1);
    const [saved] = await withClient(
      database.adminUrl,
      async (client) =>
        (await client.query<{ count: number }>(`select count(*)::int from events where title ~ '^[0-9]+$'`)).rows,
    );
    expect(saved!.count).toBe(10);
  } finally {
    await close();
  }
}, 60_000);
