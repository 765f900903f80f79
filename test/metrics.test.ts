// What the operator sees of a running server: /metrics, the log, the traces; and what nobody sees there. Over a few invented persons.
import { setTimeout as sleep } from 'node:timers/promises';
import { context, trace, type Attributes, type Context, type Span, type Tracer } from '@opentelemetry/api';
import pg from 'pg';
import { pino } from 'pino';
import { readConfig } from '../src/config.js';
import { Tally } from '../src/observe/tally.js';
import { addAccount, openGate, type Person } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

const TOKEN = 'a-token-of-the-operator-0123456789abcdef';
const SLOW = 100;

let database: FreshDatabase;
let server: Serving;
/** Where nothing has a plan. */
let unplanned: Serving;
let sealedReader: Person;
let exporter: Person;
let personId: string;
const log: Record<string, any>[] = [];
const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });

beforeAll(async () => {
  database = await freshDatabase();
  server = await serveOn(database, { poolSize: 1, logger, config: { metricsToken: TOKEN, slowMs: SLOW } });
  unplanned = await serveOn(database, {
    logger,
    config: { metricsToken: TOKEN, slowMs: SLOW, planner: 'off' },
  });
  const gate = await openGate(database);
  sealedReader = await addAccount(gate, { login: 'sealed-reader', level: 3, roles: ['reader'] });
  exporter = await addAccount(gate, { login: 'exporter', roles: ['reader', 'exporter'] });
  await gate.destroy();
  for (let i = 0; i < 3; i++)
    personId = (await ask('mutation { savePerson(input: { summary: "Invented." }) { id } }')).data.savePerson.id;
});
afterAll(async () => {
  await server?.stop();
  await unplanned?.stop();
  await database?.drop();
});
beforeEach(() => void (log.length = 0));

interface Asked {
  variables?: Record<string, unknown>;
  headers?: Record<string, string>;
  at?: Serving;
}

