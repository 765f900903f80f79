// Who sees which rows, by raw SQL on the roles of the application, against a filter of a few lines that knows nothing of
// PostgreSQL. The worlds are random, their seed is fixed; every invented row has a level and a team.
import type pg from 'pg';
import { withClient } from '../src/db/client.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { asker, asking, type Asker } from './support/rights.js';

let db: FreshDatabase;
let admin: pg.Client;
const viewers: Asker[] = [];
const TEAMS = [1, 2, 3];
const NOUNS = [
  'persons',
  'person_names',
  'identifiers',
  'detentions',
  'events',
  'event_participants',
  'event_links',
  'sources',
  'captures',
  'claims',
  'cases',
  'case_members',
];

/** Numbers that look random and are the same in every run (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

// ---- The filter

interface Row {
  noun: string;
  id: string;
  own: number;
  team: number;
  /** What it cannot be without. */
  parents: Row[];
  /** Of a claim: its sources and what it is derived from; they raise `level`, not `own`. */
  grounds: Row[];
  level: number;
}

class TwoTeams extends Error {}

/** Level and team of a row as they must be, given those of what it rests on. */
function settle(row: Row): boolean {
  const before = [row.own, row.level, row.team].join();
  row.own = Math.max(row.own, ...row.parents.map(({ level }) => level));
  row.level = Math.max(row.own, ...row.grounds.map(({ level }) => level));
  const teams = new Set(
    [...row.parents, ...row.grounds].filter(({ level, team }) => level >= 2 && team !== 0).map(({ team }) => team),
  );
  if (teams.size > 1) throw new TwoTeams();
  for (const team of teams) row.team = team;
  return before !== [row.own, row.level, row.team].join();
}

/** A world as it is when a row has another level or team; nothing changes when it may not be. */
function change(world: Row[], row: Row, own: number, team: number): boolean {
  const before = world.map((each) => [each.own, each.level, each.team] as const);
  try {
    [row.own, row.team] = [own, team];
    while (world.map(settle).some(Boolean));
    return true;
  } catch (error) {
    if (!(error instanceof TwoTeams)) throw error;
    world.forEach((each, index) => ([each.own, each.level, each.team] = before[index]!));
    return false;
  }
}

const sees = (viewer: Asker, level: number, team: number): boolean =>
  level <= viewer.level &&
  (viewer.level <= 1 || (viewer.context !== undefined && (level <= 1 || team === 0 || viewer.teams.includes(team))));

// ---- Worlds

interface World {
  rows: Row[];
  retracted: Set<string>;
  refused: number;
}

const INSERT: Record<string, (parents: Row[], n: number) => [sql: string, values: unknown[]]> = {
  persons: (_, n) => [`insert into persons (summary, sensitivity, team_id) values ($3, $1, $2) returning id`, [`P${n}`]],
  events: (_, n) => [`insert into events (kind, title, sensitivity, team_id) values ('PROTEST', $3, $1, $2) returning id`, [`E${n}`]],
  sources: (_, n) => [`insert into sources (kind, title, sensitivity, team_id) values ('LETTER', $3, $1, $2) returning id`, [`S${n}`]],
  cases: (_, n) => [`insert into cases (title, sensitivity, team_id) values ($3, $1, $2) returning id`, [`C${n}`]],
  person_names: ([person], n) => [`insert into person_names (person_id, kind, value, name_key, sensitivity, team_id) values ($3, 'MAIN', $4, $4, $1, $2) returning id`, [person!.id, `n${n}`]],
  identifiers: ([record], n) => [`insert into identifiers (record_id, scheme, value, sensitivity, team_id) values ($3, $4, 'x', $1, $2) returning id`, [record!.id, `s${n}`]],
  detentions: ([person]) => [`insert into detentions (person_id, kind, sensitivity, team_id) values ($3, 'UNKNOWN', $1, $2) returning id`, [person!.id]],
  captures: ([source], n) => [`insert into captures (source_id, sha256, byte_size, media_type, captured_at, tool, operator, copy_kind, sensitivity, team_id) values ($3, lpad($4, 64, '0'), 1, 'text/plain', now(), 't', 'o', 'WORKING', $1, $2) returning id`, [source!.id, String(n)]],
  event_participants: ([event, person]) => [`insert into event_participants (event_id, person_id, role, sensitivity, team_id) values ($3, $4, 'VICTIM', $1, $2) returning id`, [event!.id, person!.id]],
  event_links: ([from, to]) => [`insert into event_links (from_id, to_id, kind, assessment, sensitivity, team_id) values ($3, $4, 'PARALLEL', 'ALLEGED', $1, $2) returning id`, [from!.id, to!.id]],
  case_members: ([file, record]) => [`insert into case_members (case_id, record_id, sensitivity, team_id) values ($3, $4, $1, $2) returning id`, [file!.id, record!.id]],
}; // prettier-ignore

