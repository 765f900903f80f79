// The pools of one server: a login role of PostgreSQL per level, one for reading and one for writing, so that no SQL that is
// smuggled into a statement can exceed the level of whoever asked. A pool is made when its level first asks.
import type { DataSource } from 'typeorm';
import { createDataSource, type PoolOptions } from './data-source.js';
import type { RoleUrls } from './role-urls.js';

export interface ServerPools {
  /** Accounts: knows who asks, and nothing of cases. */
  gate(): Promise<DataSource>;
  reader(level: number): Promise<DataSource>;
  editor(level: number): Promise<DataSource>;
  close(): Promise<void>;
}

type ServerUrls = Pick<RoleUrls, 'gateUrl' | 'readerUrls' | 'editorUrls'>;
type Options = Pick<PoolOptions, 'entities' | 'poolSize' | 'onIdleError'>;

/** Nine pools at most, of 8 connections: within the 100 that PostgreSQL takes unless told otherwise. */
export function openPools({ gateUrl, readerUrls, editorUrls }: ServerUrls, options: Options = {}): ServerPools {
  const made = new Map<string, Promise<DataSource>>();

  function pool(url: string | undefined): Promise<DataSource> {
    if (url === undefined) return Promise.reject(new RangeError('There is no such level.'));
    const known = made.get(url);
    if (known) return known;
    const making = createDataSource({ url, ...options }).initialize();
    made.set(url, making);
    // The database may be back when the next one asks.
    making.catch(() => made.delete(url));
    return making;
  }

  return {
    gate: () => pool(gateUrl),
    reader: (level) => pool(readerUrls[level]),
    editor: (level) => pool(editorUrls[level]),
    close: async () => {
      const opened = await Promise.allSettled(made.values());
      await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.destroy() : undefined)));
    },
  };
}
