// A whole Kualik for one test file: a database of its own with a dataset in it, and the graph as a reader asks it.
import { join } from 'node:path';
import { graphql, GraphQLError, type ExecutionResult, type GraphQLSchema } from 'graphql';
import type { Role, Viewer } from '../../src/accounts/viewer.js';
import { contextOpener } from '../../src/context.js';
import { withClient } from '../../src/db/client.js';
import { createDataSource } from '../../src/db/data-source.js';
import { loadDirectory } from '../../src/exchange/load.js';
import { translate } from '../../src/http/translate.js';
import { entities } from '../../src/model.js';
import { packageRoot } from '../../src/paths.js';
import { buildSchema } from '../../src/schema.js';
import type { LocalDate } from '../../src/values/local-date.js';
import { askPlanner } from './planner.js';
import { freshDatabase, type FreshDatabase } from './database.js';
import type { TemplateName } from './templates.js';

export interface HouseOptions {
  /** Directories of dataset files below test/fixtures, or absolute; loaded as an editor would load them. */
  load?: string | string[];
  /** What is there before; the founding case is in 'founding'. */
  template?: TemplateName;
  /** The day on which every question is asked. */
  today?: string;
  /** Ids count up in place of being random, so that ties of an order, and with them golden files, come out the same. */
  countedIds?: boolean;
  /** Read as the loader, at every level and for every team; otherwise as an account of level 1 would. */
  everything?: boolean;
}

export interface Asked {
  data: any;
  /** As thrown by resolvers; undefined when there are none. */
  errors: ExecutionResult['errors'];
  /** What reached the database, in order: the name of each statement and its text. */
  statements: { name: string; text: string }[];
}

export interface House {
  /** The answer; throws AnswerError when there is any error. */
  ask(query: string, variables?: Record<string, unknown>): Promise<any>;
  run(query: string, variables?: Record<string, unknown>): Promise<Asked>;
  /** The id of a record by its key in the files, such as `amina` or `amina/names/Amina`. */
  id(key: string): string;
  /** SQL as a superuser: to look behind the scenes, or to put there what files cannot say. */
  sql<T extends object>(text: string, values?: unknown[]): Promise<T[]>;
  schema: GraphQLSchema;
  database: FreshDatabase;
  close(): Promise<void>;
}

/** The first error of an answer as a client would get it. */
export class AnswerError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly path: unknown,
    readonly rule: unknown,
    /** The rest of `extensions`: problems, retryable, current. */
    readonly more: Record<string, unknown>,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One statement answered something else than the resolvers. */
export class PlannerDiffers extends Error {
  constructor(query: string, one: string, other: string) {
    const [mine, theirs] = [one.split('\n'), other.split('\n')];
    const at = mine.findIndex((line, i) => line !== theirs[i]);
    const around = (lines: string[]): string => lines.slice(Math.max(0, at - 4), at + 3).join('\n');
    super(`${query}\nThe planner says\n${around(mine)}\nand the resolvers\n${around(theirs)}`);
  }
}

/** Reads and writes what is public or internal; has no account, since the pools of tests need none. */
const ANALYST: Viewer = {
  kind: 'session',
  login: 'api',
  level: 1,
  roles: new Set<Role>(['reader', 'editor', 'reviewer']),
  teams: [],
  teamNames: [],
};