/** Which nouns a row of this noun rests on, one of each list. */
const RESTS_ON: Record<string, string[][]> = {
  persons: [], events: [], sources: [], cases: [],
  person_names: [['persons']], identifiers: [['persons', 'events']], detentions: [['persons']], captures: [['sources']],
  event_participants: [['events'], ['persons']], event_links: [['events', 'detentions'], ['events']],
  case_members: [['cases'], ['persons', 'events', 'detentions']],
  claims: [['persons', 'events', 'detentions', 'event_participants', 'event_links']],
}; // prettier-ignore

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: pg.DatabaseError) => error.constraint ?? error.code ?? error.message,
  );
}

async function build(loader: pg.Client, seed: number, size: number): Promise<World> {
  const roll = dice(seed);
  const rows: Row[] = [];
  const world: World = { rows, retracted: new Set(), refused: 0 };
  const one = (nouns: string[]): Row | undefined => {
    const found = rows.filter(({ noun }) => nouns.includes(noun));
    return found[roll(found.length || 1)];
  };
  const secrecy = (): [number, number] => [roll(4), roll(3) === 0 ? 0 : TEAMS[roll(3)]!];
  for (let n = 0; n < size; n++) {
    const noun = n < 24 ? ['persons', 'events', 'sources', 'cases'][n % 4]! : NOUNS[roll(NOUNS.length)]!;
    const parents = RESTS_ON[noun]!.map(one);
    if (parents.includes(undefined) || new Set(parents).size < parents.length) continue;
    const grounds: Row[] = [];
    if (noun === 'claims') {
      const base = roll(4) === 0 ? one(['claims']) : undefined;
      grounds.push(base ?? one(['sources'])!);
    }
    const [own, team] = secrecy();
    const row: Row = { noun, id: '', own, team, parents: parents as Row[], grounds, level: 0 };
    const insert =
      noun !== 'claims'
        ? INSERT[noun]!(row.parents, n)
        : ([
            `insert into claims (record_id, field, value, stance, basis, source_id, derived_from, sensitivity, team_id)
             values ($3, $4, $5, 'ASSERTS', $6, $7, $8, $1, $2) returning id`,
            [
              row.parents[0]!.id,
              row.parents[0]!.noun === 'persons' ? 'summary' : '',
              row.parents[0]!.noun === 'persons' ? JSON.stringify(`told ${n}`) : null,
              grounds[0]!.noun === 'sources' ? 'STATED' : 'INFERRED',
              grounds[0]!.noun === 'sources' ? grounds[0]!.id : null,
              grounds[0]!.noun === 'sources' ? [] : [grounds[0]!.id],
            ],
          ] as [string, unknown[]]);
    await loader.query('begin');
    await loader.query(`select set_config('kualik.reason', $1, true)`, [`reason of ${n}`]);
    let allowed = true;
    try {
      settle(row);
    } catch {
      allowed = false;
    }
    const made = loader.query<{ id: string }>(insert[0], [own, team, ...insert[1]]);
    if (!allowed) {
      expect(`${noun}: ${await code(made)}`).toBe(`${noun}: a_record_belongs_to_one_team`);
      await loader.query('rollback');
      world.refused++;
      continue;
    }
    // The same pair again, of the same level and team.
    const outcome = await code(made);
    if (outcome !== 'done') {
      expect(outcome).toMatch(/^(a_case_holds_a_record_once|two_records_have_one_link_of_a_kind)$/);
      await loader.query('rollback');
      continue;
    }
    row.id = (await made).rows[0]!.id;
    rows.push(row);
    if (noun === 'claims') await loader.query('select house.accept($1)', [row.parents[0]!.id]);
    await loader.query('commit');
  }
  return world;
}

