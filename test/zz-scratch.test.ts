import { house } from './support/house.js';
test('x', async () => {
  const v = await house({ load: 'views' });
  await v.sql(`insert into persons (kind, sensitivity) select 'INDIVIDUAL', 0 from generate_series(1, 20000)`);
  await v.sql(`insert into events (kind, title, starts, starts_earliest, starts_latest, sensitivity, place_id) select 'OTHER', 'E ' || n, 'x', d, d + (n % 40), 0, (select id from places where name = 'Old Bridge' and n % 5 = 0)
    from (select n, date '2000-01-01' + (n * 37 % 8000) as d from generate_series(1, 200000) n) x`);
  await v.sql(`insert into event_participants (event_id, person_id, role, sensitivity)
    select e.id, p.id, 'VICTIM', 0 from (select id, row_number() over () n from events) e join (select id, row_number() over () n from persons) p on p.n = e.n % 20000 + 1`);
  await v.sql(`insert into status_documents (person_id, country, kind, valid_from, valid_from_earliest, valid_from_latest, valid_until, valid_until_earliest, valid_until_latest, sensitivity)
    select p.id, 'NZ', 'REFUGEE_CERTIFICATE', 'x', d, d, 'x', d + 364, d + 364, 0 from (select id, date '2000-01-01' + (row_number() over () * 13 % 8000)::int as d from persons where nationalities is null offset 10) p`);
  await v.sql(`insert into status_decisions (person_id, country, action, concerns, decided, decided_earliest, decided_latest, sensitivity)
    select p.id, 'NZ', 'GRANT', 'REFUGEE_CONVENTION', 'x', d, d, 0 from (select id, date '2000-01-01' + (row_number() over () * 13 % 8000)::int as d from persons) p`);
  const [f] = await v.sql<{ id: string }>(`insert into cases (title, sensitivity) values ('big', 0) returning id`);
  await v.sql(`insert into case_members (case_id, record_id, sensitivity) select $1, id, 0 from persons limit 20`, [f!.id]);
  await v.sql('analyze');
  const [p] = await v.sql<{ id: string }>(`select person_id as id from event_participants limit 1 offset 5000`);
  const time = async (label: string, q: string) => {
    for (let i = 0; i < 3; i++) {
      const t = performance.now();
      const r = await v.run(q);
      const ms = performance.now() - t;
      if (i === 2) console.log(label, ms.toFixed(1), r.errors, r.statements.map((s) => s.name).join(', '), JSON.stringify(r.data).length);
      if (i === 2) return r.data;
    }
  };
  const body = '{ nodes { id kind title date { edtf } } pageInfo { endCursor } }';
  const a = await time('all', `{ timeline(of: { all: true }, first: 100) ${body} }`);
  await time('all page 2', `{ timeline(of: { all: true }, first: 100, after: "${a.timeline.pageInfo.endCursor}") ${body} }`);
  await time('all from', `{ timeline(of: { all: true }, first: 100, from: "2015-01-01") ${body} }`);
  await time('all to', `{ timeline(of: { all: true }, first: 100, from: "2015-01-01", to: "2015-01-31") ${body} }`);
  await time('person', `{ timeline(of: { person: "${p!.id}" }, first: 100) ${body} }`);
  await time('case', `{ timeline(of: { case: "${f!.id}" }, first: 100) ${body} }`);
  await time('place', `{ timeline(of: { place: "${v.id('harbour-town')}" }, first: 100) ${body} }`);
  await time('country', `{ timeline(of: { country: "NZ" }, first: 100) ${body} }`);
  await time('country AU', `{ timeline(of: { country: "AU" }, first: 100) ${body} }`);
  await time('count', `{ timeline(of: { person: "${p!.id}" }) { totalCount { value } } }`);
  await time('expiring', `{ expiring(on: "2010-01-01", first: 100) { nodes { document { id } certainty } } }`);
  await time('holders', `{ certificateHolders(on: "2010-01-01", first: 100) { nodes { answer } } }`);
  await time('without', `{ withoutStatus(country: "NZ", first: 100) { nodes { answer } } }`);
  await time('companions', `{ companions(person: "${p!.id}") { sharedEntries } }`);
  await time('stat', `{ statistics(unit: PERSON, by: [YEAR, KIND]) { total } }`);
  // which branch costs
  const r = await v.run(`{ timeline(of: { all: true }, first: 100, from: "2015-01-01") ${body} }`);
  console.log(r.statements[0]!.text.slice(0, 900));
  await v.close();
}, 300000);
