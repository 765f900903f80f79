// Statuses, documents and decisions: three things, each with its dates, and what can be said of one day.
import { house, type House } from './support/house.js';

let home: House;
beforeAll(async () => {
  home = await house({ load: 'graph-events' });
});
afterAll(() => home?.close());

const NOBODY = '00000000-0000-4000-8000-000000000000';
/** Titles would be kinder, but these records have none: keys of the fixture. */
const KEYS = [
  'aida-seeker', 'aida-refugee', 'bolat-seeker',
  'first-paper', 'certificate', 'extension', 'open-paper', 'twin-paper-one', 'twin-paper-two', 'twin-paper-three',
  'grant-aida', 'extend-aida', 'refuse-bolat', 'appeal-bolat', 'undated-cyra',
  'f1', 'f2', 'f3', 'f4',
]; // prettier-ignore
const keyOf = ({ id }: { id: string }): string => KEYS.find((key) => home.id(key) === id) ?? id;
const listed = async (list: string, filterType: string, filter: object, more = ''): Promise<string[]> => {
  const data = await home.ask(
    `query ($filter: ${filterType}) { ${list}(filter: $filter, first: 100${more}) { nodes { id } totalCount { value } } }`,
    { filter },
  );
  expect(data[list].totalCount.value).toBe(data[list].nodes.length);
  return data[list].nodes.map(keyOf);
};

