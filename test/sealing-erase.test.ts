// What must never be: a clear text anywhere but in the answer to who may read it; an erased value that comes back; a report on
// a person that leaves something out.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { withClient } from '../src/db/client.js';
import { eraseRecord, planOf } from '../src/commands/erase.js';
import { joinKey, splitKey } from '../src/commands/key.js';
import type { Config } from '../src/config.js';
import { readKek } from '../src/sealing/key-file.js';
import { openKeyring } from '../src/sealing/keyring.js';
import { rotateKeys } from '../src/sealing/keys-in-use.js';
import { writeShare } from '../src/sealing/shares.js';
import { subjectReport } from '../src/sealed/subject.js';
import { killChildren, runScript } from './support/processes.js';
import { keyDirectory, person, READ, read, SAVE, seal, sealing, type Sealing } from './support/sealing.js';
import { TEST_DATA } from './support/test-server.js';

let s: Sealing;
beforeAll(async () => {
  s = await sealing();
});
afterAll(async () => {
  await killChildren();
  await s?.close();
});

const loader = <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => withClient(s.database.loaderUrl, work);
const report = async (id: string) => (await loader((client) => subjectReport(client, openKeyring(s.place.file), id)))!;
const save = async (type: string, input: object): Promise<string> =>
  (await s.ask(3, `mutation ($input: Save${type}Input!) { save${type}(input: $input) { id } }`, { input }))[
    `save${type}`
  ].id;

/** Every row of every table in the database, as text. */
async function everything(): Promise<string> {
  const tables = await s.sql<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  );
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['public.sealed_values', 'history.sealed_values', 'house.idempotency_keys', 'seal.keys'])); // prettier-ignore
  const all: string[] = [];
  for (const { name } of tables)
    all.push(...(await s.sql<{ row: string }>(`select t::text as row from ${name} t`)).map(({ row }) => row));
  return all.join('\n');
}

/** The log of PostgreSQL, where it is the embedded one. */
const serverLogs = (): string =>
  ['server.log.1', 'server.log']
    .map((file) => join(TEST_DATA, 'postgres', file))
    .filter((file) => fs.existsSync(file))
    .map((file) => fs.readFileSync(file, 'utf8'))
    .join('\n');

