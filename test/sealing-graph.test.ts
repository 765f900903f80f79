// Sealed values through the API, by people of every level: what is told, to whom, and what is refused in which words.
import * as fs from 'node:fs';
import { randomUUID } from 'node:crypto';
import { withClient } from '../src/db/client.js';
import { person, READ, read, SAVE, seal, sealing, type Sealing } from './support/sealing.js';

let s: Sealing;
beforeAll(async () => {
  s = await sealing();
});
afterAll(() => s?.close());

const refused = async (level: 0 | 1 | 2 | 3, input: object) => {
  const { data, errors } = await s.run(level, SAVE, { input });
  expect(data).toBeNull();
  const { code, rule, problems } = errors[0]!.extensions;
  return {
    code,
    rule,
    problems: problems?.map((one) => `${one.path?.join('.')}: ${one.rule}`),
    message: errors[0]!.message,
  };
};
const steppedUp = (minutesAgo: number) =>
  s.sql(`update auth.sessions set stepped_up_at = now() - $1 * interval '1 minute'`, [minutesAgo]);

describe('a sealed value', () => {
  test('is told as it was written to whoever may read it', async () => {
    const id = await person(s);
    const made = await seal(s, { record: id, label: 'passport', value: '  N 07412233 ' });
    expect(made).toMatchObject({ version: 1, value: '  N 07412233 ', redacted: null, sensitivity: 'SEALED' });
    await seal(s, { record: id, kind: 'CONTACT', value: '+7 700 000 00 00' });
    await seal(s, { record: id, label: 'certificate', value: 'KZ-9' });
    expect((await read(s, id)).map(({ kind, label, value }) => [kind, label, value])).toEqual([
      ['CONTACT', null, '+7 700 000 00 00'],
      ['DOCUMENT_NUMBER', 'certificate', 'KZ-9'],
      ['DOCUMENT_NUMBER', 'passport', '  N 07412233 '],
    ]);
  });

  test('is changed like any record: by version, with another label, with another value', async () => {
    const record = await person(s);
    const { id } = await seal(s, { record, label: 'pasport', value: 'N 1' });
    expect(await refused(3, { id, value: 'N 2' })).toMatchObject({ problems: ['input.expectedVersion: required'] });
    expect(await seal(s, { id, expectedVersion: 1, label: 'passport' })).toMatchObject({ version: 2, label: 'passport', value: 'N 1' }); // prettier-ignore
    expect(await seal(s, { id, expectedVersion: 2, value: 'N 2' })).toMatchObject({ version: 3, label: 'passport', value: 'N 2' }); // prettier-ignore
    expect(await seal(s, { id, expectedVersion: 3, kind: 'OTHER', label: null })).toMatchObject({ version: 4, label: null, value: 'N 2' }); // prettier-ignore
    expect(await refused(3, { id, expectedVersion: 3, value: 'N 3' })).toMatchObject({ code: 'CONFLICT' });
    // All of it is one record with one key.
    expect(await s.sql('select count(*)::int as n from seal.keys where compartment = $1', [record])).toEqual([
      { n: 1 },
    ]);
    const then = await s.sql<{ at: string }>(
      `select (recorded_from + (recorded_to - recorded_from) / 2)::text as at from history.sealed_values where id = $1 and version = 2`,
      [id],
    );
    const { node } = await s.ask(
      3,
      'query ($id: ID!, $at: DateTime!) { node(id: $id, asOf: { recordedBy: $at }) { ... on SealedValue { label value } } }',
      { id, at: then[0]!.at.replace(' ', 'T').replace('+00', 'Z') },
    );
    expect(node).toEqual({ label: 'passport', value: 'N 1' });
  });

  test('is told to nobody below level 3, and not without a fresh proof of identity; the reason is said', async () => {
    const record = await person(s);
    const hidden = await seal(s, { record, value: 'above' });
    const shown = await seal(s, { record, value: 'seen', sensitivity: 'RESTRICTED' });
    const told = async (level: 0 | 1 | 2 | 3) =>
      ((await s.ask(level, READ, { id: record })).node?.sealedValues ?? []).map((one: any) => [
        one.id,
        one.value,
        one.redacted,
      ]);
    expect(await told(0)).toEqual([]);
    expect(await told(1)).toEqual([]);
    expect(await told(2)).toEqual([[shown.id, null, 'LEVEL']]);
    expect(await told(3)).toEqual(expect.arrayContaining([[hidden.id, 'above', null], [shown.id, 'seen', null]])); // prettier-ignore
    try {
      await steppedUp(16);
      expect(await told(3)).toEqual(expect.arrayContaining([[hidden.id, null, 'STEP_UP'], [shown.id, null, 'STEP_UP']])); // prettier-ignore
      await steppedUp(14);
      expect(await told(3)).toEqual(expect.arrayContaining([[hidden.id, 'above', null]]));
    } finally {
      await steppedUp(0);
    }
  });

  test('is not told to a token, which proves nothing about who holds it', async () => {
    const { token } = s.people[3];
    const record = await person(s);
    await seal(s, { record, value: 'N 1' });
    const { bySession } = s.people[3];
    try {
      s.people[3].bySession = { authorization: `Bearer ${token}` } as never;
      expect((await read(s, record))[0]).toMatchObject({ value: null, redacted: 'STEP_UP' });
    } finally {
      s.people[3].bySession = bySession;
    }
  });
});

