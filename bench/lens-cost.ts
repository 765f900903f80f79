// What a lens costs: the same reads without one and through several, one after another in the same rounds, so that a busy
// machine slows all of them alike. `npx tsx bench/lens-cost.ts [rounds]` prints the table of docs/performance.md.
import { startTestServer } from '../test/support/test-server.js';
import { house, type House } from '../test/support/house.js';

const ROUNDS = Number(process.argv[2] ?? 60);
const CLAIMS = 1000;

const TIMELINE = `query ($case: ID!, $asOf: AsOf) { timeline(of: { case: $case }, first: 100, asOf: $asOf) {
  nodes { kind title date { edtf } persons { name } place { name } sources { title } } } }`;
const PERSON = `query ($person: ID!, $asOf: AsOf) { person(id: $person, asOf: $asOf) {
  name sex ethnicity nationalities summary born { edtf } residence { name } } }`;
const CLAIMED = `query ($person: ID!, $asOf: AsOf) { person(id: $person, asOf: $asOf) {
  summary verification claims { field value isAccepted source { title } } } }`;

/** A person of whom many sources say much: each field many times. */
async function muchTold(graph: House): Promise<string> {
  const [person] = await graph.sql<{ id: string }>(`insert into persons (kind) values ('INDIVIDUAL') returning id`);
  await graph.sql(
    `insert into claims (record_id, field, value, source_id, stance, basis, credibility)
     select $1, f.field, f.value, (array(select id from sources order by id))[1 + n % (select count(*) from sources)], 'ASSERTS', 'STATED', 1 + n % 6
     from generate_series(1, $2 / 5) n cross join lateral (values ('', null), ('summary', to_jsonb('What is told: ' || n)),
       ('ethnicity', to_jsonb('E' || n % 7)), ('sex', to_jsonb('FEMALE'::text)), ('nationalities', '["KZ", "CN"]'::jsonb)) f(field, value)`,
    [person!.id, CLAIMS],
  );
  await graph.sql('select house.accept($1)', [person!.id]);
  return person!.id;
}

const median = (times: number[]): number => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!;

const stop = await startTestServer();
const graph = await house({ template: 'founding', today: '2026-11-01' });
try {
  const person = await muchTold(graph);
  await graph.sql('analyze');
  const sources = (await graph.sql<{ id: string }>('select id from sources order by id')).map(({ id }) => id);
  const [now] = await graph.sql<{ at: string }>(
    `select to_char((clock_timestamp() - interval '10 ms') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  const P = { publishedBy: '2021-10-20' };
  const R = { recordedBy: now!.at };
  const lenses: [string, object][] = [
    ['none', {}],
    ['recordedBy', R],
    ['publishedBy', P],
    ['both', { ...P, ...R }],
    ['40 sources', { accordingTo: sources.slice(0, 40) }],
    ['all three', { ...P, ...R, accordingTo: sources.slice(0, 40) }],
  ];
  const reads: [string, string, Record<string, unknown>][] = [
    ['timeline of the founding case, 100 entries', TIMELINE, { case: graph.id('founding-case') }],
    [`person with ${CLAIMS} claims, fields`, PERSON, { person }],
    [`person with ${CLAIMS} claims, with the claims`, CLAIMED, { person }],
  ];
  const times = new Map<string, number[]>();
  for (let round = -5; round < ROUNDS; round += 1)
    for (const [read, query, variables] of reads)
      for (const [lens, asOf] of round % 2 === 0 ? lenses : [...lenses].reverse()) {
        const began = performance.now();
        await graph.ask(query, { ...variables, asOf });
        if (round >= 0)
          times.set(`${read} ${lens}`, [...(times.get(`${read} ${lens}`) ?? []), performance.now() - began]);
      }
  const titles = lenses.map(([lens]) => lens);
  console.log(`| read | ${titles.join(' | ')} |\n| --- |${titles.map(() => ' --- |').join('')}`);
  for (const [read] of reads) {
    const base = median(times.get(`${read} none`)!);
    const cells = titles.map((lens) => {
      const ms = median(times.get(`${read} ${lens}`)!);
      return lens === 'none' ? `${ms.toFixed(1)} ms` : `${ms.toFixed(1)} ms, x ${(ms / base).toFixed(2)}`;
    });
    console.log(`| ${read} | ${cells.join(' | ')} |`);
  }
} finally {
  await graph.close();
  await stop();
}
