// Statements on the pool of kualik_gate. One trip for one statement, prepared under a name; a transaction for the few
// changes that are several. Nothing here is read-only and nothing needs settings, so it does without the sessions of src/db.
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { translateLoss, Unavailable } from '../db/unavailable.js';

export type Rows = <T extends object>(sql: string, values?: readonly unknown[]) => Promise<T[]>;

export interface Gate {
  rows: Rows;
  /** All or nothing, READ COMMITTED: each statement sees what others committed before it began. */
  transaction<T>(work: (rows: Rows) => Promise<T>): Promise<T>;
}

const names = new Map<string, string>();

/** The texts are our own and few, so all of them are kept. */
function preparedName(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = `a_${createHash('sha256').update(sql).digest('base64url').slice(0, 22)}`;
    names.set(sql, name);
  }
  return name;
}

export function gateOf(dataSource: DataSource): Gate {
  // TypeORM keeps the pool of pg here; its own query() prepares nothing.
  const pool = (): pg.Pool => (dataSource.driver as unknown as { master: pg.Pool }).master;

  async function held<T>(work: (rows: Rows) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await pool().connect();
    } catch (error) {
      throw translateLoss(error);
    }
    // With pipelining, pg does not settle every query of a connection that is cut: each wait also ends with the connection.
    let lose: (reason: Error) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => (lose = reject));
    lost.catch(() => undefined);
    const onEnd = (): void => lose(new Unavailable('the connection ended'));
    client.on('error', onEnd).once('end', onEnd);
    const rows: Rows = async (sql, values = []) => {
      const result = client.query({ name: preparedName(sql), text: sql, values: [...values] });
      result.catch(() => undefined);
      return (await Promise.race([result, lost])).rows as never;
    };
    let broken = false;
    try {
      return await work(rows);
    } catch (error) {
      const found = translateLoss(error);
      broken = found instanceof Unavailable;
      throw found;
    } finally {
      client.off('error', onEnd).off('end', onEnd);
      client.release(broken);
    }
  }

  return {
    rows: (sql, values) => held((rows) => rows(sql, values)),
    transaction: (work) =>
      held(async (rows) => {
        await rows('begin');
        try {
          const result = await work(rows);
          await rows('commit');
          return result;
        } catch (error) {
          await rows('rollback').catch(() => undefined);
          throw error;
        }
      }),
  };
}
