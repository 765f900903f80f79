// Decisions with what they bring, transfers, and links: several records in one step, through the graph, with invented people.
import { AnswerError, house, type House } from './support/house.js';

let h: House;
beforeEach(async () => {
  h = await house({ load: 'verbs' });
});
afterEach(() => h?.close());

const verb = (name: string, fields: string) => {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  return async (input: object): Promise<any> =>
    (await h.ask(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input }))[name];
};

const refusal = async (work: Promise<unknown>): Promise<[string, unknown][]> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AnswerError)) throw error ?? new Error('It was not refused.');
  if (!error.path && !error.more.problems) throw error.cause;
  const problems = (error.more.problems ?? [{ path: error.path, rule: error.rule }]) as { path: string[]; rule: string; message?: string }[]; // prettier-ignore
  for (const { message } of problems) if (message !== undefined) expect(message).toMatch(/^[A-Z"].*[.?]$/s);
  return problems.map(({ path, rule }): [string, unknown] => [path.slice(1).join('.'), rule]);
};

const count = async (): Promise<object> => {
  const [counts] = await h.sql(
    `select (select count(*) from status_decisions) as decisions, (select count(*) from status_documents) as documents, (select count(*) from refugee_statuses) as statuses,
       (select count(*) from detentions) as detentions, (select count(*) from claims) as claims, (select count(*) from event_links) as links`,
  );
  return counts!;
};

describe('a decision that is recorded', () => {
  const DECISION = `id action concerns decided { edtf } authority { name } reason sensitivity claims { field source { id } isAccepted locator }
    status { id starts { edtf } kind } document { id kind validFrom { edtf } validUntil { edtf isOpen } succession predecessor { id } successor { id } status { id } unsourcedFields claims { field source { id } locator } } unsourcedFields`;
  const recordDecision = verb('recordDecision', DECISION);
  const base = (change: object = {}) => ({
    person: h.id('amina'), country: 'NZ', action: 'EXTEND', concerns: 'REFUGEE_CONVENTION', decided: '2020-09-30', authority: h.id('office'),
    citations: [{ source: h.id('late'), locator: '¶9' }], ...change,
  }); // prettier-ignore
  const extension = (change: object = {}) => ({
    kind: 'REFUGEE_CERTIFICATE', validFrom: '2020-10-15', validUntil: '2021-10-14', predecessor: h.id('first'), ...change,
  }); // prettier-ignore

  test('brings a new document with its predecessor, and all of it rests on the same source', async () => {
    const decision = await recordDecision(base({ document: extension(), statedReason: 'Nothing has changed.' }));
    expect(decision).toMatchObject({
      action: 'EXTEND',
      decided: { edtf: '2020-09-30' },
      authority: { name: 'Certificate Office' },
      reason: 'Nothing has changed.',
      sensitivity: 'PUBLIC',
      unsourcedFields: [],
      status: { id: h.id('refugee') },
      document: {
        validFrom: { edtf: '2020-10-15' },
        validUntil: { edtf: '2021-10-14' },
        succession: 'EXTENSION',
        predecessor: { id: h.id('first') },
        status: { id: h.id('refugee') },
        unsourcedFields: [],
      },
    });
    expect(decision.claims.map(({ field }: any) => field).sort()).toEqual(
      [null, 'authority', 'decided', 'reason'].sort(),
    );
    expect(decision.document.claims.map(({ field }: any) => field).sort()).toEqual(
      [null, 'predecessor', 'succession', 'validFrom', 'validUntil'].sort(),
    );
    for (const claim of [...decision.claims, ...decision.document.claims])
      expect(claim).toMatchObject({ source: { id: h.id('late') }, locator: '¶9' });
    const { certificateChain } = await h.ask(
      `query ($id: ID!) { statusDocument(id: $id) { successor { id } } certificateChain: statusDocument(id: $id) { id } }`,
      { id: h.id('first') },
    );
    expect(certificateChain.id).toBe(h.id('first'));
  });

  test('that grants creates the status it is about, and links it the second time', async () => {
    const grant = await recordDecision(base({ person: h.id('bakyt'), action: 'GRANT', decided: '2020-01-15', document: { kind: 'REFUGEE_CERTIFICATE', validFrom: '2020-01-15', validUntil: '2021-01-14' } })); // prettier-ignore
    expect(grant).toMatchObject({ status: { kind: 'REFUGEE_CONVENTION', starts: { edtf: '2020-01-15' } }, document: { predecessor: null, succession: null } }); // prettier-ignore
    const refusal = await recordDecision(
      base({ person: h.id('bakyt'), action: 'REFUSE_EXTENSION', decided: '2021-01-10' }),
    );
    expect(refusal).toMatchObject({ status: { id: grant.status.id }, document: null });
    const linked = await recordDecision(base({ person: h.id('bakyt'), action: 'REPLACE', decided: '2020-06', document: { id: grant.document.id } })); // prettier-ignore
    expect(linked.document.id).toBe(grant.document.id);
  });

  test('is cited for single values where the source tells only these', async () => {
    const decision = await recordDecision(
      base({
        document: extension(),
        citations: [
          { source: h.id('late') },
          { source: h.id('ministry'), field: 'document.validUntil', locator: 'table 2' },
        ],
      }),
    );
    const byMinistry = [...decision.claims, ...decision.document.claims].filter(
      ({ source }: any) => source.id === h.id('ministry'),
    );
    expect(byMinistry).toMatchObject([{ field: 'validUntil', locator: 'table 2' }]);
  });

  test('twice with one key stands once', async () => {
    const input = base({ document: extension(), idempotencyKey: 'same', changeReason: 'Read again.' });
    const [first, second] = [await recordDecision(input), await recordDecision(input)];
    expect(second.id).toBe(first.id);
  });

  test.each<[string, (id: (key: string) => string) => object, [string, string][]]>([
    ['a document of a refusal', () => ({ action: 'REFUSE', document: { kind: 'REFUGEE_CERTIFICATE' } }), [['document', 'refusal_brings_no_document']]],
    ['a document of an application', () => ({ action: 'APPLY', document: { kind: 'REFUGEE_CERTIFICATE' } }), [['document', 'decision_brings_a_document']]],
    ['an extension of nothing', () => ({ document: { kind: 'REFUGEE_CERTIFICATE' } }), [['document.predecessor', 'extension_has_a_predecessor']]],
    ['a document of somebody else', (id) => ({ person: id('bakyt'), document: { id: id('first') } }), [['document.id', 'document_of_the_same_person_and_country']]],
    ['a status of another kind', (id) => ({ concerns: 'NATURALIZED', status: id('refugee') }), [['status', 'status_of_the_same_person_country_and_kind']]],
    ['a document that ends before it begins', (id) => ({ document: { kind: 'REFUGEE_CERTIFICATE', predecessor: id('first'), validFrom: '2021', validUntil: '2020-11' } }), [['document', 'certificate_ends_after_it_begins']]],
    ['a document that overlaps the one before', (id) => ({ document: { kind: 'REFUGEE_CERTIFICATE', predecessor: id('first'), validFrom: '2020-10-01', validUntil: '2021' } }), [['document', 'certificate_periods_do_not_overlap']]],
    [
      'many mistakes at once, in all parts',
      (id) => ({ authority: id('amina'), document: { predecessor: id('first'), issuer: id('hills') }, citations: [{ source: id('amina') }, { source: id('late'), field: 'place' }] }),
      [['document.kind', 'required'], ['authority', 'not_found'], ['citations.0.source', 'not_found'], ['citations.1.field', 'citation_has_a_value']],
    ],
    [
      'no source and nobody',
      (id) => ({ person: id('office'), citations: [] }),
      [['citations', 'decision_has_a_source'], ['person', 'not_found']],
    ],
  ])('with %s is refused, and nothing of it is written', async (_, change, expected) => {
    const before = await count();
    expect((await refusal(recordDecision(base(change((key) => h.id(key)))))).sort()).toEqual([...expected].sort());
    expect(await count()).toEqual(before);
  }); // prettier-ignore
});

describe('a transfer', () => {
  const transferDetention = verb('transferDetention', `id person { id } kind facilityKind facility place { name } starts { edtf } unsourcedFields claims { field source { id } } transferredFrom { id ends { edtf } outcome unsourcedFields }`); // prettier-ignore
  const base = (change: object = {}) => ({
    detention: h.id('custody'), left: '2019-05-10', facilityKind: 'PRISON', facility: 'Hill Prison', place: h.id('hills'), citations: [{ source: h.id('late') }], ...change,
  }); // prettier-ignore

  test('ends one detention and starts another, by the same source', async () => {
    const after = await transferDetention(base());
    expect(after).toMatchObject({
      person: { id: h.id('amina') },
      kind: 'ADMINISTRATIVE',
      facilityKind: 'PRISON',
      place: { name: 'Hill Town' },
      starts: { edtf: '2019-05-10' },
      unsourcedFields: [],
      transferredFrom: {
        id: h.id('custody'),
        ends: { edtf: '2019-05-10' },
        outcome: 'TRANSFERRED',
        unsourcedFields: [],
      },
    });
    expect(await refusal(transferDetention(base({ left: '2019-05-11' })))).toEqual([['detention', 'a_detention_is_continued_by_one_transfer']]); // prettier-ignore
  });

  test('that cannot be is refused, with all that is wrong, and nothing is written', async () => {
    const before = await count();
    expect((await refusal(transferDetention(base({ left: '2018', arrived: '2017', place: h.id('amina'), citations: [{ source: h.id('late'), field: 'starts' }] })))).sort()).toEqual([
      ['arrived', 'transfer_arrives_after_it_leaves'],
      ['citations.0.field', 'transfer_is_cited_as_a_whole'],
      ['left', 'detention_ends_after_it_starts'],
      ['place', 'not_found'],
    ]); // prettier-ignore
    expect(await refusal(transferDetention(base({ left: '2018' })))).toContainEqual(['left', 'detention_ends_after_it_starts']); // prettier-ignore
    expect(await count()).toEqual(before);
  });
});

describe('a link', () => {
  const LINK = `id kind assessment assessmentReason verification temporalCheck { result } stances { stance source { id } }`;
  const linkEvents = verb('linkEvents', LINK);
  const assessLink = verb('assessLink', LINK);
  const base = (change: object = {}) => ({
    from: h.id('closure'), to: h.id('protest'), kind: 'RETALIATION_FOR', citations: [{ source: h.id('late') }], ...change,
  }); // prettier-ignore

  test('is an allegation until it is assessed', async () => {
    const link = await linkEvents(base());
    expect(link).toMatchObject({
      assessment: 'ALLEGED',
      temporalCheck: { result: 'CONSISTENT' },
      stances: [{ stance: 'ASSERTS' }],
    });
    expect(
      await assessLink({ link: link.id, assessment: 'CONFIRMED', changeReason: 'The order names it.' }),
    ).toMatchObject({
      assessment: 'CONFIRMED',
      assessmentReason: 'The order names it.',
    });
    expect(await refusal(assessLink({ link: link.id, assessment: 'REFUTED', changeReason: '' }))).toEqual([['changeReason', 'judging_needs_a_reason']]); // prettier-ignore
  });

  test('that nobody asserts is not confirmed', async () => {
    const said = base({ citations: [{ source: h.id('late'), stance: 'REPORTS_ALLEGATION' }] });
    expect(await refusal(linkEvents({ ...said, assessment: 'CONFIRMED', changeReason: 'Sure.' }))).toEqual([['assessment', 'confirmed_link_is_asserted']]); // prettier-ignore
    const link = await linkEvents(said);
    expect(await refusal(assessLink({ link: link.id, assessment: 'CONFIRMED', changeReason: 'Sure.' }))).toEqual([['assessment', 'confirmed_link_is_asserted']]); // prettier-ignore
  });

  test('that nobody asserts is confirmed by no other door either', async () => {
    const input = { from: h.id('closure'), to: h.id('protest'), kind: 'RETALIATION_FOR', assessment: 'CONFIRMED', assessmentReason: 'Sure.' }; // prettier-ignore
    const save = (citations: object[]) =>
      h.ask('mutation ($input: SaveEventLinkInput!) { saveEventLink(input: $input) { assessment } }', {
        input: { ...input, citations },
      });
    await expect(save([{ source: h.id('late'), stance: 'REPORTS_ALLEGATION' }])).rejects.toMatchObject({
      rule: 'confirmed_link_is_asserted',
      message: expect.stringMatching(/^A link is confirmed only where a claim that counts asserts it/),
    });
    await expect(
      h.sql(
        `insert into event_links (from_id, to_id, kind, assessment) values ($1, $2, 'RETALIATION_FOR', 'CONFIRMED')`,
        [h.id('closure'), h.id('protest')],
      ),
    ).rejects.toMatchObject({ constraint: 'confirmed_link_is_asserted' });
    // The claim may come after the link, in the same transaction.
    expect(await save([{ source: h.id('late') }])).toEqual({ saveEventLink: { assessment: 'CONFIRMED' } });
  });

  test('that time forbids is neither supported nor confirmed, and the sentence says why', async () => {
    const impossible = base({ from: h.id('protest'), to: h.id('closure') });
    const refused = linkEvents({ ...impossible, assessment: 'SUPPORTED', changeReason: 'They say so.' });
    await expect(refused).rejects.toMatchObject({
      rule: 'impossible_link_is_not_supported',
      message:
        'The dates make this link impossible: the effect certainly came before its cause. It cannot be supported or confirmed.',
    });
    const link = await linkEvents(impossible);
    expect(link.temporalCheck.result).toBe('IMPOSSIBLE');
    expect(await refusal(assessLink({ link: link.id, assessment: 'SUPPORTED', changeReason: 'They say so.' }))).toEqual([['assessment', 'impossible_link_is_not_supported']]); // prettier-ignore
    expect(await assessLink({ link: link.id, assessment: 'REFUTED', changeReason: 'It came first.' })).toMatchObject({
      assessment: 'REFUTED',
    });
  });

  test('is an allegation again when the only claim that asserts it is withdrawn, as impact foretold', async () => {
    const link = await linkEvents(
      base({ citations: [{ source: h.id('ministry') }], assessment: 'SUPPORTED', changeReason: 'An order.' }),
    );
    const { impact } = await h.ask(`query ($id: ID!) { impact(source: $id) { links { link { id } now without } } }`, { id: h.id('ministry') }); // prettier-ignore
    expect(impact.links).toEqual([{ link: { id: link.id }, now: 'SUPPORTED', without: 'ALLEGED' }]);
    await verb('withdrawSource', 'totals { links }')({ source: h.id('ministry'), changeReason: 'Forged.' });
    const { eventLink } = await h.ask(`query ($id: ID!) { eventLink(id: $id) { ${LINK} } }`, { id: link.id });
    expect(eventLink).toMatchObject({
      assessment: 'ALLEGED',
      verification: 'REFUTED',
      assessmentReason: expect.stringContaining('Forged.'),
    });
  });

  test('keeps a date from moving so that it becomes impossible', async () => {
    await linkEvents(base({ assessment: 'SUPPORTED', changeReason: 'An order.' }));
    const moved = verb(
      'addClaim',
      'id',
    )({ record: h.id('closure'), field: 'starts', value: '2019-04-01', source: h.id('early'), credibility: 2 });
    await expect(moved).rejects.toMatchObject({ rule: 'impossible_link_is_not_supported' });
  });
});
