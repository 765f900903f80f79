// Events: what happened, who took part, and how one finds them.
import { house, type House } from './support/house.js';

let home: House;
beforeAll(async () => {
  home = await house({ load: 'graph-events' });
});
afterAll(() => home?.close());

const NOBODY = '00000000-0000-4000-8000-000000000000';
const titles = async (filter: object): Promise<string[]> => {
  const { events } = await home.ask(
    'query ($filter: EventFilter) { events(filter: $filter, first: 100) { nodes { title } } }',
    { filter },
  );
  return events.nodes.map((node: { title: string }) => node.title);
};

test('an event shows its participants in their roles, and each person once', async () => {
  const { event } = await home.ask(
    `query ($id: ID!) { event(id: $id) {
      kind extent context place { name } starts { edtf } ends { edtf }
      participants { role involvement person { id } organization { id } }
      persons { id } speakers: persons(role: [SPEAKER]) { id } measure { id }
    } }`,
    { id: home.id('picket') },
  );
  expect(event).toEqual({
    kind: 'PROTEST',
    extent: 'SPAN',
    context: 'ACTUAL',
    place: { name: 'Old Bridge' },
    starts: { edtf: '2021-02-08' },
    ends: null,
    participants: [
      { role: 'INTERVENING_PARTY', involvement: null, person: null, organization: { id: home.id('border-agency') } },
      { role: 'PARTICIPANT', involvement: 'CONFIRMED_PRESENT', person: { id: home.id('aida') }, organization: null },
      { role: 'SPEAKER', involvement: null, person: { id: home.id('bolat') }, organization: null },
      { role: 'WITNESS', involvement: null, person: { id: home.id('aida') }, organization: null },
    ],
    persons: [{ id: home.id('aida') }, { id: home.id('bolat') }],
    speakers: [{ id: home.id('bolat') }],
    measure: null,
  });
});

test('an event of one moment starts and ends on the same day; of one that lasted, an untold end stays untold', async () => {
  const { moment, vague, span } = await home.ask(
    `query ($moment: ID!, $vague: ID!, $span: ID!) {
      moment: event(id: $moment) { ends { edtf } period { certain { from until } possible { from until } } }
      vague: event(id: $vague) { period { certain { from until } possible { from until } } }
      span: event(id: $span) { period { certain { from until } possible { from until } } }
    }`,
    { moment: home.id('hearing'), vague: home.id('on-2020-10'), span: home.id('picket') },
  );
  const day = { from: '2020-01-06', until: '2020-01-06' };
  expect(moment).toEqual({ ends: null, period: { certain: day, possible: day } });
  expect(vague).toEqual({ period: { certain: null, possible: { from: '2020-10-01', until: '2020-10-31' } } });
  expect(span).toEqual({ period: { certain: null, possible: { from: '2021-02-08', until: null } } });
});

