// Hidden is absent: for every level and team, random questions over the whole schema are answered by the database that holds
// everything exactly as by a database that never held what the viewer may not see. KUALIK_LONG=1 asks 500 of each viewer.
import { randomUUID } from 'node:crypto';
import type { Level } from '../src/accounts/viewer.js';
import { withClient } from '../src/db/client.js';
import { buildSchema } from '../src/schema.js';
import { promise } from './support/promise.js';
import { chance } from './support/random.js';
import { randomOperation } from './support/random-operations.js';
import { openPlace, valuesFor, type Place } from './support/random-place.js';
import { acceptAll, visibleTo, withoutDangling, writeRows, type Row } from './support/random-world.js';

const QUESTIONS = process.env.KUALIK_LONG === '1' ? 500 : 40;
const PAIRS = process.env.KUALIK_LONG === '1' ? 1000 : 240;
const SEED = Number(process.env.KUALIK_SEED ?? 20261122);
const TEAMS = ['almaty', 'bern', 'cork'];
const schema = buildSchema();

const places: Place[] = [];

async function place(): Promise<Place> {
  const made = await openPlace(TEAMS);
  places.push(made);
  return made;
}

let full: Place;
let world: Row[];

beforeAll(async () => {
  full = await place();
  world = await full.fill(chance(SEED));
}, 120_000);
afterAll(async () => {
  for (const one of places) await one.close();
});

const VIEWERS: [Level, string[]][] = ([0, 1, 2, 3] as Level[]).flatMap((level) =>
  TEAMS.map((team): [Level, string[]] => [level, [team]]),
);

test('the world holds enough of every noun and level to be worth hiding', () => {
  expect(new Set(world.map(({ noun }) => noun)).size).toBeGreaterThan(18);
  for (const level of [0, 1, 2, 3]) expect(world.filter((row) => row.level === level).length).toBeGreaterThan(50);
});

test.each(VIEWERS)(
  'level %i, team %s: answered as if there were nothing else',
  async (level, teams) => {
    const viewer = await full.viewer(level, teams);
    const seen = visibleTo(world, { level, teams: viewer.teams });
    expect(seen.length).toBeGreaterThan(20);
    expect(seen.length).toBeLessThan(world.length);
    const alone = await place();
    await withClient(alone.database.adminUrl, async (client) => {
      await client.query('begin');
      const rows = withoutDangling(seen);
      await writeRows(client, rows);
      await acceptAll(client, rows);
      await client.query('commit');
    });
    const everything = await alone.viewer(3, TEAMS);
    const random = chance(SEED + 100 * level + TEAMS.indexOf(teams[0]!));
    const values = valuesFor(world);
    let answered = 0;
    for (let n = 0; n < QUESTIONS; n++) {
      const query = randomOperation(schema, random, { values, without: WITHOUT, unselected: UNSELECTED, depth: 4 });
      const [among, without] = [await full.ask(schema, viewer, query), await alone.ask(schema, everything, query)];
      // The question is part of what is compared, so that a difference names it.
      expect({ query, answer: among }).toEqual({ query, answer: without });
      if (among.errors.length === 0) answered++;
    }
    promise(3, `level ${level}, team ${teams[0]}: ${QUESTIONS} random questions, no difference`);
    // Refusals are answers too, but not what this is about.
    expect(answered).toBeGreaterThan(QUESTIONS / 3);
  },
  process.env.KUALIK_LONG === '1' ? 1_200_000 : 120_000,
);

const BY_ID = [
  'query ($id: ID!) { node(id: $id) { id __typename } nodes(ids: [$id]) { id } }',
  'query ($id: ID!) { person(id: $id) { id } event(id: $id) { id } source(id: $id) { id } claim(id: $id) { id } }',
  'query ($id: ID!) { claims(filter: { record: $id }) { totalCount { value isExact } nodes { id } } }',
  'query ($id: ID!) { events(filter: { person: $id }) { totalCount { value } } detentions(filter: { person: $id }) { totalCount { value } } }',
  'query ($id: ID!) { history(record: $id) { nodes { kind } } }',
  'query ($id: ID!) { timeline(of: { person: $id }) { nodes { title } } }',
];

test('a hidden id is answered as an absent one: the same bytes, in the same time', async () => {
  const viewer = await full.viewer(1, []);
  const seen = new Set(visibleTo(world, { level: 1, teams: [] }).map(({ id }) => id));
  const hidden = world.map(({ id }) => id).filter((id) => !seen.has(id));
  const times: Record<'hidden' | 'absent', number[]> = { hidden: [], absent: [] };
  const timed = async (kind: keyof typeof times, query: string, id: string): Promise<string> => {
    const started = performance.now();
    const answer = JSON.stringify(await full.ask(schema, viewer, query, { id }));
    times[kind].push(performance.now() - started);
    return answer.replaceAll(id, 'the id');
  };
  for (let n = 0; n < PAIRS; n++) {
    const query = BY_ID[n % BY_ID.length]!;
    const [there, absent] = [hidden[n % hidden.length]!, randomUUID()];
    const answers: Record<string, string> = {};
    // Whoever comes first finds everything cold, so they take turns.
    for (const kind of n % 12 < 6 ? (['hidden', 'absent'] as const) : (['absent', 'hidden'] as const))
      answers[kind] = await timed(kind, query, kind === 'hidden' ? there : absent);
    expect({ query, there, answer: answers.hidden }).toEqual({ query, there, answer: answers.absent });
  }
  const median = (all: number[]): number => all.sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
  const ratio = median(times.hidden) / median(times.absent);
  promise(3, `${PAIRS} hidden and ${PAIRS} absent ids: equal bytes, medians ${ratio.toFixed(3)} of each other`);
}, 120_000);

/** Told by the clock of each database, not by its content; the rights of history have tests of their own. */
const WITHOUT = new Set(['viewer', 'changes', 'history']);
const UNSELECTED = new Set([
  'id_', 'createdAt', 'updatedAt', 'recordedAt', 'version', 'reference', 'cursor', 'startCursor', 'endCursor', 'createdBy', 'updatedBy',
]); // prettier-ignore
