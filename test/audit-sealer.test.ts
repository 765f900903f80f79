// Sealing beside writers: in one order for ever, by one server at a time, and never over a history that is not the one that
// was sealed.
import * as fs from 'node:fs';
import pg from 'pg';
import { checkpointFile, readLastCheckpoint } from '../src/audit/key-file.js';
import { resumeSealing } from '../src/audit/resume.js';
import { startSealer, type SealerOptions } from '../src/audit/sealer.js';
import { withClient } from '../src/db/client.js';
import { audited, type Audited } from './support/auditing.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';
import { killChildren, runScript } from './support/processes.js';
import { sleep } from './support/writers.js';

// The server is shared with other tests, whose transactions hold sealing up.
const PATIENT = 120_000;

let database: FreshDatabase;
let log: Audited;
beforeEach(async () => {
  database = await freshDatabase();
  log = await audited(database);
});
afterEach(async () => {
  await log?.close();
  await database?.drop();
  await killChildren();
});

const ADD = `insert into places (name, kind) values ($1, 'LOCALITY')`;
const add = (name: string): Promise<unknown> => withClient(database.loaderUrl, (client) => client.query(ADD, [name]));
const sealedNow = async (): Promise<number> => (await log.verify()).sealed;
const quiet = (): { logger: SealerOptions['logger']; said: string[] } => {
  const said: string[] = [];
  const say = (about: object, what?: string): void =>
    void said.push(`${what}: ${(about as { reason?: string }).reason}`);
  return { said, logger: { info: say, warn: say, error: say } as unknown as SealerOptions['logger'] };
};
async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await sleep(20);
}

test(
  'what is not committed waits, whatever its number and its instant; what comes later is not lost and takes the next place',
  async () => {
    const slow = new pg.Client(database.loaderUrl);
    await slow.connect();
    await slow.query('begin');
    await slow.query(ADD, ['began first']);
    await add('ended first');
    // The oldest transaction is still running: nothing after it is settled.
    expect(await log.seal()).toBe(0);
    await slow.query('commit');
    await slow.end();
    await log.sealAll();

    const late = new pg.Client(database.loaderUrl);
    await late.connect();
    await late.query('begin isolation level repeatable read');
    await late.query('select 1');
    await add('before the late one writes');
    await log.sealAll();
    await late.query(ADD, ['late, by an older snapshot']);
    await late.query('commit');
    await late.end();
    await log.sealAll();
    for (let n = 0; n < 5; n++) expect(await log.seal()).toBe(0);
    expect(await log.sealAnew()).toBe(0);
    expect(await log.verify()).toMatchObject({ faults: [], sealed: 4, unsealed: 0 });
  },
  PATIENT,
);

test(
  'numbers that were taken and given back do not hide those that follow',
  async () => {
    const taken = new pg.Client(database.loaderUrl);
    await taken.connect();
    for (let round = 0; round < 12; round++) {
      await taken.query('begin');
      await taken.query(ADD, ['given back']);
      await add(`kept ${round}`);
      await log.seal();
      await taken.query(round % 2 ? 'rollback' : 'commit');
      if (round % 3 === 0) await log.sealAll();
    }
    await log.sealAll();
    await taken.end();
    expect(await log.verify()).toMatchObject({ faults: [], sealed: 18, unsealed: 0 });
  },
  PATIENT,
);

test(
  'the clock has no say: an entry of the future is sealed where it stands',
  async () => {
    await add('today');
    await log.sealAll();
    // A clock that was set back by years: the later entry carries the earlier instant.
    await withClient(database.migrateUrl, (client) =>
      client.query(`do $$ declare at timestamptz := '1999-01-01'; s bytea := uuid_send(gen_random_uuid()); n bigint := nextval('audit.numbers'); own bigint := audit.transaction_number(); begin
      insert into audit.entries (seq, transaction_id, at, kind, operation, actor, salt, payload, leaf) values (n, own, at, 'read', 'past', 'x', s, 'null',
        audit.leaf(sha256(s || 'null'::bytea), audit.header(n, null, null, null, null, audit.tail(own, at, 'read', 'x', null, null, 'past')))); end $$`),
    );
    await add('tomorrow');
    await log.sealAll();
    expect(await log.verify()).toMatchObject({ faults: [], sealed: 3 });
  },
  PATIENT,
);

