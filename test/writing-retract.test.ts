// Retraction: nothing shows a retracted record any more, its tombstone stands in its place, and all of it can come back.
import { nouns } from '../src/model.js';
import type { Noun } from '../src/records/noun.js';
import { house, type House } from './support/house.js';
import { problemsOf, refusal, saving } from './support/saving.js';

let h: House;
const save = saving(() => h);
beforeAll(async () => {
  h = await house({ load: 'graph-events', today: '2021-06-01' });
});
afterAll(() => h?.close());
// Each test puts back what it took away.
afterEach(async () => expect(await retracted()).toEqual([]));

const versionOf = async (id: string): Promise<number> =>
  (await h.ask('query ($id: ID!) { node(id: $id) { ... on Record { version } } }', { id })).node.version;
const RETRACT = `mutation ($input: RetractInput!) { retract(input: $input) { id noun retractedAt reason by } }`;
const retract = async (id: string, changeReason = 'Recorded by mistake.') =>
  (await h.ask(RETRACT, { input: { id, expectedVersion: await versionOf(id), changeReason } })).retract;
const restore = async (id: string) =>
  (
    await h.ask('mutation ($input: RestoreInput!) { restore(input: $input) { __typename id version } }', {
      input: { id, changeReason: 'It was right.' },
    })
  ).restore;
const node = async (id: string, asOf?: object) =>
  (
    await h.ask(
      `query ($id: ID!, $asOf: AsOf) { node(id: $id, asOf: $asOf) { __typename id ... on Tombstone { noun reason by } } }`,
      { id, asOf },
    )
  ).node;
const retracted = async (): Promise<string[]> =>
  (await h.sql<{ id: string }>('select record_id as id from house.tombstones')).map(({ id }) => id);

const EVERYWHERE = `query ($asOf: AsOf) {
  persons(first: 100, asOf: $asOf) { totalCount { value } nodes { id names { id } statuses { id } documents { id } decisions { id }
    participations { id event { id } } claims { id source { id } } conflicts { values { claims { id } } } sources { id } cases { id } } }
  events(first: 100, asOf: $asOf) { totalCount { value } nodes { id participants { id person { id } } measure { id goods { id } observations { id } }
    links { id from { id } to { id } } claims { id } sources { id } place { id } } }
  statusDocuments(first: 100, asOf: $asOf) { totalCount { value } nodes { id person { id } predecessor { id } successor { id } status { id } } }
  statusDecisions(first: 100, asOf: $asOf) { nodes { id person { id } document { id } } }
  refugeeStatuses(first: 100, asOf: $asOf) { nodes { id person { id } } }
  sources(first: 100, asOf: $asOf) { nodes { id records(first: 100) { nodes { id } } statements(first: 100) { nodes { id } } } }
  claims(first: 100, asOf: $asOf) { nodes { id record { id } source { id } } }
  cases(first: 100, asOf: $asOf) { nodes { id members { nodes { id record { id } } } } }
  timeline(of: { all: true }, first: 100, asOf: $asOf) { nodes { record { id } persons { id } sources { id } } }
}`;
const MORE = `query ($asOf: AsOf) {
  tradeIncidents(first: 100, asOf: $asOf) { nodes { event { id } measure { id } } }
  expiring(within: "P3Y", asOf: $asOf) { nodes { document { id } person { id } } }
  renewals(first: 100, asOf: $asOf) { nodes { document { id } } }
  conflicts(first: 100, asOf: $asOf) { nodes { record { id } } }
  statistics(unit: PERSON, by: [YEAR, KIND], asOf: $asOf) { total rows { year kind count } }
}`;
/** What lists, links, the timeline and the statistics say, as one text. */
const everywhere = async (asOf?: object): Promise<string> =>
  JSON.stringify([await h.ask(EVERYWHERE, { asOf }), await h.ask(MORE, { asOf })]);

const LENSES: [string, object | undefined][] = [
  ['no lens', undefined],
  ['recordedBy', { recordedBy: 'now' }],
  ['publishedBy', { publishedBy: '2025-01-01' }],
];
const atNow = async (asOf: object | undefined): Promise<object | undefined> =>
  asOf && 'recordedBy' in asOf
    ? { recordedBy: (await h.sql<{ now: string }>(`select to_json(now())#>>'{}' as now`))[0]!.now }
    : asOf;

test.each(['aida', 'halt', 'certificate', 'morning-paper', 'freight-file', 'old-bridge'])(
  'after %s was retracted no list, link, timeline, statistic or lens shows it or what belonged to it',
  async (key) => {
    const id = h.id(key);
    const shown = await everywhere();
    expect(shown).toContain(id);
    const before = (await h.sql<{ now: string }>(`select to_json(now())#>>'{}' as now`))[0]!.now;

    const tombstone = await retract(id);
    expect(tombstone).toMatchObject({ id, reason: 'Recorded by mistake.', by: 'api' });
    const gone = await retracted();
    expect(gone).toContain(id);
    for (const [, lens] of LENSES) {
      const answer = await everywhere(await atNow(lens));
      expect(gone.filter((one) => answer.includes(one))).toEqual([]);
    }
    for (const one of gone) expect(await node(one)).toMatchObject({ __typename: 'Tombstone', id: one });
    // What this database held before is still what it held before.
    expect(await node(id, { recordedBy: before })).not.toMatchObject({ __typename: 'Tombstone' });
    expect(await everywhere({ recordedBy: before })).toContain(id);

    await restore(id);
    expect(await retracted()).toEqual([]);
    expect(await everywhere()).toBe(shown);
  },
);

