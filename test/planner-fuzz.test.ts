// Equal by proof: random questions over the whole schema, of every clearance and under several lenses, are answered by one
// statement exactly as by the resolvers, or not at all. KUALIK_LONG=1 asks 500 of each viewer.
import { graphql } from 'graphql';
import type { DataSource } from 'typeorm';
import { openAccounts, type Accounts } from '../src/accounts/accounts.js';
import type { Level } from '../src/accounts/viewer.js';
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
import { askPlanner } from './support/planner.js';
import { promise } from './support/promise.js';
import { chance } from './support/random.js';
import { randomOperation } from './support/random-operations.js';
import { writeRandomWorld, type Row } from './support/random-world.js';

const QUESTIONS = process.env.KUALIK_LONG === '1' ? 500 : 50;
const SEED = Number(process.env.KUALIK_SEED ?? 20261122);
const TEAMS = ['almaty', 'bern'];
const schema = buildSchema();

let database: FreshDatabase;
let pools: ServerPools;
let gate: DataSource;
let accounts: Accounts;
let world: Row[];
let openContext: ReturnType<typeof contextOpener>;
const reads: string[][] = [];

beforeAll(async () => {
  database = await freshDatabase('migrated');
  pools = openPools(database, { entities, poolSize: 2 });
  gate = await openGate(database);
  accounts = openAccounts({ gate, secret: Buffer.alloc(32, 1), anonymous: () => Promise.resolve(false) });
  openContext = contextOpener({
    pools,
    cursorKey: Buffer.alloc(32, 7),
    today: () => '2022-06-01' as LocalDate,
    onRead: ({ details }) => Promise.resolve(void reads.push(details.ids as string[])),
  });
  const { teams } = await addAccount(gate, { login: 'everyone', level: 3, teams: TEAMS });
  const { vocabulary } = await readKnown(await pools.reader(0));
  await withClient(database.adminUrl, async (client) => {
    await client.query('begin');
    world = await writeRandomWorld(client, chance(SEED), { vocabulary, teams });
    await client.query('commit');
  });
}, 120_000);
afterAll(async () => {
  await pools?.close();
  await gate?.destroy();
  await database?.drop();
});

/** Told of an error: what a client is. */
const told = (errors: readonly Error[] | undefined) =>
  (errors ?? []).map((error) => translate(error as never, { requestId: 'test' }).error);

const VIEWERS: [Level, string[]][] = [
  [0, []],
  [1, []],
  [2, ['almaty']],
  [3, ['almaty', 'bern']],
];

test.each(VIEWERS)(
  'level %i, teams %j: one statement answers what the resolvers answer',
  async (level, teams) => {
    const { byToken } = await addAccount(gate, { login: `viewer-${level}`, level, teams });
    const viewer = await accounts.viewerOf({ headers: byToken });
    const open = () => openContext({ requestId: 'test', viewer });
    const random = chance(SEED + level);
    const values = {
      ID: [...world.map(({ id }) => id), '00000000-0000-4000-8000-000000000000'],
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
    let planned = 0;
    for (let n = 0; n < QUESTIONS; n++) {
      const query = randomOperation(schema, random, { values, without: NOT_PLANNED, unselected: LEFT_OUT, depth: 4 });
      reads.length = 0;
      const one = await askPlanner(schema, query, {}, open);
      if (!one) continue;
      planned++;
      const shown = reads.flat();
      reads.length = 0;
      const { contextValue, close } = await open();
      const { data, errors } = await graphql({ schema, source: query, contextValue });
      await close(errors?.[0]);
      const other = JSON.parse(JSON.stringify({ data, errors: told(errors) }));
      expect({ query, data: one.data, errors: told(one.errors) }).toEqual({ query, ...other });
      expect(Object.keys((one.data as object | null) ?? {})).toEqual(Object.keys(other.data ?? {}));
      // What is shown of level 2 and 3 is entered in the audit whichever way it was read.
      expect(reads.flat()).toEqual(expect.arrayContaining(shown));
    }
    promise(3, `level ${level}: ${planned} of ${QUESTIONS} random questions had a plan, no difference`);
    expect(planned).toBeGreaterThan(QUESTIONS / 4);
  },
  process.env.KUALIK_LONG === '1' ? 1_200_000 : 180_000,
);

/** Fields of the root that have no plan; a question with one of them would ask nothing here. */
const NOT_PLANNED = new Set(
  Object.values(schema.getQueryType()!.getFields())
    .filter(({ extensions }) => !extensions.plan)
    .map(({ name }) => name),
);

/** Most fields without plan are left out, so that most questions have one; some stay, to see that they are left alone. */
const LEFT_OUT = new Set(
  Object.values(schema.getTypeMap()).flatMap((type) =>
    'getFields' in type && !type.name.startsWith('__')
      ? Object.values(type.getFields())
          .filter(({ extensions }) => extensions.resolved && !extensions.plan)
          .map(({ name }) => `${type.name}.${name}`)
          .filter((_, i) => i % 7 !== 6)
      : [],
  ),
);