test.each<[string, () => object, string[]]>([
  ['of a kind', () => ({ kind: ['PROTEST', 'TRIAL'] }), ['Hearing', 'Picket at the bridge']],
  ['of a context', () => ({ context: ['FUTURE'] }), ['A 100% planned_act']],
  ['of a person', () => ({ person: home.id('aida') }), ['Hearing', 'Picket at the bridge']],
  ['of a person in a role', () => ({ person: home.id('aida'), role: ['SPEAKER', 'SUBJECT'] }), ['Hearing']],
  ['in which anyone has a role', () => ({ role: ['SPEAKER'] }), ['Picket at the bridge']],
  ['of an organization', () => ({ organization: home.id('border-agency') }), ['Picket at the bridge']],
  [
    'of a person and an organization',
    () => ({ person: home.id('aida'), organization: home.id('border-agency') }),
    ['Picket at the bridge'],
  ],
  ['in a place', () => ({ place: home.id('old-bridge'), kind: ['PROTEST', 'TRIAL'] }), ['Picket at the bridge']],
  [
    'in a place and its parts',
    () => ({ place: home.id('harbour-town'), kind: ['PROTEST', 'TRIAL'] }),
    ['Hearing', 'Picket at the bridge'],
  ],
  ['in a country', () => ({ country: 'NZ' }), ['Hearing', 'Freight is held at the bridge', 'Picket at the bridge']],
  ['in another country', () => ({ country: 'AU' }), []],
  ['of a case', () => ({ case: home.id('freight-file') }), ['Freight is held at the bridge']],
  ['of a source', () => ({ source: home.id('ministry') }), ['Freight is held at the bridge']],
  ['with a text in any case', () => ({ text: 'BRIDGE' }), ['Freight is held at the bridge', 'Picket at the bridge']],
  ['with a text of signs that mean themselves', () => ({ text: '0% p' }), ['A 100% planned_act']],
  ['and no sign stands for another', () => ({ text: 'planned%act' }), []],
  [
    'on a day, a moment not for ever after',
    () => ({ during: { from: '2020-01-06', until: '2020-01-06' } }),
    ['Hearing', 'On or before'],
  ],
  [
    'in a range, with what may still go on',
    () => ({ during: { from: '2021-01-01', until: '2029-12-31' } }),
    ['Freight is held at the bridge', 'Picket at the bridge'],
  ],
  [
    'certainly in a range',
    () => ({ kind: ['OTHER'], during: { from: '2020-10-15', until: '2020-10-18', certainty: 'CERTAIN' } }),
    ['On 2020-10-15', 'On a set', 'On 2020-10-16', 'On 2020-10-17'],
  ],
  [
    'possibly in a range',
    () => ({ kind: ['OTHER'], during: { from: '2020-10-17', until: '2020-10-17' } }),
    ['On 2020-10', 'On a set', 'On 2020-10-17'],
  ],
  ['with a person who is not there', () => ({ person: NOBODY }), []],
])('events %s', async (_, filter, expected) => {
  expect((await titles(filter())).sort()).toEqual([...expected].sort());
});

test('events come by day, unknown days last, and pages hold each event once, also where days are equal', async () => {
  const PAGE = `query ($after: String) { events(first: 2, after: $after) { nodes { id title starts { earliest } } pageInfo { hasNextPage endCursor } totalCount { value isExact } } }`;
  const seen: { id: string; title: string; starts: { earliest: string | null } | null }[] = [];
  let after: string | null = null;
  let total: unknown;
  do {
    const { events }: { events: any } = await home.ask(PAGE, { after });
    seen.push(...events.nodes);
    total = events.totalCount;
    after = events.pageInfo.hasNextPage ? events.pageInfo.endCursor : null;
  } while (after);
  expect(total).toEqual({ value: seen.length, isExact: true });
  expect(new Set(seen.map((event) => event.id)).size).toBe(seen.length);
  expect(seen.filter((event) => event.title.startsWith('Tie'))).toHaveLength(5);
  expect(seen.slice(-2).map((event) => event.starts)).toEqual([null, null]);
  const days = seen.flatMap((event) => event.starts?.earliest ?? []);
  expect(days).toEqual([...days].sort());
});

test('a cursor of one list is refused by another', async () => {
  const { events } = await home.ask('{ events(first: 1) { pageInfo { endCursor } } }');
  const cursor = events.pageInfo.endCursor;
  await expect(
    home.ask('query ($after: String) { events(first: 1, after: $after, filter: { kind: [TRIAL] }) { nodes { id } } }', {
      after: cursor,
    }),
  ).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});

test('what a person took part in comes in the order of time', async () => {
  const { person, organization } = await home.ask(
    `query ($person: ID!, $organization: ID!) {
      person(id: $person) { participations { role event { title } } }
      organization(id: $organization) { participations { event { title } } }
    }`,
    { person: home.id('aida'), organization: home.id('border-agency') },
  );
  expect(person.participations.map((p: { event: { title: string } }) => p.event.title)).toEqual([
    'Hearing',
    'Picket at the bridge',
    'Picket at the bridge',
  ]);
  expect(organization.participations).toEqual([{ event: { title: 'Picket at the bridge' } }]);
});

test('an event that is not there is null', async () => {
  expect(await home.ask('query ($id: ID!) { event(id: $id) { id } }', { id: NOBODY })).toEqual({ event: null });
});

test('a page of events with participants needs one statement for each relation', async () => {
  const { statements, errors } = await home.run(
    `{ events(first: 100) { nodes { place { name } participants { person { id } organization { id } } persons { id } measure { id } } } }`,
  );
  expect(errors).toBeUndefined();
  expect(statements.map((s) => s.name).sort()).toEqual([
    'Event.measures',
    'Event.participants',
    'events list',
    'organizations by id',
    'persons by id',
    'places by id',
  ]);
});
