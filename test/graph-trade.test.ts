// Trade: measures whose units never meet, incidents with what they are said to answer, and coincidences that claim nothing.
import { follows, fewestDaysApart, mostDaysApart, type Days } from '../src/incidents/rules.js';
import { house, type House } from './support/house.js';

let home: House;
beforeAll(async () => {
  home = await house({ load: 'graph-events' });
});
afterAll(() => home?.close());

const NOBODY = '00000000-0000-4000-8000-000000000000';
type Titled = { event: { title: string } };

describe('a measure', () => {
  test('takes its dates from its event and keeps the motives apart', async () => {
    const { tradeMeasure } = await home.ask(
      `query ($id: ID!) { tradeMeasure(id: $id) {
        event { title } implementingCountry affectedCountry flow transport mastChapter formality
        announced { edtf } inForce { edtf } removed { edtf isOpen } statedMotive allegedMotive goods { label hsCode carriedIn }
        claims(field: "allegedMotive") { source { title } }
      } }`,
      { id: home.id('halt-measure') },
    );
    expect(tradeMeasure).toEqual({
      event: { title: 'Freight is held at the bridge' },
      implementingCountry: 'AU',
      affectedCountry: 'NZ',
      flow: 'INWARD',
      transport: 'RAIL',
      mastChapter: 'C',
      formality: 'DENIABLE',
      announced: { edtf: '2020-10-20' },
      inForce: { edtf: '2020-11-03' },
      removed: { edtf: null, isOpen: true },
      statedMotive: 'Control of an epidemic.',
      allegedMotive: 'An answer to a grant.',
      goods: [
        { label: 'Barley', hsCode: null, carriedIn: null },
        { label: 'Wheat flour', hsCode: '1101', carriedIn: 'covered wagons' },
      ],
      claims: [{ source: { title: 'Why the freight stands still' } }],
    });
  });

  test('groups what was counted by unit and never mixes wagons, trucks and trains', async () => {
    const { tradeMeasure } = await home.ask(
      `query ($id: ID!) { tradeMeasure(id: $id) {
        observations { unit observed { edtf } }
        observationsByUnit { metric unit observations { unit qualifier value valueUntil subject place { name } observed { edtf } } }
      } }`,
      { id: home.id('halt-measure') },
    );
    expect(tradeMeasure.observations.map((o: { unit: string }) => o.unit)).toEqual([
      'WAGON',
      'TRUCK',
      'WAGON',
      'TRAIN',
    ]);
    const nothing = { valueUntil: null, subject: null, place: null };
    expect(tradeMeasure.observationsByUnit).toEqual([
      {
        metric: 'ACCEPTED_PER_DAY',
        unit: 'TRAIN',
        observations: [
          { ...nothing, unit: 'TRAIN', qualifier: 'UNSTATED', value: null, subject: 'one exporter', observed: null },
        ],
      },
      {
        metric: 'HELD',
        unit: 'TRUCK',
        observations: [
          {
            ...nothing,
            unit: 'TRUCK',
            qualifier: 'ABOUT',
            value: '7500',
            place: { name: 'Old Bridge' },
            observed: { edtf: '2021-01-06' },
          },
        ],
      },
      {
        metric: 'HELD',
        unit: 'WAGON',
        observations: [
          {
            ...nothing,
            unit: 'WAGON',
            qualifier: 'BETWEEN',
            value: '2016',
            valueUntil: '8850.5',
            observed: { edtf: '2020-11-30' },
          },
          { ...nothing, unit: 'WAGON', qualifier: 'MORE_THAN', value: '7000', observed: { edtf: '2021-01-06' } },
        ],
      },
    ]);
  });

  test('that is not there is null', async () => {
    expect(await home.ask('query ($id: ID!) { tradeMeasure(id: $id) { id } }', { id: NOBODY })).toEqual({
      tradeMeasure: null,
    });
  });
});

