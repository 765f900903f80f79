// Backups restore: made while people write, restored elsewhere, every count and hash equal, the audit computed again; what was
// cut off or altered is refused, and sealed values stay ciphertext without the key that is not in them.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { migrations } from '../migrations/index.js';
import { gateOf } from '../src/accounts/gate.js';
import { beginSession } from '../src/accounts/sessions.js';
import { formatVerifier } from '../src/audit/note.js';
import {
  checkFiles,
  copyOut,
  dataFile,
  listTables,
  nameOf,
  readBackup,
  sha256,
  TRANSIENT,
  type Manifest,
} from '../src/commands/backup-format.js';
import { copyDatabase } from '../src/commands/backup.js';
import { fillDatabase } from '../src/commands/restore.js';
import { withClient } from '../src/db/client.js';
import { repeatableDirectory } from '../src/paths.js';
import { cookieOf, openGate } from './support/accounts.js';
import { audited, type Audited } from './support/auditing.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { promise } from './support/promise.js';
import { person, READ, seal, sealing, type Sealing } from './support/sealing.js';
import { serveOn } from './support/serving.js';
import { testSecret } from './support/test-server.js';
import { LONG } from './support/writers.js';

const scratch = fs.mkdtempSync(join(tmpdir(), 'kualik-backup-'));
const place = (): string => join(scratch, randomBytes(4).toString('hex'));
const emptyPlace = (): string => {
  const directory = place();
  fs.mkdirSync(directory);
  return directory;
};
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** Manifest entries of a database as it is now. */
const contentsOf = (url: string): Promise<Manifest['tables']> =>
  withClient(url, async (client) => {
    await client.query(`set timezone = 'UTC'`);
    const all: Manifest['tables'] = [];
    for (const table of await listTables(client)) all.push(await copyOut(client, table, []));
    return all;
  });

/** The restored database has one row more: the era in which it counts from now on. */
const withoutEras = (tables: Manifest['tables']): Manifest['tables'] =>
  tables.filter((table) => nameOf(table) !== 'history.eras');

