// The limit: node:http, a pool of pg, one statement by hand for each question, and the JSON text of PostgreSQL straight into the
// answer. No GraphQL, no accounts, no limits, no log. What any server of this database in Node can do at best.
//   BENCH_URL=postgres://... node --import tsx bench/limit.ts        POST /person ["<id>"]
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { QUERIES, sqlOf, type QueryName } from './queries.js';

const pool = new pg.Pool({
  connectionString: process.env.BENCH_URL,
  max: 8, // as the pools of Kualik
  idleTimeoutMillis: 300_000,
  options: '-c plan_cache_mode=force_generic_plan', // as Kualik; faster than a plan for each set of values
});
const statements = new Map(QUERIES.map((name) => [`/${name}`, { name, text: sqlOf(name) }]));

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += chunk;
  return body;
}

async function answer(statement: { name: QueryName; text: string }, request: IncomingMessage): Promise<string> {
  const values = JSON.parse(await bodyOf(request)) as unknown[];
  const { rows } = await pool.query<{ json: string }>({ ...statement, values });
  return `{"data":${rows[0]!.json}}`;
}

const server = createServer((request, response) => {
  const statement = statements.get(request.url ?? '');
  if (!statement) {
    response.writeHead(404).end();
    return;
  }
  answer(statement, request).then(
    (text) => {
      const bytes = Buffer.from(text);
      response
        .writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length })
        .end(bytes);
    },
    (error: Error) => response.writeHead(500).end(JSON.stringify({ errors: [{ message: error.message }] })),
  );
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`));
