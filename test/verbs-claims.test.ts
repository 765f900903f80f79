// What editors do with claims, sources and captures: through the graph, against a real database, with invented people.
import { createHash } from 'node:crypto';
import { AnswerError, house, type House } from './support/house.js';

let h: House;
beforeEach(async () => {
  h = await house({ load: 'verbs' });
});
afterEach(() => h?.close());

const CLAIM = `id field value stance basis rank rankReason credibility credibilityReason bears isAccepted isDerived version record { id verification }`;
const verb = (name: string, fields = CLAIM) => {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  return async (input: object): Promise<any> =>
    (await h.ask(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input }))[name];
};
const addClaim = verb('addClaim');
const acceptClaim = verb('acceptClaim');
const rankClaim = verb('rankClaim');
const assessClaim = verb('assessClaim');
const withdrawClaim = verb('withdrawClaim');

const custody = async (asOf?: object): Promise<any> =>
  (
    await h.ask(
      `query ($id: ID!, $asOf: AsOf) { detention(id: $id, asOf: $asOf) { version verification starts { edtf } ends { edtf isOpen } lasted facility place { name } claims { id field value reference rank bears isAccepted source { id } } } }`,
      { id: h.id('custody'), asOf },
    )
  ).detention;
const claimWith = async (reference: string): Promise<string> =>
  (await h.ask(`query ($r: String) { claims(filter: { reference: $r }) { nodes { id } } }`, { r: reference })).claims
    .nodes[0].id;

