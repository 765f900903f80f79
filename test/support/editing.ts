// Writing beside the graph, as the application does it, for tests that look at what history makes of it.
import pg from 'pg';
import { withClient } from '../../src/db/client.js';
import type { House } from './house.js';

export const RENAME = 'update places set name = $2 where id = $1';
export const ADD = `insert into places (name, kind) values ($1, 'LOCALITY') returning id`;

/** So many connections of their own, closed at the end. */
export async function connected<T>(
  url: string,
  count: number,
  work: (...clients: pg.Client[]) => Promise<T>,
): Promise<T> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: url }));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    return await work(...clients);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** @param here the house of the test file, asked for when it is there. */
export function editing(here: () => House) {
  /** As the application writes. */
  const edit = <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
    withClient(here().database.editorUrl, async (client) => (await client.query<T>(text, values)).rows);
  return {
    edit,
    newPlace: async (name: string): Promise<string> => (await edit<{ id: string }>(ADD, [name]))[0]!.id,
    clock: async (): Promise<string> => (await here().sql<{ at: string }>('select clock_timestamp() as at'))[0]!.at,
    /** Whether nobody can still record something by then, as a reader asks it. */
    isSettled: (at: string): Promise<boolean> =>
      withClient(here().database.readerUrl, async (client) => {
        const { rows } = await client.query<{ settled: boolean }>('select history.settled_until() > $1 as settled', [
          at,
        ]);
        return rows[0]!.settled;
      }),
  };
}
