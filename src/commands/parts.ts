// What the commands need from the floors above the database. They are joined in src/wiring.ts, so that the commands can
// be read, built and tested without the graph.
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import type { PoolOptions } from '../db/data-source.js';
import { PlainError } from '../db/plain-error.js';

export interface Parts {
  entities: NonNullable<PoolOptions['entities']>;
  /** HTTP in, HTTP out, on a pool of kualik_reader (and later one of kualik_editor). */
  startServer(options: { config: Config; reader: DataSource; logger: Logger }): Promise<{ url: string; stop(): Promise<void> }>;
  /** Loads a directory of YAML files through a pool of kualik_editor; loading it twice changes nothing. Returns a sentence. */
  loadDirectory(options: { editor: DataSource; directory: string; signal: AbortSignal }): Promise<string>;
  /** A question for the explorer and for curl that shows the founding case. */
  firstQuestion: string;
}

const WIRING = '../wiring.js';

export async function loadParts(): Promise<Parts> {
  try {
    const { parts } = (await import(WIRING)) as { parts: Parts };
    return parts;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && (error as Error).message.includes('wiring');
    if (!missing) throw error;
    throw new PlainError('This copy of Kualik is incomplete: src/wiring.ts is missing.', { cause: error });
  }
}