export async function house({
  load = [],
  template = 'migrated',
  today,
  countedIds = false,
  everything = false,
}: HouseOptions = {}): Promise<House> {
  const database = await freshDatabase(template);
  const reader = await createDataSource({
    url: everything ? database.loaderUrl : database.readerUrl,
    entities,
    poolSize: 2,
  }).initialize();
  const editor = await createDataSource({ url: database.editorUrl, entities, poolSize: 4 }).initialize();
  const ids = new Map<string, string>();
  const close = async (): Promise<void> => {
    await Promise.all([reader.destroy(), editor.destroy()]);
    await database.drop();
  };
  try {
    if (countedIds) await countIds(database);
    await fill(database, [load].flat());
    for (const { key, id } of await reader.query<{ key: string; id: string }[]>(
      'select key, record_id as id from imports',
    ))
      ids.set(key, id);
  } catch (error) {
    await close();
    throw error;
  }
  const schema = buildSchema();
  const openContext = contextOpener({
    pools: { reader: () => Promise.resolve(reader), editor: () => Promise.resolve(editor) },
    cursorKey: Buffer.alloc(32, 7),
    ...(today ? { today: () => today as LocalDate } : {}),
  });

  async function run(query: string, variables: Record<string, unknown> = {}): Promise<Asked> {
    const { contextValue, session, close: end } = await openContext({ requestId: 'test', viewer: ANALYST });
    let asked: Asked;
    try {
      const { data, errors } = await graphql({ schema, source: query, variableValues: variables, contextValue });
      // Through JSON, as a client reads it: no null prototypes, no class instances.
      const plain = data === undefined || data === null ? data : JSON.parse(JSON.stringify(data));
      asked = { data: plain, errors, statements: session().statements.map(({ name, sql }) => ({ name, text: sql })) };
    } catch (error) {
      await end(error);
      throw error;
    }
    try {
      await end(asked.errors?.[0]);
      await checkPlanner(query, variables, asked);
      return asked;
    } catch (error) {
      if (error instanceof PlannerDiffers) throw error;
      // What only the commit refuses.
      return { ...asked, data: null, errors: [new GraphQLError('refused', { originalError: error as Error })] };
    }
  }

  /** Every question of every test is a test of the planner as well. */
  async function checkPlanner(
    query: string,
    variables: Record<string, unknown>,
    { data, errors }: Asked,
  ): Promise<void> {
    if (errors) return;
    const open = () => openContext({ requestId: 'planner', viewer: ANALYST });
    const told = await askPlanner(schema, query, variables, open);
    if (!told) return;
    if (told.errors[0]) throw told.errors[0];
    const [one, other] = [JSON.stringify(told.data, null, 1), JSON.stringify(data, null, 1)];
    if (one !== other) throw new PlannerDiffers(query, one, other);
  }

  return {
    run,
    ask: async (query, variables) => {
      const { data, errors } = await run(query, variables);
      if (!errors?.[0]) return data;
      const { error } = translate(errors[0], { requestId: 'test' });
      const { code, path, rule, ...more } = error.extensions as Record<string, unknown>;
      // What leaves the house says nothing of our own mistakes; whoever reads a failing test needs to know.
      const message = code === 'INTERNAL' ? errors[0].message : error.message;
      throw new AnswerError(message, String(code), path, rule, more, { cause: errors[0].originalError ?? errors[0] });
    },
    id: (key) => {
      const id = ids.get(key);
      if (!id) throw new Error(`No record with the key "${key}" was loaded.`);
      return id;
    },
    sql: (text, values) => withClient(database.adminUrl, async (client) => (await client.query(text, values)).rows),
    schema,
    database,
    close,
  };
}

async function fill(database: FreshDatabase, directories: string[]): Promise<void> {
  if (directories.length === 0) return;
  const editor = await createDataSource({ url: database.editorUrl, entities, poolSize: 2 }).initialize();
  try {
    for (const directory of directories) {
      const path = directory.startsWith('/') ? directory : join(packageRoot, 'test', 'fixtures', directory);
      await loadDirectory(editor, path, { actor: 'test' });
    }
  } finally {
    await editor.destroy();
  }
}

/** The editor may not choose an id; so the tables' own default is what counts. */
async function countIds({ adminUrl }: FreshDatabase): Promise<void> {
  await withClient(adminUrl, (client) =>
    client.query(`
      create sequence counted_ids;
      create function counted_id() returns uuid language sql security definer
        as $$ select ('00000000-0000-4000-8000-' || lpad(to_hex(nextval('public.counted_ids')), 12, '0'))::uuid $$;
      grant execute on function counted_id to public;
      do $$ declare noun text; begin
        for noun in select a.noun from house.adopted a loop
          execute format('alter table %I alter column id set default counted_id()', noun);
        end loop;
      end $$;`),
  );
}