describe('a canary', () => {
  // Digits alone as well: a log may leave out words.
  const CANARIES = ['KANARIENVOGEL-7f3', '90412377551'];
  const hasCanary = (text: string): boolean =>
    CANARIES.some((canary) =>
      [canary, Buffer.from(canary).toString('base64').slice(0, -3), Buffer.from(canary).toString('hex')].some((form) =>
        text.includes(form),
      ),
    );

  test('is found where it should be found', () => {
    expect(hasCanary(`x ${CANARIES[0]} y`)).toBe(true);
    expect(hasCanary('nothing')).toBe(false);
  });

  test('that was sealed, changed, refused and sent twice is in no table, no log and no error', async () => {
    // A server whose log says all that it ever says.
    const { parts } = await import('../src/wiring.js');
    const { openPools } = await import('../src/db/pools.js');
    const { pino } = await import('pino');
    const { BlockList } = await import('node:net');
    const pools = openPools(s.database, { entities: parts.entities });
    const lines: string[] = [];
    const server = await parts.startServer({
      config: { port: 0, host: '127.0.0.1', dataDir: s.directory, logLevel: 'trace', trustedProxies: new BlockList(), anonymous: 'on' } as never, // prettier-ignore
      secret: Buffer.alloc(32, 1),
      pools,
      demo: true,
      logger: pino({ level: 'trace' }, { write: (line) => void lines.push(line) }),
    });
    const send = async (body: object): Promise<string> =>
      (
        await fetch(`${server.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...s.people[3].bySession },
          body: JSON.stringify(body),
        })
      ).text();
    try {
      const record = await person(s);
      for (const canary of CANARIES) {
        const input = { record, kind: 'CONTACT', label: 'telephone', value: canary, idempotencyKey: randomUUID() };
        const made = JSON.parse(await send({ query: SAVE, variables: { input } })).data.saveSealedValue;
        expect(made.value).toBe(canary);
        await send({ query: SAVE, variables: { input } });
        await send({ query: SAVE, variables: { input: { id: made.id, expectedVersion: 1, label: 'mobile' } } });
        await send({ query: READ, variables: { id: record } });
        const wrong = [
          { input: { ...input, value: `${canary}1` } },
          { input: { ...input, idempotencyKey: null, record: randomUUID() } },
          { input: { ...input, idempotencyKey: null, sensitivity: 'PUBLIC' } },
          { input: { ...input, idempotencyKey: null, label: 'x'.repeat(201) } },
          { input: { id: made.id, expectedVersion: 1, value: canary } },
          { input: { id: made.id, expectedVersion: 2, value: canary.repeat(400) } },
        ];
        for (const variables of wrong) {
          const answer = await send({ query: SAVE, variables });
          expect(answer).toContain('errors');
          expect(hasCanary(answer)).toBe(false);
        }
        // What does not fit the schema.
        const misfits = [
          { input: { ...input, value: Number.parseInt(canary) || 7 } },
          { input: { ...input, value: [canary] } },
          { input: { ...input, kind: 'TELEPHONE' } },
          { input: { ...input, number: canary } },
          { input: [canary] },
        ];
        for (const variables of misfits) {
          const answer = await send({ query: SAVE, variables });
          expect(answer).toMatch(/does not fit the schema/);
          expect(hasCanary(answer)).toBe(false);
        }
        // A document that is wrong is answered with its own words; the log has none of them.
        await send({
          query: `mutation { saveSealedValue(input: { record: "${record}", kind: OTHER, value: "${canary}", x: 1 }) { id } }`,
        });
        await send({ query: `mutation { saveSealedValue(input: { value: "${canary} }) { id } }` });
      }
    } finally {
      await server.stop();
      await pools.close();
    }
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(hasCanary)).toEqual([]);
    expect(hasCanary(await everything())).toBe(false);
    if (!process.env.TEST_DATABASE_URL) {
      expect(serverLogs().length).toBeGreaterThan(0);
      expect(hasCanary(serverLogs())).toBe(false);
    }
  });
});

describe('erasure', () => {
  async function someone() {
    const amina = await person(s);
    const bolat = await person(s);
    const document = await save('StatusDocument', { person: amina, country: 'KZ', kind: 'ASYLUM_SEEKER_CERTIFICATE' });
    const own = await seal(s, { record: amina, label: 'passport', value: 'N 1' });
    await seal(s, { id: own.id, expectedVersion: 1, value: 'N 2' });
    const below = await seal(s, { record: document, label: 'certificate', value: 'C 1' });
    const other = await seal(s, { record: bolat, label: 'passport', value: 'B 1' });
    return { amina, bolat, document, own, below, other };
  }
  const at = async (id: string): Promise<string> => {
    const [{ at: found }] = (await s.sql<{ at: string }>(
      `select to_char(max(recorded_from) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from history.sealed_values
       where id = $1 and retracted_at is null`,
      [id],
    )) as [{ at: string }];
    return found;
  };
  const THEN = `query ($id: ID!, $at: DateTime!) { node(id: $id, asOf: { recordedBy: $at }) { ... on SealedValue { value redacted } } }`;

  test('is for ever: of the record, of what belongs to it, in all versions, and of nobody else', async () => {
    const { amina, bolat, document, own, below, other } = await someone();
    const before = { own: await at(own.id), below: await at(below.id) };
    expect(await loader((client) => planOf(client, amina))).toEqual({
      noun: 'persons',
      reached: expect.arrayContaining([
        { noun: 'persons', records: 1, versions: 1 },
        { noun: 'sealed_values', records: 2, versions: 3 },
        { noun: 'status_documents', records: 1, versions: 1 },
      ]),
      keys: 2,
    });
    await expect(loader((client) => planOf(client, own.id))).rejects.toThrow(/shares its key/);
    await expect(loader((client) => planOf(client, randomUUID()))).rejects.toThrow(/no record with this id/);
    expect((await s.ask(3, THEN, { id: own.id, at: before.own })).node).toEqual({ value: 'N 2', redacted: null });

    expect(await loader((client) => eraseRecord(client, amina, 'She asked for it.'))).toEqual({
      keys: 2,
      retracted: true,
      entries: 5,
    });

    const { nodes } = await s.ask(3, 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }', {
      ids: [amina, document, own.id, below.id],
    });
    expect(nodes.map((node: any) => node.__typename)).toEqual(['Tombstone', 'Tombstone', 'Tombstone', 'Tombstone']);
    for (const [one, when] of [
      [own, before.own],
      [below, before.below],
    ] as const)
      expect((await s.ask(3, THEN, { id: one.id, at: when })).node).toEqual({ value: null, redacted: 'ERASED' });
    expect((await read(s, bolat)).map(({ id, value }) => [id, value])).toEqual([[other.id, 'B 1']]);
    expect(await s.sql('select wrapped, destroyed_why from seal.keys where compartment in ($1, $2)', [amina, document])).toEqual([
      { wrapped: null, destroyed_why: 'She asked for it.' },
      { wrapped: null, destroyed_why: 'She asked for it.' },
    ]); // prettier-ignore
    // History is whole, and nothing brings the keys back: neither a restoration nor a rotation nor the owner of the table.
    expect(await s.sql('select * from history.faults()')).toEqual([]);
    await s.ask(3, 'mutation ($input: RestoreInput!) { restore(input: $input) { id } }', {
      input: { id: amina, changeReason: 'A mistake.' },
    });
    await rotateKeys(s.database.migrateUrl, s.place);
    expect(await read(s, amina)).toMatchObject([{ label: 'passport', value: null, redacted: 'ERASED' }]);
    await expect(
      withClient(s.database.migrateUrl, (owner) =>
        owner.query(`update seal.keys set wrapped = $1, destroyed_at = null where compartment = $2`, [
          'A'.repeat(80),
          amina,
        ]),
      ),
    ).rejects.toThrow(/gone for ever/);
    // Its label can be changed no more, and a new value gets a new key.
    const [{ id, version }] = (await read(s, amina)) as [{ id: string; version: number }];
    const { errors } = await s.run(3, SAVE, { input: { id, expectedVersion: version, label: 'x' } });
    expect(errors[0]!.extensions.rule).toBe('sealed_value_is_intact');
    expect(await seal(s, { id, expectedVersion: version, value: 'N 3' })).toMatchObject({ value: 'N 3' });
    expect((await s.ask(3, THEN, { id: own.id, at: before.own })).node).toEqual({ value: null, redacted: 'ERASED' });
  });

  test('also of what was retracted before', async () => {
    const { amina, document, below } = await someone();
    await s.ask(3, 'mutation ($input: RetractInput!) { retract(input: $input) { id } }', {
      input: { id: document, expectedVersion: 1, changeReason: 'Not hers.' },
    });
    const when = await at(below.id);
    expect(await loader((client) => eraseRecord(client, amina, 'Asked.'))).toMatchObject({ keys: 2, retracted: true });
    expect((await s.ask(3, THEN, { id: below.id, at: when })).node).toMatchObject({ redacted: 'ERASED' });
    // Once more is nothing more.
    expect(await loader((client) => eraseRecord(client, amina, 'Asked.'))).toEqual({
      keys: 0,
      retracted: false,
      entries: 0,
    });
  });

  test('is entered with who and why, also of what was retracted before; without a reason nothing is done', async () => {
    const { amina } = await someone();
    await s.ask(3, 'mutation ($input: RetractInput!) { retract(input: $input) { id } }', {
      input: { id: amina, expectedVersion: 1, changeReason: 'A mistake.' },
    });
    for (const why of ['', ' ', null])
      await expect(loader((client) => client.query('select seal.erase($1, $2)', [amina, why]))).rejects.toMatchObject({
        code: '23514',
        constraint: 'an_erasure_has_a_reason',
      });
    expect(await s.sql('select from seal.keys where compartment = $1 and destroyed_at is null', [amina])).toHaveLength(1); // prettier-ignore
    await loader((client) => client.query(`select seal.erase($1, 'Asked.')`, [amina]));
    await loader((client) => client.query('select house.restore($1)', [amina]));
    const told = await s.sql<{ actor: string; operation: string; payload: string }>(
      `select actor, operation, payload from audit.entries where record_id = $1 and kind = 'erasure'`,
      [amina],
    );
    expect(told.map(({ payload, ...rest }) => ({ ...rest, ...JSON.parse(payload) }))).toEqual([
      { actor: 'kualik_loader', operation: 'destroy', keys: 2, entries: expect.any(Number), retracted: false, everything: false, reason: 'Asked.' },
    ]); // prettier-ignore
    expect(await s.sql('select destroyed_why as why from seal.keys where compartment = $1', [amina])).toEqual([{ why: 'Asked.' }]); // prettier-ignore
    await expect(loader((client) => client.query(`select seal.erase($1, 'x')`, [randomUUID()]))).rejects.toMatchObject({ code: 'P0002' }); // prettier-ignore
  });

  test('is not for the server: its roles may not', async () => {
    for (const url of [...s.database.editorUrls, ...s.database.readerUrls])
      await expect(
        withClient(url, (client) => client.query(`select seal.erase($1, 'x')`, [randomUUID()])),
      ).rejects.toThrow(/permission denied/);
  });
});

