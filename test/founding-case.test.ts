// The questions that Kualik was made to answer, asked through the graph over the founding case, in their reading of today:
// all sources, every clock at now. Numbers are those of data/founding-case/questions.md.
import { house, type House } from './support/house.js';

let founding: House;
beforeAll(async () => {
  founding = await house({ template: 'founding', today: '2026-11-01' });
});
afterAll(() => founding?.close());

const id = (key: string): string => founding.id(key);
const ask = (query: string, variables?: Record<string, unknown>) => founding.ask(query, variables);

/** The keys of the given ids, in their order. */
function keysOf(ids: readonly string[], ...keys: string[]): (string | undefined)[] {
  const known = new Map(keys.map((key) => [id(key), key]));
  return ids.map((one) => known.get(one));
}

const values = (claims: any[]): any[] => claims.map((claim) => claim.value);
const bySource = (claims: any[], title: RegExp): any[] =>
  claims.filter((claim) => title.test(claim.source?.title ?? ''));

test("1. Musakhan's certificates in order, with what each renews", async () => {
  const { certificateChain } = await ask(
    `query ($person: ID!) { certificateChain(person: $person) { links {
       document { id kind validFrom { edtf } validUntil { edtf } claims(field: "validUntil") { isAccepted basis } }
       predecessor { id } succession gapBefore { certainty } successorKnown } } }`,
    { person: id('km') },
  );
  const links = certificateChain.flatMap((chain: any) => chain.links);
  expect(
    keysOf(
      links.map((l: any) => l.document.id),
      'd1-km',
      'd2-km',
      'd3-km',
      'd4-km',
      'd5-km',
    ),
  ).toEqual(['d1-km', 'd2-km', 'd3-km', 'd4-km', 'd5-km']);
  expect(links.map((l: any) => [l.document.kind, l.document.validUntil.edtf])).toEqual([
    ['ASYLUM_SEEKER_CERTIFICATE', '[2020-01-28..2020-01-29]'],
    ['ASYLUM_SEEKER_CERTIFICATE', '2020-07'],
    ['REFUGEE_CERTIFICATE', '[2021-10-14..2021-10-16]'],
    ['REFUGEE_CERTIFICATE', '2022-10-14'],
    ['REFUGEE_CERTIFICATE', '2023-10-14~'],
  ]);
  const accepted = links.map((l: any) => l.document.claims.find((c: any) => c.isAccepted).basis);
  expect(accepted).toEqual(['INFERRED', 'STATED', 'INFERRED', 'STATED', 'INFERRED']);
  expect(links[3]).toMatchObject({ predecessor: { id: id('d3-km') }, succession: 'EXTENSION' });
  expect(links[4]).toMatchObject({ successorKnown: 'UNKNOWN' });
});

test('2. Musakhan and Alimuly are certainly covered on 20 October 2021, and possibly on the 18th', async () => {
  const { km, ma } = await ask(
    `query ($km: ID!, $ma: ID!) { km: coverage(person: $km, kind: REFUGEE_CERTIFICATE) { ...Days } ma: coverage(person: $ma, kind: REFUGEE_CERTIFICATE) { ...Days } }
     fragment Days on Coverage { on20: on(date: "2021-10-20") { answer documents { document { id validUntil { edtf } } } } on18: on(date: "2021-10-18") { answer }
       certainGaps { from until } }`,
    { km: id('km'), ma: id('ma') },
  );
  for (const [person, covered] of Object.entries({ km, ma }) as [string, any][]) {
    expect(covered.on20.answer).toBe('CERTAIN');
    expect(covered.on20.documents.map((d: any) => d.document.id)).toContain(id(`d4-${person}`));
    expect(covered.on18.answer).toBe('POSSIBLE');
    expect(covered.certainGaps.filter((gap: any) => gap.from <= '2021-10-18' && gap.until >= '2021-10-18')).toEqual([]);
  }
});

