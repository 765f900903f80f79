// Points per minute: what an operation costs, who pays, what the headers say, and that the buckets stay few.
import { buildSchema, parse, type OperationDefinitionNode } from 'graphql';
import { readConfig } from '../src/config.js';
import { costOf } from '../src/http/cost.js';
import { meterOf, Rates, ratesFor } from '../src/http/rate.js';
import { testServer } from './support/http.js';

const schema = buildSchema(`
  type Query { people(first: Int = 25): [Person] }
  type Person { name: String friends(first: Int = 25): [Person] }
  type Mutation { save: Int }
`);

function priceOf(text: string, variables: Record<string, unknown> = {}): unknown {
  const document = parse(text);
  const operation = document.definitions[0] as OperationDefinitionNode;
  return costOf({ schema, document, operation, variables });
}

test.each<[question: string, variables: Record<string, unknown>, nodes: number, points: number]>([
  ['{ __typename }', {}, 0, 1],
  ['{ people { name } }', {}, 25, 4],
  ['{ people(first: 100) { friends(first: 10) { name } } }', {}, 1_100, 111],
  ['query ($n: Int) { people(first: $n) { name } }', { n: 50 }, 50, 6],
  ['query ($n: Int = 10) { people(first: $n) { name } }', {}, 10, 2],
  ['{ ...A } fragment A on Query { people(first: 10) { name } }', {}, 10, 2],
  ['{ people(first: 10) @skip(if: true) { name } }', {}, 10, 2],
  ['mutation { a: save b: save }', {}, 0, 21],
])('%s %j costs %i nodes and %i points', (question, variables, nodes, points) => {
  expect(priceOf(question, variables)).toEqual({ nodes, points });
});

test('a bucket drips: what is spent comes back with time, and never more than there was', () => {
  let now = 0;
  const rates = new Rates({ perMinute: 600, now: () => now });
  expect(rates.take('a', 590)).toBeUndefined();
  expect(rates.take('a', 20)).toEqual({ retryAfter: 1 });
  expect(rates.take('a', 110)).toEqual({ retryAfter: 10 });
  expect(rates.take('b', 600)).toBeUndefined(); // others are not concerned
  now = 1_000;
  expect(rates.take('a', 20)).toBeUndefined();
  expect(rates.left('a')).toBeCloseTo(0);
  now = 600_000;
  expect(rates.left('a')).toBe(600);
});

test('what costs more than a bucket holds is answered from a full one', () => {
  const rates = new Rates({ perMinute: 100, now: () => 0 });
  expect(rates.take('a', 1_001)).toBeUndefined();
  expect(rates.take('a', 1)).toEqual({ retryAfter: 1 });
});

test('what is owed is taken though it is not there, for a minute at most', () => {
  let now = 0;
  const rates = new Rates({ perMinute: 600, now: () => now });
  rates.owe('a', 100);
  expect(rates.left('a')).toBe(500);
  rates.owe('a', 5_000);
  expect(rates.left('a')).toBe(-600);
  expect(rates.take('a', 1)).toEqual({ retryAfter: 61 });
  expect(meterOf(rates, 'a').headers().ratelimit).toBe('"points";r=0;t=120');
  now = 120_000;
  expect(rates.left('a')).toBe(600);
});

test('an answer that is made twice is paid once, by its length', () => {
  const rates = new Rates({ perMinute: 600, now: () => 0 });
  const meter = meterOf(rates, 'a');
  meter.weigh(100_000);
  expect(rates.left('a')).toBe(600);
  meter.weigh(200_000);
  meter.weigh(200_000);
  meter.weigh(150_000);
  expect(rates.left('a')).toBe(590);
});

test('strangers from a million addresses are forgotten again, the latest last', () => {
  const rates = new Rates({ perMinute: 100, most: 1_000, now: () => 0 });
  for (let n = 0; n < 100_000; n++) rates.take(`address ${n}`, 50);
  expect(rates.size).toBe(1_000);
  expect(rates.left('address 99999')).toBe(50);
  expect(rates.left('address 1')).toBe(100);
});