async function ask(query: string, { variables, headers, at = server }: Asked = {}): Promise<any> {
  const response = await fetch(`${at.base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...at.analyst.byToken, ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

const scrape = (authorization?: string, { base } = server, method = 'GET'): Promise<Response> =>
  fetch(`${base}/metrics`, { method, headers: authorization === undefined ? {} : { authorization } });

const readMetrics = async (at = server): Promise<string> => (await scrape(`Bearer ${TOKEN}`, at)).text();

/** The value of one series, 0 where it is not there yet. */
async function valueOf(series: string, at = server): Promise<number> {
  const line = (await readMetrics(at)).split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

/** By how much the series grow while the work is done. */
async function growthOf(series: readonly string[], work: () => Promise<unknown>, at = server): Promise<number[]> {
  const read = (): Promise<number[]> => Promise.all(series.map((one) => valueOf(one, at)));
  const before = await read();
  await work();
  return (await read()).map((value, i) => value - before[i]!);
}

const lines = (msg: string): Record<string, any>[] => log.filter((line) => line.msg === msg);

const PLANNED = 'query One($id: ID!) { person(id: $id) { name } }';
const LIST = '{ persons(first: 2) { nodes { name } } }';

/** While the work is done nobody reads a person; it is told how long to wait. */
async function withPersonsLocked<T>(work: (isBlocked: () => Promise<void>) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    await client.query('begin; lock table persons in access exclusive mode');
    return await work(async () => {
      for (;;) {
        const { rows } = await client.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        if (rows.length > 0) return sleep(2 * SLOW).then(() => void client.query('commit'));
        await sleep(10);
      }
    });
  } finally {
    await client.end();
  }
}

describe('/metrics', () => {
  test('is there for the token of the operator alone; to others the address does not exist', async () => {
    const right = await scrape(`Bearer ${TOKEN}`);
    expect(right.status).toBe(200);
    expect(right.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(right.headers.get('cache-control')).toBe('no-store');
    expect(await right.text()).toMatch(/^nodejs_eventloop_lag_seconds \d/m);

    const nowhere = (await (await fetch(`${server.base}/nowhere`)).json()) as any;
    const { byToken } = server.analyst;
    for (const wrong of [undefined, '', TOKEN, `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, byToken.authorization]) {
      const response = await scrape(wrong);
      expect({ wrong, status: response.status }).toEqual({ wrong, status: 404 });
      expect(((await response.json()) as any).errors[0].message).toBe(nowhere.errors[0].message);
    }
    expect((await scrape(`Bearer ${TOKEN}`, server, 'POST')).status).toBe(405);
  });

  test('is nowhere unless a token is set', async () => {
    const plain = await serveOn(database);
    expect((await scrape(`Bearer ${TOKEN}`, plain)).status).toBe(404);
    expect((await scrape('Bearer undefined', plain)).status).toBe(404);
    await plain.stop();
  });

  test.each<[by: string, at: () => Serving, statements: number]>([
    ['planner', () => server, 2],
    ['resolvers', () => unplanned, 4],
  ])('counts questions that the %s answered, with their statements and bytes', async (by, at, statements) => {
    const [count, sum, timed, bytes] = await growthOf(
      [
        `kualik_operations_total{type="query",by="${by}",outcome="ok"}`,
        `kualik_operation_statements_sum{by="${by}"}`,
        `kualik_operation_seconds_count{by="${by}"}`,
        'kualik_answer_bytes_sum',
      ],
      async () => {
        for (let i = 0; i < 2; i++) expect((await ask(LIST, { at: at() })).errors).toBeUndefined();
      },
      at(),
    );
    expect({ count, sum, timed }).toEqual({ count: 2, sum: statements, timed: 2 });
    expect(bytes).toBeGreaterThan(50);
  });

  test('tells what the planner and the resolvers answered together', async () => {
    const query = `{ viewer { login } ${LIST.slice(1)}`;
    const series = ['kualik_operations_total{type="query",by="mixed",outcome="ok"}'];
    const grown = await growthOf(series, async () => {
      const { errors, data } = await ask(query);
      expect(errors).toBeUndefined();
      expect(data.viewer.login).toMatch(/^analyst-/);
    });
    expect(grown).toEqual([1]);
    expect(lines('operation')[0]).toMatchObject({ by: 'mixed', statements: 1 });
  });

  test('counts exports, whose pages are no operations, and names their slow statements', async () => {
    const take = (query: string): Promise<Response> =>
      fetch(`${server.base}/export`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...exporter.byToken },
        body: JSON.stringify({ query }),
      });
    const series = [
      'kualik_exports_total{outcome="ok"}',
      'kualik_slow_statements_total',
      'kualik_operations_total{type="query",by="planner",outcome="ok"}',
    ];
    const grown = await growthOf(series, () =>
      withPersonsLocked(async (unblock) => {
        const said = take('{ persons { nodes { id } } }').then((response) => response.text());
        await unblock();
        expect((await said).trim().split('\n').at(-1)).toContain('"complete":true');
      }),
    );
    expect(grown).toEqual([1, 1, 0]);
    const [line] = lines('export');
    expect(line).toMatchObject({ operation: 'persons', by: 'planner', statements: 1, waitedMs: expect.any(Number) });
    expect(line!.databaseMs).toBeGreaterThanOrEqual(SLOW);
    expect(lines('slow statement')[0]).toMatchObject({ statement: 'question', requestId: line!.requestId });
    const refused = await growthOf(['kualik_exports_total{outcome="GRAPHQL_VALIDATION_FAILED"}'], async () => {
      expect((await take('{ persons { nodes { nothing } } }')).status).toBe(400);
    });
    expect(refused).toEqual([1]);
  });

  test('counts what is refused by its rule, and what fails by its code', async () => {
    const grown = await growthOf(
      [
        'kualik_refused_total{rule="method"}',
        'kualik_refused_total{rule="document-aliases"}',
        'kualik_refused_total{rule="address"}',
        'kualik_operations_total{type="none",by="none",outcome="GRAPHQL_PARSE_FAILED"}',
        'kualik_operations_total{type="none",by="none",outcome="LIMITED"}',
      ],
      async () => {
        await fetch(`${server.base}/graphql`);
        await ask(`{ ${Array.from({ length: 31 }, (_, i) => `a${i}: __typename`).join(' ')} }`);
        await fetch(`${server.base}/nowhere`);
        await ask('{ {');
      },
    );
    expect(grown).toEqual([1, 1, 1, 1, 1]);
  });

  test('shows who waits for a connection while they wait, and the log says how long it was', async () => {
    const pool = 'pool="reader-1"';
    await ask(PLANNED, { variables: { id: personId } });
    const waits = 'kualik_pool_wait_seconds_count{pool="reader"}';
    const before = await valueOf(waits);
    const waitedFor = await withPersonsLocked(async (unblock) => {
      const both = [ask(PLANNED, { variables: { id: personId } }), ask(PLANNED, { variables: { id: personId } })];
      for (;;) {
        const text = await readMetrics();
        if (text.includes(`kualik_pool_waiting{${pool}} 1\n`)) {
          expect(text).toContain(`kualik_pool_connections{${pool},state="in_use"} 1\n`);
          expect(text).toContain('kualik_operations_running 2\n');
          break;
        }
        await sleep(5);
      }
      await unblock();
      await Promise.all(both);
      return (await valueOf(waits)) - before;
    });
    expect(waitedFor).toBe(2);
    expect(Math.max(...lines('operation').map(({ waitedMs }) => waitedMs))).toBeGreaterThanOrEqual(SLOW);
    expect(await valueOf(`kualik_pool_waiting{${pool}}`)).toBe(0);
  });

  test('grows by no series however many names clients choose, and holds nothing that they sent', async () => {
    const named = (name: string): string => `query ${name}($id: ID!) { person(id: $id) { id name } }`;
    await ask(named('first'), { variables: { id: personId } });
    const series = async (): Promise<string[]> =>
      (await readMetrics())
        .split('\n')
        .filter((line) => line.startsWith('kualik_'))
        .map((line) => line.slice(0, line.lastIndexOf(' ')));
    const before = await series();
    for (let i = 0; i < 200; i++) await ask(named(`chosen_${i}`), { variables: { id: personId } });
    const said = await ask('query ($word: String) { persons(filter: { name: $word }) { nodes { name } } }', {
      variables: { word: 'Sagadat Nurlanova' },
      headers: { 'x-request-id': 'Sagadat' },
    });
    expect(said.errors).toBeUndefined();
    expect((await series()).filter((one) => !before.includes(one))).toEqual([]);
    const text = await readMetrics();
    expect(text).not.toMatch(/chosen|Sagadat/);
    expect(text).not.toContain(personId);
    expect(text).not.toContain(server.analyst.token);
    const told = JSON.stringify(log.map(({ clientRequestId: _, ...line }) => line));
    expect(told).toContain('chosen_199');
    expect(told).not.toMatch(/Sagadat|filter/);
    expect(told).not.toContain(personId);
  });
});