test('4. Who holds a valid refugee certificate on 1 December 2021', async () => {
  const { certificateHolders } = await ask(
    `query ($persons: [ID!]) { certificateHolders(on: "2021-12-01", persons: $persons) { nodes { person { id } answer reason documents { document { id } basis } } } }`,
    { persons: ['km', 'ma', 'ka', 'bm', 'tt', 'ss'].map(id) },
  );
  const answers = Object.fromEntries(
    certificateHolders.nodes.map((n: any) => [keysOf([n.person.id], 'km', 'ma', 'ka', 'bm', 'tt', 'ss')[0], n]),
  );
  expect(Object.fromEntries(Object.entries(answers).map(([who, n]: [string, any]) => [who, n.answer]))).toEqual({
    km: 'CERTAIN',
    ma: 'CERTAIN',
    ka: 'POSSIBLE',
    bm: 'POSSIBLE',
    tt: 'NONE',
    ss: 'NONE',
  });
  expect(answers.ka.documents).toEqual([{ document: { id: id('d9-ka') }, basis: 'INFERRED' }]);
  expect(answers.bm.documents).toEqual([{ document: { id: id('d9-bm') }, basis: 'INFERRED' }]);
});

test('5. Refugee certificates that run out within 90 days of 1 August 2022', async () => {
  const { expiring } = await ask(
    `{ expiring(within: "P90D", on: "2022-08-01", kind: REFUGEE_CERTIFICATE) { totalCount { value isExact }
        nodes { document { id } certainty basis lastDay { edtf } daysLeftAtLeast daysLeftAtMost successorKnown } } }`,
  );
  const found = Object.fromEntries(
    expiring.nodes.map((n: any) => [keysOf([n.document.id], 'd4-km', 'd4-ma', 'd9-ka', 'd9-bm')[0], n]),
  );
  expect(Object.keys(found).sort()).toEqual(['d4-km', 'd4-ma', 'd9-bm', 'd9-ka']);
  for (const key of ['d4-km', 'd4-ma'])
    expect(found[key]).toMatchObject({
      certainty: 'CERTAIN',
      basis: 'STATED',
      lastDay: { edtf: '2022-10-14' },
      daysLeftAtLeast: 74,
      daysLeftAtMost: 74,
    });
  for (const key of ['d9-ka', 'd9-bm'])
    expect(found[key]).toMatchObject({ certainty: 'POSSIBLE', basis: 'INFERRED', successorKnown: 'UNKNOWN' });
  expect(expiring.totalCount).toEqual({ value: 4, isExact: true });
});

test('7. Akan on 10 November 2020: two papers of different kinds do not conflict', async () => {
  const { statusDocuments, coverage } = await ask(
    `query ($person: ID!) {
       statusDocuments(filter: { person: $person }) { nodes { id inForce(on: "2020-11-10") } }
       coverage(person: $person) { certainOverlaps { documents { id } } possibleOverlaps { documents { id } } } }`,
    { person: id('ka') },
  );
  const inForce = Object.fromEntries(statusDocuments.nodes.map((d: any) => [d.id, d.inForce]));
  expect(inForce[id('d7-ka')]).toBe('CERTAIN');
  expect(inForce[id('d6-ka')]).toBe('CERTAIN');
  expect(coverage.certainOverlaps).toEqual([]);
});

test('10. Who was refused, or not granted, refugee status', async () => {
  const { withoutStatus, statusDecisions, conflicts } = await ask(
    `query ($case: ID!, $refusal: ID!) {
       withoutStatus(country: "KZ", case: $case) { nodes { person { id } answer refusals { id } } }
       statusDecisions(filter: { country: "KZ", action: [REFUSE] }) { nodes { id person { id } } }
       conflicts(record: $refusal, field: "decided") { nodes { values { value claims { reference } } } } }`,
    { case: id('founding-case'), refusal: id('ss-refusal') },
  );
  const answers = Object.fromEntries(
    withoutStatus.nodes.map((n: any) => [keysOf([n.person.id], 'ss', 'tt')[0], n.answer]),
  );
  expect(answers).toEqual({ ss: 'REFUSED', tt: 'NOT_GRANTED' });
  // The refusal of citizenship (P22) is no decision about refugee status.
  expect(statusDecisions.nodes).toEqual([{ id: id('ss-refusal'), person: { id: id('ss') } }]);
  const stated = conflicts.nodes[0].values
    .filter((v: any) => v.claims.some((c: any) => /^P4[89]$/.test(c.reference ?? '')))
    .map((v: any) => v.value);
  expect(stated).toEqual(expect.arrayContaining(['2018-10-04', '2018-10-05']));
});

