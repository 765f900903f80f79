// A single connection for set-up work: bootstrap, migration, status. Never used to answer a request.
import pg from 'pg';
import { maskPasswords } from '../config.js';
import { PlainError } from './plain-error.js';

/** Runs `work` on one connection and closes it. A server that cannot be reached is told in words, without the password. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'kualik' });
  client.on('error', () => undefined); // reported by the query that is running
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    const why = (error as Error).message || (error as { code?: string }).code || 'no reason given';
    throw new PlainError(`The database at ${maskPasswords(url)} cannot be reached: ${maskPasswords(why)}.`, {
      cause: error,
    });
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