describe('the log', () => {
  test('says of each operation what it took', async () => {
    await ask(PLANNED, { variables: { id: personId } });
    await ask(LIST, { at: unplanned });
    const [planned, fallback] = lines('operation');
    expect(planned).toMatchObject({ operation: 'One', by: 'planner', statements: 1, status: 200 });
    expect(fallback).toMatchObject({ by: 'resolvers', statements: 2, status: 200 });
    for (const line of [planned!, fallback!]) {
      expect(line.databaseMs).toBeGreaterThan(0);
      expect(line.waitedMs).toBeGreaterThanOrEqual(0);
      expect(line.ms).toBeGreaterThanOrEqual(Math.floor(line.databaseMs));
    }
  });

  test.each<[query: string, name: string, at: () => Serving, rows: number]>([
    [PLANNED, 'question', () => server, 1],
    // One more than asked for tells whether there is a next page.
    [LIST, 'persons list', () => unplanned, 3],
  ])('names a slow statement of %s: %s, and says nothing of its values', async (query, name, at, rows) => {
    const [grown] = await growthOf(
      ['kualik_slow_statements_total'],
      () =>
        withPersonsLocked(async (unblock) => {
          const said = ask(query, { variables: { id: personId }, at: at() });
          await unblock();
          await said;
        }),
      at(),
    );
    expect(grown).toBe(1);
    const [line, ...others] = lines('slow statement');
    expect(others).toEqual([]);
    expect(line).toMatchObject({ level: 40, statement: name, rows });
    expect(line!.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(line!.ms).toBeGreaterThanOrEqual(SLOW);
    expect(line!.requestId).toBe(lines('operation')[0]!.requestId);
    expect(JSON.stringify(line)).not.toContain(personId);
  });
});

describe('x-explain-cost', () => {
  const explain = { 'x-explain-cost': '1' };

  test('says whether there is a plan and how many statements it took, and how long to level 3 alone', async () => {
    const variables = { id: personId };
    const { extensions } = await ask(PLANNED, { variables, headers: explain });
    expect(extensions).toEqual({ cost: { requested: 1, nodes: 0, planned: true, statements: 1 } });
    expect((await ask(LIST, { headers: explain, at: unplanned })).extensions.cost).toMatchObject({
      planned: false,
      statements: 2,
    });
    const cleared = { ...explain, ...sealedReader.byToken };
    const { cost } = (await ask(PLANNED, { variables, headers: cleared })).extensions;
    expect(cost).toMatchObject({ planned: true, statements: 1 });
    expect(Number.isInteger(cost.milliseconds)).toBe(true);
    expect(await ask(PLANNED, { variables })).not.toHaveProperty('extensions');
  });

  test('tells no statements of a change, which is run again when somebody else is in its way', async () => {
    const { extensions } = await ask('mutation { savePerson(input: { summary: "Invented." }) { id } }', {
      headers: explain,
    });
    expect(extensions.cost).toEqual({ requested: 11, nodes: 0, planned: false });
  });

  test('tells the same whether the resolvers had to be asked after a plan, or not', () => {
    const [answered, missed] = [new Tally(), new Tally()];
    for (const tally of [answered, missed]) {
      tally.ran('question', 1, 1);
      tally.askedInOne();
    }
    answered.answeredInOne(false);
    missed.ran('persons', 1, 1);
    expect(missed.told).toEqual(answered.told);
    expect(missed.statements).toBe(2);
  });
});

describe('telemetry', () => {
  interface Made {
    name: string;
    attributes: Attributes;
    parent: string | undefined;
    ended: boolean;
  }
  const made: Made[] = [];
  const tracer = {
    startSpan(name: string, options: { attributes?: Attributes } = {}, within: Context = context.active()) {
      const parent = trace.getSpan(within) as unknown as { made?: Made } | undefined;
      const own: Made = { name, attributes: { ...options.attributes }, parent: parent?.made?.name, ended: false };
      made.push(own);
      const span = {
        made: own,
        updateName: (better: string) => ((own.name = better), span),
        setAttributes: (more: Attributes) => (Object.assign(own.attributes, more), span),
        setStatus: () => span,
        end: () => void (own.ended = true),
      };
      return span as unknown as Span;
    },
  } as unknown as Tracer;

  beforeAll(() => void trace.setGlobalTracerProvider({ getTracer: () => tracer }));
  afterAll(() => trace.disable());

  test('makes spans for an operation and its statements, without values', async () => {
    const traced = await serveOn(database, { config: { telemetry: 'on' } });
    expect((await ask(PLANNED, { variables: { id: personId }, at: traced })).errors).toBeUndefined();
    await ask('{ {', { at: traced });
    await traced.stop();
    expect(made).toEqual([
      {
        name: 'query',
        attributes: {
          'graphql.operation.type': 'query',
          'kualik.hash': expect.stringMatching(/^[0-9a-f]{16}$/),
          'kualik.by': 'planner',
          'kualik.statements': 1,
          'kualik.outcome': 'ok',
          'http.response.status_code': 200,
        },
        parent: undefined,
        ended: true,
      },
      {
        name: 'question',
        attributes: { 'db.system.name': 'postgresql', 'kualik.statement': 'question' },
        parent: 'operation',
        ended: true,
      },
      expect.objectContaining({
        attributes: expect.objectContaining({ 'kualik.outcome': 'GRAPHQL_PARSE_FAILED' }),
        ended: true,
      }),
    ]);
  });

  test('makes none unless the operator wants them', async () => {
    made.length = 0;
    expect((await ask(PLANNED, { variables: { id: personId } })).errors).toBeUndefined();
    expect(made).toEqual([]);
  });
});

describe('the settings', () => {
  test.each<[Record<string, string>, object]>([
    [{}, { metricsToken: undefined, slowMs: 500, telemetry: 'off' }],
    [
      { KUALIK_METRICS_TOKEN: TOKEN, KUALIK_SLOW_MS: 'off' },
      { metricsToken: TOKEN, slowMs: undefined },
    ],
    [
      { KUALIK_SLOW_MS: '50', KUALIK_TELEMETRY: 'on' },
      { slowMs: 50, telemetry: 'on' },
    ],
  ])('%j are read', (settings, read) => {
    expect(readConfig(settings)).toMatchObject(read);
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ KUALIK_METRICS_TOKEN: 'guess-me' }, /KUALIK_METRICS_TOKEN must be 32 or more (?!.*guess-me)/],
    [{ KUALIK_METRICS_TOKEN: `${'guess-me '.repeat(5)}` }, /KUALIK_METRICS_TOKEN must be 32 or more (?!.*guess-me)/],
    [{ KUALIK_SLOW_MS: '0' }, /KUALIK_SLOW_MS is "0": it must be off/],
    [{ KUALIK_TELEMETRY: 'yes' }, /KUALIK_TELEMETRY is "yes": it must be on or off/],
  ])('%j are refused in words', (settings, sentence) => {
    expect(() => readConfig(settings)).toThrow(sentence);
  });
});