/** Where the problems are and which rule each breaks. */
const refusal = async (work: Promise<unknown>): Promise<[string, unknown][]> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown as AnswerError,
  );
  if (!(error instanceof AnswerError)) throw error ?? new Error('It was not refused.');
  const problems = (error.more.problems ?? [{ path: error.path, rule: error.rule }]) as {
    path: string[];
    rule: string;
    message?: string;
  }[];
  for (const { message } of problems) if (message !== undefined) expect(message).toMatch(/^[A-Z"].*[.?]$/s);
  return problems.map(({ path, rule }): [string, unknown] => [path.slice(1).join('.'), rule]);
};

describe('a claim that is added', () => {
  test('shows its value where nothing stronger speaks, and is kept with its reason', async () => {
    const claim = await addClaim({
      record: h.id('custody'),
      field: 'ends',
      value: '2019-05-30',
      source: h.id('late'),
      locator: '¶4',
      wording: 'thirty days',
      wordingLanguage: 'en',
      informantRecord: h.id('bakyt'),
      changeReason: 'Read the second page.',
    });
    expect(claim).toMatchObject({ field: 'ends', value: '2019-05-30', stance: 'ASSERTS', basis: 'STATED', rank: 'NORMAL', isAccepted: true }); // prettier-ignore
    expect(await custody()).toMatchObject({ ends: { edtf: '2019-05-30' } });
    const kept = await h.sql<{ reason: string }>(
      `select t.reason from history.claims c join history.transactions t on t.id = c.transaction_id where c.id = $1`,
      [claim.id],
    );
    expect(kept).toEqual([{ reason: 'Read the second page.' }]);
  });

  test('that is derived rests on its bases, and makes nothing known before they are public', async () => {
    const [start, lasted] = [await claimWith('D2'), (await custody()).claims.find((c: any) => c.field === 'lasted').id];
    const claim = await addClaim({
      record: h.id('custody'),
      field: 'ends',
      value: '2019-05-30',
      derivedFrom: [start, lasted],
      basis: 'COMPUTED',
      note: 'Thirty days, counted with the first.',
    });
    expect(claim).toMatchObject({ isDerived: true, basis: 'COMPUTED', isAccepted: true });
    expect((await custody({ publishedBy: '2020-01-01' })).ends).toBeNull();
    expect((await custody({ publishedBy: '2021-03-01' })).ends).toMatchObject({ edtf: '2019-05-30' });
  });

  test('of a record, of an open end and of a denial needs no more than that', async () => {
    const status = async (): Promise<any> =>
      (await h.ask(`query ($id: ID!) { refugeeStatus(id: $id) { verification ends { isOpen } } }`, { id: h.id('refugee') })).refugeeStatus; // prettier-ignore
    await addClaim({ record: h.id('refugee'), field: 'ends', value: '..', source: h.id('late') });
    expect(await status()).toEqual({ ends: { isOpen: true }, verification: 'REPORTED' });
    await addClaim({ record: h.id('refugee'), source: h.id('early') });
    expect(await status()).toMatchObject({ verification: 'CORROBORATED' });
    await addClaim({ record: h.id('refugee'), stance: 'OFFICIAL_DENIAL', source: h.id('ministry') });
    expect(await status()).toMatchObject({ verification: 'DISPUTED' });
  });

  test('makes its record known from that day, and with it the person', async () => {
    const born = await h.ask(`query ($id: ID!, $asOf: AsOf) { person(id: $id, asOf: $asOf) { id } }`, {
      id: h.id('bakyt'),
      asOf: { accordingTo: [h.id('ministry')] },
    });
    expect(born.person).toBeNull();
    await h.ask(`mutation ($input: SaveDetentionInput!) { saveDetention(input: $input) { id } }`, {
      input: { person: h.id('bakyt'), kind: 'ADMINISTRATIVE', starts: '2020', sensitivity: 'PUBLIC', citations: [{ source: h.id('ministry'), field: 'starts' }] },
    }); // prettier-ignore
    const { person } = await h.ask(
      `query ($id: ID!, $asOf: AsOf) { person(id: $id, asOf: $asOf) { id detentions { starts { edtf } } } }`,
      { id: h.id('bakyt'), asOf: { accordingTo: [h.id('ministry')] } },
    );
    expect(person).toEqual({ id: h.id('bakyt'), detentions: [{ starts: { edtf: '2020' } }] });
  });

  test('twice with one key stands once; with one key and another input it is refused', async () => {
    const input = {
      record: h.id('custody'),
      field: 'facility',
      value: 'Pier 4',
      source: h.id('late'),
      idempotencyKey: 'k1',
    };
    const [first, second] = [await addClaim(input), await addClaim(input)];
    expect(second.id).toBe(first.id);
    await expect(addClaim({ ...input, value: 'Pier 5' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await refusal(addClaim({ ...input, idempotencyKey: 'k2' }))).toEqual([['', 'claim_said_already']]);
  });

  test.each<[string, (id: (key: string) => string) => object, [string, string][]]>([
    ['a field that is none', () => ({ field: 'begins', value: '2019' }), [['field', 'claims_field']]],
    ['a field that claims do not decide', () => ({ field: 'kind', value: 'OTHER' }), [['field', 'claims_field']]],
    ['no value', () => ({ field: 'starts' }), [['value', 'citation_has_a_value']]],
    ['a value without a field', () => ({ value: '2019' }), [['value', 'claim_about_existence_has_no_value']]],
    ['a date that is none', () => ({ field: 'starts', value: '2019-13' }), [['value', 'value']]],
    ['a word that is none', () => ({ field: 'stage', value: 'ON_TRAIL' }), [['value', 'value']]],
    ['a place that is a person', (id) => ({ field: 'place', value: id('amina') }), [['value', 'not_found']]],
    ['an informant that is a place', (id) => ({ informantRecord: id('hills') }), [['informantRecord', 'not_found']]],
    ['a grade that is none', () => ({ credibility: 7 }), [['credibility', 'claim_credibility_is_1_to_6']]],
    ['a confirmation without a reason', () => ({ credibility: 1 }), [['changeReason', 'confirming_needs_a_reason']]],
    ['neither source nor bases', () => ({ source: null }), [['source', 'claim_rests_on_a_source_or_on_claims']]],
    [
      'many mistakes at once',
      (id) => ({ record: '00000000-0000-4000-8000-000000000000', source: id('amina'), credibility: 0 }),
      [
        ['record', 'not_found'],
        ['source', 'not_found'],
        ['credibility', 'claim_credibility_is_1_to_6'],
      ],
    ],
  ])('with %s is refused, and nothing is written', async (_, change, expected) => {
    const before = await h.sql<{ count: string }>('select count(*) from claims');
    const input = { record: h.id('custody'), source: h.id('ministry'), ...change((key) => h.id(key)) };
    expect((await refusal(addClaim(input))).sort()).toEqual([...expected].sort());
    expect(await h.sql('select count(*) from claims')).toEqual(before);
  });

  test('that would break a rule of the record is refused with its sentence, and so is the whole document', async () => {
    const wrong = addClaim({ record: h.id('custody'), field: 'ends', value: '2018', source: h.id('late') });
    await expect(wrong).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      rule: 'detention_ends_after_it_starts',
      message: 'A detention cannot end before it starts.',
    });
    expect(await custody()).toMatchObject({ ends: null });
  });
});

describe('claims that are judged', () => {
  test('an accepted claim decides, whichever was preferred before does not, and the history knows why', async () => {
    const [d1, d2] = [await claimWith('D1'), await claimWith('D2')];
    expect((await custody()).starts.edtf).toBe('2019-04-30');
    expect(await acceptClaim({ claim: d2, changeReason: 'Page two is a facsimile.' })).toMatchObject({ rank: 'PREFERRED', isAccepted: true }); // prettier-ignore
    expect((await custody()).starts.edtf).toBe('2019-05-01');
    await acceptClaim({ claim: d1, changeReason: 'The facsimile is of another day.' });
    const { claims, starts } = await custody();
    expect(starts.edtf).toBe('2019-04-30');
    expect(claims.filter((c: any) => c.field === 'starts').map((c: any) => [c.reference, c.rank])).toEqual([
      ['D1', 'PREFERRED'],
      ['D2', 'NORMAL'],
    ]);
    expect(await refusal(acceptClaim({ claim: d1, changeReason: ' ' }))).toEqual([
      ['changeReason', 'judging_needs_a_reason'],
    ]);
    expect(await refusal(rankClaim({ claim: d1, rank: 'PREFERRED', changeReason: 'Best.' }))).toEqual([['rank', 'preferring_is_accepting']]); // prettier-ignore
  });

  test('a denial cannot be accepted, nor can a claim more sensitive than its record', async () => {
    const denial = await addClaim({
      record: h.id('custody'),
      field: 'starts',
      stance: 'DENIES',
      source: h.id('ministry'),
    });
    expect(await refusal(acceptClaim({ claim: denial.id, changeReason: 'No.' }))).toEqual([
      ['claim', 'claim_without_value'],
    ]);
    const sealed = await addClaim({ record: h.id('custody'), field: 'facility', value: 'Pier 9', sensitivity: 'SEALED', source: h.id('late') }); // prettier-ignore
    expect(sealed.isAccepted).toBe(false);
    expect(await refusal(acceptClaim({ claim: sealed.id, changeReason: 'Sure.' }))).toEqual([['claim', 'claim_is_as_sensitive_as_its_record']]); // prettier-ignore
    expect((await custody()).facility).toBeNull();
  });

  test('a withdrawn claim takes with it all that is derived from it, and gives it back when it counts again', async () => {
    const start = await claimWith('D2');
    const end = await addClaim({ record: h.id('custody'), field: 'ends', value: '2019-05-31', derivedFrom: [start], basis: 'COMPUTED' }); // prettier-ignore
    // Concluded from the conclusion, on another record.
    const status = await addClaim({ record: h.id('refugee'), field: 'ends', value: '2020-05-31', derivedFrom: [end.id], basis: 'INFERRED' }); // prettier-ignore
    const withdrawn = await withdrawClaim({ claim: start, changeReason: 'It is about somebody else.' });
    expect(withdrawn).toMatchObject({ rank: 'DEPRECATED', rankReason: 'It is about somebody else.', bears: false });
    expect(await custody()).toMatchObject({ starts: { edtf: '2019-04-30' }, ends: null });
    const ends = async (): Promise<unknown> =>
      (await h.ask(`query ($id: ID!) { refugeeStatus(id: $id) { ends { edtf } } }`, { id: h.id('refugee') })).refugeeStatus.ends; // prettier-ignore
    expect(await ends()).toBeNull();
    expect(await refusal(acceptClaim({ claim: status.id, changeReason: 'Still.' }))).toEqual([['claim', 'claim_rests_on_a_withdrawn_one']]); // prettier-ignore
    expect(await refusal(addClaim({ record: h.id('custody'), field: 'lasted', value: 'P1M', derivedFrom: [end.id], basis: 'COMPUTED' }))).toEqual([['derivedFrom.0', 'claim_rests_on_a_withdrawn_one']]); // prettier-ignore
    expect(await refusal(withdrawClaim({ claim: start, changeReason: 'Again.' }))).toEqual([
      ['claim', 'claim_is_withdrawn'],
    ]);
    await rankClaim({ claim: start, rank: 'NORMAL', changeReason: 'It is about her after all.' });
    expect(await custody()).toMatchObject({ ends: { edtf: '2019-05-31' } });
    expect(await ends()).toEqual({ edtf: '2020-05-31' });
  });

  test('falls also at the back door, and is versioned there', async () => {
    const start = await claimWith('D2');
    const end = await addClaim({ record: h.id('custody'), field: 'ends', value: '2019-05-31', derivedFrom: [start], basis: 'COMPUTED' }); // prettier-ignore
    const [clock] = await h.sql<{ now: string }>(`select to_json(now()) #>> '{}' as now`);
    await h.sql(`update claims set rank = 'DEPRECATED', rank_reason = 'By hand.' where id = $1`, [start]);
    expect((await custody()).ends).toBeNull();
    expect((await custody({ recordedBy: clock!.now })).ends).toMatchObject({ edtf: '2019-05-31' });
    const versions = await h.sql<{ bears: boolean }>(`select bears from history.claims where id = $1 order by recorded_from`, [end.id]); // prettier-ignore
    expect(versions).toEqual([{ bears: true }, { bears: false }]);
  });

  test('a record is confirmed by a person with a reason, refuted when all is withdrawn, and unsourced when nobody spoke', async () => {
    const existing = (await custody()).claims.find((c: any) => c.field === '' || c.field === null).id;
    expect((await custody()).verification).toBe('DISPUTED');
    expect(
      await assessClaim({ claim: existing, credibility: 1, changeReason: 'The register was seen.' }),
    ).toMatchObject({
      credibility: 1,
      credibilityReason: 'The register was seen.',
      record: { verification: 'CONFIRMED' },
    });
    expect(await refusal(assessClaim({ claim: existing, credibility: 9, changeReason: 'x' }))).toEqual([['credibility', 'claim_credibility_is_1_to_6']]); // prettier-ignore
    for (const { id } of (await custody()).claims) await withdrawClaim({ claim: id, changeReason: 'Forged.' });
    expect(await custody()).toMatchObject({ verification: 'REFUTED', starts: null, place: null });
    const { person } = await h.ask(`query ($id: ID!) { person(id: $id) { verification } }`, { id: h.id('bakyt') });
    expect(person.verification).toBe('UNSOURCED');
  });
});

describe('a source that is withdrawn', () => {
  const IMPACT = `source { id } totals { claims records fields links certificates } records { id }
    fields { record { id } field now { value date { edtf } } without { value claim { source { id } } } }
    certificates { document { id } validUntilNow { edtf } validUntilWithout { edtf } isLost } verifications { record { id } now without }`;
  const impact = async (key: string): Promise<any> =>
    (await h.ask(`query ($id: ID!) { impact(source: $id) { ${IMPACT} } }`, { id: h.id(key) })).impact;

  test('changes what was foretold, no more and no less, and says so', async () => {
    const foretold = await impact('late');
    expect(foretold.certificates).toEqual([
      { document: { id: h.id('first') }, validUntilNow: { edtf: '2020-10-14' }, validUntilWithout: null, isLost: true },
    ]);
    const changed = await verb('withdrawSource', IMPACT)({ source: h.id('late'), changeReason: 'It was forged.' });
    expect(changed).toEqual(foretold);
    const { statusDocument } = await h.ask(
      `query ($id: ID!) { statusDocument(id: $id) { validFrom { edtf } validUntil { edtf } verification } }`,
      { id: h.id('first') },
    );
    expect(statusDocument).toEqual({ validFrom: null, validUntil: null, verification: 'REFUTED' });
    for (const { record, now, without } of foretold.verifications) {
      const { node } = await h.ask(`query ($id: ID!) { node(id: $id) { ... on Record { verification } } }`, { id: record.id }); // prettier-ignore
      expect([record.id, now === without, node.verification]).toEqual([record.id, false, without]);
    }
    expect((await impact('late')).totals).toEqual({ claims: 0, records: 0, fields: 0, links: 0, certificates: 0 });
    expect(await refusal(verb('withdrawSource', IMPACT)({ source: h.id('late'), changeReason: 'Again.' }))).toEqual([['source', 'source_has_claims']]); // prettier-ignore
    // The date of 2019 stands, by the other source.
    expect(await custody()).toMatchObject({ starts: { edtf: '2019-04-30' }, lasted: null });
  });
});

describe('the impact of a source', () => {
  const REFUSAL = `totals { claims } refusal { rule message }`;
  const refusalOf = async (source: string): Promise<any> =>
    (await h.ask(`query ($id: ID!) { impact(source: $id) { ${REFUSAL} } }`, { id: h.id(source) })).impact.refusal;
  const withdraw = (source: string) =>
    verb('withdrawSource', REFUSAL)({ source: h.id(source), changeReason: 'It was forged.' });

  test('foretells by which rule a withdrawal would be refused, and writes nothing', async () => {
    // Held from March by the ministry, until April by the reprint; without the ministry it would begin after its end.
    const about = { record: h.id('custody') };
    await addClaim({ ...about, field: 'starts', value: '2019-03-01', source: h.id('ministry'), credibility: 2 });
    await addClaim({ ...about, field: 'ends', value: '2019-04-01', source: h.id('reprint') });
    const before = await custody();
    const transactions = async () => await h.sql('select count(*) from history.transactions');
    const kept = await transactions();
    expect(await refusalOf('ministry')).toEqual({
      rule: 'detention_ends_after_it_starts',
      message: 'A detention cannot end before it starts.',
    });
    await expect(withdraw('ministry')).rejects.toMatchObject({ rule: 'detention_ends_after_it_starts' });
    expect(await refusalOf('reprint')).toBeNull();
    expect([await custody(), await transactions()]).toEqual([before, kept]);
    expect(await withdraw('reprint')).toMatchObject({ totals: { claims: 1 }, refusal: null });
    expect(await refusalOf('reprint')).toMatchObject({ rule: 'source_has_claims' });
    // The reprint said when it ended; nothing stands against it any more.
    expect(await refusalOf('ministry')).toBeNull();
  });

  test('is told as it was known on a day and as it was recorded at an instant, where nothing can be withdrawn', async () => {
    const starts = async (asOf?: object): Promise<any> => {
      const { impact } = await h.ask(
        `query ($id: ID!, $asOf: AsOf) { impact(source: $id, asOf: $asOf) { fields { record { id } field without { value } } refusal { rule } } }`,
        { id: h.id('early'), asOf },
      );
      const found = impact.fields.find((one: any) => one.record?.id === h.id('custody') && one.field === 'starts');
      return found && [found.without?.value ?? null, impact.refusal];
    };
    expect(await starts()).toEqual(['2019-05-01', null]);
    // The other source came out two years later.
    expect(await starts({ publishedBy: '2019-12-31' })).toEqual([null, null]);
    const [clock] = await h.sql<{ now: string }>(`select to_json(now()) #>> '{}' as now`);
    await withdraw('early');
    expect(await starts()).toBeUndefined();
    expect(await starts({ recordedBy: clock!.now })).toEqual(['2019-05-01', null]);
  });
});

describe('a capture', () => {
  const CAPTURE = `id sha256 byteSize mediaType copyKind custody { actor action reason }`;
  const bytes = Buffer.from('<p>Held at the harbour</p>', 'utf8');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const input = (change: object = {}) => ({
    source: h.id('early'), bytes: bytes.toString('base64'), mediaType: 'text/html', capturedAt: '2019-05-02T10:00:00Z', tool: 'a browser 1.0',
    operator: 'An Archivist', copyKind: 'EVIDENTIARY', changeReason: 'The page may go.', ...change,
  }); // prettier-ignore
  const addCapture = verb('addCapture', CAPTURE);
  const verify = async (id: string): Promise<any> =>
    (await h.ask(`query ($id: ID!) { verifyCapture(id: $id) { isKept sha256 byteSize isIntact capture { id } } }`, { id })).verifyCapture; // prettier-ignore

  test('is counted when it comes in, and again whenever somebody asks', async () => {
    const capture = await addCapture(input({ sha256: sha256.toUpperCase() }));
    expect(capture).toMatchObject({
      sha256,
      byteSize: String(bytes.length),
      custody: [{ actor: expect.any(String), action: expect.stringContaining(sha256), reason: 'The page may go.' }],
    });
    expect(await verify(capture.id)).toEqual({ isKept: true, sha256, byteSize: String(bytes.length), isIntact: true, capture: { id: capture.id } }); // prettier-ignore
    const step = await verb('addCustodyStep', 'action capture { id }')({ capture: capture.id, action: 'Copied to a sealed disk.', changeReason: 'For the court.' }); // prettier-ignore
    expect(step).toEqual({ action: 'Copied to a sealed disk.', capture: { id: capture.id } });
  });

  test('of the same bytes twice keeps them once', async () => {
    await addCapture(input());
    await addCapture(input({ copyKind: 'WORKING' }));
    expect(await h.sql('select sha256 from capture_contents')).toEqual([{ sha256 }]);
  });

  test('is changed by nobody, and a change behind our back is found', async () => {
    const capture = await addCapture(input());
    await expect(h.sql(`update captures set tool = 'another' where id = $1`, [capture.id])).rejects.toThrow(
      'never changed',
    );
    await expect(h.sql(`update capture_contents set bytes = 'x'`)).rejects.toThrow(/never changed|SHA-256/);
    await h.sql(`
      alter table capture_contents disable trigger a_never_changes;
      alter table capture_contents drop constraint capture_content_has_its_sha256;
      update capture_contents set bytes = 'x'`);
    expect(await verify(capture.id)).toMatchObject({ isKept: true, isIntact: false, byteSize: '1' });
  });

  test('with bytes that are not those counted before, or are none, is refused with all that is wrong', async () => {
    expect(await refusal(addCapture(input({ sha256: '0'.repeat(64), mediaType: 'html', tool: ' ' })))).toEqual([
      ['sha256', 'capture_has_the_sha256_given'],
      ['mediaType', 'capture_media_type_is_one_of_iana'],
      ['tool', 'required'],
    ]);
    expect(await refusal(addCapture(input({ bytes: 'not base64!' })))).toEqual([['bytes', 'capture_is_base64']]);
    expect(await refusal(addCapture(input({ bytes: '' })))).toEqual([['bytes', 'capture_is_not_empty']]);
    expect(await refusal(addCapture(input({ bytes: 'A'.repeat(700_004) })))).toEqual([['bytes', 'capture_fits_one_request']]); // prettier-ignore
    expect(await h.sql('select from captures')).toEqual([]);
    expect(await verify('00000000-0000-4000-8000-000000000000')).toBeNull();
  });
});