test("11. The order of the four grants, and S1's order as a conflict", async () => {
  const { statusDecisions, eventLinks } = await ask(
    `query ($km: ID!) {
       statusDecisions(filter: { country: "KZ", action: [GRANT] }) { nodes { id decided { edtf } } }
       eventLinks(filter: { record: $km, kind: [PRECEDES] }) { nodes { from { id } assessment temporalCheck { result } stances { stance source { title } claim { reference } } } } }`,
    { km: id('km-grant') },
  );
  expect(keysOf(statusDecisions.nodes.map((d: any) => d.id).slice(2), 'bm-grant', 'ka-grant')).toEqual([
    'bm-grant',
    'ka-grant',
  ]);
  expect(statusDecisions.nodes.map((d: any) => d.decided.edtf)).toEqual([
    '2020-10-16',
    '2020-10-16',
    '2020-10-28',
    '2020-10-29',
  ]);
  const reverse = eventLinks.nodes.filter((l: any) => l.from.id !== id('km-grant'));
  expect(reverse).toHaveLength(2);
  for (const link of reverse) {
    expect(link).toMatchObject({ assessment: 'REFUTED', temporalCheck: { result: 'IMPOSSIBLE' } });
    expect(link.stances).toMatchObject([{ stance: 'ASSERTS', claim: { reference: 'P18' } }]);
  }
});

test('12. The day of the release: three values, none preferred in silence', async () => {
  const { conflicts, event } = await ask(
    `query ($release: ID!) { conflicts(record: $release, field: "starts") { nodes { compatible values { value isAccepted claims { reference basis rank rankReason } } } }
       event(id: $release) { starts { edtf } claims(field: "starts") { value reference isAccepted rankReason derivedFrom { reference } } } }`,
    { release: id('km-ma-release') },
  );
  const references = event.claims.map((c: any) => c.reference);
  expect(references).toEqual(expect.arrayContaining(['P13', 'P14', 'P15']));
  expect(conflicts.nodes).toHaveLength(1);
  expect(conflicts.nodes[0].compatible).toBe(false);
  const accepted = event.claims.find((c: any) => c.isAccepted);
  expect(accepted.rankReason).toMatch(/\w/);
  expect(event.starts.edtf).toBe(accepted.value);
});

test('14. The border crossing of Musakhan: two days inside one month', async () => {
  const { event } = await ask(
    `query ($crossing: ID!) { event(id: $crossing) { starts { edtf } claims(field: "starts") { value reference stance source { title url } } } }`,
    { crossing: id('km-ma-crossing') },
  );
  expect(event.starts.edtf).toBe('2019-10');
  expect(values(event.claims)).toEqual(
    expect.arrayContaining(['2019-10-01', '2019-10-06', '2019-10', '[2019-10-07..2019-10-11]']),
  );
  expect(bySource(event.claims, /slip into Kazakhstan/).map((c: any) => c.reference)).toContain('P1');
});

test('15. Could the extensions have caused M1? Impossible for its start by P20, open for the second episode', async () => {
  const check = `temporalCheck { result alternatives { result effectClaim { reference } causeClaim { reference basis } } }`;
  const { km, ma, second } = await ask(
    `query ($km: ID!, $ma: ID!, $second: ID!) { km: eventLink(id: $km) { assessment ${check} } ma: eventLink(id: $ma) { assessment ${check} } second: eventLink(id: $second) { ${check} } }`,
    { km: id('l2-km'), ma: id('l2-ma'), second: id('l2b-ma') },
  );
  expect(ma.temporalCheck.result).toBe('IMPOSSIBLE');
  const byP20 = ma.temporalCheck.alternatives.filter((a: any) => a.causeClaim?.reference === 'P20');
  expect(new Set(byP20.map((a: any) => a.effectClaim.reference))).toEqual(new Set(['E1', 'E2', 'E3', 'E4']));
  expect(byP20.every((a: any) => a.result === 'IMPOSSIBLE' && a.causeClaim.basis === 'INFERRED')).toBe(true);
  // By what S1 alone bounds, the day of the extension is open.
  const byS1 = ma.temporalCheck.alternatives.filter((a: any) => a.causeClaim?.reference === 'P21');
  expect(byS1.length).toBeGreaterThan(0);
  expect(byS1.every((a: any) => a.result === 'UNDETERMINED')).toBe(true);
  expect(km.temporalCheck.result).toBe('UNDETERMINED');
  expect(second.temporalCheck.result).toBe('UNDETERMINED');
});