describe('incidents', () => {
  const LIST = `query ($filter: TradeIncidentFilter) { tradeIncidents(filter: $filter, first: 100) {
    nodes { event { title } measure { id } links { id } } totalCount { value }
  } }`;
  const found = async (filter: object): Promise<string[]> => {
    const { tradeIncidents } = await home.ask(LIST, { filter });
    expect(tradeIncidents.totalCount.value).toBe(tradeIncidents.nodes.length);
    return tradeIncidents.nodes.map((node: Titled) => node.event.title);
  };
  const HALT = 'Freight is held at the bridge';

  test.each<[string, () => object, string[]]>([
    [
      'all, by day',
      () => ({}),
      ['Beyond the edge', 'On the edge', 'On the same day', 'In November', HALT, 'On no known day'],
    ],
    [
      'linked to a decision, whichever way the link runs',
      () => ({ linkedTo: home.id('grant-aida') }),
      ['On the edge', HALT],
    ],
    ['that retaliate for it', () => ({ linkedTo: home.id('grant-aida'), linkKind: ['RETALIATION_FOR'] }), [HALT]],
    [
      'linked to it by a link that time allows',
      () => ({ linkedTo: home.id('grant-aida'), temporalCheck: ['CONSISTENT'] }),
      [HALT],
    ],
    [
      'linked to it by a link that time forbids',
      () => ({ linkedTo: home.id('grant-aida'), temporalCheck: ['IMPOSSIBLE'] }),
      ['On the edge'],
    ],
    [
      'by one link, not by two halves of two',
      () => ({ linkedTo: home.id('grant-aida'), linkKind: ['RETALIATION_FOR'], assessment: ['REFUTED'] }),
      [],
    ],
    ['linked to anything about a person', () => ({ linkedToPerson: home.id('aida') }), ['On the edge', HALT]],
    ['linked to an event a person took part in', () => ({ linkedToPerson: home.id('bolat') }), [HALT]],
    ['linked to nothing about a person', () => ({ linkedToPerson: home.id('cyra') }), []],
    ['of a country', () => ({ implementingCountry: ['NZ'] }), ['In November', 'On no known day']],
    ['against a country', () => ({ affectedCountry: ['NZ'], flow: 'OUTWARD' }), ['Beyond the edge', 'On the edge']],
    ['of a formality', () => ({ formality: ['FORMAL', 'DENIABLE'] }), ['On the edge', HALT]],
    ['of goods by label', () => ({ goods: 'FLOUR' }), [HALT]],
    ['of goods by code', () => ({ goods: '11' }), [HALT]],
    ['of other goods', () => ({ goods: '101' }), []],
    ['going on in a range', () => ({ during: { from: '2022-01-01' } }), [HALT]],
    ['in a place and its parts', () => ({ place: home.id('harbour-town') }), [HALT]],
    ['of a case', () => ({ case: home.id('freight-file') }), [HALT]],
    ['of a source that speaks of the event or the measure', () => ({ source: home.id('ministry') }), [HALT]],
    ['by rail and of chapter C', () => ({ transport: ['RAIL'], mastChapter: ['C'] }), [HALT]],
  ])('%s', async (_, filter, expected) => {
    expect(await found(filter())).toEqual(expected);
  });

  test('show only the links that they were found by, with stances and the temporal check', async () => {
    const { tradeIncidents } = await home.ask(
      `query ($filter: TradeIncidentFilter) { tradeIncidents(filter: $filter) { nodes {
        event { title } measure { allegedMotive } links { kind assessment stances { stance source { title } } temporalCheck { result } to { id } }
      } } }`,
      { filter: { linkedTo: home.id('grant-aida'), linkKind: ['RETALIATION_FOR'] } },
    );
    expect(tradeIncidents.nodes).toEqual([
      {
        event: { title: HALT },
        measure: { allegedMotive: 'An answer to a grant.' },
        links: [
          {
            kind: 'RETALIATION_FOR',
            assessment: 'DISPUTED',
            stances: [
              { stance: 'ASSERTS', source: { title: 'Why the freight stands still' } },
              { stance: 'REPORTS_ALLEGATION', source: { title: 'A grant at last' } },
              { stance: 'OFFICIAL_DENIAL', source: { title: 'On the closure of the border' } },
            ],
            temporalCheck: { result: 'CONSISTENT' },
            to: { id: home.id('grant-aida') },
          },
        ],
      },
    ]);
  });

  test('show all their links when nothing was asked about links', async () => {
    const { tradeIncidents } = await home.ask(LIST, { filter: { goods: 'flour' } });
    expect(tradeIncidents.nodes[0].links.map((link: { id: string }) => link.id).sort()).toEqual(
      ['answer-to-grant', 'answer-to-extension', 'picket-part-of-halt'].map((key) => home.id(key)).sort(),
    );
  });

  test('are found from the decision they are said to answer', async () => {
    const { statusDecision, event } = await home.ask(
      `query ($decision: ID!, $event: ID!) {
        statusDecision(id: $decision) { tradeIncidents { event { title } measure { id } links { kind } } }
        event(id: $event) { tradeIncidents { event { title } } }
      }`,
      { decision: home.id('grant-aida'), event: home.id('picket') },
    );
    expect(statusDecision.tradeIncidents).toEqual([
      { event: { title: 'On the edge' }, measure: { id: home.id('m-edge') }, links: [{ kind: 'CAUSES' }] },
      { event: { title: HALT }, measure: { id: home.id('halt-measure') }, links: [{ kind: 'RETALIATION_FOR' }] },
    ]);
    expect(event.tradeIncidents).toEqual([]);
  });

  test('need no more statements for many than for one', async () => {
    const { statements, errors } = await home.run(
      `query ($person: ID!) { tradeIncidents(filter: { linkedToPerson: $person }) { nodes {
        event { participants { id } } measure { goods { label } observationsByUnit { unit } } links { stances { source { id } } temporalCheck { result } }
      } } }`,
      { person: home.id('aida') },
    );
    expect(errors).toBeUndefined();
    const names = statements.map((s) => s.name);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('how far apart uncertain days lie', () => {
  const days = (earliest: string, latest = earliest) => ({ earliest, latest }) as Days;
  test.each([
    [days('2020-10-16'), days('2020-10-16'), 0, 0, 'NO'],
    [days('2020-10-16'), days('2020-11-15'), 30, 30, 'CERTAIN'],
    [days('2020-10-16'), days('2020-09-16'), 30, 30, 'NO'],
    [days('2020-10-16'), days('2020-11-01', '2020-11-30'), 16, 45, 'CERTAIN'],
    [days('2020-10-01', '2020-10-31'), days('2020-10-16'), 0, 15, 'POSSIBLE'],
    [days('-infinity', '2020-10-15'), days('2020-10-20'), 5, null, 'CERTAIN'],
    [days('2020-10-20'), days('-infinity', '2020-10-15'), 5, null, 'NO'],
    [days('2020-10-20'), days('2020-10-15', 'infinity'), 0, null, 'POSSIBLE'],
  ])('%o and %o: %s to %s, follows: %s', (a, b, fewest, most, after) => {
    expect([fewestDaysApart(a, b), mostDaysApart(a, b), follows(a, b)]).toEqual([fewest, most, after]);
  });
});

describe('coincidences', () => {
  const LIST = `query ($decisions: StatusDecisionFilter, $incidents: TradeIncidentFilter, $within: Duration! = "P30D", $certainty: RangeCertainty! = POSSIBLE, $first: Int, $after: String) {
    coincidences(decisions: $decisions, incidents: $incidents, within: $within, certainty: $certainty, first: $first, after: $after) {
      nodes { decision { id } incident { event { title } links { kind } } certainty minimumDaysApart maximumDaysApart incidentFollows isLinked links { kind } }
      pageInfo { hasNextPage endCursor } totalCount { value isExact }
    }
  }`;
  const grant = () => ({ action: ['GRANT'], person: home.id('aida') });

  const rows = async (variables: object): Promise<any[]> => {
    const { coincidences } = await home.ask(LIST, { ...variables });
    expect(coincidences.totalCount).toEqual({ value: coincidences.nodes.length, isExact: true });

    return coincidences.nodes.map((n: any) => [
      n.incident.event.title,
      n.certainty,
      n.minimumDaysApart,
      n.maximumDaysApart,
      n.incidentFollows,
      n.isLinked,
    ]);
  };

  test('hold what lies in the window on either side, its last day included; an undated incident never', async () => {
    expect(await rows({ decisions: grant() })).toEqual([
      ['On the edge', 'CERTAIN', 30, 30, 'NO', true],
      ['On the same day', 'CERTAIN', 0, 0, 'NO', false],
      ['In November', 'POSSIBLE', 16, 45, 'CERTAIN', false],
      ['Freight is held at the bridge', 'CERTAIN', 18, 18, 'CERTAIN', true],
    ]);
  });

  test.each<[string, object, string[]]>([
    ['P29D', {}, ['On the same day', 'In November', 'Freight is held at the bridge']],
    ['P31D', {}, ['Beyond the edge', 'On the edge', 'On the same day', 'In November', 'Freight is held at the bridge']],
    ['P1M', {}, ['On the edge', 'On the same day', 'In November', 'Freight is held at the bridge']],
    ['P15D', {}, ['On the same day']],
    ['P0D', {}, ['On the same day']],
    [
      'P44D',
      { certainty: 'CERTAIN' },
      ['Beyond the edge', 'On the edge', 'On the same day', 'Freight is held at the bridge'],
    ],
    [
      'P45D',
      { certainty: 'CERTAIN' },
      ['Beyond the edge', 'On the edge', 'On the same day', 'In November', 'Freight is held at the bridge'],
    ],
    ['P30D', { incidents: { implementingCountry: ['NZ'] } }, ['In November']],
  ])('within %s %o', async (within, more, expected) => {
    const found = (await rows({ decisions: grant(), within, ...more })).map(([title]) => title);
    expect([...found].sort()).toEqual([...expected].sort());
  });

  test('say who links the two, without taking it for true', async () => {
    const { coincidences } = await home.ask(LIST, { decisions: grant(), incidents: { goods: 'flour' } });
    expect(coincidences.nodes).toMatchObject([
      { isLinked: true, links: [{ kind: 'RETALIATION_FOR' }], incident: { links: [{ kind: 'RETALIATION_FOR' }] } },
    ]);
  });

  test('come in pages that lose no pair', async () => {
    const whole = await home.ask(LIST, { within: 'P2Y', first: 100 });
    const seen: unknown[] = [];
    let after: string | null = null;
    do {
      const { coincidences }: any = await home.ask(LIST, { within: 'P2Y', first: 3, after });
      seen.push(...coincidences.nodes);
      after = coincidences.pageInfo.hasNextPage ? coincidences.pageInfo.endCursor : null;
    } while (after);
    expect(seen.length).toBeGreaterThan(9);
    expect(seen).toEqual(whole.coincidences.nodes);
  });

  test('are found by one statement, and filled by one for each relation', async () => {
    const { statements, errors } = await home.run(
      `{ coincidences(within: "P2Y") { nodes { decision { action } incident { event { title } measure { id } } isLinked links { kind } } } }`,
    );
    expect(errors).toBeUndefined();
    expect(statements.map((s) => s.name).sort()).toEqual([
      'Event.measures',
      'Record.linksFrom',
      'Record.linksTo',
      'coincidences',
      'events by id',
      'status_decisions by id',
    ]);
  });
});