test(
  'two servers seal at once: every entry once, one chain',
  async () => {
    const { logger, said } = quiet();
    const options = { url: database.sealerUrl, keyFile: log.keyFile, intervalMs: 5, logger };
    const servers = [startSealer(options), startSealer(options), startSealer(options)];
    try {
      for (let n = 0; n < 60; n++) await add(`place ${n}`);
      await until(async () => (await sealedNow()) === 60);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
    const { faults, checkpoints } = await log.verify();
    expect(faults).toEqual([]);
    expect(checkpoints).toBeGreaterThan(1);
    expect(said).toEqual([]);
  },
  PATIENT,
);

test(
  'a server that is killed while it seals leaves a whole log, and the next one goes on',
  async () => {
    for (let round = 0; round < 4; round++) {
      const child = runScript('test/support/sealer-child.ts', [], {
        env: { SEALER_URL: database.sealerUrl, KEY_FILE: log.keyFile },
      });
      await child.line(/sealing/);
      const before = await sealedNow();
      for (let n = 0; n < 10 + round; n++) await add(`round ${round}, ${n}`);
      await until(async () => (await sealedNow()) > before);
      child.process.kill('SIGKILL');
      await child.ended;
      expect((await log.verify()).faults).toEqual([]);
    }
    const { length } = await log.entries();
    // The killed one may still hold the lock for a moment.
    await until(async () => (await log.seal()) !== undefined);
    await log.sealAll();
    expect(await log.verify()).toMatchObject({ faults: [], sealed: length, unsealed: 0 });
  },
  PATIENT,
);

test(
  'killed between the commit and the file: the file is caught up',
  async () => {
    await add('one');
    await log.sealAll();
    const old = fs.readFileSync(checkpointFile(log.keyFile));
    await add('two');
    await log.sealAll();
    fs.writeFileSync(checkpointFile(log.keyFile), old);
    expect(await log.sealAnew()).toBe(0);
    expect(readLastCheckpoint(log.keyFile)!.size).toBe(2);
  },
  PATIENT,
);

describe('nothing is signed over', () => {
  const three = async (): Promise<void> => {
    for (const name of ['one', 'two', 'three']) {
      await add(name);
      await log.sealAll();
    }
    await add('four');
  };

  test.each([
    [
      'a tail that was removed',
      'delete from audit.entries where seq = 3',
      /Of the entries 2 to 3 of the tree 0 are there/,
    ],
    [
      'a database that was rolled back',
      'do $$ begin delete from audit.checkpoints where size > 1; delete from audit.positions where position > 0; delete from audit.entries where seq > 1; end $$',
      /knows 1 sealed entries, but 3 were sealed: it was rolled back or cut off/,
    ],
    [
      'an emptied log',
      'truncate audit.entries, audit.positions, audit.checkpoints',
      /knows 0 sealed entries, but 3 were sealed/,
    ],
    [
      'a checkpoint of another key',
      `update audit.checkpoints set note = replace(note, 'kualik/audit/', 'other/') where size = 3`,
      /was not signed with this audit key/,
    ],
  ])(
    '%s',
    async (_, tampering, why) => {
      await three();
      await log.tamper(tampering);
      await expect(log.seal()).rejects.toThrow(why);
      await expect(log.sealAnew()).rejects.toThrow(why);
    },
    PATIENT,
  );

  test(
    'an entry in the middle that was exchanged is found by the next server that starts',
    async () => {
      await three();
      await log.tamper('update audit.entries set leaf = sha256(leaf) where seq = 2');
      await expect(log.sealAnew()).rejects.toThrow(
        'The first 3 entries are not those of the checkpoint beside the audit key',
      );
      fs.rmSync(checkpointFile(log.keyFile));
      await expect(log.sealAnew()).rejects.toThrow('The first 3 entries are not those that were sealed');
    },
    PATIENT,
  );

  test(
    'the server says it once, plainly, and goes on when it is healed',
    async () => {
      await three();
      const { logger, said } = quiet();
      await log.tamper(
        `alter table audit.positions rename to hidden; create table audit.positions as select * from audit.hidden limit 1; grant select, insert on audit.positions to kualik_sealer`,
      );
      const server = startSealer({ url: database.sealerUrl, keyFile: log.keyFile, intervalMs: 5, logger });
      await until(() => server.fault() !== undefined);
      await sleep(100);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(/the audit cannot be sealed: .*Nothing more is sealed. Compare with a copy/);
      await log.tamper('drop table audit.positions; alter table audit.hidden rename to positions');
      await until(async () => said.length === 2 && (await sealedNow()) === 4);
      await server.stop();
      expect(said[1]).toContain('the audit is sealed again');
      expect(await log.verify()).toMatchObject({ faults: [], sealed: 4 });
    },
    PATIENT,
  );

  test(
    'after a restore a person says why, the loss is entered, and sealing goes on',
    async () => {
      await three();
      const refuse = withClient(database.migrateUrl, (client) =>
        resumeSealing(client, log.keyFile, 'root', 'too early'),
      );
      await expect(refuse).rejects.toThrow('nothing was lost');
      await log.tamper(
        'do $$ begin delete from audit.checkpoints where size > 1; delete from audit.positions where position > 0; delete from audit.entries where seq > 1; end $$',
      );
      const aside = await withClient(database.migrateUrl, (client) =>
        resumeSealing(client, log.keyFile, 'root', 'restored from Sunday'),
      );
      expect(fs.readFileSync(aside, 'utf8')).toMatch(/\n3\n/);
      const { sealed } = await log.verify();
      await until(async () => (await log.sealAnew()) === 1);
      const entries = await log.entries();
      expect(entries).toHaveLength(sealed + 1);
      expect(entries.at(-1)).toMatchObject({ kind: 'loss', actor: 'root' });
      expect(entries.at(-1)!.payload).toContain('restored from Sunday');
      expect((await log.verify()).faults).toEqual([]);
    },
    PATIENT,
  );
});
