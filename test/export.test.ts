// Exports: all that a question may see of one connection, line by line and in one snapshot, with a last line that says whether it
// is everything. Against the real server.
import { randomBytes } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { withClient } from '../src/db/client.js';
import { hashOf } from '../src/accounts/secrets.js';
import { addAccount, openGate, type Person } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { serveOn, type Serving } from './support/serving.js';

let database: FreshDatabase;
let server: Serving;
const people: Record<string, Person> = {};

const PERSONS = 250;
const FAT = 900;
const EVENTS = 'query AllEvents { events { nodes { id title description sensitivity } } }';

const sql = <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
  withClient(database.adminUrl, async (client) => (await client.query<T>(text, values)).rows);

beforeAll(async () => {
  database = await freshDatabase();
  const gate = await openGate(database);
  const roles = ['reader', 'exporter'] as const;
  for (const level of [0, 1, 2, 3] as const)
    people[`level${level}`] = await addAccount(gate, {
      login: `level${level}`,
      level,
      roles: [...roles],
      teams: ['north'],
    });
  people.outsider = await addAccount(gate, { login: 'outsider', level: 3, roles: [...roles] });
  people.reader = await addAccount(gate, { login: 'reader', level: 3, roles: ['reader', 'editor'] });
  await gate.destroy();
  const team = people.level3!.teams[0]!;
  await sql(
    `insert into persons (sensitivity, team_id)
       select n % 4, case when n % 4 >= 2 then $1::int else 0 end from generate_series(1, ${PERSONS}) n`,
    [team],
  );
  // More than the kernel keeps for a connection: 14 MB.
  await sql(
    `insert into events (kind, title, description)
       select 'PROTEST', 'Event ' || n, repeat(md5(n::text), 500) from generate_series(1, ${FAT}) n`,
  );
  server = await serveOn(database, { config: { rate: 5_000, exportMinutes: 30 } });
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

interface Told {
  complete: boolean;
  count: number;
  startedAt: string;
  requestId: string;
  resumed?: boolean;
  after?: string | null;
  error?: { message: string; extensions: Record<string, any> };
}

interface Exported {
  status: number;
  headers: IncomingMessage['headers'];
  bytes: Buffer;
  lines: any[];
  last: Told;
  /** Of a refused one. */
  error: { message: string; extensions: Record<string, any> } | undefined;
}

type Headers = Record<string, string>;

/** The response, before anything of its body is read. */
function begin(who: Person | undefined, body: object, headers: Headers = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = { 'content-type': 'application/json', ...who?.byToken, ...headers };
    const asked = request(`${server.base}/export`, { method: 'POST', headers: sent, agent: false });
    asked.once('response', resolve).once('error', reject).end(JSON.stringify(body));
  });
}

async function read(response: IncomingMessage): Promise<Exported> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const text = (response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8');
  const all = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const last = all.at(-1)!['@export'];
  return {
    status: response.statusCode!,
    headers: response.headers,
    bytes,
    lines: last ? all.slice(0, -1) : all,
    last,
    error: all[0]!.errors?.[0],
  };
}

const exported = async (who: Person | undefined, body: object, headers?: Headers): Promise<Exported> =>
  read(await begin(who, body, headers));

