// The one way to make a pool. Entities and migrations come from above: this floor knows rows, not nouns.
import 'reflect-metadata';
import type pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { ExtendedClient } from './extended-client.js';
import { SnakeNaming } from './naming.js';
import { setTypeParsers } from './types.js';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

export interface PoolOptions {
  url: string;
  entities?: PostgresOptions['entities'];
  migrations?: PostgresOptions['migrations'];
  /** Connections at most; 8 (4 per core of a small machine) was as fast as 16. */
  poolSize?: number;
  /** How long a request waits for a free connection before it fails as Unavailable. */
  connectionTimeoutMillis?: number;
  /** 'simple' lets one text hold several statements: for migrations, never for a pool that answers requests. */
  protocol?: 'extended' | 'simple';
  /** An idle connection was lost; the pool replaces it. Nothing fails, so by default nothing is said. */
  onIdleError?: (error: Error) => void;
}

/** Not connected yet: call initialize(). */
export function createDataSource(options: PoolOptions): DataSource {
  setTypeParsers();
  const {
    url,
    entities = [],
    migrations = [],
    poolSize = 8,
    connectionTimeoutMillis = 2500,
    protocol = 'extended',
  } = options;
  return new DataSource({
    type: 'postgres',
    url,
    entities,
    migrations,
    migrationsTableName: 'schema_migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    logging: false,
    namingStrategy: new SnakeNaming(),
    applicationName: 'kualik',
    poolSize,
    poolErrorHandler: options.onIdleError ?? (() => undefined),
    extra: {
      connectionTimeoutMillis,
      // Prepared statements live as long as their connection, so it is kept through a quiet minute.
      idleTimeoutMillis: 300_000,
      keepAlive: true,
      // pipeline: begin, settings and the first statement of a session leave together (see session.ts).
      ...(protocol === 'extended' ? { Client: ExtendedClient, pipeline: true } : {}),
    },
  });
}

/** TypeORM keeps the pool of pg here. */
export const poolOf = ({ driver }: DataSource): pg.Pool => (driver as unknown as { master: pg.Pool }).master;
