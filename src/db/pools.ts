// The pools of one server: a login role of PostgreSQL per level, one for reading and one for writing, so that no SQL that is
// smuggled into a statement can exceed the level of whoever asked. A pool is made when its level first asks.
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { PoolState } from '../observe/metrics.js';
import { createDataSource, poolOf, type PoolOptions } from './data-source.js';
import type { RoleUrls } from './role-urls.js';

export interface ServerPools {
  /** Accounts: knows who asks, and nothing of cases. */
  gate(): Promise<DataSource>;
  reader(level: number): Promise<DataSource>;
  editor(level: number): Promise<DataSource>;
  /** What each pool is at that was made so far. */
  states(): PoolState[];
  /** From now on `told` hears of every wait for a connection. */
  watch(told: TellWait): void;
  close(): Promise<void>;
}

type TellWait = (pool: string, ms: number) => void;

type ServerUrls = Pick<RoleUrls, 'gateUrl' | 'readerUrls' | 'editorUrls'>;
type Options = Pick<PoolOptions, 'entities' | 'poolSize' | 'onIdleError'>;

/** Nine pools at most, of 8 connections: within the 100 that PostgreSQL takes unless told otherwise. */
export function openPools({ gateUrl, readerUrls, editorUrls }: ServerUrls, options: Options = {}): ServerPools {
  const made = new Map<string, Promise<DataSource>>();
  const open = new Map<string, pg.Pool>();
  let told: TellWait | undefined;

  function pool(name: string, url: string | undefined): Promise<DataSource> {
    if (url === undefined) return Promise.reject(new RangeError('There is no such level.'));
    const known = made.get(url);
    if (known) return known;
    const making = createDataSource({ url, ...options }).initialize();
    made.set(url, making);
    making.then(
      (dataSource) => {
        const opened = poolOf(dataSource);
        open.set(name, opened);
        if (told) timeWaits(opened, name, told);
      },
      // The database may be back when the next one asks.
      () => made.delete(url),
    );
    return making;
  }

  return {
    gate: () => pool('gate', gateUrl),
    reader: (level) => pool(`reader-${level}`, readerUrls[level]),
    editor: (level) => pool(`editor-${level}`, editorUrls[level]),
    states: () =>
      [...open].map(([name, { totalCount, idleCount, waitingCount }]) => ({
        pool: name,
        inUse: totalCount - idleCount,
        idle: idleCount,
        waiting: waitingCount,
      })),
    watch: (tell) => {
      told = tell;
      for (const [name, opened] of open) timeWaits(opened, name, tell);
    },
    close: async () => {
      const opened = await Promise.allSettled(made.values());
      await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.destroy() : undefined)));
    },
  };
}

type Connected = Parameters<pg.Pool['connect']>[0];

/** Everybody who wants a connection comes through `connect`, with a callback or without. */
function timeWaits(pool: pg.Pool, name: string, told: TellWait): void {
  const connect = pool.connect.bind(pool) as (callback?: Connected) => Promise<pg.PoolClient> | void;
  pool.connect = ((callback?: Connected) => {
    const asked = performance.now();
    const tell = (): void => told(name, performance.now() - asked);
    if (callback) {
      return connect((...found) => {
        tell();
        callback(...found);
      });
    }
    const connecting = connect() as Promise<pg.PoolClient>;
    connecting.then(tell, tell);
    return connecting;
  }) as pg.Pool['connect'];
}
