// What the commands need from the floors above the database. They are joined in src/wiring.ts, so that the commands can
// be read and tested without the graph.
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import type { PoolOptions } from '../db/data-source.js';
import type { ServerPools } from '../db/pools.js';

export interface Parts {
  entities: NonNullable<PoolOptions['entities']>;
  /** HTTP in, HTTP out. */
  startServer(options: {
    config: Config;
    secret: Buffer;
    pools: ServerPools;
    /** Kualik's own database, reached from this computer alone: until somebody has an account, all may read what is public. */
    demo: boolean;
    logger: Logger;
    /** Whether the audit is being sealed. */
    isSealing?: () => boolean;
  }): Promise<{ url: string; stop(): Promise<void> }>;
  /** Loads a directory of YAML files through a pool of the loader; loading it twice changes nothing. Returns a sentence. */
  loadDirectory(options: {
    editor: DataSource;
    directory: string;
    /** Whose the restricted records are. */
    team?: number | undefined;
    signal: AbortSignal;
  }): Promise<string>;
  /** A question for the explorer and for curl that shows the founding case. */
  firstQuestion: string;
}

/** Imported when a command needs them, so that migrate and status neither wait for the graph nor fail with it. */
export async function loadParts(): Promise<Parts> {
  return (await import('../wiring.js')).parts;
}