test('a report on a person has the record, what belongs to it, who names it, sources, and the sealed values', async () => {
  const source = await save('Source', { kind: 'NEWS_ARTICLE', title: 'A grant at last' });
  const amina = await save('Person', {
    sex: 'FEMALE',
    citations: [{ field: 'sex', source, informant: 'her brother' }],
  });
  const name = await save('PersonName', { person: amina, kind: 'MAIN', value: 'Amina', displayOrder: 1 });
  const event = await save('Event', { kind: 'RELEASE' });
  const part = await save('EventParticipant', { event, person: amina, role: 'VICTIM' });
  const value = await seal(s, { record: amina, label: 'passport', value: 'N 1' });
  await seal(s, { id: value.id, expectedVersion: 1, value: 'N 2' });
  const other = await person(s);
  await seal(s, { record: other, value: 'B 1' });
  const told = await report(amina);
  expect(told.records[0]).toMatchObject({
    noun: 'persons',
    id: amina,
    versions: [{ version: 1, sex: 'FEMALE', written_by: 'level-3' }],
  });
  const of = (noun: string) => told.records.filter((record) => record.noun === noun);
  expect(of('person_names')).toMatchObject([{ id: name, versions: [{ value: 'Amina' }] }]);
  expect(of('claims')).toMatchObject([{ versions: [{ field: 'sex', source_id: source, informant: 'her brother' }] }]);
  expect(of('sealed_values')).toMatchObject([{ id: value.id, versions: [{ value: 'N 1' }, { value: 'N 2' }] }]);
  expect(told.sources[source]).toMatchObject({ title: 'A grant at last' });
  expect(told.namedBy).toEqual([
    { noun: 'event_participants', field: 'person_id', record: expect.objectContaining({ id: part, role: 'VICTIM' }) },
  ]);
  expect(JSON.stringify(told)).not.toMatch(/k1\.|B 1/);
  expect(await loader((client) => subjectReport(client, openKeyring(s.place.file), event))).toBeUndefined();
  await loader((client) => eraseRecord(client, amina, 'Asked.'));
  const after = (await report(amina)).records.find(({ noun }) => noun === 'sealed_values')!;
  expect(after.versions.map(({ value: text, not_told }) => [text, not_told])).toEqual(
    Array(3).fill([undefined, 'Erased.']),
  );
  const keyless = await loader((client) => subjectReport(client, openKeyring('/nowhere'), other));
  expect(keyless!.records.find(({ noun }) => noun === 'sealed_values')!.versions[0]!.not_told).toMatch(
    /^The key [0-9a-f]{16} is not here/,
  );
});

