// Persons, organizations and places as a reader of the graph meets them.
import { house, type House } from './support/house.js';

let h: House;
beforeAll(async () => {
  h = await house({ load: 'graph' });
});
afterAll(() => h?.close());

const titles = (connection: { nodes: { title: string }[] }): string[] => connection.nodes.map((node) => node.title);

describe('persons', () => {
  test('a person has a name, a reference, uncertain dates and a residence', async () => {
    const { person } = await h.ask(
      `query ($id: ID!) { person(id: $id) {
        reference name kind sex ethnicity nationalities sensitivity version
        born { edtf earliest latest isOpen } died { edtf } residence { name parent { name } }
        names { value script language kind person { name } }
        unsourcedFields verification sources { title } claims(field: "nationalities") { field value source { title } locator }
      } }`,
      { id: h.id('amina') },
    );
    expect(person).toEqual({
      reference: expect.stringMatching(/^P-\d+$/),
      name: 'Amina Musakhanuly',
      kind: 'INDIVIDUAL',
      sex: 'FEMALE',
      ethnicity: 'Kazakh',
      nationalities: ['KZ'],
      sensitivity: 'PUBLIC',
      version: expect.any(Number),
      born: { edtf: '1980', earliest: '1980-01-01', latest: '1980-12-31', isOpen: false },
      died: null,
      residence: { name: 'Oldtown', parent: { name: 'Green Valley' } },
      names: [
        {
          value: 'Amina Musakhanuly',
          script: 'Latn',
          language: 'en',
          kind: 'MAIN',
          person: { name: 'Amina Musakhanuly' },
        },
        {
          value: 'Әмина Мұсаханұлы',
          script: 'Cyrl',
          language: 'kk',
          kind: 'TRANSLITERATION',
          person: { name: 'Amina Musakhanuly' },
        },
      ],
      unsourcedFields: ['sex', 'born', 'ethnicity', 'residence'],
      // The second source is a copy of the first: one origin.
      verification: 'REPORTED',
      sources: [{ title: 'The gate closes' }, { title: 'The gate closes (reprint)' }],
      claims: [{ field: 'nationalities', value: ['KZ'], source: { title: 'The gate closes' }, locator: '¶1' }],
    });
  });

  test('a person without any visible name has none', async () => {
    const { person } = await h.ask(`query ($id: ID!) { person(id: $id) { name names { value } nationalities } }`, {
      id: h.id('cem'),
    });
    expect(person).toEqual({ name: null, names: [], nationalities: ['SE'] });
  });

  test('relations are seen from both sides, with the other side resolved', async () => {
    const relations = `relations { kind isReverse role otherPerson { name } organization { name } period { starts { edtf } ends { isOpen } } relation { person { name } } }`;
    const { amina, bek } = await h.ask(
      `query ($a: ID!, $b: ID!) { amina: person(id: $a) { ${relations} } bek: person(id: $b) { ${relations} } }`,
      {
        a: h.id('amina'),
        b: h.id('bek'),
      },
    );
    const spouse = {
      kind: 'SPOUSE',
      role: null,
      organization: null,
      period: { starts: { edtf: '2005' }, ends: null },
      relation: { person: { name: 'Amina Musakhanuly' } },
    };
    expect(amina.relations).toEqual(
      expect.arrayContaining([
        { ...spouse, isReverse: false, otherPerson: { name: 'Bek Zhandarov' } },
        expect.objectContaining({
          kind: 'MEMBER',
          organization: { name: 'Voice' },
          period: { starts: { edtf: '2010' }, ends: { isOpen: true } },
        }),
      ]),
    );
    expect(bek.relations).toEqual(
      expect.arrayContaining([
        { ...spouse, isReverse: true, otherPerson: { name: 'Amina Musakhanuly' } },
        expect.objectContaining({ kind: 'LEADER', role: 'founder and head', isReverse: false }),
      ]),
    );
    const { person } = await h.ask(`query ($id: ID!) { person(id: $id) { relations(kind: [LEADER]) { kind } } }`, {
      id: h.id('bek'),
    });
    expect(person.relations).toEqual([{ kind: 'LEADER' }]);
  });

  test.each([
    ['the whole name', 'Amina Musakhanuly', ['amina']],
    ['one word', 'musakhanuly', ['amina']],
    ['in another order', 'Musakhanuly, Amina', ['amina']],
    ['in Cyrillic', 'Мұсаханұлы', ['amina']],
    ['in another transliteration', 'Musahanuly', ['amina']],
    ['in another transliteration of another language', 'Jandarov', ['bek']],
    ['with a slip', 'Zhandarof', ['bek']],
    ['a part of a word', 'khanul', ['amina']],
    ['nobody', 'Rostislav', []],
    ['no letters at all', '%%', []],
  ])('a name is found by %s', async (_, name, found) => {
    const { persons } = await h.ask(`query ($name: String!) { persons(filter: { name: $name }) { nodes { id } } }`, {
      name,
    });
    expect(persons.nodes.map((node: { id: string }) => node.id)).toEqual(found.map((key) => h.id(key)));
  });

  test.each([
    [{ nationality: 'KZ' }, ['amina']],
    [{ country: 'KZ' }, ['amina', 'bek']],
    [{ country: 'SE' }, ['bek', 'cem']],
    [{ ethnicity: 'kazakh' }, ['amina']],
    [{ sex: ['MALE', 'OTHER'] }, ['bek']],
    [{ kind: ['GROUP'] }, ['group']],
    [{ place: 'land' }, ['amina', 'bek']],
    [{ bornDuring: { until: '1979-12-31' } }, ['bek']],
    [{ bornDuring: { from: '1980-03-01', until: '1980-04-01' } }, ['amina']],
    [{ bornDuring: { from: '1980-03-01', until: '1980-04-01', certainty: 'CERTAIN' } }, []],
    [{ role: ['WITNESS'] }, ['amina']],
    [{ role: ['WITNESS'], event: 'arrest' }, []],
    [{ role: ['VICTIM'], event: 'arrest' }, ['bek']],
    [{ relatedTo: 'bek' }, ['amina']],
    [{ relatedTo: 'voice' }, ['amina', 'bek']],
    [{ hasStatus: ['REFUGEE_CONVENTION'] }, ['cem']],
    [{ case: 'gate' }, ['bek']],
    [{ source: 's2' }, ['amina']],
    [{ reference: 'P-0' }, []],
    [{ reference: 'seventeen' }, []],
  ])('persons with %j are %j', async (filter: Record<string, unknown>, keys: string[]) => {
    const given = Object.fromEntries(
      Object.entries(filter).map(([name, value]) => [
        name,
        /^(place|event|relatedTo|case|source)$/.test(name) ? h.id(String(value)) : value,
      ]),
    );
    const { persons } = await h.ask(
      `query ($filter: PersonFilter) { persons(filter: $filter) { nodes { id } totalCount { value isExact } } }`,
      { filter: given },
    );
    const ids = persons.nodes.map((node: { id: string }) => node.id);
    expect(ids.sort()).toEqual(keys.map((key) => h.id(key)).sort());
    expect(persons.totalCount).toEqual({ value: keys.length, isExact: true });
  });

  test('a person is found again by the reference', async () => {
    const { person } = await h.ask(`query ($id: ID!) { person(id: $id) { reference } }`, { id: h.id('bek') });
    const { persons } = await h.ask(
      `query ($reference: String!) { persons(filter: { reference: $reference }) { nodes { name } } }`,
      person,
    );
    expect(persons.nodes).toEqual([{ name: 'Bek Zhandarov' }]);
  });
});