describe('a backup', () => {
  let s: Sealing;
  let audit: Audited;
  let patient: string;
  let directory: string;
  let manifest: Manifest;
  let fingerprint: string;
  const restored: FreshDatabase[] = [];

  beforeAll(async () => {
    s = await sealing();
    patient = await person(s);
    await seal(s, { record: patient, value: 'KZ 1234567', label: 'passport' });
    audit = await audited(s.database);
    await audit.sealAll();
    directory = emptyPlace();
    ({ manifest, fingerprint } = await copyDatabase(s.database.adminUrl, directory, {
      auditKey: formatVerifier(audit.signer),
    }));
  });
  afterAll(async () => {
    await audit?.close();
    await s?.close();
    for (const database of restored) await database.drop();
  });

  async function restoreOf(
    from: string,
    options: Parameters<typeof fillDatabase>[3] = {},
  ): Promise<{ database: FreshDatabase; said: string; faults: string[] }> {
    const database = await freshDatabase('empty');
    restored.push(database);
    const backup = readBackup(from);
    await checkFiles(backup);
    return { database, ...(await fillDatabase(database.adminUrl, testSecret(), backup, options)) };
  }

  /** A copy of the backup that somebody changed, who knows how to compute sums. */
  function forged(change: (manifest: Manifest, at: string) => void): string {
    const at = place();
    fs.cpSync(directory, at, { recursive: true });
    const forgery = structuredClone(manifest);
    change(forgery, at);
    const text = `${JSON.stringify(forgery, null, 1)}\n`;
    fs.writeFileSync(join(at, 'manifest.json'), text);
    fs.writeFileSync(join(at, 'manifest.json.sha256'), `${sha256(text)}  manifest.json\n`);
    return at;
  }

  /** Other contents of one table, with the right sum. */
  const rewritten = (wanted: string, change: (text: string) => string): string =>
    forged(({ tables }, at) => {
      const table = tables.find((one) => nameOf(one) === wanted)!;
      const before = gunzipSync(fs.readFileSync(dataFile(at, table))).toString('utf8');
      const after = change(before);
      if (after === before) throw new Error(`Nothing in ${wanted} was changed.`);
      fs.writeFileSync(dataFile(at, table), gzipSync(after));
      table.sha256 = sha256(after);
      table.rows = after.split('\n').length - 1;
    });

  test('holds every table of the database but what is open only for a while, and nobody else may read it', async () => {
    const { rows } = await withClient(s.database.adminUrl, (client) =>
      client.query<{ name: string }>(
        `select schemaname || '.' || tablename as name from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema') order by schemaname, tablename`,
      ),
    );
    const left = ['public.schema_migrations', 'public.house_repeatables', ...TRANSIENT];
    expect(manifest.tables.map(nameOf)).toEqual(rows.map(({ name }) => name).filter((name) => !left.includes(name)));
    const files = fs.readdirSync(join(directory, 'data'));
    expect(files.sort()).toEqual(manifest.tables.map((table) => `${nameOf(table)}.copy.gz`).sort());
    const open = files.filter((file) => (fs.statSync(join(directory, 'data', file)).mode & 0o077) !== 0);
    expect(open).toEqual([]);
  });

  test('restores to the same counts and hashes, the audit verifies, and sessions have ended', async () => {
    const { database, said } = await restoreOf(directory);
    expect(said).toMatch(/^The audit holds: [1-9]\d* sealed entries/);
    expect(withoutEras(await contentsOf(database.adminUrl))).toEqual(withoutEras(manifest.tables));
    expect(withoutEras(await contentsOf(s.database.adminUrl))).toEqual(withoutEras(manifest.tables));
    const counts = (url: string, table: string): Promise<number> =>
      withClient(url, async (client) => (await client.query(`select from ${table}`)).rowCount!);
    expect(await counts(s.database.adminUrl, 'auth.sessions')).toBeGreaterThan(0);
    expect(await counts(database.adminUrl, 'auth.sessions')).toBe(0);
  });

  test('what is recorded afterwards stands in a new era, after everything before', async () => {
    const { database } = await restoreOf(directory);
    const eras = (url: string): Promise<{ id: number; current: boolean }[]> =>
      withClient(url, async (client) => (await client.query('select id, current from history.era()')).rows);
    const [before] = await eras(s.database.adminUrl);
    expect(await eras(database.adminUrl)).toEqual([{ id: before!.id + 1, current: true }]);
    const last = (url: string): Promise<bigint> =>
      withClient(url, async (client) =>
        BigInt((await client.query('select max(id)::text as id from history.transactions')).rows[0].id),
      );
    const old = await last(database.adminUrl);
    await withClient(database.loaderUrl, (client) => client.query(`insert into persons (sensitivity) values (1)`));
    expect((await last(database.adminUrl)) >> 48n).toBe(BigInt(before!.id + 1));
    expect(await last(database.adminUrl)).toBeGreaterThan(old);
    const { rows } = await withClient(database.adminUrl, (client) => client.query('select * from history.faults()'));
    expect(rows).toEqual([]);
  });

  test('a sealed value is unreadable without the key file, and readable with it', async () => {
    const text = manifest.tables
      .map((table) => gunzipSync(fs.readFileSync(dataFile(directory, table))).toString('utf8'))
      .join('');
    expect(text).toContain('passport'); // a label is not secret
    expect(text).not.toContain('1234567');
    const { database } = await restoreOf(directory);
    const valueWith = async (dataDir: string): Promise<unknown> => {
      const server = await serveOn(database, { config: { dataDir } });
      const gate = await openGate(database);
      const session = (await gateOf(gate).transaction((rows) =>
        beginSession(rows, s.people[3].accountId, ['passkey']),
      ))!;
      await gate.destroy();
      try {
        const response = await fetch(`${server.base}/graphql`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            cookie: cookieOf(session),
            'sec-fetch-site': 'same-origin',
          },
          body: JSON.stringify({ query: READ, variables: { id: patient } }),
        });
        const { data } = (await response.json()) as any;
        const [{ value, redacted }] = data.node.sealedValues;
        return { value, redacted };
      } finally {
        await server.stop();
      }
    };
    const elsewhere = emptyPlace();
    expect(await valueWith(elsewhere)).toEqual({ value: null, redacted: 'KEY_LOST' });
    fs.copyFileSync(s.place.file, join(elsewhere, 'seal-key'));
    expect(await valueWith(elsewhere)).toEqual({ value: 'KZ 1234567', redacted: null });
  });

  test('is entered in the audit, also in the copy', () => {
    const entries = manifest.tables.find((one) => nameOf(one) === 'audit.entries')!;
    const text = gunzipSync(fs.readFileSync(dataFile(directory, entries))).toString('utf8');
    expect(text.split('\n').filter((line) => line.includes('\texport\tbackup\tkualik backup\t'))).toHaveLength(1);
  });

  test.each<[string, (at: string) => void, RegExp]>([
    ['without its manifest', (at) => fs.rmSync(join(at, 'manifest.json')), /no whole backup/],
    [
      'with another manifest',
      (at) => fs.appendFileSync(join(at, 'manifest.json'), ' '),
      /manifest was changed or damaged/,
    ],
    [
      'with a file cut off',
      (at) => fs.truncateSync(join(at, 'data', 'audit.entries.copy.gz'), 300),
      /audit\.entries cannot be read to its end/,
    ],
    [
      'with a file gone',
      (at) => fs.rmSync(join(at, 'data', 'public.persons.copy.gz')),
      /public\.persons cannot be read/,
    ],
    [
      'with one byte changed',
      (at) => {
        const file = join(at, 'data', 'history.persons.copy.gz');
        const text = gunzipSync(fs.readFileSync(file));
        text[5]! ^= 1;
        fs.writeFileSync(file, gzipSync(text));
      },
      /history\.persons is not what was saved/,
    ],
  ])('%s is refused before anything is made', async (_, spoil, why) => {
    const at = place();
    fs.cpSync(directory, at, { recursive: true });
    spoil(at);
    await expect((async () => checkFiles(readBackup(at)))()).rejects.toThrow(why);
  });

  test('one that was altered by somebody who computed all sums again is known by its fingerprint, and by the audit', async () => {
    const at = rewritten('public.persons', (text) => text.replace(patient, `${patient.slice(0, -1)}${patient.endsWith('0') ? '1' : '0'}`)); // prettier-ignore
    expect(() => readBackup(at, fingerprint)).toThrow(/not the one that you gave/);
    await checkFiles(readBackup(at));
    await expect(restoreOf(at)).rejects.toThrow(/The audit in the backup does not hold/);
    const cut = rewritten('audit.entries', (text) => text.slice(text.indexOf('\n') + 1));
    await expect(restoreOf(cut)).rejects.toThrow(/The audit in the backup does not hold/);
    // A genuine one whose audit is broken is better than none, for whoever says so.
    const { database, said, faults } = await restoreOf(cut, { despiteFaults: true });
    expect(said).toMatch(/^The audit DOES NOT HOLD/);
    expect(faults).toContainEqual(expect.stringMatching(/^entry 1: It was sealed, and is gone/));
    expect(await withClient(database.loaderUrl, async (client) => (await client.query('select from persons where id = $1', [patient])).rowCount)).toBe(1); // prettier-ignore
  });

  const PLANTED = `
    create function public.planted() returns trigger language plpgsql security definer set search_path = public, pg_temp as
      $$ begin copy (select 1) to program 'cat > /dev/null'; return new; end $$;
    create trigger planted after insert on persons for each row execute function public.planted();
    alter table persons enable always trigger planted;
    create function public.peek() returns bigint language sql security definer as 'select count(*) from persons';
    grant execute on function public.peek to kualik_reader_0;`;

  test('brings no SQL that is ever run, whatever lies beside its rows', async () => {
    expect(fs.readdirSync(directory).sort()).toEqual(['data', 'manifest.json', 'manifest.json.sha256']);
    const at = forged((forgery, place) => {
      fs.mkdirSync(join(place, 'sql'), { recursive: true });
      for (const file of fs.readdirSync(repeatableDirectory)) {
        const sql =
          fs.readFileSync(join(repeatableDirectory, file), 'utf8') + (file === '90-furnish.sql' ? PLANTED : '');
        fs.writeFileSync(join(place, 'sql', file), sql);
        forgery.repeatable[file] = sha256(sql);
      }
    });
    const { database } = await restoreOf(at);
    const { rows } = await withClient(database.adminUrl, (client) =>
      client.query(`select proname as name from pg_proc where proname in ('planted', 'peek')
        union all select tgname from pg_trigger where tgname = 'planted'`),
    );
    expect(rows).toEqual([]);
  });

  test('is restored as it was guarded: every trigger awake, every table closed to its owner too', async () => {
    const guards = (url: string): Promise<unknown[]> =>
      withClient(url, async (client) => {
        const { rows } = await client.query(
          `select c.oid::regclass::text as name, relrowsecurity, relforcerowsecurity,
             (select array_agg(t.tgname || ' ' || t.tgenabled::text order by t.tgname) from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal) as triggers,
             (select count(*)::int from pg_trigger t where t.tgrelid = c.oid and t.tgenabled <> 'O') as asleep
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema' order by 1`,
        );
        return rows;
      });
    const { database } = await restoreOf(directory);
    const found = await guards(database.adminUrl);
    expect(found).toEqual(await guards(s.database.adminUrl));
    expect(found).toContainEqual(expect.objectContaining({ name: 'persons', relforcerowsecurity: true, asleep: 0 }));
    expect((found as { asleep: number }[]).filter(({ asleep }) => asleep > 0)).toEqual([]);
  });

  test('one whose list of tables and columns was changed is refused, since SQL is composed of it', async () => {
    const at = rewritten('house.adopted', (text) => text.replace('cases\t', 'case" s\t'));
    await expect(restoreOf(at)).rejects.toThrow(/house\.adopted of the backup is not what the migrations make/);
    const odd = forged((forgery) => void forgery.migrations.shift());
    await expect(restoreOf(odd)).rejects.toThrow(/names migrations that no Kualik has run/);
  });

  test('one whose log was signed by another key is refused by whoever knows the key', async () => {
    const other = await freshDatabase();
    const theirs = await audited(other);
    try {
      await expect(restoreOf(directory, { key: formatVerifier(theirs.signer) })).rejects.toThrow(
        /not signed with the key/,
      );
    } finally {
      await theirs.close();
      await other.drop();
    }
  });

  test('is not made of a database whose SQL is that of another version, since it could not be restored', async () => {
    const other = await freshDatabase();
    try {
      await withClient(other.adminUrl, (client) => client.query(`update house_repeatables set hash = repeat('0', 64) where file = '10-records.sql'`)); // prettier-ignore
      await expect(copyDatabase(other.adminUrl, emptyPlace())).rejects.toThrow(/by another version of Kualik/);
    } finally {
      await other.drop();
    }
  });

  test('of an earlier version is restored as it was, then brought up to date, or refused where our SQL cannot make it; of a newer one it is refused', async () => {
    class Later implements MigrationInterface {
      name = 'Later1700000009999';
      async up(q: QueryRunner): Promise<void> {
        await q.query(`alter table persons add column shoe_size integer`);
      }
      async down(): Promise<void> {}
    }
    const ours = {
      migrations: [...(Object.values(migrations) as (new () => MigrationInterface)[]), Later],
      repeatable: repeatableDirectory,
    };
    const { database } = await restoreOf(directory, { ours });
    const { rows } = await withClient(database.adminUrl, (client) =>
      client.query('select id, shoe_size from persons where id = $1', [patient]),
    );
    expect(rows).toEqual([{ id: patient, shoe_size: null }]);
    // SQL of today may need what came later, but not where it makes tables.
    const furnished = (file: string): string => {
      const repeatable = emptyPlace();
      fs.cpSync(repeatableDirectory, repeatable, { recursive: true });
      fs.appendFileSync(join(repeatable, file), `;comment on column persons.shoe_size is 'Later.';`);
      return repeatable;
    };
    const { said } = await restoreOf(directory, { ours: { ...ours, repeatable: furnished('25-lineage.sql') } });
    expect(said).toMatch(/^The audit holds/);
    await expect(restoreOf(directory, { ours: { ...ours, repeatable: furnished('40-history.sql') } })).rejects.toThrow(
      /cannot make any more .*Restore it with the version that made it, then upgrade/,
    );
    const newer = forged((forgery) => forgery.migrations.push('Later1700000009999'));
    await expect(restoreOf(newer)).rejects.toThrow(/made by a newer Kualik/);
  });
});

