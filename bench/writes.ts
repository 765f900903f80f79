// What a change costs beside the SQL that it is: new events through the graph, and the same inserts by hand with everything
// that the database does for them (rights, rules, history, audit). In turns, in one run, on one server.
//   npx tsx bench/writes.ts [--rounds 5] [--seconds 4]
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { hashOf } from '../src/accounts/secrets.js';
import { withClient } from '../src/db/client.js';
import { compile, startKualik, type Contender, type May } from './contenders.js';
import { startLoader, type Loader } from './load/loader.js';
import { openPlace, type Place } from './place.js';
import { median } from './rounds.js';

const WRITERS = 8;
const MAY: May = { level: 1, roles: ['reader', 'editor'] };
const TARGET = 0.5;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '4' } },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];

const MUTATION = `mutation ($input: SaveEventInput!) { saveEvent(input: $input) { id version title kind starts { edtf } } }`;
const titleOf = (n: number): string => `March number ${n}`;
const dayOf = (n: number): string => `2024-0${1 + (n % 9)}-1${n % 10}`;

const bodies = Array.from({ length: 500 }, (_, n) =>
  JSON.stringify({
    query: MUTATION,
    variables: { input: { kind: 'PROTEST', title: titleOf(n), starts: dayOf(n), changeReason: 'Counted.' } },
  }),
);

async function throughTheGraph(kualik: Contender, loader: Loader, round: number): Promise<number> {
  const { port, headers } = kualik;
  const job = { port, path: '/graphql', headers, bodies, connections: WRITERS, seconds, from: round * 97 };
  const found = await loader.run(job);
  if (found.failures > 0) throw new Error(`${found.failures} of ${found.requests} failed: ${found.firstFailure}`);
  return found.requests / found.seconds;
}

/** As src/db/session.ts sends them: what begins the transaction leaves in one flight. */
const INSERT = {
  name: 'insert',
  text: `insert into events (kind, starts, starts_earliest, starts_latest, title) values ($1, $2, $3, $4, $5) returning id`,
};
const READ = { name: 'read', text: 'select id, version, title, kind, starts from events where id = $1' };

async function change(client: pg.Client, secret: string, n: number): Promise<void> {
  const day = dayOf(n);
  for (;;) {
    try {
      const settings = ['bench', 'bare', 'Counted.'];
      await Promise.all([
        client.query('begin isolation level serializable'),
        client.query({ name: 'enter', text: 'select auth.enter($1)', values: [secret] }),
        client.query({
          name: 'configure',
          text: `select set_config('kualik.actor', $1, true), set_config('kualik.request', $2, true), set_config('kualik.reason', $3, true)`,
          values: settings,
        }),
      ]);
      const { rows } = await client.query<{ id: string }>({
        ...INSERT,
        values: ['PROTEST', day, day, day, titleOf(n)],
      });
      await client.query({ ...READ, values: [rows[0]!.id] });
      await client.query('commit');
      return;
    } catch (error) {
      await client.query('rollback');
      if ((error as { code?: string }).code !== '40001') throw error;
    }
  }
}

async function byHand(place: Place, secret: string, round: number): Promise<number> {
  const clients = await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      const client = new pg.Client({ connectionString: place.editorUrls[MAY.level], pipeline: true });
      await client.connect();
      return client;
    }),
  );
  try {
    const began = performance.now();
    let done = 0;
    await Promise.all(
      clients.map(async (client, writer) => {
        for (let n = round * 97 + writer; performance.now() - began < seconds * 1000; n += WRITERS) {
          await change(client, secret, n);
          done++;
        }
      }),
    );
    return done / ((performance.now() - began) / 1000);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** A context of the account of the bench, as a request with its token has one. */
async function contextOf(place: Place, token: string): Promise<string> {
  const secret = randomBytes(32).toString('base64url');
  await withClient(place.gateUrl, (client) =>
    client.query('select auth.open_context($1, $2)', [hashOf(token), hashOf(secret)]),
  );
  return secret;
}

const atEnd: (() => Promise<unknown>)[] = [];
try {
  const tree = await compile();
  const place = await openPlace({ tree });
  atEnd.push(place.end);
  const kualik = await startKualik(place, tree, MAY);
  atEnd.push(kualik.end);
  const loader = startLoader();
  atEnd.push(loader.end);
  const secret = await contextOf(place, kualik.headers.authorization!.replace('Bearer ', ''));
  await throughTheGraph(kualik, loader, 0);
  await byHand(place, secret, 0);
  const found = { graph: [] as number[], hand: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    found.graph.push(await throughTheGraph(kualik, loader, round));
    found.hand.push(await byHand(place, secret, round));
  }
  const [graph, hand] = [median(found.graph), median(found.hand)];
  const isMet = graph / hand >= TARGET;
  process.stdout.write(
    `${WRITERS} writers, medians of ${rounds} rounds of ${seconds} s: through the graph ${graph.toFixed(0)}/s, by hand ${hand.toFixed(0)}/s, ` +
      `${(graph / hand).toFixed(2)} of it; wanted ${TARGET}: ${isMet ? 'met' : 'MISSED'}\n`,
  );
  process.exitCode = isMet ? 0 : 1;
} finally {
  for (const end of atEnd.reverse()) await end();
}
process.exit();
