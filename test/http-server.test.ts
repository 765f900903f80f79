// What the server promises besides refusing: ids, headers, contexts closed before answers leave, overload, drain, memory, log.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainError, invalid, unauthenticated, unavailable } from '../src/errors.js';
import { BoundedDocuments } from '../src/http/documents.js';
import { parse } from 'graphql';
import { failures, raw, readAnswer, sleep, testServer } from './support/http.js';

const JSON_ONLY = { accept: 'application/json' };

test('a request has an id of ours in answer, error, context and log; the one of the client stands in the log alone', async () => {
  const server = await testServer();
  const good = await server.ask('query Greet { hello }', undefined, { 'x-request-id': 'case-77.a_b' });
  const bad = await server.ask('{ helo }', undefined, { 'x-request-id': 'case-77.a_b' });
  const odd = await server.ask('{ helo }', undefined, { 'x-request-id': 'x y"<script>' });
  const long = await server.ask('{ hello }', undefined, { 'x-request-id': 'a'.repeat(65) });
  const ids = [good, bad, odd, long].map(({ headers }) => headers.get('x-request-id'));
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(bad.json.errors[0].extensions.requestId).toBe(ids[1]);
  expect(server.log.map(({ requestId, clientRequestId }) => [requestId, clientRequestId])).toEqual([
    [ids[0], 'case-77.a_b'],
    [ids[1], 'case-77.a_b'],
    [ids[2], undefined],
    [ids[3], undefined],
  ]);
  expect(server.contexts[0]!.info.requestId).toBe(ids[0]);
  await server.stop();
});

test('every answer has the safe headers and none names the software', async () => {
  const server = await testServer();
  for (const path of ['/graphql', '/livez', '/', '/nowhere']) {
    const { headers } = await fetch(server.base + path);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect([headers.get('server'), headers.get('x-powered-by'), headers.get('set-cookie')]).toEqual([null, null, null]);
  }
  await server.stop();
});

describe('status', () => {
  test('application/json says 200 for what was well formed, application/graphql-response+json says what it was', async () => {
    const server = await testServer();
    failures.set('invalid', () =>
      invalid('validUntil', 'A certificate ends after it begins.', { rule: 'ends_after_begins' }),
    );
    const status = async (query: string, headers = {}) => (await server.ask(query, undefined, headers)).status;
    expect(await status('{ helo }')).toBe(400);
    expect(await status('{ helo }', JSON_ONLY)).toBe(200);
    expect(await status('{ fail(how: "invalid") }')).toBe(200); // `data` is there
    expect(await status('{ fail(how: "invalid") }', JSON_ONLY)).toBe(200);
    await server.stop();
  });

  test('what fails before the document is read has its own status in both', async () => {
    const openContext = async () => {
      throw unauthenticated();
    };
    const server = await testServer({ openContext });
    for (const headers of [{}, JSON_ONLY]) {
      const said = await server.ask('{ hello }', undefined, headers);
      expect(said.status).toBe(401);
      expect(said.json.errors[0].extensions).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
    }
    await server.stop();
  });
});

describe('contexts', () => {
  test('closed without an error after a success, with the error after a failure, always before the answer', async () => {
    const server = await testServer();
    const failure = invalid('value', 'Too short.');
    failures.set('short', () => failure);
    await server.ask('{ hello }');
    expect(server.contexts[0]!.closed).toEqual({ error: undefined });
    await server.ask('{ helo }');
    expect(server.contexts[1]!.closed!.error).toMatchObject({ message: expect.stringContaining('Cannot query field') });
    await server.ask('mutation { fail(how: "short") }');
    expect(server.contexts[2]!.closed!.error).toMatchObject({ originalError: failure });
    await server.stop();
  });

  test('a mutation document is all or nothing: what was undone is not shown as done', async () => {
    const server = await testServer();
    failures.set('short', () => invalid('value', 'Too short.'));
    const said = await server.ask('mutation { save(value: "a") fail(how: "short") }');
    expect(said.json).toMatchObject({ data: null, errors: [{ path: ['fail'], extensions: { path: ['value'] } }] });
    await server.stop();
  });

  test('if the commit fails, nothing of the answer leaves', async () => {
    const broken = Object.assign(new Error('deferred constraint; Key (name)=(Amina)'), {
      code: '23514',
      constraint: 'no_cycles',
    });
    const server = await testServer({
      openContext: async (info) => ({ contextValue: { info }, close: async () => Promise.reject(broken) }),
      constraintMessage: (name) => (name === 'no_cycles' ? 'A document cannot be its own successor.' : undefined),
    });
    const said = await server.ask('mutation { save(value: "a") }');
    expect(said.status).toBe(400);
    expect(said.json).toEqual({
      errors: [
        {
          message: 'A document cannot be its own successor.',
          extensions: {
            code: 'BAD_USER_INPUT',
            retryable: false,
            rule: 'no_cycles',
            requestId: said.headers.get('x-request-id'),
          },
        },
      ],
    });
    await server.stop();
  });

  test('what a plugin throws is translated like everything else', async () => {
    const plugins = [
      {
        requestDidStart: async () => ({
          responseForOperation: async () => {
            throw unavailable();
          },
        }),
      },
    ];
    const server = await testServer({ plugins });
    const said = await server.ask('{ hello }');
    expect([said.status, said.headers.get('retry-after')]).toEqual([503, '1']);
    expect(said.json.errors[0].extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfter: 1 });
    expect(server.contexts[0]!.closed!.error).toBeInstanceOf(DomainError);
    await server.stop();
  });

  test('a client that leaves aborts its question', async () => {
    const server = await testServer();
    const leaving = new AbortController();
    const asked = fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ slow(ms: 20000) }' }),
      signal: leaving.signal,
    }).catch(() => 'gone');
    while (!server.contexts[0]) await sleep(5);
    leaving.abort();
    expect(await asked).toBe('gone');
    while (!server.contexts[0].closed) await sleep(5);
    expect(server.contexts[0].info.signal.aborted).toBe(true);
    await server.stop();
  });
});

