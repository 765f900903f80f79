// Attack probes by class (promises.md, row 2), over real sockets. Each must be refused by name and without harm to others; how
// soon is measured by test/soak/probes.ts.
import { getIntrospectionQuery } from 'graphql';
import { gzipSync } from 'node:zlib';
import { openSocket, raw, readAnswer, sleep, testServer, type Said, type TestServer } from './support/http.js';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

function expectRefusal(said: { status: number; json: any }, status: number, code: string, rule?: string): void {
  expect(said.json.errors?.[0]).toMatchObject({
    message: expect.stringMatching(/^.{5,300}$/s),
    extensions: { code, requestId: expect.stringMatching(/^[\w.-]+$/), ...(rule === undefined ? {} : { rule }) },
  });
  expect(said.status).toBe(status);
  expect(said.json).not.toHaveProperty('data');
  expect(JSON.stringify(said.json)).not.toMatch(/call stack|node_modules|at \w+ \(/);
}

const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i)).join(' ');

const circular =
  '{ person { ...A } } fragment A on Person { parent { ...B } } fragment B on Person { parent { ...A } }';
const doubling = `{ person { ...F0 } } ${many(24, (i) =>
  i < 23
    ? `fragment F${i} on Person { a: parent { ...F${i + 1} } b: parent { ...F${i + 1} } }`
    : 'fragment F23 on Person { name }',
)}`;
const wide = `{ person { ...F0 } } ${many(5, (i) =>
  i < 4 ? `fragment F${i} on Person { ${many(5, () => `parent { ...F${i + 1} }`)} }` : 'fragment F4 on Person { name }',
)}`;

