// Records saved through the graph: made, kept, cleared, cited; refused with every problem at once; all or nothing.
import { house, type House } from './support/house.js';
import { problemsOf, refusal, saving } from './support/saving.js';

let h: House;
const save = saving(() => h);
const ids: Record<string, string> = {};
beforeAll(async () => {
  h = await house();
  const make = async (key: string, type: string, input: object) => (ids[key] = (await save(type, input)).id);
  await make('harbour', 'Place', { kind: 'LOCALITY', name: 'Harbour Town', country: 'NZ' });
  await make('office', 'Organization', { kind: 'AGENCY', name: 'Certificate Office' });
  await make('paper', 'Source', { kind: 'NEWS_ARTICLE', title: 'A grant at last', published: '2020-10-30' });
  await make('gazette', 'Source', { kind: 'NEWS_ARTICLE', title: 'The gazette', published: '2020-11' });
  await make('amina', 'Person', { sex: 'FEMALE' });
  await make('bolat', 'Person', {});
});
afterAll(() => h?.close());

const NOWHERE = '00000000-0000-4000-8000-00000000dead';
const count = async (type: string): Promise<number> =>
  (await h.ask(`{ ${type} { totalCount { value } } }`))[type].totalCount.value;

describe('saving', () => {
  test('a record is made; what is left out is kept, what is null is cleared', async () => {
    const fields = 'id version kind sex ethnicity born { edtf earliest latest } unsourcedFields verification';
    const made = await save('Person', { sex: 'FEMALE', born: '1991-05', ethnicity: 'Kazakh' }, fields);
    expect(made).toMatchObject({
      version: 1,
      kind: 'INDIVIDUAL',
      born: { edtf: '1991-05', earliest: '1991-05-01', latest: '1991-05-31' },
      verification: 'UNSOURCED',
      unsourcedFields: ['sex', 'born', 'ethnicity'],
    });
    const kept = await save('Person', { id: made.id, expectedVersion: 1, ethnicity: null, born: '1992' }, fields);
    expect(kept).toMatchObject({
      version: 2,
      sex: 'FEMALE',
      ethnicity: null,
      born: { edtf: '1992', earliest: '1992-01-01', latest: '1992-12-31' },
    });
    // Nothing new: nothing is written, and no version is made.
    expect((await save('Person', { id: made.id, expectedVersion: 2, sex: 'FEMALE' })).version).toBe(2);
  });

  test('what a source tells becomes a claim, and the claim decides', async () => {
    const fields = `id version starts { edtf } ends { isOpen } place { name } unsourcedFields verification
      claims { field value stance source { title } isAccepted locator informant credibility }`;
    const made = await save(
      'Detention',
      {
        person: ids.amina,
        starts: '2019-05',
        ends: '..',
        place: ids.harbour,
        citations: [
          { field: 'starts', source: ids.paper, locator: '¶2', informant: 'her brother', credibility: 2 },
          { field: 'place', source: ids.paper },
          { source: ids.gazette },
        ],
      },
      fields,
    );
    expect(made).toMatchObject({
      // Made and written again by its claims, in one transaction: nobody else ever saw another version.
      version: 1,
      starts: { edtf: '2019-05' },
      ends: { isOpen: true },
      place: { name: 'Harbour Town' },
      unsourcedFields: ['ends'],
    });
    expect(made.claims).toHaveLength(3);
    expect(made.claims).toContainEqual({
      field: 'starts',
      value: '2019-05',
      stance: 'ASSERTS',
      source: { title: 'A grant at last' },
      isAccepted: true,
      locator: '¶2',
      informant: 'her brother',
      credibility: 2,
    });
    // Another source says otherwise and is less credible: beside it, not in its place.
    const other = { field: 'starts', source: ids.gazette };
    const again = await save(
      'Detention',
      { id: made.id, expectedVersion: made.version, starts: '2019-06', citations: [other, other] },
      fields,
    );
    expect(again.starts.edtf).toBe('2019-05');
    // Its claims say more, it says the same.
    expect(again.version).toBe(1);
    expect(again.claims.filter(({ field }: any) => field === 'starts')).toHaveLength(2);
    // Preferred, with a reason, it decides.
    const preferred = await save(
      'Detention',
      {
        id: made.id,
        expectedVersion: again.version,
        starts: '2019-07-01',
        citations: [{ field: 'starts', source: ids.gazette, rank: 'PREFERRED', rankReason: 'It quotes the file.' }],
      },
      fields,
    );
    expect(preferred).toMatchObject({ version: 2, starts: { edtf: '2019-07-01' } });
    expect(
      await h.sql('select version from history.detentions where id = $1 order by recorded_from', [made.id]),
    ).toEqual([{ version: 1 }, { version: 2 }]);
  });

  test('a denial gives no value, and a value of claims is not overwritten without a source', async () => {
    const made = await save('Event', {
      kind: 'THREAT',
      title: 'A call',
      citations: [{ field: 'title', source: ids.paper }],
    });
    const denied = await save(
      'Event',
      {
        id: made.id,
        expectedVersion: made.version,
        starts: '2020',
        citations: [{ field: 'starts', source: ids.gazette, stance: 'DENIES' }],
      },
      'version starts { edtf } verification',
    );
    expect(denied).toMatchObject({ starts: null, verification: 'DISPUTED' });
    const error = await refusal(
      save('Event', { id: made.id, expectedVersion: denied.version, title: 'Another call', starts: '2021' }),
    );
    expect(problemsOf(error)).toEqual(['input.title: claims_decide']);
    expect(error.message).toMatch(/cite a source for the new value, or prefer another claim/);
    // The same value again is no change, and the date that nobody claims is free.
    const free = await save(
      'Event',
      { id: made.id, expectedVersion: denied.version, title: 'A call', starts: '2021' },
      'title starts { edtf }',
    );
    expect(free).toEqual({ title: 'A call', starts: { edtf: '2021' } });
  });

  test('lists, numbers, words and names with their search keys', async () => {
    const place = await save(
      'Place',
      { kind: 'LOCALITY', name: 'Żółta Góra', latitude: '43.25', longitude: '76.95', geonamesId: '1526384' },
      'name',
    );
    expect(place.name).toBe('Żółta Góra');
    expect((await h.ask('{ places(filter: { name: "zolta" }) { nodes { name } } }')).places.nodes).toEqual([place]);
    const name = await save(
      'PersonName',
      { person: ids.bolat, kind: 'MAIN', value: 'Bolat Serik', script: 'Latn' },
      'value person { name }',
    );
    expect(name).toEqual({ value: 'Bolat Serik', person: { name: 'Bolat Serik' } });
    expect((await h.ask('{ persons(filter: { name: "bolat" }) { nodes { name } } }')).persons.nodes).toEqual([
      { name: 'Bolat Serik' },
    ]);
    const court = await save('Organization', { kind: 'COURT', name: 'A', aliases: ['One', 'Two'] }, 'aliases');
    expect(court.aliases).toEqual(['One', 'Two']);
  });

  test('the reason and the author are in the history', async () => {
    const { id } = await save('Case', { title: 'A file', changeReason: 'The family asked.' });
    const [kept] = await h.sql<{ actor: string; reason: string }>(
      'select t.actor, t.reason, t.request from history.cases c join history.transactions t on t.id = c.transaction_id where c.id = $1',
      [id],
    );
    expect(kept).toEqual({ actor: 'api', reason: 'The family asked.', request: 'test' });
  });
});