/** The same by hand: page after page of a question. */
async function pages(who: Person, connection: string, fields: string): Promise<any[]> {
  const found: any[] = [];
  for (let after: string | null = null; ;) {
    const query = `query ($after: String) { c: ${connection}(first: 37, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`;
    const response = await fetch(`${server.base}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...who.byToken },
      body: JSON.stringify({ query, variables: { after } }),
    });
    const { c } = ((await response.json()) as any).data;
    found.push(...c.nodes);
    if (!c.pageInfo.hasNextPage) return found;
    after = c.pageInfo.endCursor;
  }
}

interface Entry {
  operation: string;
  actor: string;
  level: number | null;
  details: Record<string, any>;
}
const entriesOf = async (requestId: string): Promise<Entry[]> =>
  sql<Entry>(
    `select operation, actor, level, payload::jsonb as details from audit.entries where kind = 'export' and request = $1 order by seq`,
    [requestId],
  );

describe('what is exported', () => {
  test.each([
    ['level0', 0],
    ['level1', 1],
    ['level2', 2],
    ['level3', 3],
    ['outsider', 1],
  ])('to %s is what the pages of the connection hold: nothing above level %i is there', async (login, most) => {
    const who = people[login]!;
    const { status, lines, last, headers } = await exported(who, { query: '{ persons { nodes { id sensitivity } } }' });
    expect(status).toBe(200);
    expect(lines).toEqual(await pages(who, 'persons', 'id sensitivity'));
    const WORDS = ['PUBLIC', 'INTERNAL', 'RESTRICTED', 'SEALED'].slice(0, most + 1);
    expect(new Set(lines.map(({ sensitivity }) => sensitivity))).toEqual(new Set(WORDS));
    const expected = await sql<{ n: number }>('select count(*)::int as n from persons where sensitivity <= $1', [most]);
    expect(lines).toHaveLength(expected[0]!.n);
    expect(last).toMatchObject({ complete: true, count: lines.length, requestId: headers['x-request-id'] });
    expect(headers['content-type']).toBe('application/x-ndjson');
    expect(headers['content-disposition']).toMatch(/^attachment; filename="kualik-persons-\d{4}-\d\d-\d\d\.ndjson"$/);
  });

  test('all pages look through the lens of the question', async () => {
    const { last } = await exported(people.level1, { query: '{ cases { nodes { id } } }' });
    await sql(`update events set title = 'Another ' || title`);
    try {
      const query = 'query ($at: DateTime!) { events(asOf: { recordedBy: $at }) { nodes { title } } }';
      const { lines } = await exported(people.level1, { query, variables: { at: last.startedAt } });
      expect(lines).toHaveLength(FAT);
      expect(lines.filter(({ title }) => !/^Event \d+$/.test(title))).toEqual([]);
    } finally {
      await sql(`update events set title = replace(title, 'Another ', '')`);
    }
  });

  test('a page that is longer than an answer may be is read in smaller ones', async () => {
    await sql(
      `insert into events (kind, title, description, sensitivity, team_id)
         select 'PROTEST', 'Long ' || n, repeat(md5(n::text), 9000), 3, $1::int from generate_series(1, 110) n`,
      [people.level3!.teams[0]!],
    );
    const query = '{ events(filter: { text: "Long " }) { nodes { title description } } }';
    const { lines, last } = await exported(people.level3, { query }, { 'accept-encoding': 'gzip' });
    expect(last).toMatchObject({ complete: true, count: 110 });
    expect(lines.map(({ title }) => title)).toEqual(Array.from({ length: 110 }, (_, i) => `Long ${i + 1}`));
  });

  test('an export is in the audit: its beginning, whom it showed, its end', async () => {
    const { lines, last } = await exported(people.level3, {
      query: 'query Everybody { all: persons { people: nodes { key: id } } }',
    });
    const [first, ...others] = await entriesOf(last.requestId);
    expect(first).toMatchObject({
      operation: 'Everybody',
      actor: 'level3',
      level: 3,
      details: { connection: 'persons' },
    });
    expect(others.at(-1)!.details).toMatchObject({ count: PERSONS, complete: true });
    const restricted = await sql<{ id: string }>('select id from persons where sensitivity >= 2');
    const told = [first!, ...others].flatMap(({ details }) => (details.ids ?? []) as string[]);
    expect(new Set(told)).toEqual(new Set(restricted.map(({ id }) => id)));
    expect(lines).toHaveLength(PERSONS);
  });

  test('what cannot be entered in the audit does not begin, public as it may be', async () => {
    await sql('alter function audit.log_access rename to gone');
    try {
      const { status, lines, error } = await exported(people.level1, { query: EVENTS });
      expect([status, error!.extensions.code, lines]).toEqual([500, 'INTERNAL', [{ errors: [error] }]]);
    } finally {
      await sql('alter function audit.gone rename to log_access');
    }
  });

  test('variables, arguments, fragments and a name of the operation work as in a question', async () => {
    const query = `query Other { persons { nodes { id } } }
      query Some($asked: EventFilter) { events(filter: $asked) { nodes { ...short } } }
      fragment short on Event { title }`;
    const asked = { text: 'Event 89' };
    const { lines, last } = await exported(people.level1, { query, operationName: 'Some', variables: { asked } });
    expect(lines.map(({ title }) => title).sort()).toEqual(
      ['Event 89', ...Array.from({ length: 10 }, (_, i) => `Event 89${i}`)].sort(),
    );
    expect(last).toMatchObject({ complete: true, count: 11 });
  });
});

describe('who and what is refused', () => {
  const ALL = { query: '{ persons { nodes { id } } }' };

  test.each([
    ['a reader', 'reader', 403, 'FORBIDDEN'],
    ['a stranger', 'stranger', 401, 'UNAUTHENTICATED'],
  ])('%s may not export', async (_, login, status, code) => {
    const found = await exported(people[login], ALL);
    expect([found.status, found.error!.extensions.code]).toEqual([status, code]);
  });

  test.each([
    ['two fields', '{ persons { nodes { id } } events { nodes { id } } }', 'export'],
    ['no list', '{ person(id: "x") { id } }', 'export'],
    ['a page', '{ persons(first: 3) { nodes { id } } }', 'export'],
    ['a count beside', '{ persons { nodes { id } totalCount { value } } }', 'export'],
    ['a change', 'mutation { savePlace(input: { name: "Aral", kind: LOCALITY }) { id } }', 'export'],
    ['a feed', '{ changes { hasMore } }', 'export'],
    ['a list that is left out', '{ persons @skip(if: true) { nodes { id } } }', 'export'],
    [
      'a list that may be left out',
      'query ($no: Boolean = false) { persons @include(if: $no) { nodes { id } } }',
      'export',
    ],
    ['an unknown field', '{ persons { nodes { id nothing } } }', undefined],
    ['an unknown list', '{ nobody { nodes { id } } }', undefined],
    ['no GraphQL', '{ persons {', undefined],
  ])('%s is refused before anything is sent', async (_, query, rule) => {
    const { status, error } = await exported(people.level1, { query });
    expect([status, error!.extensions.rule]).toEqual([400, rule]);
  });

  test.each<[string, Headers, number]>([
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a form', { 'content-type': 'text/plain' }, 415],
    ['a compressed body', { 'content-encoding': 'gzip' }, 415],
    ['who wants a table', { accept: 'text/csv' }, 406],
  ])('%s is refused', async (_, headers, status) => {
    expect((await exported(people.level1, ALL, headers)).status).toBe(status);
  });

  test('a cursor that is none is refused like in a question', async () => {
    const { status, error } = await exported(people.level1, { ...ALL, after: 'x' });
    expect([status, error!.extensions]).toEqual([400, expect.objectContaining({ rule: 'cursor' })]);
  });
});

test('numbers keep their digits', async () => {
  const digits = ['12345678901234567890', '43.2380', '0.1000000000000000055511151231257827'];
  const [{ id }] = (await sql<{ id: string }>(
    `insert into places (kind, name, name_key) values ('LOCALITY', 'Aral', 'aral') returning id`,
  )) as [{ id: string }];
  const [source] = await sql<{ id: string }>(
    `insert into sources (kind, title) values ('WEB_PAGE', 'Told') returning id`,
  );
  for (const value of digits)
    await sql(
      `insert into claims (record_id, field, value, source_id, stance, basis, wording)
       values ($1, 'latitude', $2::jsonb, $3, 'ASSERTS', 'STATED', 'of digits, {[')`,
      [id, value, source!.id],
    );
  const query = `{ claims(filter: { record: "${id}" }) { nodes { value wording record { ... on Record { claims { value } } } } } }`;
  const { bytes, last } = await exported(people.level1, { query });
  expect(last).toMatchObject({ complete: true, count: 3 });
  const lines = bytes.toString('utf8').trimEnd().split('\n').slice(0, -1);
  expect(lines.map((line) => /"value":\s*([\d.]+)/.exec(line)![1])).toEqual(digits);
  for (const line of lines) for (const value of digits) expect(line).toContain(value);
});

test('a refused export costs a point, and an operation is called by eighty letters at most', async () => {
  const few = await serveOn(database, { config: { rate: 3, exportMinutes: 1 } });
  const usual = server;
  server = few;
  try {
    const found = [];
    for (let n = 0; n < 5; n++)
      found.push((await exported(people.reader, { query: '{ persons { nodes { id } } }' })).status);
    expect(found).toEqual([403, 403, 403, 429, 429]);
    const query = `query ${'Long'.repeat(2_000)} { cases { nodes { id } } }`;
    const { status, last } = await exported(people.level2, { query });
    expect([status, last.complete]).toEqual([200, true]);
    const [begun] = await entriesOf(last.requestId);
    expect(begun!.operation).toBe('Long'.repeat(20));
  } finally {
    server = usual;
    await few.stop();
  }
});

describe('a context', () => {
  test('that ends in the middle of a reading ends the reading; nothing looks like its end', async () => {
    const secret = randomBytes(16).toString('hex');
    const token = people.level3!.byToken.authorization.replace('Bearer ', '');
    await withClient(database.gateUrl, (client) =>
      client.query(`select auth.open_context($1, $2, interval '1 second')`, [hashOf(token), hashOf(secret)]),
    );
    await withClient(database.readerUrls[3], async (client) => {
      const count = async (): Promise<number> =>
        (await client.query<{ n: number }>('select count(*)::int as n from persons')).rows[0]!.n;
      await client.query('begin isolation level repeatable read read only');
      await client.query('select auth.enter($1)', [secret]);
      expect(await count()).toBe(PERSONS);
      await sleep(1_100);
      await expect(count()).rejects.toMatchObject({ code: '28000' });
    });
  });

  test('of an export outlives it, however soon that of the questions before would end', async () => {
    const left = async (): Promise<number> =>
      (
        await sql<{ minutes: number }>(
          `select extract(epoch from max(expires) - now())::int / 60 as minutes from auth.contexts where actor = 'level3'`,
        )
      )[0]!.minutes;
    await sql(`update auth.contexts set expires = now() + interval '2 minutes' where actor = 'level3'`);
    const { last } = await exported(people.level3, { query: '{ persons { nodes { id } } }' });
    expect(last).toMatchObject({ complete: true, count: PERSONS });
    expect(await left()).toBeGreaterThanOrEqual(30);
  });
});

describe('compression', () => {
  const answer = (query: string, encoding: string): Promise<Response> =>
    fetch(`${server.base}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': encoding, ...people.level1!.byToken },
      body: JSON.stringify({ query }),
    });

  test('an export is the same behind gzip', async () => {
    const [plain, small] = [
      await exported(people.level1, { query: EVENTS }),
      await exported(people.level1, { query: EVENTS }, { 'accept-encoding': 'gzip, br' }),
    ];
    expect([plain.headers['content-encoding'], small.headers['content-encoding']]).toEqual([undefined, 'gzip']);
    expect(small.headers.vary).toBe('accept-encoding');
    expect(small.lines).toEqual(plain.lines);
    expect(small.last).toMatchObject({ complete: true, count: FAT });
    expect(small.bytes.length).toBeLessThan(plain.bytes.length / 4);
  });

  test.each([
    ['{ events(first: 100) { nodes { description } } }', 'gzip', 'gzip'],
    ['{ events(first: 100) { nodes { description } } }', 'br;q=1, *', 'gzip'],
    ['{ events(first: 100) { nodes { description } } }', 'gzip;q=0, identity', null],
    ['{ events(first: 1) { nodes { title } } }', 'gzip', null],
  ])('%s, asked for with %s, comes as %s', async (query, encoding, expected) => {
    const response = await answer(query, encoding);
    expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual([
      expected,
      'accept-encoding',
    ]);
    expect(((await response.json()) as any).data.events.nodes.length).toBeGreaterThan(0);
  });
});