describe('documents', () => {
  test.each<[name: string, query: string, code: string, rule: string | undefined]>([
    ['1000 aliases', `{ ${many(1000, (i) => `a${i}: hello`)} }`, 'LIMITED', 'document-tokens'],
    ['100 aliases', `{ ${many(100, (i) => `a${i}: hello`)} }`, 'LIMITED', 'document-aliases'],
    ['100 aliases of __typename', `{ ${many(100, (i) => `a${i}: __typename`)} }`, 'LIMITED', 'document-aliases'],
    ['a field 500 times', `{ ${many(500, () => 'hello')} }`, 'LIMITED', 'document-fields'],
    ['a field 1990 times', `{ ${many(1990, () => 'hello')} }`, 'LIMITED', 'document-fields'],
    ['an object field 490 times', `{ ${many(490, () => 'person { name }')} }`, 'LIMITED', 'document-fields'],
    ['50 directives on a field', `{ hello ${many(50, () => '@include(if: true)')} }`, 'LIMITED', 'document-directives'],
    ['unknown directives', `{ hello ${many(50, (i) => `@d${i}`)} }`, 'LIMITED', 'document-directives'],
    ['circular fragments', circular, 'GRAPHQL_VALIDATION_FAILED', undefined],
    ['fragments that double 23 times', doubling, 'LIMITED', 'document-depth'],
    ['fragments that multiply by 5', wide, 'LIMITED', 'document-fields'],
    [
      'fields nested 13 deep',
      `{ ${'person { parent {'.repeat(1)} ${'parent {'.repeat(10)} name ${'}'.repeat(12)} }`,
      'LIMITED',
      'document-depth',
    ],
    [
      'fields nested 200 deep',
      `{ person { ${'parent {'.repeat(200)} name ${'}'.repeat(200)} } }`,
      'LIMITED',
      'bracket-depth',
    ],
    ['5000 open brackets', `{ hello(name: ${'['.repeat(5000)}`, 'LIMITED', 'bracket-depth'],
    ['5000 open braces', `{ hello(name: ${'{a:'.repeat(5000)}`, 'LIMITED', 'bracket-depth'],
    ['brackets after a comment', `#"\n{ hello(name: ${'['.repeat(500)}`, 'LIMITED', 'bracket-depth'],
    [
      'brackets after a block string',
      `{ hello(name: """ \\""" " """) a(b: ${'['.repeat(500)}`,
      'LIMITED',
      'bracket-depth',
    ],
    [
      'a type nested 200 deep',
      `query ($a: ${'['.repeat(200)}Int${']'.repeat(200)}) { hello }`,
      'LIMITED',
      'bracket-depth',
    ],
    [
      'a list of 500',
      `{ people(first: 1) { friends(tags: [${many(500, () => '"a"')}]) { name } } }`,
      'LIMITED',
      'list-items',
    ],
    ['60,000 characters', `{ hello }${' '.repeat(60_000)}`, 'LIMITED', 'document-length'],
    ['500 comments', `{ hello }${'#\n'.repeat(500)}`, 'LIMITED', 'document-comments'],
    [
      'pages of pages',
      '{ people(first: 100) { friends(first: 100) { friends(first: 100) { name } } } }',
      'LIMITED',
      'page-cost',
    ],
    ['a page of a billion', '{ people(first: 1000000000) { name } }', 'LIMITED', 'page-cost'],
    [
      'deep introspection',
      '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }',
      'GRAPHQL_VALIDATION_FAILED',
      undefined,
    ],
    ['an unknown field', '{ helo }', 'GRAPHQL_VALIDATION_FAILED', undefined],
    ['half a document', '{ hello', 'GRAPHQL_PARSE_FAILED', undefined],
    ['a direction mark', '{ hello \u202e }', 'GRAPHQL_PARSE_FAILED', undefined],
    ['a NUL in a literal', '{ hello(name: "a\\u0000b") }', 'GRAPHQL_VALIDATION_FAILED', 'characters'],
    ['half a surrogate in a literal', '{ hello(name: "\\ud800") }', 'GRAPHQL_PARSE_FAILED', undefined],
    ['a subscription', 'subscription { hello }', 'BAD_USER_INPUT', undefined],
  ])('%s: refused', async (_name, query, code, rule) => {
    expectRefusal(await server.ask(query), 400, code, rule);
  });

  test('suggestions of names are not made', async () => {
    const said = await server.ask('{ helo }');
    expect(said.json.errors[0].message).toBe('Cannot query field "helo" on type "Query".');
  });

  test.each([
    ['the standard introspection', getIntrospectionQuery()],
    [
      'the introspection of GraphiQL',
      getIntrospectionQuery({
        inputValueDeprecation: true,
        schemaDescription: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        oneOf: true,
      }),
    ],
    ['12 levels', `{ person { ${'parent {'.repeat(10)} name ${'}'.repeat(10)} } }`],
    ['brackets in strings', `{ hello(name: "${'['.repeat(500)}") }`],
    ['brackets in comments', `{ hello #${'['.repeat(500)}\n }`],
    ['brackets in block strings', `{ hello(name: """${'['.repeat(500)}\\"""${'{'.repeat(500)}""") }`],
    ['Arabic with direction marks', '{ hello(name: "\u200fأمينة\u200e") }'],
    ['10,000 nodes', '{ people(first: 99) { friends(first: 100) { name } } }'],
  ])('%s: answered', async (_name, query) => {
    const said = await server.ask(query);
    expect(said.json.errors).toBeUndefined();
    expect(said.status).toBe(200);
  });

  test('page sizes count where they come from variables, defaults and the schema', async () => {
    const query = 'query ($n: Int = 100) { people(first: $n) { friends(first: $n) { name } } }';
    expectRefusal(await server.ask(query, { n: 1000 }), 400, 'LIMITED', 'page-cost');
    expectRefusal(await server.ask(query), 400, 'LIMITED', 'page-cost'); // 100 + 10,000
    expect((await server.ask(query, { n: 10 })).status).toBe(200);
    const usual = '{ people { friends { friends { name } } } }'; // 25 + 625 + 15,625
    expectRefusal(await server.ask(usual), 400, 'LIMITED', 'page-cost');
  });
});