test('kualik key split and join: any two of three shares make the key again, and wrong ones are told', async () => {
  const directory = keyDirectory();
  const config = (keyFile: string) => ({ dataDir: directory, keyFile }) as Config;
  const made = (name: string): string => join(directory, name);
  try {
    const shares = join(directory, 'shares');
    const child = runScript('src/main.ts', ['key', 'split', shares], { env: { KUALIK_KEY_FILE: s.place.file } });
    expect(await child.ended).toMatchObject({ code: 0 });
    const [one, two, three] = fs
      .readdirSync(shares)
      .sort()
      .map((file) => join(shares, file)) as [string, string, string];
    expect(fs.statSync(one).mode & 0o777).toBe(0o600);
    expect(() => splitKey(config(s.place.file), shares)).toThrow(/cannot be written/);
    const pairs = [
      [one, two],
      [two, one],
      [one, three],
      [three, one],
      [two, three],
      [three, two],
    ];
    for (const [index, pair] of pairs.entries()) {
      joinKey(config(made(`key-${index}`)), pair);
      expect(readKek(made(`key-${index}`))).toEqual(readKek(s.place.file));
    }
    expect(() => joinKey(config(made('key-0')), [one, two])).toThrow(/is a key file .* already/);
    expect(() => joinKey(config(made('new')), [two, two])).toThrow(/twice the same/);
    expect(() => joinKey(config(made('new')), [two, made('nowhere')])).toThrow(/cannot be read/);
    const text = fs.readFileSync(two, 'utf8');
    const [, id, , hex] = text.split(' ') as [string, string, string, string];
    fs.writeFileSync(two, text.replace(hex, `${hex.startsWith('00') ? '11' : '00'}${hex.slice(2)}`));
    expect(() => joinKey(config(made('new')), [two, one])).toThrow(/slip/);
    fs.writeFileSync(two, writeShare(id, { x: 2, bytes: Buffer.alloc(32) }));
    expect(() => joinKey(config(made('new')), [two, one])).toThrow(/do not make the key that they name/);
    fs.writeFileSync(two, writeShare('0'.repeat(16), { x: 2, bytes: Buffer.alloc(32) }));
    expect(() => joinKey(config(made('new')), [two, one])).toThrow(/shares of two keys/);
    expect(fs.existsSync(made('new'))).toBe(false);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
});