test('health: livez is the process, readyz its work, and neither says a word', async () => {
  let ready: () => Promise<boolean> = async () => true;
  const server = await testServer({ ready: () => ready() });
  const look = async (path: string) => {
    const response = await fetch(server.base + path);
    return [response.status, await response.text()];
  };
  expect(await look('/livez')).toEqual([200, '']);
  expect(await look('/readyz')).toEqual([200, '']);
  ready = async () => Promise.reject(new Error('no database'));
  await sleep(600); // an answer is kept for half a second
  expect(await look('/readyz')).toEqual([503, '']);
  expect(await look('/livez')).toEqual([200, '']);
  await server.stop();
});

test('behind a proxy on the same machine: the names it is known by are answered too', async () => {
  const server = await testServer({ hosts: ['kualik.example.org'] });
  const body = '{"query":"{hello}"}';
  const head = (host: string) =>
    `POST /graphql HTTP/1.1\r\nhost: ${host}\r\norigin: https://kualik.example.org\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  expect((await raw(server.port, head('kualik.example.org'))).status).toBe(200);
  expect((await raw(server.port, head('127.0.0.1:4000'))).status).toBe(200);
  expect((await raw(server.port, head('other.example.org'))).status).toBe(403);
  await server.stop();
});

describe('the explorer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kualik-explorer-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('not built: says how', async () => {
    const server = await testServer({ explorerDir: folder });
    const response = await fetch(server.base);
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(/^The explorer is not built yet: run "npm run build"/);
    await server.stop();
  });

  test('built: files by exact path, compressed when wanted, hashed ones cached for ever, the page never', async () => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html>');
    writeFileSync(join(folder, 'assets/main-AbCd_123.js'), 'plain');
    writeFileSync(join(folder, 'assets/main-AbCd_123.js.br'), 'brotli');
    writeFileSync(join(folder, 'secret'), 'no type, no answer');
    const server = await testServer({ explorerDir: folder });
    const get = (path: string, headers = {}) => fetch(server.base + path, { headers });
    const page = await get('/');
    expect(await page.text()).toBe('<!doctype html>');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('content-security-policy')).toContain(
      "default-src 'self'; style-src 'self' 'unsafe-inline'",
    );
    const script = await get('/assets/main-AbCd_123.js', { 'accept-encoding': 'identity' });
    expect(await script.text()).toBe('plain');
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const etag = script.headers.get('etag')!;
    expect(
      (await get('/assets/main-AbCd_123.js', { 'accept-encoding': 'identity', 'if-none-match': etag })).status,
    ).toBe(304);
    const small = await raw(
      server.port,
      'HEAD /assets/main-AbCd_123.js HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\naccept-encoding: gzip, br\r\n\r\n',
    );
    expect(small.head).toMatch(/content-encoding: br\r\n/i);
    expect(small.head).toMatch(/content-length: 6\r\n/i);
    for (const path of ['/secret', '/assets', '/assets/main-AbCd_123.js.br', '/..%2fsecret'])
      expect((await get(path)).status).toBe(404);
    await server.stop();
  });
});

test('overload: so many run, so many wait, the rest is told at once to come back', async () => {
  const server = await testServer({ gate: { running: 4, waiting: 8, patience: 5_000 } });
  const answers = await Promise.all(Array.from({ length: 30 }, () => server.ask('{ slow(ms: 300) }')));
  const refused = answers.filter(({ status }) => status === 503);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(12);
  expect(refused).toHaveLength(18);
  for (const { headers, json } of refused) {
    expect(headers.get('retry-after')).toBe('1');
    expect(json.errors[0].extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true, rule: 'overload' });
  }
  expect((await server.ask('{ hello }')).status).toBe(200);
  await server.stop();
});

test('patience ends: who waited too long is told so', async () => {
  const server = await testServer({ gate: { running: 1, waiting: 8, patience: 100 } });
  const first = server.ask('{ slow(ms: 500) }');
  while (server.contexts.length < 1) await sleep(5);
  expect((await server.ask('{ hello }')).status).toBe(503);
  expect((await first).status).toBe(200);
  await server.stop();
});

describe('stopping', () => {
  test('20 slow questions survive, idle connections do not delay, readyz says 503 at once', async () => {
    const server = await testServer();
    const idle = new Agent({ keepAlive: true });
    await Promise.all(
      Array.from(
        { length: 20 },
        () =>
          new Promise<void>((resolve, reject) =>
            request(`${server.base}/livez`, { agent: idle }, (res) => res.resume().once('end', resolve))
              .once('error', reject)
              .end(),
          ),
      ),
    );
    const order: string[] = [];
    const neverUsed = server
      .open()
      .resume()
      .once('close', () => order.push('idle closed'));
    const questions = Array.from({ length: 20 }, () => server.ask('{ slow(ms: 2000) }'));
    while (server.contexts.length < 20) await sleep(5);
    const answered = Promise.all(questions).finally(() => order.push('answered'));
    const stopped = server.stop();
    expect((await fetch(`${server.base}/readyz`)).status).toBe(503);
    expect((await fetch(`${server.base}/livez`)).status).toBe(200);
    const late = await server.ask('{ hello }');
    expect([late.status, late.json.errors[0].extensions.rule]).toEqual([503, 'stopping']);
    for (const said of await answered) {
      expect(said.json).toEqual({ data: { slow: 2000 } });
      expect(said.headers.get('connection')).toBe('close');
    }
    await stopped;
    expect(order).toEqual(['idle closed', 'answered']);
    await expect(fetch(server.base)).rejects.toThrow();
    neverUsed.destroy();
    idle.destroy();
  });

  test('what does not end is cancelled, and stop() returns', async () => {
    const server = await testServer();
    const question = server.ask('{ slow(ms: 60000) }');
    const stubborn = server.open();
    stubborn.write(
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{',
    );
    const answer = readAnswer(stubborn).catch(() => undefined);
    while (server.contexts.length < 1) await sleep(5);
    await server.stop();
    expect((await question).json.errors[0].extensions.code).toBe('UNAVAILABLE');
    await answer;
  }, 20_000);
});

test('100,000 distinct documents are forgotten again', async () => {
  const documents = new BoundedDocuments();
  const document = parse('{ hello }');
  for (let i = 0; i < 100_000; i++) await documents.set(`key${i}`, document);
  expect(documents.size).toBe(500);
  expect(await documents.get('key99999')).toBe(document);
  expect(await documents.get('key1')).toBeUndefined();
  const large = parse(`{ hello }${' '.repeat(49_000)}`);
  for (let i = 0; i < 20; i++) await documents.set(`large${i}`, large);
  expect(documents.size).toBeLessThan(6); // bounded by characters as well
});

test('the log holds names and hashes; never documents, variables, ids or what a row said', async () => {
  const server = await testServer();
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const duplicate = Object.assign(new Error(`duplicate key for "Amina Secret" id ${id}`), {
    code: 'XX000',
    detail: 'Key (name)=(Amina Secret)',
  });
  failures.set('row', () => duplicate);
  const said = await server.ask('query Find($name: String) { hello(name: $name) fail(how: "row") }', {
    name: 'Amina Secret',
  });
  expect(said.json.errors[0].message).toMatch(
    /^Something went wrong on our side; report the request id [0-9a-f-]{36}\.$/,
  );
  const [error, line] = server.log;
  expect(error).toMatchObject({
    level: 50,
    error: { type: 'Error', message: 'duplicate key for "…" id <id>', code: 'XX000', path: 'fail' },
  });
  expect(error!.error.stack[0]).toContain('http-server.test.ts');
  expect(line).toMatchObject({
    operation: 'Find',
    hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    code: 'INTERNAL',
    errors: 1,
  });
  expect(JSON.stringify(server.log)).not.toMatch(/Amina|Secret|0f8fad5b|hello/);
  await server.stop();
});