describe('what is refused', () => {
  test('is told at once, and never with the value', async () => {
    const record = await person(s);
    expect(await refused(3, { record: randomUUID(), kind: 'OTHER', value: '  ', sensitivity: 'PUBLIC' })).toMatchObject(
      {
        code: 'BAD_USER_INPUT',
        problems: [
          'input.record: not_found',
          'input.value: value',
          'input.sensitivity: sealed_value_is_restricted_at_least',
        ],
      },
    );
    expect((await refused(3, {})).problems).toEqual(['input.record: required', 'input.kind: required', 'input.value: required']); // prettier-ignore
    const long = await refused(3, { record, kind: 'OTHER', value: 'canary'.repeat(400) });
    expect(long.problems).toEqual(['input.value: value']);
    expect(JSON.stringify(long)).not.toContain('canary');
    expect(await refused(3, { record, kind: 'OTHER', label: 'x'.repeat(201), value: '1' })).toMatchObject({
      rule: 'sealed_value_has_a_short_label',
    });
    const { id } = await seal(s, { record, value: 'N 1' });
    expect((await refused(3, { id, expectedVersion: 1, value: null })).problems).toEqual(['input.value: required']);
    expect((await refused(3, { id, expectedVersion: 1, record: await person(s) })).problems).toEqual([
      'input.record: sealed_value_stays_with_its_record',
    ]);
    expect(await refused(3, { record: id, kind: 'OTHER', value: '1' })).toMatchObject({
      rule: 'sealed_value_belongs_to_a_record',
    });
  });

  test('levels: below 2 nobody seals, and nobody seals above the own level', async () => {
    const record = await person(s);
    const input = { record, kind: 'OTHER', value: '1' };
    expect(await refused(1, input)).toMatchObject({ code: 'FORBIDDEN', rule: 'sealing_needs_a_level' });
    expect((await refused(2, input)).problems).toEqual(['input.sensitivity: sealed_value_is_within_your_level']);
    expect(await seal(s, { ...input, sensitivity: 'RESTRICTED' }, 2)).toMatchObject({ value: null, redacted: 'LEVEL' });
    expect(
      (await refused(2, { ...input, record: await person(s, 'SEALED'), sensitivity: 'RESTRICTED' })).problems,
    ).toEqual(['input.record: not_found']);
  });
});

test('a request that comes twice makes one value; the key is used for no other value', async () => {
  const record = await person(s);
  const input = { record, value: 'N 5', idempotencyKey: randomUUID() };
  const first = await seal(s, input);
  expect((await seal(s, input)).id).toBe(first.id);
  expect(await refused(3, { ...input, kind: 'DOCUMENT_NUMBER', value: 'N 6' })).toMatchObject({
    rule: 'idempotency_key_is_used_once',
  });
  expect(await read(s, record)).toHaveLength(1);
});

