// Promise 2 on a real server: attacks by class, each refused by name within 250 ms, while somebody else asks and never waits for 275 ms.
// test/http-probes.test.ts holds the whole list, without a clock. `node --import tsx test/soak/probes.ts [rounds]`
import { gzipSync } from 'node:zlib';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { soak, verdict } from './serving.js';

const ROUNDS = Number(process.argv[2] ?? 20);
const MOST_MS = 250;
const BLOCKED_MS = 275;

const many = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join(' ');
const asked = (query: string, variables?: object) => ({ body: JSON.stringify({ query, variables }) });
const nested = (levels: number) =>
  `{ persons(first: 1) { nodes { ${'events(first: 1) { nodes { persons(first: 1) { nodes { '.repeat(levels)} id ${'} } } } '.repeat(levels)} } } }`;
const doubling = `{ persons(first: 1) { nodes { ...F0 } } } ${many(24, (i) =>
  i < 23 ? `fragment F${i} on Person { a: id ...F${i + 1} ...F${i + 1} }` : 'fragment F23 on Person { id name }',
)}`;

interface Probe {
  /** The one other answer that does no harm. */
  harmless?: string;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  method?: string;
}

const PROBES: Record<string, Probe> = {
  'a batch': { body: `[${JSON.stringify({ query: '{ __typename }' })}]` },
  '1000 aliases': asked(`{ ${many(1000, (i) => `a${i}: __typename`)} }`),
  '101 aliases': asked(`{ ${many(101, (i) => `a${i}: __typename`)} }`),
  'a field 500 times': asked(`{ ${many(500, () => '__typename')} }`),
  '50 directives': asked(`{ __typename ${many(50, () => '@include(if: true)')} }`),
  'circular fragments': asked('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'),
  'fragments that double': asked(doubling),
  'fields nested deep': asked(nested(8)),
  '5000 braces': asked('{ a'.repeat(5_000)),
  '5000 brackets': asked(`{ persons(filter: ${'['.repeat(5_000)}`),
  'objects nested 500 deep': asked(`{ persons(filter: ${'{a:'.repeat(500)}1${'}'.repeat(500)}) { nodes { id } } }`),
  'JSON nested deep': { body: '['.repeat(900_000) },
  'pages of pages': asked(
    '{ persons(first: 100) { nodes { events(first: 100) { nodes { persons(first: 100) { nodes { id } } } } } } }',
  ),
  'a page of a billion': asked('{ persons(first: 1000000000) { nodes { id } } }'),
  'a list of 5000': asked('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }', {
    ids: Array.from({ length: 5_000 }, (_, n) => String(n)),
  }),
  'a long id': {
    ...asked('query ($id: ID!) { node(id: $id) { __typename } }', { id: 'x'.repeat(500_000) }),
    harmless: '{"data":{"node":null}}',
  },
  'a long cursor': asked('query ($c: String) { persons(first: 1, after: $c) { nodes { id } } }', {
    c: 'x'.repeat(500_000),
  }),
  'a NUL': { body: '{"query":"{ __typename }","variables":{"a":"\\u0000"}}' },
  'half a surrogate': { body: '{"query":"{ __typename }","variables":{"a":"\\ud800"}}' },
  'a direction mark': asked('{ __typename \u202e }'),
  '1 MB and more': { body: Buffer.alloc(1_100_000, 32) },
  'a gzip bomb': { body: gzipSync(Buffer.alloc(20_000_000, 32)), headers: { 'content-encoding': 'gzip' } },
  'a form (CSRF)': { body: 'query={__typename}', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  'text/plain (CSRF)': { ...asked('{ __typename }'), headers: { 'content-type': 'text/plain' } },
  'GET (CSRF)': { method: 'GET' },
  'UTF-16': { ...asked('{ __typename }'), headers: { 'content-type': 'application/json; charset=utf-16' } },
  'a persisted query': { body: '{"query":"{ __typename }","extensions":{"persistedQuery":{"version":1}}}' },
  'a document nobody knows': { body: '{"documentId":"sha256:00"}' },
};

await soak(async ({ base }) => {
  const send = async ({ body, headers, method = 'POST' }: Probe) => {
    const started = performance.now();
    const response = await fetch(`${base}/graphql`, {
      method,
      headers: {
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        accept: 'application/graphql-response+json',
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, text, ms: performance.now() - started };
  };
  const other = asked('{ persons(first: 3) { nodes { name } } }');
  for (let n = 0; n < 50; n++) await send(other);

  // Half-sent requests stay open meanwhile.
  const halves = Array.from({ length: 200 }, () => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1').on('error', () => undefined);
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    );
    return socket;
  });
  let blocked = 0;
  let attacking = true;
  const others = (async () => {
    while (attacking) {
      blocked = Math.max(blocked, (await send(other)).ms);
      await sleep(5);
    }
  })();
  let slowest = { ms: 0, name: '' };
  const accepted: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, probe] of Object.entries(PROBES)) {
      const { status, text, ms } = await send(probe);
      if (status >= 500 || !(/"code":"\w+"/.test(text) || text.trim() === probe.harmless))
        accepted.push(`${name} (${status})`);
      if (round > 0 && ms > slowest.ms) slowest = { ms, name }; // the first round compiles the code of refusing
    }
  }
  attacking = false;
  await others;
  for (const socket of halves) socket.destroy();
  if (accepted.length > 0) console.info('accepted:', [...new Set(accepted)].join('; '));
  verdict(
    2,
    `${Object.keys(PROBES).length} attacks x ${ROUNDS}: ${new Set(accepted).size} accepted, slowest refusal ${slowest.ms.toFixed(0)} ms (${slowest.name}), others blocked ${blocked.toFixed(0)} ms at most`,
    accepted.length === 0 && slowest.ms <= MOST_MS && blocked <= BLOCKED_MS,
  );
});