test('15b. Retaliation for the grants: by which start of M1 does time permit it', async () => {
  const { link, wider } = await ask(
    `query ($link: ID!, $grant: ID!, $congestion: ID!) {
       link: eventLink(id: $link) { assessment temporalCheck { result alternatives { result effectClaim { reference } } } }
       wider: temporalCheck(cause: $grant, effect: $congestion) { alternatives { result effectClaim { reference value } } } }`,
    { link: id('l1-ka'), grant: id('ka-grant'), congestion: id('congestion') },
  );
  const results = (reference: string) =>
    new Set(
      link.temporalCheck.alternatives
        .filter((a: any) => a.effectClaim.reference === reference)
        .map((a: any) => a.result),
    );
  expect(link).toMatchObject({ assessment: 'DISPUTED', temporalCheck: { result: 'CONSISTENT' } });
  for (const start of ['E2', 'E3', 'E4']) expect(results(start)).toEqual(new Set(['CONSISTENT']));
  expect(results('E1')).toEqual(new Set(['UNDETERMINED']));
  const june = wider.alternatives.filter((a: any) => a.effectClaim.value === '2020-06');
  expect(june.length).toBeGreaterThan(0);
  expect(june.every((a: any) => a.result === 'IMPOSSIBLE')).toBe(true);
});

test('19. The start of M1: four values, and S42 is not counted as independent of S41', async () => {
  const { event } = await ask(
    `query ($m1: ID!) { event(id: $m1) { claims(field: "starts") { value reference isAccepted source { title } origins { title } } } }`,
    { m1: id('m1') },
  );
  const byReference = new Map<string, Set<string>>();
  for (const claim of event.claims)
    byReference.set(claim.reference, (byReference.get(claim.reference) ?? new Set()).add(claim.value));
  expect(Object.fromEntries([...byReference].sort().map(([reference, set]) => [reference, [...set]]))).toEqual({
    E1: ['2020-10'],
    E2: ['2020-11'],
    E3: ['2020-11-15'],
    E4: ['2020-11-15~'],
  });
  const origins = event.claims
    .filter((c: any) => c.reference === 'E1')
    .flatMap((c: any) => c.origins.map((o: any) => o.title));
  expect(new Set(origins).size).toBe(1);
});

test('20. How much was stuck: wagons and trucks are two numbers', async () => {
  const { tradeMeasure } = await ask(
    `query ($measure: ID!) { tradeMeasure(id: $measure) { observations { id metric unit qualifier value observed { edtf } place { name } } observationsByUnit { unit observations { id } } } }`,
    { measure: id('m1-measure') },
  );
  const held = (key: string) => tradeMeasure.observations.find((o: any) => o.id === id(key));
  expect(held('obs-2021-01-wagons')).toMatchObject({
    metric: 'HELD',
    unit: 'WAGON',
    qualifier: 'MORE_THAN',
    value: '7000',
  });
  expect(held('obs-2021-01-06-trucks')).toMatchObject({
    metric: 'HELD',
    unit: 'TRUCK',
    qualifier: 'ABOUT',
    value: '7500',
    observed: { edtf: '2021-01-06' },
  });
  expect(held('obs-2020-11-30-dostyk-wagons')).toMatchObject({ unit: 'WAGON', value: '8850' });
  expect(held('obs-2020-11-30-altynkol-wagons')).toMatchObject({ unit: 'WAGON', value: '2016' });
  for (const group of tradeMeasure.observationsByUnit)
    for (const { id: one } of group.observations)
      expect(tradeMeasure.observations.find((o: any) => o.id === one).unit).toBe(group.unit);
});

