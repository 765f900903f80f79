// What rests on one source: what `impact` foretells is what happens, for every source of the founding case; and who speaks of
// a record makes known what that record cannot be without.
import pg from 'pg';
import { house, type House } from './support/house.js';

let h: House;
beforeAll(async () => {
  h = await house({ template: 'founding' });
});
afterAll(() => h?.close());

const IMPACT = `query ($id: ID!) { impact(source: $id) {
  totals { claims records fields links certificates }
  records { id }
  fields { record { id __typename } field now { value claim { id } } without { value claim { id source { id } } } }
  links { link { id } now without }
  certificates { document { id } isLost validUntilNow { edtf } validUntilWithout { edtf } }
  verifications { record { id } now without } } }`;

type State = Map<string, Record<string, unknown>>;

/** Every record with its claimed values, and whether the open lens shows it. */
async function stateOf(client: pg.Client): Promise<State> {
  const { rows: nouns } = await client.query<{ noun: string; claimed: string[] }>(
    `select noun, claimed from house.adopted where existence = 'CLAIMS' order by noun`,
  );
  const state: State = new Map();
  for (const { noun, claimed } of nouns) {
    const columns = [...claimed, ...(noun === 'event_links' ? ['assessment'] : [])];
    const values = columns.map((column) => `'${column}', t.${column}`).join(', ');
    const { rows } = await client.query<{ id: string; values: object; known: boolean }>(
      `select t.id, jsonb_build_object(${values}) as values, k.id is not null as known from ${noun} t left join known.${noun} k on k.id = t.id`,
    );
    for (const row of rows) state.set(row.id, { ...row.values, known: row.known });
  }
  return state;
}

const camel = (column: string): string =>
  column.replace(/_id$/, '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** `record field: value`, for each claimed value that differs. */
function differences(before: State, after: State): string[] {
  return [...before].flatMap(([id, values]) =>
    Object.keys(values)
      .filter((name) => JSON.stringify(values[name]) !== JSON.stringify(after.get(id)![name]))
      .map((name) => `${id} ${camel(name)}: ${JSON.stringify(after.get(id)![name])}`),
  );
}

describe('impact of a source', () => {
  test('is what happens when the source is withdrawn, for every source', async () => {
    const client = new pg.Client({ connectionString: h.database.adminUrl });
    await client.connect();
    try {
      const { rows: sources } = await client.query<{ id: string }>('select id from sources order by id');
      expect(sources.length).toBeGreaterThan(50);
      const before = await stateOf(client);
      let [changed, lost] = [0, 0];
      for (const { id } of sources) {
        const { impact } = await h.ask(IMPACT, { id });
        await client.query('begin');
        await client.query(`update claims set rank = 'DEPRECATED', rank_reason = 'Withdrawn.' where source_id = $1`, [
          id,
        ]);
        await client.query(
          'select house.accept(record_id) from (select distinct record_id from claims where roots @> array[$1::uuid]) touched',
          [id],
        );
        const found = differences(before, await stateOf(client));
        await client.query('rollback');
        const foretold = [
          ...impact.fields.map(
            (one: any) => `${one.record.id} ${one.field}: ${JSON.stringify(one.without?.value ?? null)}`,
          ),
          ...impact.records.map((record: any) => `${record.id} known: false`),
          ...impact.links
            .filter((one: any) => one.now !== one.without)
            .map((one: any) => `${one.link.id} assessment: ${JSON.stringify(one.without)}`),
        ];
        expect({ id, changes: foretold.sort() }).toEqual({ id, changes: found.sort() });
        expect(impact.totals).toMatchObject({ fields: impact.fields.length, records: impact.records.length });
        changed += impact.fields.length;
        lost += impact.records.length;
      }
      // Else nothing was compared.
      expect(changed).toBeGreaterThan(100);
      expect(lost).toBeGreaterThan(50);
    } finally {
      await client.end();
    }
  });

  test('of a source that does not exist is null', async () => {
    expect(await h.ask(IMPACT, { id: '00000000-0000-4000-8000-000000000000' })).toEqual({ impact: null });
  });
});

describe('who speaks of a record', () => {
  let known: House;
  beforeAll(async () => {
    known = await house({ load: 'verbs' });
  });
  afterAll(() => known?.close());

  const PERSON = `query ($id: ID!, $asOf: AsOf) { person(id: $id, asOf: $asOf) { id born { edtf } detentions { id starts { edtf } } } }`;
  const seen = async (key: string, asOf: object): Promise<any> =>
    (await known.ask(PERSON, { id: known.id(key), asOf })).person;

  test('makes known the person whom it is about, with nothing that only others tell', async () => {
    expect(await seen('amina', { publishedBy: '2019-12-31' })).toEqual({
      id: known.id('amina'),
      born: null,
      detentions: [{ id: known.id('custody'), starts: { edtf: '2019-04-30' } }],
    });
    expect(await seen('amina', { publishedBy: '2021-12-31' })).toMatchObject({ born: { edtf: '1990' } });
    expect(await seen('amina', { publishedBy: '2019-01-01' })).toBeNull();
  });

  test('makes known also who took part in it', async () => {
    expect(await seen('bakyt', { publishedBy: '2019-12-31' })).toMatchObject({ id: known.id('bakyt') });
    expect(await seen('bakyt', { publishedBy: '2019-04-01' })).toBeNull();
    expect(await seen('bakyt', { accordingTo: [known.id('late')] })).toBeNull();
    expect(await seen('amina', { accordingTo: [known.id('early')] })).toMatchObject({ born: null });
  });

  test('does so by what belonged to it at the time: a detention that is moved takes its person along', async () => {
    const move = (to: string) =>
      known.sql(`update detentions set person_id = $2 where id = $1`, [known.id('custody'), known.id(to)]);
    const [clock] = await known.sql<{ now: string }>(`select to_json(now()) #>> '{}' as now`);
    await move('bakyt');
    try {
      expect(await seen('amina', { publishedBy: '2019-12-31' })).toBeNull();
      expect(await seen('bakyt', { accordingTo: [known.id('late')] })).not.toBeNull();
      expect(await seen('amina', { publishedBy: '2019-12-31', recordedBy: clock!.now })).not.toBeNull();
    } finally {
      await move('amina');
    }
    expect(await seen('amina', { publishedBy: '2019-12-31' })).not.toBeNull();
    expect(await seen('bakyt', { accordingTo: [known.id('late')] })).toBeNull();
  });

  test('says nothing by a denial or by a claim that was withdrawn', async () => {
    await known.sql(
      `update claims set rank = 'DEPRECATED', rank_reason = 'Wrong person.' where record_id = $1 and source_id = $2`,
      [known.id('custody'), known.id('early')],
    );
    expect(await seen('amina', { publishedBy: '2019-12-31' })).toBeNull();
    await known.sql(`update claims set rank = 'NORMAL', rank_reason = null where record_id = $1 and source_id = $2`, [
      known.id('custody'),
      known.id('early'),
    ]);
    expect(await seen('amina', { publishedBy: '2019-12-31' })).not.toBeNull();
  });
});
