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
  if (process.env.IDX) for (const [t, c, w] of [['events', 'ends_earliest', 'ends is not null'], ['detentions','ends_earliest',''],['charges','filed_earliest',''],['charges','decided_earliest',''],['refugee_statuses','starts_earliest',''],['refugee_statuses','ends_earliest',''],['status_documents','issued_earliest',''],['status_documents','valid_from_earliest','']])
    await v.sql(`create index on ${t} (${c}, id)`);
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

  const { timelinePage } = await import('../src/timeline/query.js');
  const ex = async (label: string, args: Record<string, unknown>) => {
    const seen: [string, unknown[]][] = [];
    const load = { one: new Proxy({}, { get: () => ({ load: async () => ({ starts: 'x', decided: 'x', filed: 'x', validFrom: 'x', issued: 'x', validUntil: 'x', ends: 'x' }) }) }) };
    await timelinePage(args as never, { db: { rows: async (name: string, text: string, values: unknown[]) => { if (name.startsWith('timeline')) seen.push([text, values]); return v.sql(text, values); } }, load, cursorKey: Buffer.alloc(32) } as never);
    for (const [text, values] of seen) {
      const plan = await v.sql<Record<string, string>>('explain (analyze, timing off) ' + text, values);
      const lines = plan.map((r) => r['QUERY PLAN']!);
      console.log(label, lines.slice(-2).join(' '), '\n', lines.filter((l) => /rows=[0-9]+ .*actual rows=\d{4,}|Removed by Filter: \d{4,}|Seq Scan/.test(l)).join('\n'));
    }
  };
  await ex('all', { of: { all: true }, first: 100 });
  await ex('all from', { of: { all: true }, first: 100, from: '2015-01-01' });
  await ex('person', { of: { person: p!.id }, first: 100 });
  await ex('case', { of: { case: f!.id }, first: 100 });
  await ex('country AU', { of: { country: 'AU' }, first: 100 });
  await ex('country NZ', { of: { country: 'NZ' }, first: 100 });
  await v.close();
}, 300000);
