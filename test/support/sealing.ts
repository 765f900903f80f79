// A server with a key of its own, and people of several levels who ask it for sealed values.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Level } from '../../src/accounts/viewer.js';
import { withClient } from '../../src/db/client.js';
import { keyPlace, type KeyPlace } from '../../src/sealing/key-file.js';
import { prepareKeys } from '../../src/sealing/keys-in-use.js';
import { addAccount, openGate, type Person } from './accounts.js';
import { freshDatabase, type FreshDatabase } from './database.js';
import { serveOn, type Serving } from './serving.js';

export interface Refusal {
  message: string;
  path?: unknown;
  extensions: { code: string; rule?: string; problems?: { path?: unknown[]; rule?: string; message: string }[] };
}

export interface Sealing {
  database: FreshDatabase;
  directory: string;
  place: KeyPlace;
  /** By level. */
  people: Record<Level, Person>;
  /** As somebody of a level who has just signed in. */
  run(level: Level, query: string, variables?: object): Promise<{ data: any; errors: Refusal[] }>;
  /** The answer without errors. */
  ask(level: Level, query: string, variables?: object): Promise<any>;
  sql<T extends object>(text: string, values?: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

export const keyDirectory = (): string => fs.mkdtempSync(join(tmpdir(), 'kualik-seal-'));

export async function sealing(): Promise<Sealing> {
  const database = await freshDatabase();
  const directory = keyDirectory();
  const place = keyPlace({ dataDir: directory });
  await prepareKeys(database.migrateUrl, place);
  const gate = await openGate(database);
  const people = {} as Record<Level, Person>;
  for (const level of [0, 1, 2, 3] as const)
    people[level] = await addAccount(gate, { login: `level-${level}`, level, roles: ['reader', 'editor', 'reviewer'] });
  await gate.destroy();
  const server: Serving = await serveOn(database, { config: { dataDir: directory } });

  async function run(level: Level, query: string, variables: object = {}) {
    const response = await fetch(`${server.base}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...people[level].bySession },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(30_000),
    });
    const { data = null, errors = [] } = (await response.json()) as { data?: any; errors?: Refusal[] };
    return { data, errors };
  }

  return {
    database,
    directory,
    place,
    people,
    run,
    ask: async (level, query, variables) => {
      const { data, errors } = await run(level, query, variables);
      if (errors[0]) throw new Error(JSON.stringify(errors));
      return data;
    },
    sql: (text, values) => withClient(database.adminUrl, async (client) => (await client.query(text, values)).rows),
    close: async () => {
      await server.stop();
      await database.drop();
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

export const SAVE = `mutation ($input: SaveSealedValueInput!) {
  saveSealedValue(input: $input) { id version kind label value redacted sensitivity }
}`;
export const READ = `query ($id: ID!) {
  node(id: $id) { ... on Person { sealedValues { id version kind label value redacted } } }
}`;

export async function person(s: Sealing, sensitivity = 'INTERNAL'): Promise<string> {
  const { savePerson } = await s.ask(3, 'mutation ($input: SavePersonInput!) { savePerson(input: $input) { id } }', {
    input: { sensitivity },
  });
  return savePerson.id;
}

export const seal = async (s: Sealing, input: object, level: Level = 3): Promise<any> =>
  (await s.ask(level, SAVE, { input: { kind: 'DOCUMENT_NUMBER', ...input } })).saveSealedValue;

export const read = async (s: Sealing, id: string, level: Level = 3): Promise<any[]> =>
  (await s.ask(level, READ, { id })).node.sealedValues;
