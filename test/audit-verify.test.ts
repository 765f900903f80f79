// Whatever is done to the log behind its back is found, and the first bad entry is named: a hundred times in the database,
// by a superuser with every trigger switched off, and a hundred times in an exported file.
import pg from 'pg';
import { linesOfDatabase, type EntryLine } from '../src/audit/lines.js';
import { formatVerifier, newSigner, parseCheckpoint, parseVerifier, signCheckpoint } from '../src/audit/note.js';
import { verifyLines, type Trust, type Verdict } from '../src/audit/verify.js';
import { withClient } from '../src/db/client.js';
import { audited, batches, type Audited } from './support/auditing.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

const ROUNDS = 100;
const CHECKPOINTS = 4;
const PER_CHECKPOINT = 12;
const TAIL = 5;

let database: FreshDatabase;
let log: Audited;
let admin: pg.Client;
let lines: string[];
let trust: Trust;
/** In the order of sealing. */
let sealed: number[];

beforeAll(async () => {
  database = await freshDatabase();
  log = await audited(database);
  await withClient(database.loaderUrl, async (client) => {
    const add = (n: number): Promise<unknown> =>
      client.query(`insert into places (name, kind, native_name) values ($1, 'LOCALITY', $2)`, [
        `Place ${n}`,
        '"é"\n😀',
      ]);
    for (let checkpoint = 0; checkpoint < CHECKPOINTS; checkpoint++) {
      for (let n = 0; n < PER_CHECKPOINT; n++) {
        // Numbers that came to nothing leave gaps.
        if (n % 5 === 0) await client.query('begin');
        if (n % 5 === 0) await add(n);
        if (n % 5 === 0) await client.query('rollback');
        await add(n);
      }
      await log.sealAll();
    }
    for (let n = 0; n < TAIL; n++) await add(n);
  });
  lines = await log.lines();
  const last = parseCheckpoint(
    lines.flatMap((line) => (JSON.parse(line) as { checkpoint?: string }).checkpoint ?? []).at(-1)!,
  )!;
  trust = { key: log.signer, checkpoints: [{ from: 'sent to a partner', checkpoint: last }] };
  sealed = entriesOf(lines).flatMap(({ position, seq }) => (position === null ? [] : [seq]));
  admin = new pg.Client(database.adminUrl);
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await log?.close();
  await database?.drop();
});

const entriesOf = (of: string[]): EntryLine[] =>
  of.map((line) => JSON.parse(line) as EntryLine).filter((line) => line.seq !== undefined);
const judge = (changed: string[]): Promise<Verdict> => verifyLines(batches(changed), trust);

/** Numbers that are the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2_654_435_761 + 12_345;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Two different places in the order of sealing, the first one first. */
function two(roll: (sides: number) => number): [number, number] {
  const a = roll(sealed.length);
  const b = (a + 1 + roll(sealed.length - 1)) % sealed.length;
  return [Math.min(a, b), Math.max(a, b)];
}

/** What the first fault points at: an entry, or the end of what is left. */
const firstOf = ({ faults: [first] }: Verdict): string =>
  first ? `${first.after ? 'after ' : ''}${first.seq}` : 'nothing';

test('what nobody touched holds', async () => {
  expect(sealed).toHaveLength(CHECKPOINTS * PER_CHECKPOINT);
  expect(await judge(lines)).toMatchObject({
    faults: [],
    sealed: sealed.length,
    unsealed: TAIL,
    checkpoints: CHECKPOINTS,
    last: { size: sealed.length },
    keyIsOnlyClaimed: false,
  });
});