describe('pages', () => {
  const PAGE = `query ($first: Int, $after: String) { persons(first: $first, after: $after) {
    edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;

  test('following the cursors shows every person once, in the order of recording', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { persons } = await h.ask(PAGE, { first: 1, after });
      expect(persons.pageInfo.hasPreviousPage).toBe(after !== null);
      seen.push(...persons.nodes.map((node: { id: string }) => node.id));
      after = persons.pageInfo.hasNextPage ? persons.pageInfo.endCursor : null;
    } while (after);
    const all = await h.sql<{ id: string }>('select id from persons order by sequence');
    expect(seen).toEqual(all.map(({ id }) => id));
  });

  test.each([0, -1, 101])('a page of %i is refused', async (first) => {
    await expect(h.ask(PAGE, { first })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', rule: 'page-size' });
  });

  test('a cursor of another list is refused', async () => {
    const { organizations } = await h.ask(`{ organizations(first: 1) { pageInfo { endCursor } } }`);
    await expect(h.ask(PAGE, { first: 1, after: organizations.pageInfo.endCursor })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      rule: 'cursor',
    });
  });
});

describe('events inside persons, organizations and places', () => {
  test('come in order of time, undated ones last, by pages, in one statement for all parents', async () => {
    const { data, errors, statements } = await h.run(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Person { name events(first: 2) { nodes { title } totalCount { value } pageInfo { hasNextPage } } } } }`,
      { ids: [h.id('bek'), h.id('amina'), h.id('cem')] },
    );
    expect(errors).toBeUndefined();
    expect(data.nodes).toEqual([
      {
        name: 'Bek Zhandarov',
        events: {
          nodes: [{ title: 'Arrest of Bek' }, { title: 'Release of Bek' }],
          totalCount: { value: 4 },
          pageInfo: { hasNextPage: true },
        },
      },
      {
        name: 'Amina Musakhanuly',
        events: { nodes: [{ title: 'Release of Bek' }], totalCount: { value: 1 }, pageInfo: { hasNextPage: false } },
      },
      { name: null, events: { nodes: [], totalCount: { value: 0 }, pageInfo: { hasNextPage: false } } },
    ]);
    expect(statements.map(({ name }) => name).filter((name) => name.startsWith('Person.events'))).toEqual([
      'Person.events',
      'Person.events count',
    ]);
  });

  test('go on after a cursor, which belongs to one parent and one filter', async () => {
    const EVENTS = `query ($id: ID!, $after: String, $role: [ParticipantRole!]) { person(id: $id) { events(first: 3, after: $after, role: $role) { nodes { title } pageInfo { endCursor hasPreviousPage hasNextPage } } } }`;
    const first = await h.ask(EVENTS, { id: h.id('bek') });
    const after = first.person.events.pageInfo.endCursor;
    expect(titles(first.person.events)).toEqual(['Arrest of Bek', 'Release of Bek', 'Statement by Bek']);
    const second = await h.ask(EVENTS, { id: h.id('bek'), after });
    expect(second.person.events).toEqual({
      nodes: [{ title: 'A threat nobody dates' }],
      pageInfo: { endCursor: expect.any(String), hasPreviousPage: true, hasNextPage: false },
    });
    await expect(h.ask(EVENTS, { id: h.id('amina'), after })).rejects.toMatchObject({ rule: 'cursor' });
    await expect(h.ask(EVENTS, { id: h.id('bek'), after, role: ['VICTIM'] })).rejects.toMatchObject({ rule: 'cursor' });
  });

  test('are filtered by role and kind', async () => {
    const { person, organization, place } = await h.ask(
      `query ($person: ID!, $organization: ID!, $place: ID!) {
        person(id: $person) { events(role: [SPEAKER]) { nodes { title } } }
        organization(id: $organization) { events(kind: [ARREST]) { nodes { title } } }
        place(id: $place) { events(kind: [RELEASE, PUBLIC_STATEMENT]) { nodes { title } } }
      }`,
      { person: h.id('bek'), organization: h.id('ministry'), place: h.id('land') },
    );
    expect([titles(person.events), titles(organization.events), titles(place.events)]).toEqual([
      ['Statement by Bek'],
      ['Arrest of Bek'],
      ['Release of Bek'],
    ]);
  });
});