async function stir(loader: pg.Client, world: World, seed: number, times: number): Promise<void> {
  const roll = dice(seed);
  for (let n = 0; n < times; n++) {
    const row = world.rows[roll(world.rows.length)]!;
    const [own, team] = [roll(4), roll(3) === 0 ? 0 : TEAMS[roll(3)]!];
    const was = [row.own, row.team].join();
    const allowed = change(world.rows, row, own, team);
    // Evidence refuses an update that comes to nothing.
    if (row.noun === 'captures' && was === [row.own, row.team].join()) continue;
    await loader.query('begin');
    await loader.query(`select set_config('kualik.reason', $1, true)`, [`change ${n}`]);
    const done = await code(
      loader.query(`update ${row.noun} set sensitivity = $2, team_id = $3 where id = $1`, [row.id, own, team]),
    );
    const ended = done === 'done' ? await code(loader.query('commit')) : done;
    if (done !== 'done') await loader.query('rollback');
    expect(`${n} ${row.noun}: ${ended}`).toBe(`${n} ${row.noun}: ${allowed ? 'done' : 'a_record_belongs_to_one_team'}`);
    if (!allowed) world.refused++;
  }
  for (const noun of ['persons', 'events', 'detentions', 'persons']) {
    const row = world.rows.filter((each) => each.noun === noun && !world.retracted.has(each.id))[roll(3)];
    if (!row) continue;
    await loader.query(`select house.retract($1, (select version from ${noun} where id = $1), 'Not so.')`, [row.id]);
    const { rows } = await admin.query<{ id: string }>('select record_id as id from house.tombstones');
    for (const { id } of rows) world.retracted.add(id);
  }
}

// ---- What each viewer finds

const keys = async (client: pg.Client, sql: string): Promise<string[]> =>
  (await client.query<{ key: string }>(sql)).rows.map(({ key }) => key).sort();

interface Version {
  key: string;
  noun: string;
  id: string;
  level: number;
  team: number;
  transaction: string;
  guard: [level: number, team: number];
}

/** Every version, guarded as the filter would: by its own level and the last, by the team of the last that was restricted. */
async function versions(): Promise<Version[]> {
  const all: Version[] = [];
  for (const noun of NOUNS) {
    const level = noun === 'claims' ? 'greatest(level, sensitivity)' : 'sensitivity';
    const { rows } = await admin.query<Omit<Version, 'guard'>>(
      `select id || ' ' || recorded_from as key, '${noun}' as noun, id, ${level} as level, team_id as team, transaction_id::text as transaction
       from history.${noun} order by id, recorded_from`,
    );
    const found: Version[] = rows.map((row) => ({ ...row, guard: [row.level, row.team] }));
    found.forEach((version, index) => {
      for (const later of found.slice(index + 1).filter(({ id }) => id === version.id)) {
        version.guard = [Math.max(version.level, later.level), later.level >= 2 ? later.team : version.guard[1]];
      }
    });
    all.push(...found);
  }
  return all;
}

const named = ({ level, teams, context }: Asker): string =>
  `level ${level}, ${context === undefined ? 'nobody entered' : `teams ${teams.join(' and ') || 'none'}`}`;

beforeAll(async () => {
  db = await freshDatabase();
  admin = new (await import('pg')).default.Client(db.adminUrl);
  await admin.connect();
  for (const level of [0, 1, 2, 3]) {
    viewers.push({ login: '', level, teams: [], roles: [] });
    for (const teams of [[], [1], [2, 3], [1, 2, 3]])
      viewers.push(await asker(db, { login: `v${level}${teams.join('')}`, level, teams }));
  }
});
afterAll(async () => {
  await admin?.end();
  await db?.drop();
});

