// A database with people who may see different parts of it, and the graph as they ask it: what the tests with random questions share.
import { graphql, type GraphQLSchema } from 'graphql';
import type { DataSource } from 'typeorm';
import { openAccounts } from '../../src/accounts/accounts.js';
import type { Level, Viewer } from '../../src/accounts/viewer.js';
import { contextOpener, type ContextOptions, type OpenContext } from '../../src/context.js';
import { withClient } from '../../src/db/client.js';
import { openPools } from '../../src/db/pools.js';
import { translate } from '../../src/http/translate.js';
import { entities } from '../../src/model.js';
import { readKnown } from '../../src/records/known.js';
import type { LocalDate } from '../../src/values/local-date.js';
import { addAccount, openGate } from './accounts.js';
import { freshDatabase, type FreshDatabase } from './database.js';
import type { Chance } from './random.js';
import { writeRandomWorld, type Row } from './random-world.js';

export interface Place {
  database: FreshDatabase;
  gate: DataSource;
  /** Team ids, the same in every database. */
  teams: number[];
  /** Writes a world; what it holds is told. */
  fill(chance: Chance): Promise<Row[]>;
  viewer(level: Level, teams: string[]): Promise<Viewer>;
  open(viewer: Viewer): Promise<OpenContext>;
  /** As a client reads it; throws what is a mistake of ours. */
  ask(schema: GraphQLSchema, viewer: Viewer, query: string, variables?: Record<string, unknown>): Promise<Said>;
  close(): Promise<void>;
}

export interface Said {
  data: unknown;
  errors: { extensions?: { code?: unknown } }[];
}

/** @param teams those that there are. */
export async function openPlace(teams: string[], options: Pick<ContextOptions, 'onRead'> = {}): Promise<Place> {
  const database = await freshDatabase('migrated');
  const pools = openPools(database, { entities, poolSize: 2 });
  const gate = await openGate(database);
  const accounts = openAccounts({ gate, secret: Buffer.alloc(32, 1), anonymous: () => Promise.resolve(false) });
  const openContext = contextOpener({
    pools,
    cursorKey: Buffer.alloc(32, 7),
    today: () => '2022-06-01' as LocalDate,
    ...options,
  });
  const everyone = await addAccount(gate, { login: 'everyone', level: 3, teams });
  const open = (viewer: Viewer): Promise<OpenContext> => openContext({ requestId: 'test', viewer });
  return {
    database,
    gate,
    teams: everyone.teams,
    open,
    async fill(chance) {
      const { vocabulary } = await readKnown(await pools.reader(0));
      return withClient(database.adminUrl, async (client) => {
        await client.query('begin');
        const world = await writeRandomWorld(client, chance, { vocabulary, teams: everyone.teams });
        await client.query('commit');
        return world;
      });
    },
    async viewer(level, of) {
      const { byToken } = await addAccount(gate, {
        login: `viewer-${level}-${of.join('-') || 'none'}`,
        level,
        teams: of,
      });
      return accounts.viewerOf({ headers: byToken });
    },
    async ask(schema, viewer, source, variableValues) {
      const { contextValue, close } = await open(viewer);
      const { data, errors } = await graphql({ schema, source, variableValues, contextValue });
      await close(errors?.[0]);
      return JSON.parse(JSON.stringify({ data, errors: saidOf(errors) }));
    },
    async close() {
      await pools.close();
      await gate.destroy();
      await database.drop();
    },
  };
}

/** Of errors, what a client is told. */
export const saidOf = (errors: readonly Error[] | undefined): Said['errors'] =>
  (errors ?? []).map((error) => {
    const { error: told } = translate(error as never, { requestId: 'test' });
    if (told.extensions?.code === 'INTERNAL') throw (error as { originalError?: Error }).originalError ?? error;
    return told;
  });

/** Values for the arguments of random questions: ids of the world, and of nothing. */
export const valuesFor = (world: readonly Row[]): Readonly<Record<string, readonly unknown[]>> => ({
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
});