describe('organizations and places', () => {
  test('an organization has its parts, relations and what it published', async () => {
    const { voice, courier, ministry } = await h.ask(
      `query ($voice: ID!, $courier: ID!, $ministry: ID!) {
        voice: organization(id: $voice) { name nativeName aliases website relations { kind person { name } } }
        courier: organization(id: $courier) { publishedSources { nodes { title } } }
        ministry: organization(id: $ministry) { acronym jurisdiction parts { name parts { name } } place { name } }
      }`,
      { voice: h.id('voice'), courier: h.id('courier'), ministry: h.id('ministry') },
    );
    expect(voice).toMatchObject({
      nativeName: 'Дауыс',
      aliases: ['The Voice of Oldtown'],
      website: 'https://voice.example',
    });
    expect(voice.relations.map((r: { kind: string }) => r.kind).sort()).toEqual(['LEADER', 'MEMBER']);
    expect(courier.publishedSources.nodes).toEqual([{ title: 'The gate closes' }]);
    expect(ministry).toEqual({
      acronym: 'MG',
      jurisdiction: 'KZ',
      parts: [{ name: 'Gatehouse Service', parts: [{ name: 'Night Desk' }] }],
      place: { name: 'Oldtown' },
    });
  });

  test.each([
    [{ name: 'gate' }, ['ministry', 'gatehouse']],
    [{ name: 'mg' }, ['ministry']],
    [{ name: 'voice of' }, ['voice']],
    [{ name: 'ДАУЫС' }, ['voice']],
    [{ kind: ['COURT'] }, ['court']],
    [{ country: 'KZ' }, ['ministry', 'gatehouse', 'court']],
    [{ place: 'valley' }, ['ministry', 'court']],
    [{ partOf: 'ministry' }, ['gatehouse', 'desk']],
    [{ event: 'release' }, ['ministry']],
  ])('organizations with %j are %j', async (filter: Record<string, unknown>, keys: string[]) => {
    const given = Object.fromEntries(
      Object.entries(filter).map(([name, value]) => [
        name,
        /^(place|event|partOf)$/.test(name) ? h.id(String(value)) : value,
      ]),
    );
    const { organizations } = await h.ask(
      `query ($filter: OrganizationFilter) { organizations(filter: $filter) { nodes { id name } } }`,
      { filter: given },
    );
    expect(organizations.nodes.map((node: { id: string }) => node.id).sort()).toEqual(
      keys.map((key) => h.id(key)).sort(),
    );
  });

  test('a place lies in others, has exact coordinates and its organizations', async () => {
    const { place, land } = await h.ask(
      `query ($id: ID!, $land: ID!) {
        place(id: $id) { name nativeName latitude longitude precision geonamesId country parent { name parent { name } } }
        land: place(id: $land) { parts { name } organizations { nodes { name } } }
      }`,
      { id: h.id('town'), land: h.id('land') },
    );
    expect(place).toEqual({
      name: 'Oldtown',
      nativeName: 'Ескіқала',
      latitude: '43.250000',
      longitude: '76.900000',
      precision: 'LOCALITY',
      geonamesId: '1526384',
      country: 'KZ',
      parent: { name: 'Green Valley', parent: { name: 'Landia' } },
    });
    expect(land).toEqual({
      parts: [{ name: 'Green Valley' }],
      organizations: { nodes: [{ name: 'Court of Oldtown' }, { name: 'Ministry of Gates' }] },
    });
  });

  test.each([
    [{ name: 'ескі' }, ['town']],
    [{ name: 'old' }, ['town']],
    [{ partOf: 'land' }, ['valley', 'town']],
    [{ country: 'SE' }, ['abroad']],
    [{ kind: ['REGION'] }, ['valley']],
    [{ case: 'gate' }, ['town']],
  ])('places with %j are %j', async (filter: Record<string, unknown>, keys: string[]) => {
    const given = Object.fromEntries(
      Object.entries(filter).map(([name, value]) => [name, /^(partOf|case)$/.test(name) ? h.id(String(value)) : value]),
    );
    const { places } = await h.ask(`query ($filter: PlaceFilter) { places(filter: $filter) { nodes { id } } }`, {
      filter: given,
    });
    expect(places.nodes.map((node: { id: string }) => node.id).sort()).toEqual(keys.map((key) => h.id(key)).sort());
  });
});

