// Promise 13: 100,000 distinct documents (other aliases, literals, pages, selections and filters) cost +64 MB of resident memory at most.
// `node --import tsx test/soak/documents.ts [documents]`; prints the memory every tenth of the way. About 5 minutes.
import { Agent, request } from 'node:http';
import { sqlOf } from '../support/writers.js';
import { soak, verdict } from './serving.js';

const DOCUMENTS = Number(process.argv[2] ?? 100_000);
const CLIENTS = 16;
/** Code that is compiled, pools that fill and pages that V8 takes once are no growth. */
const WARM_UP = 2_000;
const MOST_GROWTH_MB = 64;

const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });

const FIELDS = ['name', 'verification', 'version', 'summary: name', 'names { value }', 'id'];

/** No two are the same text; what they ask of the database differs in as many ways as a client can make it differ. */
function document(n: number): string {
  const fields = FIELDS.filter((_, bit) => ((n >> bit) & 1) === 1 || bit === 0);
  const nested = n % 3 === 0 ? `events(first: ${1 + (n % 5)}) { nodes { e${n}: title } }` : '';
  switch (n % 4) {
    case 0:
      return `query Q${n} { a${n}: persons(first: ${1 + (n % 9)}) { nodes { ${fields.map((f, i) => (f.includes(':') || f.includes('{') ? f : `f${i}_${n}: ${f}`)).join(' ')} ${nested} } } }`;
    case 1:
      return `{ persons(first: 2, filter: { name: "nobody ${n}" }) { nodes { p${n}: id } } }`;
    case 2:
      return `{ sources(first: ${1 + (n % 7)}) { nodes { s${n}: title } totalCount { value } } }`;
    default:
      return `# ${n}\n{ events(first: 3) { nodes { title ${fields.includes('id') ? 'id' : ''} } } x${n}: __typename }`;
  }
}

const answers = new Map<string, number>();

function ask(base: string, query: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const req = request(
      `${base}/graphql`,
      { agent, method: 'POST', headers: { 'content-type': 'application/json' } },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        res.once('end', () => {
          const kind = text.includes('"errors"') ? (/"message":"[^"]*"/.exec(text)?.[0] ?? 'error') : 'data';
          answers.set(kind, (answers.get(kind) ?? 0) + 1);
          resolve();
        });
      },
    );
    req.once('error', reject).end(JSON.stringify({ query }));
  });
}

await soak(async ({ base, dir, rss }) => {
  let next = 0;
  const upTo = async (last: number): Promise<void> => {
    const client = async () => {
      while (next < last) await ask(base, document(next++));
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  };
  await upTo(WARM_UP);
  const before = rss();
  console.info(`${WARM_UP} documents: ${before.toFixed(0)} MB`);
  const started = performance.now();
  for (let tenth = 1; tenth <= 10; tenth++) {
    await upTo(WARM_UP + (DOCUMENTS * tenth) / 10);
    console.info(`${next} documents: ${rss().toFixed(0)} MB, ${(rss() - before).toFixed(0)} more`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const backends = await sqlOf<{ usename: string; count: number }>(
    dir,
    `select usename, count(*)::int from pg_stat_activity where application_name = 'kualik' group by 1`,
  );
  console.info(Object.fromEntries(answers), backends.map(({ usename, count }) => `${usename} ${count}`).join(', '));
  const growth = rss() - before;
  verdict(
    13,
    `${DOCUMENTS} distinct documents in ${seconds} s: ${growth.toFixed(0)} MB more than ${before.toFixed(0)} MB (${MOST_GROWTH_MB} allowed)`,
    growth <= MOST_GROWTH_MB && !answers.has('error'),
  );
  agent.destroy();
});