describe('while it goes on', () => {
  const waiting = async (requestId: string): Promise<string[]> =>
    (await entriesOf(requestId)).map(({ details }) => ('complete' in details ? `ended ${details.complete}` : 'begun'));
  const exporting = () =>
    sql<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and xact_start is not null and usename = 'kualik_reader_1'`,
    );

  test('nothing is read ahead of who reads slowly, and what is changed meanwhile does not show', async () => {
    const response = await begin(people.level1, { query: EVENTS });
    response.pause();
    const requestId = String(response.headers['x-request-id']);
    const before = await sql<{ id: string }>('select id from events where sensitivity <= 1');
    await sleep(500);
    expect(await waiting(requestId)).toEqual(['begun']);
    await sql(`update events set title = 'changed'`);
    await sql(`insert into events (kind, title) values ('PROTEST', 'late')`);
    try {
      const { lines, last } = await read(response);
      expect(new Set(lines.map(({ id }) => id))).toEqual(new Set(before.map(({ id }) => id)));
      expect(lines.filter(({ title }) => !/^Event \d+$/.test(title))).toEqual([]);
      expect(last).toMatchObject({ complete: true, count: FAT });
    } finally {
      await sql(
        `update events set title = 'Event ' || n from (select id as known, row_number() over () as n from events where sensitivity <= 1) x where id = known`,
      );
      await sql(`update events set description = repeat(md5(id::text), 500) where description is null`);
    }
  });

  test('one account has one export at a time; when its client leaves, the snapshot is given back', async () => {
    const response = await begin(people.level1, { query: EVENTS });
    const requestId = String(response.headers['x-request-id']);
    const second = await exported(people.level1, { query: EVENTS });
    expect([second.status, second.error!.extensions.rule, second.headers['retry-after']]).toEqual([
      503,
      'exports-at-once',
      '30',
    ]);
    const other = await begin(people.level3, { query: EVENTS });
    expect(other.statusCode).toBe(200);
    expect((await exported(people.level2, { query: EVENTS })).status).toBe(503);
    other.destroy();
    expect(await exporting()).toHaveLength(1);
    response.destroy();
    while ((await exporting()).length > 0) await sleep(20);
    // The last entry is made a moment after the snapshot is given back.
    while ((await waiting(requestId)).length < 2) await sleep(20);
    expect(await waiting(requestId)).toEqual(['begun', 'ended false']);
    // The place is given back a moment after the snapshot.
    for (const who of [people.level1, people.level3])
      while ((await exported(who, { query: '{ cases { nodes { id } } }' })).status === 503) await sleep(20);
  });

  test('a database that goes away ends it with a line that says how to go on, and going on loses and repeats nothing', async () => {
    const response = await begin(people.level1, { query: EVENTS });
    const [{ pid }] = (await exporting()) as [{ pid: number }];
    await sql('select pg_terminate_backend($1)', [pid]);
    const { lines, last } = await read(response);
    expect(last).toMatchObject({
      complete: false,
      count: lines.length,
      error: { extensions: { code: 'UNAVAILABLE', retryable: true } },
    });
    expect(lines.length).toBeLessThan(FAT);
    const rest = await exported(people.level1, { query: EVENTS, after: last.after });
    expect(rest.last).toMatchObject({ complete: true, resumed: true });
    const ids = [...lines, ...rest.lines].map(({ id }) => id as string);
    expect(ids).toEqual((await pages(people.level1!, 'events', 'id')).map(({ id }) => id));
  });

  test('a right that is taken away ends it', async () => {
    const response = await begin(people.level1, { query: EVENTS });
    await sql(`update auth.accounts set roles = '{reader}' where login = 'level1'`);
    try {
      await sleep(5_500);
      const { last } = await read(response);
      expect(last).toMatchObject({
        complete: false,
        error: { extensions: { code: 'FORBIDDEN', rule: 'rights-changed' } },
      });
    } finally {
      await sql(`update auth.accounts set roles = '{reader,exporter}' where login = 'level1'`);
    }
  });

  test('its time is bounded: the snapshot is given back though nobody reads, and the last line says where to go on', async () => {
    const other = await serveOn(database, { config: { exportMinutes: 0.02 } });
    const usual = server;
    server = other;
    try {
      const response = await begin(people.level1, { query: EVENTS });
      while ((await exporting()).length > 0) await sleep(20);
      const { last } = await read(response);
      expect(last).toMatchObject({ complete: false, error: { extensions: { code: 'LIMITED', rule: 'export-time' } } });
      expect(last.after).toEqual(expect.any(String));
    } finally {
      server = usual;
      await other.stop();
    }
  });

  test('a server that stops ends it after a page, and says so', async () => {
    const other = await serveOn(database);
    const usual = server;
    server = other;
    const response = await begin(people.level1, { query: EVENTS });
    server = usual;
    const stopped = other.stop();
    const { last, lines } = await read(response);
    await stopped;
    expect(last).toMatchObject({ complete: false, count: lines.length, error: { extensions: { rule: 'stopping' } } });
  });
});