describe('refusing', () => {
  test('every problem of an input is told at once, with its place and its rule', async () => {
    const error = await refusal(
      save('Detention', {
        place: NOWHERE,
        starts: '2019-13',
        ends: '2019/2020',
        facility: '  ',
        transferredFrom: 'no id',
        sensitivity: null,
        expectedVersion: 3,
        citations: [
          { source: NOWHERE, field: 'starts', credibility: 7 },
          { source: ids.paper, field: 'kind' },
          { source: ids.paper, field: 'outcome', rank: 'PREFERRED' },
          { source: ids.paper, field: 'staarts' },
          { source: ids.paper, informantRecord: NOWHERE },
        ],
      }),
    );
    expect(error.code).toBe('BAD_USER_INPUT');
    expect(problemsOf(error).sort()).toEqual([
      'input.citations.0.credibility: claim_credibility_is_1_to_6',
      'input.citations.0.source: not_found',
      'input.citations.1.field: claims_field',
      'input.citations.2.field: citation_has_a_value',
      'input.citations.2.rankReason: claim_preferred_needs_a_reason',
      'input.citations.3.field: claims_field',
      'input.citations.4.informantRecord: not_found',
      'input.ends: value',
      'input.expectedVersion: version_of_nothing',
      'input.facility: value',
      'input.person: required',
      'input.place: not_found',
      'input.sensitivity: required',
      'input.starts: value',
      'input.transferredFrom: value',
    ]);
  });

  test('a stale version is a conflict that says who changed the record, and a missing one is asked for', async () => {
    const { id } = await save('Case', { title: 'A file' });
    await save('Case', { id, expectedVersion: 1, title: 'The file' });
    const stale = await refusal(save('Case', { id, expectedVersion: 1, title: 'My file' }));
    expect(stale).toMatchObject({ code: 'CONFLICT', rule: 'stale_version', path: ['input', 'expectedVersion'] });
    expect(stale.more.current).toMatchObject({ version: 2, changedBy: 'api', changedAt: expect.stringMatching(/Z$/) });
    expect(problemsOf(await refusal(save('Case', { id, title: 'My file' })))).toEqual([
      'input.expectedVersion: required',
    ]);
    expect(await refusal(save('Case', { id: NOWHERE, expectedVersion: 1, title: 'x' }))).toMatchObject({
      code: 'NOT_FOUND',
    });
    // A person is no case.
    expect(await refusal(save('Case', { id: ids.amina, expectedVersion: 1 }))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('rules of the database answer in their own sentences', async () => {
    const paper = (input: object) =>
      save('StatusDocument', { person: ids.amina, country: 'NZ', kind: 'REFUGEE_CERTIFICATE', ...input });
    const first = await paper({ validFrom: '2020-01-01', validUntil: '2020-12-31' });
    expect(await refusal(paper({ validFrom: '2020-06-01', validUntil: '2021-05-31' }))).toMatchObject({
      code: 'CONFLICT',
      rule: 'certificate_periods_do_not_overlap',
      message: expect.stringMatching(/^The holder already has a certificate of this kind/),
    });
    const second = await paper({ validFrom: '2021-01-01', validUntil: '2021-12-31', predecessor: first.id });
    expect(await refusal(paper({ validFrom: '2022-01-01', predecessor: first.id }))).toMatchObject({
      code: 'CONFLICT',
      rule: 'a_certificate_has_one_successor',
      path: ['input', 'predecessor'],
    });
    expect(
      await refusal(save('StatusDocument', { id: first.id, expectedVersion: first.version, predecessor: second.id })),
    ).toMatchObject({
      code: 'BAD_USER_INPUT',
      rule: 'certificate_chain_has_no_cycle',
      message: 'A chain of certificates cannot come back to where it began.',
    });
    expect(await refusal(save('Detention', { person: ids.amina, starts: '2020', ends: '2019' }))).toMatchObject({
      code: 'BAD_USER_INPUT',
      rule: 'detention_ends_after_it_starts',
      path: ['input'],
    });
    expect(
      await refusal(
        save('Detention', {
          person: ids.amina,
          starts: '2020',
          ends: '2019',
          citations: ['starts', 'ends'].map((field) => ({ field, source: ids.paper })),
        }),
      ),
    ).toMatchObject({ rule: 'detention_ends_after_it_starts' });
  });

  test('an impossible link is not supported, whichever side is written last', async () => {
    const event = (starts: string) => save('Event', { kind: 'THREAT', starts });
    const [early, late] = [await event('2019'), await event('2021')];
    const link = (input: object) => save('EventLink', { from: early.id, to: late.id, kind: 'RESPONSE_TO', ...input });
    expect(await refusal(link({ assessment: 'SUPPORTED' }))).toMatchObject({
      code: 'BAD_USER_INPUT',
      rule: 'impossible_link_is_not_supported',
      message: expect.stringMatching(/^The dates make this link impossible/),
    });
    const other = await event('2018');
    await save('EventLink', { from: early.id, to: other.id, kind: 'RESPONSE_TO', assessment: 'SUPPORTED' });
    const moved = await refusal(save('Event', { id: other.id, expectedVersion: 1, starts: '2022' }));
    expect(moved).toMatchObject({ code: 'BAD_USER_INPUT', rule: 'impossible_link_is_not_supported' });
    expect(
      (await h.ask('query ($id: ID!) { event(id: $id) { starts { edtf } } }', { id: other.id })).event.starts.edtf,
    ).toBe('2018');
  });
});

describe('one document', () => {
  const TWO = `mutation ($one: SaveCaseInput!, $two: SaveCaseInput!) {
    one: saveCase(input: $one) { id version title } two: saveCase(input: $two) { id version title } }`;

  test('is all or nothing', async () => {
    const before = await count('cases');
    const { errors } = await h.run(TWO, { one: { title: 'Kept?' }, two: { title: null } });
    expect(errors).toHaveLength(1);
    expect(errors![0]!.path).toEqual(['two']);
    expect(await count('cases')).toBe(before);
  });

  test('sees in each part what those before it wrote', async () => {
    const { id } = await save('Case', { title: 'A file' });
    const answer = await h.ask(TWO, {
      one: { id, expectedVersion: 1, title: 'Second', changeReason: 'first' },
      two: { id, expectedVersion: 2, title: 'Third', changeReason: 'second' },
    });
    // One transaction, one version: nobody else ever saw the first.
    expect(answer).toEqual({ one: { id, version: 2, title: 'Second' }, two: { id, version: 2, title: 'Third' } });
    const [kept] = await h.sql<{ reason: string }>(
      `select t.reason from history.cases c join history.transactions t on t.id = c.transaction_id where c.id = $1 and c.recorded_to = 'infinity'`,
      [id],
    );
    expect(kept!.reason).toBe('first; second');
  });
});

describe('sent twice', () => {
  test('the same key and input give the same record, another input is refused', async () => {
    const before = await count('cases');
    const first = await save('Case', { title: 'Once', idempotencyKey: 'k1' });
    expect(await save('Case', { title: 'Once', idempotencyKey: 'k1' })).toEqual(first);
    expect(await count('cases')).toBe(before + 1);
    expect(await refusal(save('Case', { title: 'Twice', idempotencyKey: 'k1' }))).toMatchObject({
      code: 'CONFLICT',
      rule: 'idempotency_key_is_used_once',
    });
    expect(await refusal(save('Event', { kind: 'THREAT', idempotencyKey: 'k1' }))).toMatchObject({ code: 'CONFLICT' });
  });

  test('two at once make one record', async () => {
    const before = await count('cases');
    const both = await Promise.allSettled([1, 2].map(() => save('Case', { title: 'Race', idempotencyKey: 'k2' })));
    const lost = both.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'CONFLICT', more: { retryable: true } });
    const again = await save('Case', { title: 'Race', idempotencyKey: 'k2' });
    for (const won of both) if (won.status === 'fulfilled') expect(won.value).toEqual(again);
    expect(await count('cases')).toBe(before + 1);
  });

  test('two writers of one record: one wins, the other is told', async () => {
    const { id } = await save('Case', { title: 'Contested' });
    const both = await Promise.allSettled(
      ['mine', 'yours'].map((title) => save('Case', { id, expectedVersion: 1, title }, 'title')),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((both.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason).toMatchObject({
      code: 'CONFLICT',
    });
  });
});

test('a value of a withdrawn claim goes, an editor may then give another', async () => {
  const made = await save('Event', {
    kind: 'THREAT',
    title: 'Told',
    citations: [{ field: 'title', source: ids.paper }],
  });
  await h.sql(`update claims set rank = 'DEPRECATED', rank_reason = 'x' where record_id = $1`, [made.id]);
  await h.sql('select house.accept($1)', [made.id]);
  const read = async () =>
    (await h.ask('query ($id: ID!) { event(id: $id) { version title } }', { id: made.id })).event;
  const gone = await read();
  expect(gone.title).toBeNull();
  await save('Event', { id: made.id, expectedVersion: gone.version, title: 'Typed' });
  await h.sql('select house.accept($1)', [made.id]);
  expect((await read()).title).toBe('Typed');
});