test('an account has one bucket, whatever it shows of itself; an address has a fifth of it', () => {
  const meters = ratesFor(1_000);
  const left = (viewer: Parameters<typeof meters>[0], address = '192.0.2.1') =>
    meters(viewer, address).headers().ratelimit;
  meters({ kind: 'session', accountId: 7 }, '192.0.2.1').charge(400);
  expect(left({ kind: 'session', accountId: 7 }, '192.0.2.2')).toBe('"points";r=600;t=24');
  for (const token of [1, 2]) {
    const shown = { kind: 'token', accountId: 7, tokenId: token } as const;
    expect(left(shown)).toBe('"points";r=600;t=24');
  }
  expect(left({ kind: 'anonymous' })).toBe('"points";r=200;t=0');
});

describe('the server', () => {
  const limitedTo = (perMinute: number) => {
    const rates = new Rates({ perMinute, now: () => 0 });
    return testServer({
      meter: (_, { headers }) =>
        headers['x-nobody'] === undefined ? meterOf(rates, String(headers['x-who'] ?? '')) : undefined,
    });
  };

  test('says what there is on every answer, and refuses with 429 and the time to wait when nothing is left', async () => {
    const server = await limitedTo(100);
    const first = await server.ask('{ people(first: 400) { name } }');
    expect([first.status, first.headers.get('ratelimit-policy'), first.headers.get('ratelimit')]).toEqual([
      200,
      '"points";q=100;w=60',
      '"points";r=59;t=25',
    ]);
    const wrong = await server.ask('{ helo }'); // what is refused costs a point too
    expect([wrong.status, wrong.headers.get('ratelimit')]).toEqual([400, '"points";r=58;t=26']);
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const over = await server.ask('{ people(first: 990) { name } }', undefined, { accept });
      expect([over.status, over.headers.get('retry-after')]).toEqual([429, '26']);
      expect(over.json).toEqual({
        errors: [
          {
            message:
              'You have 100 points a minute and used them up; this question costs 100. Wait 26 s, or ask for smaller pages.',
            extensions: {
              code: 'LIMITED',
              retryable: true,
              retryAfter: expect.any(Number),
              rule: 'rate',
              requestId: expect.any(String),
            },
          },
        ],
      });
    }
    expect(server.contexts.map(({ closed }) => closed === undefined)).not.toContain(true);
    expect((await server.ask('{ hello }', undefined, { 'x-who': 'somebody else' })).status).toBe(200);
    const free = await server.ask('{ hello }', undefined, { 'x-nobody': '1' });
    expect([free.status, free.headers.get('ratelimit')]).toEqual([200, null]);
    await server.stop();
  });

  test('an empty bucket is refused before the body is read', async () => {
    const server = await limitedTo(100);
    await server.ask('{ people(first: 990) { name } }');
    const said = await server.raw(
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n',
    );
    expect(said.status).toBe(429);
    expect(said.head).toMatch(/\r\nretry-after: 1\r\n/);
    await server.stop();
  });

  test('tells what a question costs to who asks for it, with its answer or with its error', async () => {
    const server = await testServer();
    const explain = { 'x-explain-cost': '1' };
    const took = { planned: false, statements: 0 };
    const said = await server.ask('{ people(first: 50) { name } }', undefined, explain);
    expect(said.json).toEqual({ data: { people: [] }, extensions: { cost: { ...took, requested: 6, nodes: 50 } } });
    expect((await server.ask('{ people(first: 50) { name } }')).json).not.toHaveProperty('extensions');
    expect((await server.ask('{ nothing }', undefined, explain)).json.extensions).toEqual({
      cost: { ...took, requested: 1, nodes: 0 },
    });
    await server.stop();
  });
});

test.each<[settings: Record<string, string>, rate: number | undefined, documents: string]>([
  [{}, 5_000, 'free'],
  [{ KUALIK_RATE: 'off', KUALIK_DOCUMENTS: 'trusted' }, undefined, 'trusted'],
  [{ KUALIK_RATE: '20000' }, 20_000, 'free'],
])('the settings %j give %p points a minute, and documents are %s', (settings, rate, documents) => {
  expect(readConfig(settings)).toMatchObject({ rate, documents });
});

test.each([{ KUALIK_RATE: 'fast' }, { KUALIK_RATE: '5' }, { KUALIK_RATE: '-1000' }, { KUALIK_DOCUMENTS: 'none' }])(
  'the settings %j are refused in words',
  (settings) => {
    expect(() => readConfig(settings)).toThrow(/KUALIK_(RATE|DOCUMENTS) is ".*": it must be/);
  },
);