describe('bodies', () => {
  const hello = JSON.stringify({ query: '{ hello }' });

  test.each<[name: string, body: string | Uint8Array, status: number, code: string, rule: string]>([
    ['a batch', `[${hello},${hello}]`, 400, 'BAD_USER_INPUT', 'batch'],
    ['an empty batch', '[]', 400, 'BAD_USER_INPUT', 'batch'],
    ['nothing', ' ', 400, 'BAD_USER_INPUT', 'shape'],
    ['a number', '1', 400, 'BAD_USER_INPUT', 'shape'],
    ['broken JSON', '{"query":', 400, 'BAD_USER_INPUT', 'json'],
    ['no query', '{}', 400, 'BAD_USER_INPUT', 'shape'],
    ['variables as text', '{"query":"{hello}","variables":"{}"}', 400, 'BAD_USER_INPUT', 'shape'],
    [
      'a persisted query',
      '{"query":"{hello}","extensions":{"persistedQuery":{"version":1}}}',
      400,
      'BAD_USER_INPUT',
      'shape',
    ],
    ['JSON nested 100,000 deep', '['.repeat(100_000), 400, 'LIMITED', 'json-depth'],
    [
      'variables nested 500 deep',
      `{"query":"{hello}","variables":{"a":${'['.repeat(500)}${']'.repeat(500)}}}`,
      400,
      'LIMITED',
      'json-depth',
    ],
    ['a NUL in a variable', '{"query":"{hello}","variables":{"a":"\\u0000"}}', 400, 'BAD_USER_INPUT', 'characters'],
    ['a NUL in a name', '{"query":"{hello}","variables":{"a\\u0000":1}}', 400, 'BAD_USER_INPUT', 'characters'],
    ['half a surrogate', '{"query":"{hello}","variables":{"a":["\\ud83d"]}}', 400, 'BAD_USER_INPUT', 'characters'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400, 'BAD_USER_INPUT', 'utf-8'],
    ['UTF-16', Buffer.from(hello, 'utf16le'), 400, 'BAD_USER_INPUT', 'json'],
    ['20 MB', Buffer.alloc(20 * 1024 * 1024, 32), 413, 'LIMITED', 'body-size'],
    ['1 MB and a byte', Buffer.alloc(1_048_577, 32), 413, 'LIMITED', 'body-size'],
  ])('%s: refused', async (_name, body, status, code, rule) => {
    expectRefusal(await server.post(body), status, code, rule);
  });

  test('whole surrogate pairs and escaped backslashes pass', async () => {
    const body = '{"query":"query($a:String){hello(name:$a)}","variables":{"a":"\\ud83d\\ude00 \\\\u0000"}}';
    expect((await server.post(body)).json).toEqual({ data: { hello: 'hello 😀 \\u0000' } });
  });

  test('20 MB in pieces, without a length: refused while they arrive', async () => {
    const socket = server.open();
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    for (let i = 0; i < 320 && socket.writable; i++) {
      if (!socket.write(chunk))
        await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), sleep(500)]);
    }
    socket.end('0\r\n\r\n');
    const said = await readAnswer(socket);
    expectRefusal(said, 413, 'LIMITED', 'body-size');
  });

  test('a client that asks before it sends (Expect) is told at once', async () => {
    const said = await server.raw(
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 20971520\r\nexpect: 100-continue\r\n\r\n',
    );
    expectRefusal(said, 413, 'LIMITED', 'body-size');
  });
});

