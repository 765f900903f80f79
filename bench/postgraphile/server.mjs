// PostGraphile 5 as its documentation sets it up, on the same database under the same role: the Amber preset, a pool of 8,
// node:http. What it is spared: watching for changes, its explorer, and anything that `pgSettings` would cost, since the role of
// the pool already is the reader's. BENCH_URL=postgres://... node server.mjs
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { makePgService } from 'postgraphile/adaptors/pg';

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: process.env.BENCH_URL,
      schemas: ['public', 'bench_peer'],
      // Plans as PostgreSQL chooses them by itself: the role of Kualik's readers would have generic ones alone.
      poolConfig: { max: 8, idleTimeoutMillis: 300_000, options: '-c plan_cache_mode=auto' },
    }),
  ],
  // The constraint from every table to the spine makes a relation both ways, as it should; nothing is subscribed to.
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false, websockets: false, maxRequestLength: 100_000 },
  grafast: { explain: false },
};

const instance = postgraphile(preset);
const serv = instance.createServ(grafserv);
const server = createServer();
server.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
await serv.addTo(server);
if (process.env.BENCH_PRINT_SCHEMA) {
  const { printSchema } = await import('graphql');
  console.log(printSchema(await instance.getSchema()));
}
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