test('the tombstone says of which type the record was, an ordinary field says nothing', async () => {
  const id = h.id('aida');
  await retract(id, 'Entered twice.');
  expect(await node(id)).toEqual({ __typename: 'Tombstone', id, noun: 'Person', reason: 'Entered twice.', by: 'api' });
  expect(await node(h.id('grant-aida'))).toMatchObject({ noun: 'StatusDecision' });
  expect((await h.ask('query ($id: ID!) { person(id: $id) { id } }', { id })).person).toBeNull();
  expect(await node(id, { publishedBy: '2025-01-01' })).toBeNull();
  await restore(id);
});

test('a retracted source takes along what rests on it, and fields are decided anew', async () => {
  const read = async () =>
    (
      await h.ask('query ($id: ID!) { event(id: $id) { starts { edtf } claims(field: "starts") { id } } }', {
        id: h.id('halt'),
      })
    ).event;
  expect((await read()).starts.edtf).toBe('2020-11-03');
  await retract(h.id('morning-paper'));
  const after = await read();
  expect(after.starts.edtf).toBe('2020-10');
  expect(after.claims).toHaveLength(2);
  await restore(h.id('morning-paper'));
  expect((await read()).starts.edtf).toBe('2020-11-03');
});

test('the tombstone has the instant of the change, not that at which the transaction began', async () => {
  const id = h.id('bolat');
  const { retractedAt } = await retract(id);
  const { nodes } = (await h.ask('query ($id: ID!) { history(record: $id) { nodes { kind recordedAt } } }', { id }))
    .history;
  expect(nodes.filter(({ kind }: any) => kind === 'RETRACTED').map((one: any) => one.recordedAt)).toContain(
    retractedAt,
  );
  expect(nodes.at(-1)).toMatchObject({ kind: 'RETRACTED', recordedAt: retractedAt });
  await restore(id);
});

test('a link that is supported comes back supported, with the claim that asserts it', async () => {
  const link = await save(
    'EventLink',
    {
      from: h.id('halt'),
      to: h.id('grant-aida'),
      kind: 'PARALLEL',
      assessment: 'CONFIRMED',
      assessmentReason: 'The order says so.',
      citations: [{ source: h.id('morning-paper') }],
    },
    'id version assessment',
  );
  const read = async () =>
    (
      await h.ask('query ($id: ID!) { eventLink(id: $id) { assessment assessmentReason claims { stance } } }', {
        id: link.id,
      })
    ).eventLink;
  const before = await read();
  expect(before).toMatchObject({ assessment: 'CONFIRMED', claims: [{ stance: 'ASSERTS' }] });
  await retract(link.id);
  expect(await read()).toBeNull();
  await restore(link.id);
  expect(await read()).toEqual(before);
});

test("a retracted certificate stands in nobody's way, and cannot come back into another one", async () => {
  const id = h.id('extension');
  await retract(id);
  const instead = await save('StatusDocument', {
    person: h.id('aida'),
    country: 'NZ',
    kind: 'REFUGEE_CERTIFICATE',
    validUntil: '2022-10-14',
    predecessor: h.id('certificate'),
    sensitivity: 'PUBLIC',
    succession: 'EXTENSION',
  });
  const error = await refusal(restore(id));
  expect(error).toMatchObject({ code: 'CONFLICT', rule: 'a_certificate_has_one_successor' });
  await h.sql('select house.retract($1, 1, $2)', [instead.id, 'x']);
  await restore(id);
  await h.sql('delete from house.tombstones');
});

test('what is refused', async () => {
  const id = h.id('aida');
  const stale = { id, expectedVersion: 99, changeReason: 'x' };
  expect(await refusal(h.ask(RETRACT, { input: stale }))).toMatchObject({ code: 'CONFLICT', rule: 'stale_version' });
  expect(problemsOf(await refusal(retract(id, ' ')))).toEqual(['input.changeReason: required']);
  expect(await refusal(restore(id))).toMatchObject({ code: 'CONFLICT', rule: 'not_retracted' });
  await retract(h.id('certificate'));
  await retract(id);
  expect(await refusal(restore(h.id('grant-aida')))).toMatchObject({ rule: 'restored_with_its_owner' });
  expect(await refusal(restore(h.id('certificate')))).toMatchObject({ rule: 'restored_after_its_owner' });
  expect(await refusal(retract(h.id('bolat')).then(() => retract(h.id('bolat'))))).toBeDefined();
  // Saving it is saving nothing that is there.
  expect(await refusal(save('Person', { id, expectedVersion: 1 }))).toMatchObject({ code: 'NOT_FOUND' });
  expect(problemsOf(await refusal(save('Detention', { person: id })))).toEqual(['input.person: not_found']);
  await restore(id);
  await restore(h.id('certificate'));
  await restore(h.id('bolat'));
});