describe('a document on a day', () => {
  const IN_FORCE = 'query ($id: ID!, $on: LocalDate!) { statusDocument(id: $id) { inForce(on: $on) } }';
  test.each([
    ['certificate', '2020-10-14', 'NO'],
    ['certificate', '2020-10-15', 'POSSIBLE'],
    ['certificate', '2020-10-16', 'CERTAIN'],
    ['certificate', '2021-10-14', 'CERTAIN'], // "until" is inclusive
    ['certificate', '2021-10-15', 'POSSIBLE'],
    ['certificate', '2021-10-16', 'POSSIBLE'],
    ['certificate', '2021-10-17', 'NO'],
    ['extension', '2021-10-20', 'UNKNOWN'], // nobody tells its first day
    ['extension', '2022-10-14', 'UNKNOWN'],
    ['extension', '2022-10-15', 'NO'],
    ['open-paper', '2020-12-31', 'NO'],
    ['open-paper', '2021-10-20', 'CERTAIN'], // "still valid", published that day
    ['open-paper', '2021-10-21', 'UNKNOWN'], // and vouched for no longer
    ['first-paper', '2020-06-30', 'CERTAIN'],
    ['first-paper', '2020-07-31', 'POSSIBLE'],
    ['first-paper', '2020-08-01', 'NO'],
  ])('%s on %s: %s', async (key, on, expected) => {
    expect(await home.ask(IN_FORCE, { id: home.id(key), on })).toEqual({ statusDocument: { inForce: expected } });
  });

  test('a status that goes on is vouched for until the last day that some source says so', async () => {
    const { refugeeStatus } = await home.ask(
      `query ($id: ID!) { refugeeStatus(id: $id) {
        ends { isOpen edtf } period { certain { from until } possible { from until } }
        then: inForce(on: "2021-10-20") now: inForce(on: "2024-01-01") before: inForce(on: "2020-10-15")
      } }`,
      { id: home.id('aida-refugee') },
    );
    expect(refugeeStatus).toEqual({
      ends: { isOpen: true, edtf: null },
      period: { certain: { from: '2020-10-16', until: '2021-10-20' }, possible: { from: '2020-10-16', until: null } },
      then: 'CERTAIN',
      now: 'UNKNOWN',
      before: 'NO',
    });
  });

  test('a day that does not exist is refused', async () => {
    await expect(home.ask(IN_FORCE, { id: home.id('certificate'), on: '2021-02-30' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});

test('a document knows the one before and the one after it, and the decisions that brought it', async () => {
  const { statusDocument } = await home.ask(
    `query ($id: ID!) { statusDocument(id: $id) {
      kind person { id } country issuer { name } status { kind } issued { edtf } validFrom { edtf } validUntil { edtf }
      validity { certain { from until } possible { from until } }
      predecessor { id predecessor { id } successor { id } } successor { id succession dependants successor { id } }
      succession decisions { action }
    } }`,
    { id: home.id('certificate') },
  );
  expect(statusDocument).toEqual({
    kind: 'REFUGEE_CERTIFICATE',
    person: { id: home.id('aida') },
    country: 'NZ',
    issuer: { name: 'Certificate Office' },
    status: { kind: 'REFUGEE_CONVENTION' },
    issued: { edtf: '2020-10-16' },
    validFrom: { edtf: '[2020-10-15..2020-10-16]' },
    validUntil: { edtf: '[2021-10-14..2021-10-16]' },
    validity: {
      certain: { from: '2020-10-16', until: '2021-10-14' },
      possible: { from: '2020-10-15', until: '2021-10-16' },
    },
    predecessor: { id: home.id('first-paper'), predecessor: null, successor: { id: home.id('certificate') } },
    successor: { id: home.id('extension'), succession: 'EXTENSION', dependants: 2, successor: null },
    succession: 'REPLACEMENT',
    decisions: [{ action: 'GRANT' }],
  });
});

test('a decision knows what it is about, what it brought and what is appealed', async () => {
  const { granted, refused, appeal } = await home.ask(
    `query ($granted: ID!, $refused: ID!, $appeal: ID!) {
      granted: statusDecision(id: $granted) { action concerns person { id } authority { name } place { name } decided { edtf } document { id } status { id } claims(field: "decided") { value } conflicts { field } }
      refused: statusDecision(id: $refused) { action reason document { id } appeals { id action } appealOf { id } }
      appeal: statusDecision(id: $appeal) { appealOf { id } appeals { id } }
    }`,
    { granted: home.id('grant-aida'), refused: home.id('refuse-bolat'), appeal: home.id('appeal-bolat') },
  );
  expect(granted).toEqual({
    action: 'GRANT',
    concerns: 'REFUGEE_CONVENTION',
    person: { id: home.id('aida') },
    authority: { name: 'Certificate Office' },
    place: { name: 'Old Bridge' },
    decided: { edtf: '2020-10-16' },
    document: { id: home.id('certificate') },
    status: { id: home.id('aida-refugee') },
    claims: [{ value: '2020-10-16' }, { value: '2020-10-30' }],
    conflicts: [{ field: 'decided' }],
  });
  expect(refused).toEqual({
    action: 'REFUSE',
    reason: 'Not given.',
    document: null,
    appeals: [{ id: home.id('appeal-bolat'), action: 'APPEAL' }],
    appealOf: null,
  });
  expect(appeal).toEqual({ appealOf: { id: home.id('refuse-bolat') }, appeals: [] });
});

test('a person has statuses, documents and decisions in the order of time', async () => {
  const { person } = await home.ask(
    `query ($id: ID!) { person(id: $id) { statuses { id documents { id } decisions { id } } documents { id } decisions { id } } }`,
    { id: home.id('aida') },
  );
  expect(person.statuses.map(keyOf)).toEqual(['aida-seeker', 'aida-refugee']);
  expect(person.statuses[1].documents.map(keyOf)).toEqual(['certificate']);
  expect(person.statuses[1].decisions.map(keyOf)).toEqual(['grant-aida']);
  expect(person.documents.map(keyOf)).toEqual(['first-paper', 'certificate', 'extension']);
  expect(person.decisions.map(keyOf)).toEqual(['grant-aida', 'extend-aida']);
});

describe('lists', () => {
  test.each<[string, () => object, string, string[]]>([
    ['all, unknown starts last', () => ({}), '', ['aida-seeker', 'aida-refugee', 'bolat-seeker']],
    ['of a person', () => ({ person: home.id('bolat') }), '', ['bolat-seeker']],
    ['of a kind', () => ({ kind: ['REFUGEE_CONVENTION'], country: ['NZ', 'AU'] }), '', ['aida-refugee']],
    ['held in a range', () => ({ person: home.id('aida'), during: { until: '2020-10-15' } }), '', ['aida-seeker']],
    [
      'certainly held in a range',
      () => ({ during: { from: '2020-01-01', until: '2020-12-31', certainty: 'CERTAIN' } }),
      '',
      ['aida-seeker', 'aida-refugee'],
    ],
    ['valid on a day', () => ({ person: home.id('aida') }), ', asOf: { validOn: "2023-01-01" }', ['aida-refugee']],
    ['of a source', () => ({ source: home.id('morning-paper') }), '', ['aida-refugee']],
  ])('statuses %s', async (_, filter, more, expected) => {
    expect(await listed('refugeeStatuses', 'RefugeeStatusFilter', filter(), more)).toEqual(expected);
  });

  test.each<[string, () => object, string, string[]]>([
    ['of a person', () => ({ person: home.id('aida') }), '', ['first-paper', 'certificate', 'extension']],
    ['of a kind', () => ({ kind: ['REFUGEE_CERTIFICATE'] }), '', ['certificate', 'extension']],
    ['of a country', () => ({ country: ['AU'], kind: ['RESIDENCE_PERMIT'] }), '', ['twin-paper-three']],
    ['of a status', () => ({ status: home.id('aida-seeker') }), '', ['first-paper']],
    ['of an issuer', () => ({ issuer: home.id('certificate-office') }), '', ['first-paper', 'certificate']],
    ['that extend', () => ({ succession: ['EXTENSION'] }), '', ['extension']],
    ['issued in a range', () => ({ issued: { from: '2020-01-01' } }), '', ['certificate']],
    [
      'valid on a day, possibly',
      () => ({ person: home.id('aida') }),
      ', asOf: { validOn: "2021-10-15" }',
      ['certificate', 'extension'],
    ],
    ['valid on a later day', () => ({ person: home.id('aida') }), ', asOf: { validOn: "2022-10-14" }', ['extension']],
    [
      'certainly valid in a range',
      () => ({
        kind: ['REFUGEE_CERTIFICATE'],
        during: { from: '2021-01-01', until: '2021-12-31', certainty: 'CERTAIN' },
      }),
      '',
      ['certificate'],
    ],
    ['of a source', () => ({ source: home.id('morning-paper') }), '', ['open-paper', 'extension']],
  ])('documents %s', async (_, filter, more, expected) => {
    expect(await listed('statusDocuments', 'StatusDocumentFilter', filter(), more)).toEqual(expected);
  });

  test.each<[string, () => object, string[]]>([
    [
      'all, unknown days last',
      () => ({}),
      ['grant-aida', 'extend-aida', 'refuse-bolat', 'appeal-bolat', 'undated-cyra'],
    ],
    ['of a person', () => ({ person: home.id('bolat') }), ['refuse-bolat', 'appeal-bolat']],
    ['of an act', () => ({ action: ['GRANT', 'EXTEND'] }), ['grant-aida', 'extend-aida']],
    ['about a status', () => ({ concerns: ['ASYLUM_SEEKER'] }), ['undated-cyra']],
    ['of an authority', () => ({ authority: home.id('certificate-office') }), ['grant-aida']],
    ['in a place and its parts', () => ({ place: home.id('harbour-town') }), ['grant-aida']],
    ['that brought a document', () => ({ document: home.id('extension') }), ['extend-aida']],
    ['possibly in a range', () => ({ during: { from: '2021-10-01', until: '2021-12-31' } }), ['extend-aida']],
    ['certainly in a range', () => ({ during: { from: '2021-10-01', until: '2021-12-31', certainty: 'CERTAIN' } }), []],
    ['of a case', () => ({ case: home.id('freight-file') }), ['grant-aida']],
    ['of a source', () => ({ source: home.id('rumour') }), ['grant-aida']],
    ['of nobody', () => ({ person: NOBODY }), []],
  ])('decisions %s', async (_, filter, expected) => {
    expect(await listed('statusDecisions', 'StatusDecisionFilter', filter())).toEqual(expected);
  });

  test.each<[string, object, string[]]>([
    ['all, by countries and year', {}, ['f4', 'f1', 'f2', 'f3']],
    ['of an asylum and its years', { asylum: ['NZ'], years: { from: 2020, until: 2020 } }, ['f2']],
    ['from a year on', { years: { from: 2021 } }, ['f4', 'f3']],
    ['of a metric', { metric: ['RECOGNIZED'], origin: ['AU'] }, ['f1', 'f2']],
    ['of a unit', { unit: 'CASE' }, ['f3']],
  ])('figures %s', async (_, filter, expected) => {
    expect(await listed('refugeeFigures', 'RefugeeFigureFilter', filter)).toEqual(expected);
  });

  test('pages hold each document once, also where days are equal', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { statusDocuments }: any = await home.ask(
        `query ($after: String) { statusDocuments(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      seen.push(...statusDocuments.nodes.map(keyOf));
      after = statusDocuments.pageInfo.hasNextPage ? statusDocuments.pageInfo.endCursor : null;
    } while (after);
    expect(seen.slice(0, 3).sort()).toEqual(['twin-paper-one', 'twin-paper-three', 'twin-paper-two']);
    expect(seen.slice(3)).toEqual(['first-paper', 'certificate', 'open-paper', 'extension']);
  });
});

test('what is not there is null', async () => {
  expect(
    await home.ask(
      'query ($id: ID!) { refugeeStatus(id: $id) { id } statusDocument(id: $id) { id } statusDecision(id: $id) { id } }',
      { id: NOBODY },
    ),
  ).toEqual({ refugeeStatus: null, statusDocument: null, statusDecision: null });
});

test('a page of documents needs one statement for each relation', async () => {
  const { statements, errors } = await home.run(
    `{ statusDocuments { nodes { person { id } issuer { name } status { kind } predecessor { id } successor { id } decisions { action tradeIncidents { event { title } } } inForce(on: "2021-01-01") validity { certain { from } } } } }`,
  );
  expect(errors).toBeUndefined();
  const names = statements.map((s) => s.name);
  expect(names).toEqual([...new Set(names)]);
});