test('21. What the talks changed, and what followed within ten days', async () => {
  const { talks, timeline } = await ask(
    `query ($t1: ID!, $case: ID!) {
       talks: event(id: $t1) { starts { edtf } links { kind assessment to { id } stances { stance informantRecord { id } } temporalCheck { result } } }
       timeline(of: { case: $case }, from: "2021-02-02", until: "2021-02-12", kinds: [EVENT], first: 100) { nodes { record { id } date { edtf earliest } } } }`,
    { t1: id('t1'), case: id('founding-case') },
  );
  const accepted = talks.links.find((l: any) => l.to.id === id('wagons-accepted'));
  expect(accepted).toMatchObject({
    kind: 'CAUSES',
    assessment: 'SUPPORTED',
    stances: [{ stance: 'ASSERTS', informantRecord: { id: id('ktz') } }],
  });
  const pickets = talks.links.find((l: any) => l.to.id === id('q1'));
  expect(pickets).toMatchObject({ kind: 'PRECEDES', temporalCheck: { result: 'CONSISTENT' } });
  expect(talks.starts.edtf).toBe('2021-02-02');
  expect(timeline.nodes.find((n: any) => n.record.id === id('q1')).date.edtf).toBe('2021-02-08');
});

test('22. Day 250 and day 300 of the pickets', async () => {
  const { event } = await ask(
    `query ($q1: ID!) { event(id: $q1) { starts { edtf } claims(field: "ends") { value reference basis wording note } } }`,
    { q1: id('q1') },
  );
  expect(event.starts.edtf).toBe('2021-02-08');
  // Day 1 counts: day n is n - 1 days after the first. Both days lie within what the sources say was still going on.
  const until = values(event.claims);
  expect(until).toEqual(
    expect.arrayContaining([expect.stringContaining('2021-10-20'), expect.stringContaining('2021-12-04')]),
  );
});

test('23. Which claims about certificates rest on one interested source', async () => {
  const { claims } = await ask(
    `query ($case: ID!) { claims(filter: { case: $case, interested: true, singleOrigin: true, reference: "P21" }, first: 100) { nodes {
       record { id } field credibility source { title } informantRecord { id } restsOnInterest { statement party { id } } } } }`,
    { case: id('founding-case') },
  );
  const stated = claims.nodes.filter((c: any) => c.source);
  const about = new Set(
    keysOf(
      stated.map((c: any) => c.record.id),
      'd4-km',
      'd4-ma',
      'km-extension',
      'ma-extension',
    ),
  );
  expect(about).toEqual(new Set(['d4-km', 'd4-ma', 'km-extension', 'ma-extension']));
  for (const claim of stated) {
    expect(claim.source.title).toMatch(/Recognizes Xinjiang Refugees/);
    expect(claim.informantRecord.id).toBe(id('sb'));
    expect(claim.credibility).toBeGreaterThanOrEqual(3);
    expect(claim.restsOnInterest.map((i: any) => i.party?.id)).toContain(id('sb'));
  }
});

test('25. Was Malik convicted? The sources contradict each other', async () => {
  const { conflicts } = await ask(
    `query ($charge: ID!) { conflicts(record: $charge, field: "status") { nodes { values { value isAccepted claims { reference source { title } } } } } }`,
    { charge: id('bm-charge') },
  );
  const byValue = Object.fromEntries(
    conflicts.nodes[0].values.map((v: any) => [v.value, v.claims.map((c: any) => c.reference)]),
  );
  expect(byValue).toMatchObject({ DROPPED: ['P38'], CONVICTED: ['P39'] });
});

test('26. UNHCR figures are compatible with the grants, and no proof of them', async () => {
  const { refugeeFigures } = await ask(
    `{ refugeeFigures(filter: { asylum: "KZ", origin: "CN" }, first: 100) { nodes { year metric unit value note verification sources { title } } } }`,
  );
  const of = (year: number, metric: string) =>
    refugeeFigures.nodes.find((f: any) => f.year === year && f.metric === metric);
  expect(of(2020, 'RECOGNIZED')).toMatchObject({ value: 5, note: expect.stringMatching(/round/i) });
  expect(of(2021, 'RECOGNIZED')?.value ?? 0).toBe(0);
  expect(
    refugeeFigures.nodes.filter((f: any) => f.metric === 'REFUGEES_YEAR_END').map((f: any) => [f.year, f.value]),
  ).toEqual([
    [2018, 0],
    [2019, 0],
    [2020, 5],
    [2021, 6],
    [2022, 5],
    [2023, 6],
  ]);
});