test('the editor cannot hide or show a record past the functions', async () => {
  const { withClient } = await import('../src/db/client.js');
  const editor = <T>(sql: string): Promise<T[]> =>
    withClient(h.database.editorUrl, async (client) => (await client.query(sql)).rows as T[]);
  for (const noun of Object.values<Noun>(nouns)) {
    await expect(editor(`update ${noun.table} set retracted_at = now()`)).rejects.toThrow(/permission denied/);
  }
  await expect(editor('delete from house.tombstones')).rejects.toThrow(/permission denied/);
  await expect(editor('delete from house.idempotency_keys')).rejects.toThrow(/permission denied/);
});

test('sent twice with one key, each is done once', async () => {
  const id = h.id('bolat');
  const twice = async (mutation: string, type: string, input: object, fields: string): Promise<any[]> => {
    const ask = () =>
      h.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { ${fields} } }`, {
        input: { ...input, idempotencyKey: `twice ${mutation}` },
      });
    return [(await ask())[mutation], (await ask())[mutation]];
  };
  const again = (mutation: string, type: string, input: object) =>
    refusal(
      h.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, {
        input: { ...input, idempotencyKey: `twice ${mutation}` },
      }),
    );
  const gone = { id, expectedVersion: await versionOf(id), changeReason: 'Entered twice.' };
  const [first, second] = await twice('retract', 'RetractInput', gone, 'id retractedAt reason');
  expect(second).toEqual(first);
  const back = { id, changeReason: 'It was not.' };
  const restored = await twice('restore', 'RestoreInput', back, '... on Record { id version }');
  expect(restored[1]).toEqual(restored[0]);
  // What was undone since has no answer any more, and is not done a second time.
  expect(await again('retract', 'RetractInput', gone)).toMatchObject({
    code: 'CONFLICT',
    rule: 'idempotency_key_is_used_once',
    message: expect.stringContaining('brought back'),
  });
  expect(await again('restore', 'RestoreInput', { ...back, changeReason: 'Another.' })).toMatchObject({
    rule: 'idempotency_key_is_used_once',
  });
  const made = await save('Event', { kind: 'THREAT', title: 'One' });
  await save('Event', { id: made.id, expectedVersion: 1, title: 'Two' });
  const value = { id: made.id, field: 'title', version: 1, changeReason: 'The first was right.' };
  const [one, two] = await twice('restoreValue', 'RestoreValueInput', value, '... on Event { title version }');
  expect(one).toEqual({ title: 'One', version: 3 });
  expect(two).toEqual(one);
});

describe('an earlier value comes back', () => {
  const back = async (id: string, field: string, version: number, fields: string) =>
    (
      await h.ask(
        `mutation ($input: RestoreValueInput!) { restoreValue(input: $input) { ... on Event { version ${fields} } } }`,
        { input: { id, field, version, changeReason: 'The first was right.' } },
      )
    ).restoreValue;

  test('the value of an editor is written again', async () => {
    const { id } = await save('Event', { kind: 'THREAT', starts: '2019-05~' });
    await save('Event', { id, expectedVersion: 1, starts: null, kind: 'PROTEST' });
    expect(await back(id, 'starts', 1, 'starts { edtf earliest } kind')).toMatchObject({
      version: 3,
      starts: { edtf: '2019-05~' },
      kind: 'PROTEST',
    });
    expect(await back(id, 'kind', 1, 'kind')).toMatchObject({ kind: 'THREAT' });
    expect(await refusal(back(id, 'kind', 77, 'kind'))).toMatchObject({ rule: 'version' });
    expect(await refusal(back(id, 'kimd', 1, 'kind'))).toMatchObject({
      rule: 'field',
      message: expect.stringMatching(/"kind"/),
    });
  });

  test('the claim that decided it is preferred, with the reason', async () => {
    const citation = { field: 'starts', source: h.id('rumour') };
    const made = await save('Event', { kind: 'THREAT', starts: '2019', citations: [citation] });
    const other = { field: 'starts', source: h.id('ministry'), rank: 'PREFERRED', rankReason: 'Official.' };
    await save('Event', { id: made.id, expectedVersion: made.version, starts: '2020', citations: [other] });
    const restored = await back(
      made.id,
      'starts',
      made.version,
      'starts { edtf } claims { rank rankReason isAccepted }',
    );
    expect(restored.starts.edtf).toBe('2019');
    expect(restored.claims).toEqual([
      { rank: 'PREFERRED', rankReason: 'The first was right.', isAccepted: true },
      { rank: 'NORMAL', rankReason: 'The first was right.', isAccepted: false },
    ]);
    // Nothing was said before the first version of this field: claims decide it now.
    const { id, version } = await save('Event', { kind: 'THREAT' });
    await save('Event', { id, expectedVersion: version, starts: '2020', citations: [citation] });
    expect(problemsOf(await refusal(back(id, 'starts', version, 'version')))).toEqual(['input.field: claims_decide']);
  });
});