describe('in the database', () => {
  type Tampering = [sql: string, values: unknown[], expected: string];
  const bytea = (column: string, seq: number, at: number): Tampering => [
    `update audit.entries set ${column} = set_byte(${column}, $2, get_byte(${column}, $2) # 1) where seq = $1`,
    [seq, at],
    `${seq}`,
  ];
  const header = (column: string, to: string, seq: number): Tampering => [
    `update audit.entries set ${column} = ${to} where seq = $1`,
    [seq],
    `${seq}`,
  ];
  const KINDS: ((roll: (sides: number) => number, seq: number) => Tampering)[] = [
    (roll, seq) => bytea('leaf', seq, roll(32)),
    (roll, seq) => bytea('salt', seq, roll(16)),
    (roll, seq) => [
      `update audit.entries set payload = overlay(payload placing case substr(payload, $2, 1) when '0' then '1' else '0' end from $2 for 1) where seq = $1`,
      [seq, 1 + roll(200)],
      `${seq}`,
    ],
    (_, seq) => header('actor', `actor || 'x'`, seq),
    (_, seq) => header('at', `at + interval '1 microsecond'`, seq),
    (_, seq) => header('record_id', 'gen_random_uuid()::text', seq),
    (_, seq) => header('version', 'version + 1', seq),
    (_, seq) => header('level', '0', seq),
    (_, seq) => header('transaction_id', 'transaction_id + 1', seq),
    (_, seq) => header('kind', `'read'`, seq),
    (_, seq) => ['delete from audit.entries where seq = $1', [seq], `${seq}`],
    (roll) => {
      const [a, b] = two(roll).map((n) => sealed[n]!) as [number, number];
      return [
        `do $$ begin update audit.entries set seq = -1 where seq = ${a}; update audit.entries set seq = ${a} where seq = ${b}; update audit.entries set seq = ${b} where seq = -1; end $$`,
        [],
        `${a}`,
      ];
    },
    (_, seq) => ['delete from audit.entries where seq >= $1', [seq], `${seq}`],
  ];

  async function judgeTampered(sql: string, values: unknown[]): Promise<Verdict> {
    await admin.query('begin');
    try {
      await admin.query('set local session_replication_role = replica');
      const { rowCount } = await admin.query(sql, values);
      expect(rowCount).not.toBe(0);
      return await verifyLines(linesOfDatabase(admin), trust);
    } finally {
      await admin.query('rollback');
    }
  }

  test(`${ROUNDS} tamperings: the first bad entry is named each time`, async () => {
    const missed: unknown[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const roll = dice(round);
      const [sql, values, expected] = KINDS[round % KINDS.length]!(roll, sealed[roll(sealed.length)]!);
      const verdict = await judgeTampered(sql, values);
      if (firstOf(verdict) !== expected) missed.push({ round, sql, values, expected, found: verdict.faults[0] });
    }
    expect(missed).toEqual([]);
  }, 120_000);

  test('the order of sealing and the signatures are guarded as well', async () => {
    const [a, b] = [sealed[14]!, sealed[17]!];
    const swapped = await judgeTampered(
      `do $$ begin update audit.positions set seq = -1 where seq = ${a}; update audit.positions set seq = ${a} where seq = ${b}; update audit.positions set seq = ${b} where seq = -1; end $$`,
      [],
    );
    expect([`${a}`, `${b}`]).toContain(firstOf(swapped));
    expect(firstOf(await judgeTampered('delete from audit.positions where seq = $1', [a]))).toBe(`after ${sealed[13]}`);
    expect(firstOf(await judgeTampered('delete from audit.positions where position >= $1', [20]))).toBe(
      `after ${sealed[19]}`,
    );
    expect(
      firstOf(
        await judgeTampered(
          `update audit.checkpoints set note = replace(note, 'settled', 'Settled') where size = $1`,
          [24],
        ),
      ),
    ).toBe(`${sealed[12]}`);
    // Somebody with a key of his own signs a whole new end.
    const other = newSigner();
    const forged = signCheckpoint({ ...other, name: log.signer.name }, 24, Buffer.alloc(32), '0').note;
    expect(firstOf(await judgeTampered('update audit.checkpoints set note = $2 where size = $1', [24, forged]))).toBe(
      `${sealed[12]}`,
    );
  });

  test('an entry with a leaf that was computed again is found by the root of its checkpoint, in whose span it lies', async () => {
    const verdict = await judgeTampered(
      `update audit.entries set payload = 'null', leaf = audit.leaf(sha256(salt || 'null'::bytea),
         audit.header(seq, record_id, version, level, team_id, audit.tail(transaction_id, at, kind, actor, request, noun, operation))) where seq = $1`,
      [sealed[29]],
    );
    expect(verdict.faults[0]).toMatchObject({ seq: sealed[24] });
    expect(verdict.faults[0]!.what).toContain(
      `The entries ${sealed[24]} to ${sealed[35]} are not those that were sealed`,
    );
  });

  test('an entry that was put in later and says it is old is found', async () => {
    const verdict = await judgeTampered(
      `insert into audit.entries select (jsonb_populate_record(e, jsonb_build_object('seq', 9999, 'leaf', '\\x' || encode(
         audit.leaf(sha256(e.salt || convert_to(e.payload, 'UTF8')), audit.header(9999, record_id, version, level, team_id, audit.tail(transaction_id, at, kind, actor, request, noun, operation))), 'hex')))).*
       from audit.entries e where seq = $1`,
      [sealed[3]],
    );
    expect(verdict.faults[0]).toEqual({
      seq: 9999,
      what: 'It says that it was entered before a checkpoint in which it is not.',
    });
  });

  test('a log that was cut off with its checkpoints is whole in itself; a checkpoint that left the house tells', async () => {
    const cut = `do $$ begin delete from audit.checkpoints where size > 24; delete from audit.positions where position >= 24; delete from audit.entries where seq > ${sealed[23]}; end $$`;
    const verdict = await judgeTampered(cut, []);
    expect(firstOf(verdict)).toBe(`after ${sealed[23]}`);
    expect(verdict.faults[0]!.what).toContain(
      'the checkpoint sent to a partner counts 48 entries, but only 24 are sealed here',
    );
  });
});