test("27. Musakhan's timeline from 2019 to 2022, and who shares it", async () => {
  const { timeline, companions } = await ask(
    `query ($km: ID!) {
       timeline(of: { person: $km }, from: "2019-01-01", until: "2022-12-31", first: 100) { nodes { kind title date { edtf } record { id } persons { id } sources { title } } }
       companions(person: $km, from: "2019-01-01", until: "2022-12-31") { person { id } sharedEntries shared { how entry { record { id } } } } }`,
    { km: id('km') },
  );
  const nine = [
    'km-ma-crossing',
    'km-ma-press-conference',
    'km-asylum-registration',
    'km-ma-trial',
    'km-ma-sentence',
    'km-ma-release',
    'km-grant',
    'citizenship-refusal',
    'km-extension',
  ];
  const records = timeline.nodes.map((n: any) => n.record.id);
  const found = keysOf(records, ...nine).filter(Boolean);
  expect([...new Set(found)].sort()).toEqual([...nine].sort());
  expect(timeline.nodes.every((n: any) => n.sources.length > 0)).toBe(true);
  expect(records).not.toContain(id('ma-attack'));
  const alimuly = companions.find((c: any) => c.person.id === id('ma'));
  expect(companions[0].person.id).toBe(id('ma'));
  const shared = keysOf(
    alimuly.shared.map((s: any) => s.entry.record.id),
    ...nine,
  );
  for (const key of nine) expect(shared).toContain(key);
});

test('trade incidents linked to the grants: how, who says so, how sure', async () => {
  const { tradeIncidents, decision } = await ask(
    `query ($person: ID!, $grant: ID!) {
       tradeIncidents(filter: { linkedToPerson: $person, linkKind: [RETALIATION_FOR] }) { nodes { event { id title } measure { statedMotive allegedMotive goods { label } }
         links { id assessment stances { stance informant informantRecord { id } source { title reliability } } } } }
       decision: statusDecision(id: $grant) { tradeIncidents { event { id } } } }`,
    { person: id('km'), grant: id('km-grant') },
  );
  const m1 = tradeIncidents.nodes.find((n: any) => n.event.id === id('m1'));
  const link = m1.links.find((l: any) => l.id === id('l1-km'));
  expect(link.assessment).toBe('DISPUTED');
  const stances = link.stances.map((s: any) => s.stance);
  expect(stances).toEqual(expect.arrayContaining(['ASSERTS', 'REPORTS_ALLEGATION', 'DENIES', 'OFFICIAL_DENIAL']));
  expect(link.stances.map((s: any) => s.informantRecord?.id).filter(Boolean)).toEqual(
    expect.arrayContaining([id('badykhan'), id('contessi')]),
  );
  expect(m1.measure.statedMotive).toMatch(/quarantine|epidemic/i);
  expect(decision.tradeIncidents.map((i: any) => i.event.id)).toContain(id('m1'));
});

test('a name that is asked for comes before names in which it stands somewhere inside, page after page', async () => {
  const SEARCH = `query ($name: String!, $first: Int, $after: String) { persons(filter: { name: $name }, first: $first, after: $after) { nodes { id name } pageInfo { hasNextPage endCursor } } }`;
  const all = (await ask(SEARCH, { name: 'Akan' })).persons.nodes;
  expect(all.map((person: any) => person.name).slice(0, 2)).toEqual(['Kaisha Akan', 'Kaster Musakhan']);
  const paged: any[] = [];
  for (let after: string | null = null; ;) {
    const { persons }: any = await ask(SEARCH, { name: 'Akan', first: 1, after });
    paged.push(...persons.nodes);
    if (!persons.pageInfo.hasNextPage) break;
    after = persons.pageInfo.endCursor;
  }
  expect(paged).toEqual(all);
  const { organizations } = await ask(`{ organizations(filter: { name: "china" }) { nodes { name } } }`);
  const names: string[] = organizations.nodes.map((one: any) => one.name.toLowerCase());
  const isWord = names.map((name) => /\bchina\b/.test(name));
  expect(isWord).toEqual([...isWord].sort((a, b) => Number(b) - Number(a)));
});