describe('requests', () => {
  const hello = JSON.stringify({ query: '{ hello }' });
  const form = 'application/x-www-form-urlencoded';

  test.each<[name: string, headers: Record<string, string>, status: number, rule: string]>([
    ['gzip', { 'content-encoding': 'gzip' }, 415, 'content-encoding'],
    ['br', { 'content-encoding': 'br' }, 415, 'content-encoding'],
    ['text/plain (CSRF)', { 'content-type': 'text/plain' }, 415, 'content-type'],
    ['a form (CSRF)', { 'content-type': form }, 415, 'content-type'],
    ['multipart (CSRF)', { 'content-type': 'multipart/form-data; boundary=x' }, 415, 'content-type'],
    ['text/plain that mentions JSON', { 'content-type': 'text/plain; application/json' }, 415, 'content-type'],
    ['application/graphql', { 'content-type': 'application/graphql' }, 415, 'content-type'],
    ['UTF-16', { 'content-type': 'application/json; charset=utf-16' }, 415, 'charset'],
    ['UTF-7', { 'content-type': 'application/json;charset="utf-7"' }, 415, 'charset'],
    ['an answer nobody can give', { accept: 'text/html' }, 406, 'accept'],
    ['an answer nobody wants', { accept: 'application/json;q=0' }, 406, 'accept'],
  ])('%s: refused', async (_name, headers, status, rule) => {
    const body = headers['content-encoding'] === 'gzip' ? gzipSync(Buffer.alloc(5_000_000, 32)) : hello;
    expectRefusal(await server.post(body, headers), status, 'BAD_USER_INPUT', rule);
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])('%s is not a way to ask', async (method) => {
    const response = await fetch(`${server.url}?query={hello}`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    if (method !== 'HEAD') expectRefusal({ status: 405, json: await response.json() }, 405, 'BAD_USER_INPUT', 'method');
  });

  test.each<[name: string, headers: Record<string, string>]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this host', { 'sec-fetch-site': 'same-site' }],
    ['another origin, from an old browser', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
  ])('a page of %s may not ask', async (_name, headers) => {
    // Only bare sockets: fetch would not let a caller set these headers.
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const said = await server.raw(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n${lines.join('')}content-length: ${hello.length}\r\n\r\n${hello}`,
    );
    expectRefusal(said, 403, 'FORBIDDEN', 'origin');
  });

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', ''])(
    'the host name "%s" is not answered on loopback (DNS rebinding)',
    async (host) => {
      const said = await server.raw(`GET /livez HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      expectRefusal(said, 403, 'FORBIDDEN', 'host');
    },
  );

  test('no host name at all: refused in the same words', async () => {
    expectRefusal(await server.raw('GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n'), 403, 'FORBIDDEN', 'host');
  });

  test.each<[name: string, bytes: string, status: number, code: string, rule: string]>([
    ['not HTTP at all', 'HELO kualik\r\n\r\n', 400, 'BAD_USER_INPUT', 'http'],
    [
      'huge headers',
      `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`,
      431,
      'LIMITED',
      'header-size',
    ],
    [
      'two lengths',
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      400,
      'BAD_USER_INPUT',
      'http',
    ],
    [
      'length and chunks (smuggling)',
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
      'BAD_USER_INPUT',
      'http',
    ],
    [
      'an unknown expectation',
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nexpect: tea\r\n\r\n',
      417,
      'BAD_USER_INPUT',
      'expect',
    ],
    [
      'an unknown address',
      'GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      404,
      'NOT_FOUND',
      'address',
    ],
    [
      'a POST elsewhere',
      'POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
      405,
      'BAD_USER_INPUT',
      'method',
    ],
    [
      'a path out of the folder',
      'GET /../../package.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      404,
      'NOT_FOUND',
      'address',
    ],
    [
      'an escaped path out of it',
      'GET /assets/..%2f..%2fpackage.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      404,
      'NOT_FOUND',
      'address',
    ],
  ])('%s: refused', async (_name, bytes, status, code, rule) => {
    expectRefusal(await raw(server.port, bytes), status, code, rule);
  });

  test('half-sent requests are cut with a reason, and block nobody meanwhile', async () => {
    const halves = [
      '',
      'POST /graphql HTTP/1.1\r\nhost: local',
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"query',
    ];
    const sockets = Array.from({ length: 300 }, (_, i) => {
      const socket = openSocket(server.port);
      socket.write(halves[i % 3]!);
      return socket;
    });
    const answers = Promise.all(sockets.slice(0, 3).map(readAnswer));
    for (let i = 0; i < 20; i++) expect((await server.ask('{ hello }')).json.data).toEqual({ hello: 'hello world' });
    const [silent, ...begun] = await answers;
    expect(silent!.head).toBe(''); // nothing was asked, so nothing is answered
    for (const one of begun) expectRefusal(one, 408, 'LIMITED', 'request-time');
    sockets.forEach((socket) => socket.destroy());
  }, 20_000);

  test('while one client attacks, others are answered', async () => {
    const attacks: Promise<Said>[] = [];
    for (let round = 0; round < 10; round++) {
      attacks.push(
        server.ask(`{ ${many(490, () => 'person { name }')} }`),
        server.ask(doubling),
        server.ask(circular),
        server.post(Buffer.alloc(900_000, 91)),
      );
      expect((await server.ask('{ hello }')).json.data).toEqual({ hello: 'hello world' });
    }
    for (const { status } of await Promise.all(attacks)) expect(status).toBe(400);
  });
});
