import { house } from './support/house.js';
test('x', async () => {
  const h = await house({ load: 'graph' });
  const r = await h.run(`query ($id: ID!) { place(id: $id) { organizations { nodes { name } } } }`, { id: h.id('land') });
  console.log(JSON.stringify(r, null, 1));
  console.log(await h.sql('select name, name_key, place_id, kind from organizations'), await h.sql('select id,name,parent_id from places'));
  const q = r.statements[1]!.text;
  console.log(await h.sql('explain ' + q, [[h.id('land')], 26]), await h.sql(q, [[h.id('land')], 26]));
  await h.close();
});