/** KUALIK_LONG=1: the promised million rows in five minutes; else a twenty-fifth of them, without a clock. */
const PARTS = LONG ? 25 : 1;

describe('many rows', () => {
  test('are saved and restored', async () => {
    const [from, to] = [await freshDatabase(), await freshDatabase('empty')];
    try {
      // A person is a row, a record, a version and an entry of the audit.
      for (let part = 0; part < PARTS; part++)
        await withClient(from.loaderUrl, (client) =>
          client.query('insert into persons (sensitivity) select 1 from generate_series(1, 10000)'),
        );
      const directory = emptyPlace();
      const started = performance.now();
      const { manifest } = await copyDatabase(from.adminUrl, directory);
      const saved = performance.now();
      const backup = readBackup(directory);
      await checkFiles(backup);
      await fillDatabase(to.adminUrl, testSecret(), backup);
      const restored = performance.now();
      const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
      expect(rows).toBeGreaterThan(PARTS * 40_000);
      const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
      promise(
        16,
        `${rows} rows saved in ${seconds(saved - started)}, restored and verified in ${seconds(restored - saved)}`,
      );
      if (LONG) expect(restored - started).toBeLessThan(5 * 60_000);
    } finally {
      await from.drop();
      await to.drop();
    }
  }, 1_200_000);
});