describe('an envelope in another place', () => {
  /** As somebody who may write to the tables, triggers and all aside. */
  const put = (envelope: string, id: string) =>
    withClient(s.database.adminUrl, async (client) => {
      await client.query('set session_replication_role = replica');
      await client.query('update sealed_values set envelope = $1 where id = $2', [envelope, id]);
    });
  const envelopeOf = async (id: string): Promise<string> =>
    (await s.sql<{ envelope: string }>('select envelope from sealed_values where id = $1', [id]))[0]!.envelope;

  test.each([
    ['of another record', { kind: 'CONTACT', label: 'telephone' }, true],
    ['of another kind', { kind: 'WHEREABOUTS', label: 'telephone' }, false],
    ['with another label', { kind: 'CONTACT', label: 'fax' }, false],
  ])('%s is refused with a plain error, in both', async (_, other, elsewhere) => {
    const record = await person(s);
    const a = await seal(s, { record, kind: 'CONTACT', label: 'telephone', value: '+7 1' });
    const b = await seal(s, { record: elsewhere ? await person(s) : record, ...other, value: '+7 2' });
    const [own, foreign] = [await envelopeOf(a.id), await envelopeOf(b.id)];
    await put(foreign, a.id);
    await put(own, b.id);
    for (const { id } of [a, b]) {
      const { data, errors } = await s.run(3, 'query ($id: ID!) { node(id: $id) { ... on SealedValue { label value redacted } } }', { id }); // prettier-ignore
      expect(data.node).toMatchObject({ value: null, redacted: 'DAMAGED' });
      expect(errors.map(({ message, extensions }) => [extensions.rule, message])).toEqual([
        ['sealed_value_is_intact', expect.stringMatching(/^This sealed value was altered or moved/)],
      ]);
      expect(JSON.stringify([data, errors])).not.toMatch(/\+7/);
    }
    await put(own, a.id);
    await put(foreign, b.id);
    expect((await read(s, record)).find(({ id }) => id === a.id)).toMatchObject({ value: '+7 1' });
  });

  test('does not get there by the roles of the application', async () => {
    const record = await person(s);
    const a = await seal(s, { record, label: 'a', value: '1' });
    const b = await seal(s, { record: await person(s), label: 'b', value: '2' });
    const loader = (text: string, values: unknown[]) =>
      withClient(s.database.loaderUrl, (client) => client.query(text, values));
    const tries: [string, unknown[], RegExp][] = [
      ['update sealed_values set envelope = $1 where id = $2', [await envelopeOf(b.id), a.id], /key of the record/],
      [`update sealed_values set label = 'c' where id = $1`, [a.id], /give the value again/],
      ['update sealed_values set record_id = $1 where id = $2', [await person(s), a.id], /stays with its record/],
      [`update sealed_values set envelope = 'canary' where id = $1`, [a.id], /never a clear text/],
      [`insert into sealed_values (record_id, kind, envelope) values ($1, 'OTHER', 'canary')`, [record], /never a clear text/],
      [`insert into sealed_values (record_id, kind, envelope) values ($1, 'OTHER', $2)`, [record, `k1.${randomUUID()}.${'A'.repeat(16)}.${'A'.repeat(107)}`], /key of the record/],
      ['update seal.keys set wrapped = wrapped', [], /permission denied/],
      ['delete from seal.keys', [], /permission denied/],
      [`insert into seal.keks (id) values ('0123456789abcdef')`, [], /permission denied/],
    ]; // prettier-ignore
    for (const [text, values, reason] of tries) {
      const error: any = await loader(text, values).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Error);
      expect(error.message).toMatch(reason);
      expect(JSON.stringify({ ...error, message: error.message })).not.toContain('canary');
    }
  });
});

test('keys are read by the upper levels and by nobody else', async () => {
  const { readerUrls, editorUrls, gateUrl, sealerUrl, loaderUrl } = s.database;
  const may = (url: string): Promise<boolean> =>
    withClient(url, (client) =>
      client.query('select from seal.keys').then(
        () => true,
        () => false,
      ),
    );
  const all = [...readerUrls, ...editorUrls, gateUrl, sealerUrl, loaderUrl];
  expect(await Promise.all(all.map(may))).toEqual([
    false,
    false,
    true,
    true,
    false,
    false,
    true,
    true,
    false,
    false,
    true,
  ]);
});

test('without its key a value is not told, nothing else suffers, and with it all is as before', async () => {
  const record = await person(s);
  await seal(s, { record, value: 'N 8' });
  // Another server, to which the key was never given.
  const { serveOn } = await import('./support/serving.js');
  const away = `${s.place.file}-away`;
  fs.renameSync(s.place.file, away);
  const bare = await serveOn(s.database, { config: { dataDir: s.directory } });
  try {
    const ask = async (query: string, variables: object) =>
      (await (
        await fetch(`${bare.base}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...s.people[3].bySession },
          body: JSON.stringify({ query, variables }),
        })
      ).json()) as any;
    expect((await ask(READ, { id: record })).data.node.sealedValues).toMatchObject([
      { value: null, redacted: 'KEY_LOST' },
    ]);
    const { errors } = await ask(SAVE, { input: { record, kind: 'OTHER', value: '1' } });
    const [{ id: needed }] = (await s.sql<{ id: string }>('select id from seal.keks')) as [{ id: string }];
    expect(errors[0].message).toContain(`lacks the key ${needed}`);
    expect(errors[0].extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: false });
    fs.renameSync(away, s.place.file);
    expect((await ask(READ, { id: record })).data.node.sealedValues).toMatchObject([{ value: 'N 8', redacted: null }]);
  } finally {
    if (fs.existsSync(away)) fs.renameSync(away, s.place.file);
    await bare.stop();
  }
});

test('the changes of a sealed value show neither value nor envelope', async () => {
  const { id } = await seal(s, { record: await person(s), label: 'passport', value: 'canary-9' });
  const { history } = await s.ask(
    3,
    'query ($id: ID!) { history(record: $id) { nodes { kind fields { field after } } } }',
    { id },
  );
  expect(history.nodes).toHaveLength(1);
  expect(history.nodes[0].fields.map(({ field }: { field: string }) => field)).toEqual([
    'record',
    'kind',
    'label',
    'sensitivity',
  ]);
  expect(JSON.stringify(history)).not.toMatch(/canary|k1\./);
});
