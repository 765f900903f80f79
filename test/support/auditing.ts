// The sealed audit in a test: a log with something in it, a sealer with a key of its own, and the verdict on it.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { loadSigner, readLastCheckpoint } from '../../src/audit/key-file.js';
import { linesOfDatabase } from '../../src/audit/lines.js';
import { formatVerifier, type Signer } from '../../src/audit/note.js';
import { Sealer } from '../../src/audit/sealer.js';
import { verifyLines, type Trust, type Verdict } from '../../src/audit/verify.js';
import { compareVersions } from '../../src/audit/versions.js';
import { withClient } from '../../src/db/client.js';
import type { FreshDatabase } from './database.js';

export interface Entry {
  seq: number;
  kind: string;
  operation: string;
  noun: string | null;
  record_id: string | null;
  version: number | null;
  actor: string;
  request: string | null;
  level: number | null;
  payload: string | null;
}

export interface Audited {
  keyFile: string;
  signer: Signer;
  /** As the sealer of a server does; one process, one sealer. */
  seal(): Promise<number | undefined>;
  /** Until nothing is left to seal: the oldest transaction of the whole server, other databases included, holds it up. */
  sealAll(): Promise<void>;
  /** What a server that starts now would do. */
  sealAnew(): Promise<number | undefined>;
  entries(): Promise<Entry[]>;
  lines(): Promise<string[]>;
  /** The log alone, as an export is verified. */
  verify(trust?: Trust): Promise<Verdict>;
  /** What history says that the log does not. */
  compare(): Promise<string[]>;
  /** As a superuser who has switched off every trigger. */
  tamper(text: string, values?: unknown[]): Promise<void>;
  close(): Promise<void>;
}

export async function audited(database: FreshDatabase): Promise<Audited> {
  const directory = fs.mkdtempSync(join(tmpdir(), 'kualik-audit-'));
  const keyFile = join(directory, 'audit-key');
  const signer = loadSigner(keyFile, true);
  const clients: pg.Client[] = [];
  const sealer = async (): Promise<Sealer> => {
    const client = new pg.Client({ connectionString: database.sealerUrl });
    await client.connect();
    clients.push(client);
    return new Sealer(client, signer, keyFile);
  };
  const own = await sealer();
  const onSnapshot = <T>(work: (client: pg.Client) => Promise<T>): Promise<T> =>
    withClient(database.migrateUrl, async (client) => {
      await client.query('begin isolation level repeatable read read only');
      return work(client);
    });
  const lines = (): Promise<string[]> =>
    onSnapshot(async (client) => {
      const all: string[] = [];
      for await (const batch of linesOfDatabase(client, formatVerifier(signer))) all.push(...batch);
      return all;
    });
  return {
    keyFile,
    signer,
    seal: () => own.run(),
    sealAll: () =>
      withClient(database.adminUrl, async (client) => {
        const left = async (): Promise<boolean> =>
          (await client.query('select from audit.entries where seq not in (select seq from audit.positions) limit 1'))
            .rowCount === 1;
        for (; await left(); await sleep(20)) await own.run();
      }),
    sealAnew: async () => (await sealer()).run(),
    lines,
    entries: () =>
      withClient(database.adminUrl, async (client) => {
        const { rows } = await client.query<Entry>(
          'select seq::int, kind, operation, noun, record_id, version, actor, request, level, payload from audit.entries order by seq',
        );
        return rows;
      }),
    verify: (trust) => {
      const last = readLastCheckpoint(keyFile);
      const beside = last ? [{ from: 'beside the key', checkpoint: last }] : [];
      return onSnapshot((client) =>
        verifyLines(linesOfDatabase(client), trust ?? { key: signer, checkpoints: beside }),
      );
    },
    compare: () => onSnapshot(async (client) => (await compareVersions(client)).faults.map(({ what }) => what)),
    tamper: (text, values) =>
      withClient(database.adminUrl, async (client) => {
        await client.query('set session_replication_role = replica');
        await client.query(text, values);
      }),
    close: async () => {
      await Promise.all(clients.map((client) => client.end()));
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Lines given as a file gives them. */
export async function* batches(lines: string[]): AsyncGenerator<string[]> {
  yield await Promise.resolve(lines);
}