describe.each([11, 12, 13])('a random world (seed %i)', (seed) => {
  let world: World;
  let all: Version[];
  let knownToAll: Map<string, Map<string, string>>;

  beforeAll(async () => {
    // Of the other worlds nothing is left to see but their sealed rows of nobody's team, which the filter does not know.
    await admin.query(`truncate records, history.transactions, house.tombstones cascade`);
    for (const noun of NOUNS) await admin.query(`truncate history.${noun}`);
    world = await withClient(db.loaderUrl, async (loader) => {
      const made = await build(loader, seed, 170);
      await stir(loader, made, seed * 7, 40);
      return made;
    });
    all = await versions();
    knownToAll = await withClient(db.loaderUrl, async (loader) => {
      const found = new Map<string, Map<string, string>>();
      for (const noun of NOUNS) {
        const { rows } = await loader.query<{ id: string; row: string }>(
          `select id, to_jsonb(t)::text as row from known.${noun} t`,
        );
        found.set(noun, new Map(rows.map(({ id, row }) => [id, row])));
      }
      return found;
    });
  }, 120_000);

  test('is large enough to mean something', () => {
    expect(world.rows.length).toBeGreaterThan(100);
    expect(world.refused).toBeGreaterThan(3);
    expect(world.retracted.size).toBeGreaterThan(2);
    expect(new Set(world.rows.map(({ level, team }) => `${level} ${team}`)).size).toBe(16);
    expect(all.length).toBeGreaterThan(world.rows.length + 30);
  });

  test('its levels and teams are those of the filter', async () => {
    for (const noun of NOUNS) {
      const { rows } = await admin.query<{ id: string; own: number; level: number; team: number }>(
        `select id, sensitivity as own, ${noun === 'claims' ? 'level' : 'sensitivity'} as level, team_id as team from ${noun} order by id`,
      );
      const expected = world.rows.filter((row) => row.noun === noun).map(({ id, own, level, team }) => ({ id, own, level, team })); // prettier-ignore
      expect(rows).toEqual(expected.sort((a, b) => (a.id < b.id ? -1 : 1)));
    }
  });

  test('every viewer sees exactly the rows, versions, transactions, reasons and tombstones of the filter', async () => {
    for (const viewer of viewers) {
      const visible = world.rows.filter(({ level, team }) => sees(viewer, level, team));
      const shown = visible.filter(({ id }) => !world.retracted.has(id));
      await asking(db, 'reader', viewer, async (client) => {
        for (const noun of NOUNS) {
          const expected = shown.filter((row) => row.noun === noun).map(({ id }) => id).sort(); // prettier-ignore
          const place = `${named(viewer)}: ${noun}`;
          expect([place, await keys(client, `select id as key from public.${noun}`)]).toEqual([place, expected]);
          expect([place, await keys(client, `select count(*)::text as key from ${noun}`)]).toEqual([place, [String(expected.length)]]); // prettier-ignore
          expect([place, await keys(client, `select id as key from recorded.${noun}`)]).toEqual([place, expected]);
          const { rows } = await client.query<{ id: string; row: string }>(`select id, to_jsonb(t)::text as row from known.${noun} t`); // prettier-ignore
          const known = new Map(rows.map(({ id, row }) => [id, row]));
          // What a record shows is the same for everybody who sees it.
          const wanted = new Map([...knownToAll.get(noun)!].filter(([id]) => expected.includes(id)));
          expect([place, [...known].sort()]).toEqual([place, [...wanted].sort()]);
          expect([place, await keys(client, `select id || ' ' || recorded_from as key from history.${noun}`)]).toEqual([
            place,
            all.filter((v) => v.noun === noun && sees(viewer, ...v.guard)).map(({ key }) => key).sort(), // prettier-ignore
          ]);
        }
        const place = named(viewer);
        expect([place, await keys(client, 'select id as key from records')]).toEqual([place, visible.map(({ id }) => id).sort()]); // prettier-ignore
        expect([place, await keys(client, 'select record_id as key from house.tombstones')]).toEqual([
          place,
          visible.filter(({ id }) => world.retracted.has(id)).map(({ id }) => id).sort(), // prettier-ignore
        ]);
        const seen = all.filter((v) => sees(viewer, ...v.guard)).map(({ transaction }) => transaction);
        const hidden = all.filter((v) => !sees(viewer, ...v.guard)).map(({ transaction }) => transaction);
        expect([place, await keys(client, 'select id::text as key from history.transactions')]).toEqual([place, [...new Set(seen)].sort()]); // prettier-ignore
        const told = await keys(client, 'select id::text as key from history.transactions where history.reason_of(id) is not null'); // prettier-ignore
        expect(told.filter((id) => hidden.includes(id))).toEqual([]);
        if (viewer.level === 3 && viewer.teams.length === 3) expect(told.length).toBeGreaterThan(world.rows.length);
        const lines = await keys(client, `select record_id || ' ' || ancestor_id as key from house.lineage`);
        const ids = new Set(visible.map(({ id }) => id));
        expect(lines.filter((line) => line.split(' ').some((id) => !ids.has(id)))).toEqual([]);
      });
    }
  }, 120_000);
});
