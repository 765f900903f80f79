// The real server inside this process, on a database of its own, as an analyst with an account meets it.
import { randomBytes } from 'node:crypto';
import { BlockList } from 'node:net';
import { pino, type Logger } from 'pino';
import type { Config } from '../../src/config.js';
import { createDataSource } from '../../src/db/data-source.js';
import { openPools } from '../../src/db/pools.js';
import { addAccount, type Person } from './accounts.js';
import type { FreshDatabase } from './database.js';

export interface Serving {
  base: string;
  /** Level 1, reader, editor and reviewer. */
  analyst: Person;
  stop(): Promise<void>;
}

export interface ServingOptions {
  poolSize?: number;
  /** Whether everybody may read what is public; on unless said otherwise. */
  anonymous?: 'on' | 'off';
  config?: Partial<Config>;
  /** Elsewhere than to standard error. */
  logger?: Logger;
}

/** As `kualik serve` does it, but for the command line: the caller drops the database. */
export async function serveOn(
  database: FreshDatabase,
  { poolSize, anonymous = 'on', config, logger }: ServingOptions = {},
): Promise<Serving> {
  const { parts } = await import('../../src/wiring.js');
  const gate = await createDataSource({ url: database.gateUrl, poolSize: 1 }).initialize();
  const analyst = await addAccount(gate, {
    login: `analyst-${randomBytes(3).toString('hex')}`,
    roles: ['reader', 'editor', 'reviewer'],
  });
  await gate.destroy();
  const pools = openPools(database, { entities: parts.entities, ...(poolSize === undefined ? {} : { poolSize }) });
  const server = await parts.startServer({
    config: {
      port: 0,
      host: '127.0.0.1',
      dataDir: '',
      logLevel: 'silent',
      trustedProxies: new BlockList(),
      anonymous,
      ...config,
    },
    secret: randomBytes(32),
    pools,
    demo: true,
    logger: logger ?? pino({ level: process.env.LOG_LEVEL ?? 'silent' }, pino.destination(2)),
  });
  return {
    base: server.url,
    analyst,
    stop: async () => {
      await server.stop();
      await pools.close();
    },
  };
}