describe('any record', () => {
  test('nodes keeps the order, and answers nothing for what is not there or is no id at all', async () => {
    const absent = '00000000-0000-4000-8000-000000000000';
    const { nodes, node } = await h.ask(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } node(id: "no id") { id } }`,
      {
        ids: [h.id('release'), absent, h.id('amina'), 'nonsense', h.id('s1').toUpperCase(), h.id('release')],
      },
    );
    expect(nodes).toEqual([
      { __typename: 'Event', id: h.id('release') },
      null,
      { __typename: 'Person', id: h.id('amina') },
      null,
      { __typename: 'Source', id: h.id('s1') },
      { __typename: 'Event', id: h.id('release') },
    ]);
    expect(node).toBeNull();
  });

  test('more than 100 ids are refused', async () => {
    await expect(
      h.ask(`query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`, { ids: Array(101).fill(h.id('amina')) }),
    ).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('every noun can be asked for as a record, with all that a record has', async () => {
    const tables = await h.sql<{ noun: string; id: string }>(
      'select distinct on (noun) noun, id from records order by noun',
    );
    const { nodes } = await h.ask(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Record {
        sensitivity version createdAt updatedAt verification unsourcedFields
        claims { id } conflicts { field } sources { id } cases { id } links { id } identifiers { id } } } }`,
      { ids: tables.map(({ id }) => id) },
    );
    expect(nodes.map((node: { id: string }) => node?.id)).toEqual(tables.map(({ id }) => id));
  });
});
