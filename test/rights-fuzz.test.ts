// Hidden is absent: for every level and team, random questions over the whole schema are answered by the database that holds
// everything exactly as by a database that never held what the viewer may not see. KUALIK_LONG=1 asks 500 of each viewer.
import { randomUUID } from 'node:crypto';
import { graphql } from 'graphql';
import type { DataSource } from 'typeorm';
import { openAccounts } from '../src/accounts/accounts.js';
import type { Level, Viewer } from '../src/accounts/viewer.js';
import { contextOpener } from '../src/context.js';
import { withClient } from '../src/db/client.js';
import { openPools, type ServerPools } from '../src/db/pools.js';
import { translate } from '../src/http/translate.js';
import { entities } from '../src/model.js';
import { readKnown } from '../src/records/known.js';
import { buildSchema } from '../src/schema.js';
import type { LocalDate } from '../src/values/local-date.js';
import { addAccount, openGate } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { promise } from './support/promise.js';
import { chance } from './support/random.js';
import { randomOperation } from './support/random-operations.js';
import {
  acceptAll,
  visibleTo,
  withoutDangling,
  writeRandomWorld,
  writeRows,
  type Row,
} from './support/random-world.js';

const QUESTIONS = process.env.KUALIK_LONG === '1' ? 500 : 40;
const PAIRS = process.env.KUALIK_LONG === '1' ? 1000 : 240;
const SEED = Number(process.env.KUALIK_SEED ?? 20261122);
const TEAMS = ['almaty', 'bern', 'cork'];
const schema = buildSchema();

interface Place {
  database: FreshDatabase;
  pools: ServerPools;
  gate: DataSource;
  /** Team ids, the same in every database. */
  teams: number[];
  viewer(level: Level, teams: string[]): Promise<Viewer>;
  ask(viewer: Viewer, query: string, variables?: Record<string, unknown>): Promise<unknown>;
}

const places: Place[] = [];

async function place(): Promise<Place> {
  const database = await freshDatabase('migrated');
  const pools = openPools(database, { entities, poolSize: 2 });
  const gate = await openGate(database);
  const accounts = openAccounts({ gate, secret: Buffer.alloc(32, 1), anonymous: () => Promise.resolve(false) });
  const openContext = contextOpener({ pools, cursorKey: Buffer.alloc(32, 7), today: () => '2022-06-01' as LocalDate });
  const everyone = await addAccount(gate, { login: 'everyone', level: 3, teams: TEAMS });
  const made: Place = {
    database,
    pools,
    gate,
    teams: everyone.teams,
    async viewer(level, teams) {
      const login = `viewer-${level}-${teams.join('-') || 'none'}`;
      const { byToken } = await addAccount(gate, { login, level, teams });
      return accounts.viewerOf({ headers: byToken });
    },
    async ask(viewer, query, variableValues) {
      const { contextValue, close } = await openContext({ requestId: 'test', viewer });
      const { data, errors } = await graphql({ schema, source: query, variableValues, contextValue });
      await close(errors?.[0]);
      const said = errors?.map((error) => {
        const { error: told } = translate(error, { requestId: 'test' });
        if (told.extensions?.code === 'INTERNAL') throw error.originalError ?? error;
        return told;
      });
      return JSON.parse(JSON.stringify({ data, errors: said ?? [] }));
    },
  };
  places.push(made);
  return made;
}

let full: Place;
let world: Row[];

beforeAll(async () => {
  full = await place();
  const { vocabulary } = await readKnown(await full.pools.reader(0));
  await withClient(full.database.adminUrl, async (client) => {
    await client.query('begin');
    world = await writeRandomWorld(client, chance(SEED), { vocabulary, teams: full.teams });
    await client.query('commit');
  });
}, 120_000);
afterAll(async () => {
  for (const { pools, gate, database } of places) {
    await pools.close();
    await gate.destroy();
    await database.drop();
  }
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
    const ids = [...world.map(({ id }) => id), '00000000-0000-4000-8000-000000000000'];
    const values = {
      ID: ids,
      String: ['Dana', 'Kairat Ulan', 'a', 'persons', 'EVENT', 'passport'],
      Int: [1, 2, 5, 2020, 2021],
      Boolean: [true, false],
      LocalDate: ['2019-06-01', '2021-01-15', '2022-03-01'],
      EDTF: ['2021', '2020-03', '2021-06~'],
      DateTime: ['2021-01-01T00:00:00Z'],
      Duration: ['P90D', 'P1Y'],
      Decimal: ['10', '100'],
      CountryCode: ['KZ', 'CN'],
      sources: world.filter(({ noun }) => noun === 'sources').map(({ id }) => id),
    };
    let answered = 0;
    for (let n = 0; n < QUESTIONS; n++) {
      const query = randomOperation(schema, random, { values, without: WITHOUT, unselected: UNSELECTED, depth: 4 });
      const [among, without] = [await full.ask(viewer, query), await alone.ask(everything, query)];
      // The question is part of what is compared, so that a difference names it.
      expect({ query, answer: among }).toEqual({ query, answer: without });
      if ((among as { errors: unknown[] }).errors.length === 0) answered++;
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
    const answer = JSON.stringify(await full.ask(viewer, query, { id }));
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