describe('in an exported file', () => {
  const at = (place: number): number =>
    lines.findIndex((line) => (JSON.parse(line) as EntryLine).seq === sealed[place]);
  const edited = (place: number, change: (line: any) => void): string[] => {
    const line = JSON.parse(lines[at(place)]!) as EntryLine;
    change(line);
    return lines.with(at(place), JSON.stringify(line));
  };
  const flip = (text: string, n: number): string => {
    const k = n % text.length;
    return text.slice(0, k) + (text[k] === '0' ? '1' : '0') + text.slice(k + 1);
  };
  const KINDS: ((roll: (sides: number) => number, place: number) => [string[], number])[] = [
    (roll, n) => [edited(n, (line) => (line.leaf = flip(line.leaf, roll(64)))), n],
    (roll, n) => [edited(n, (line) => (line.salt = flip(line.salt, roll(32)))), n],
    (roll, n) => [edited(n, (line) => (line.payload = flip(line.payload, roll(300)))), n],
    (roll, n) => [edited(n, (line) => (line.header[2 + roll(11)] = 'x')), n],
    (_, n) => [lines.toSpliced(at(n), 1), n],
    (roll) => {
      const [a, b] = two(roll);
      return [lines.with(at(a), lines[at(b)]!).with(at(b), lines[at(a)]!), a];
    },
    (_, n) => [lines.slice(0, at(n)), n],
    // Any byte of the line, broken JSON included.
    (roll, n) => {
      const line = lines[at(n)]!;
      const k = roll(line.length);
      return [lines.with(at(n), `${line.slice(0, k)}${line[k] === '#' ? '%' : '#'}${line.slice(k + 1)}`), n];
    },
    (roll, n) => [lines.with(at(n), lines[at(n)]!.slice(0, roll(lines[at(n)]!.length))).slice(0, at(n) + 1), n],
  ];

  test(`${ROUNDS} tamperings: the first bad entry is named each time`, async () => {
    const missed: unknown[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const roll = dice(1000 + round);
      const [changed, place] = KINDS[round % KINDS.length]!(roll, roll(sealed.length));
      const verdict = await judge(changed);
      if (firstOf(verdict) !== `${sealed[place]}`)
        missed.push({ round, kind: round % KINDS.length, expected: sealed[place], found: verdict.faults[0] });
    }
    expect(missed).toEqual([]);
  });

  test('no single byte of the file can be another one', async () => {
    const roll = dice(7);
    const unnoticed: string[] = [];
    for (const [n, line] of lines.entries())
      for (let tries = 0; tries < 12; tries++) {
        const k = roll(line.length);
        const other = String.fromCharCode(line.charCodeAt(k) ^ 1);
        const changed = lines.with(n, line.slice(0, k) + other + line.slice(k + 1));
        // The key is known from elsewhere: what the file says of it does not count.
        if (line.startsWith('{"export"') && k >= line.indexOf('"key"')) continue;
        if ((await judge(changed)).faults.length === 0) unnoticed.push(changed[n]!);
      }
    expect(unnoticed).toEqual([]);
  }, 60_000);

  test('without a key from elsewhere the file vouches for itself, and the verdict says so', async () => {
    expect(await verifyLines(batches(lines), {})).toMatchObject({ faults: [], keyIsOnlyClaimed: true });
    const { faults } = await verifyLines(batches(lines), { key: newSigner() });
    expect(faults[0]!.what).toContain('was not signed with the key of this log');
    expect((await verifyLines(batches([]), {})).faults).not.toEqual([]);
  });
});

test('keys and notes are those of C2SP: a known note is read, and ours is what the format says', () => {
  // The example of golang.org/x/mod/sumdb/note, whose key names are made the same way.
  const known = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  expect(formatVerifier(parseVerifier(known)!)).toBe(known);
  expect(parseVerifier(known.replace('c74f20a3', 'c74f20a4'))).toBeUndefined();
  const note = JSON.parse(lines.find((line) => line.startsWith('{"checkpoint"'))!) as { checkpoint: string };
  expect(note.checkpoint).toMatch(
    /^kualik\/audit\/[0-9a-f]{12}\n12\n[A-Za-z0-9+/]{43}=\nsettled \d+\n\n\u2014 kualik\/audit\/[0-9a-f]{12} [A-Za-z0-9+/]{91}=\n$/,
  );
});
