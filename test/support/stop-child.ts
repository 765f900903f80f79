// A server whose one question takes a second in a real database, until it gets a signal. Argument: address of the database.
import { GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql';
import pg from 'pg';
import { pino } from 'pino';
import { live } from '../../src/commands/life.js';
import { complain, say } from '../../src/commands/say.js';
import { startServer } from '../../src/server.js';

const [url = ''] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 50 });
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { slow: { type: GraphQLInt, resolve: () => pool.query('select pg_sleep(1)').then(() => 1) } },
  }),
});

live(async (life) => {
  life.atEnd(() => pool.end());
  const server = await startServer({
    schema,
    identify: () => Promise.resolve(undefined),
    openContext: () => Promise.resolve({ contextValue: {}, close: () => Promise.resolve() }),
    ready: () => Promise.resolve(true),
    port: 0,
    host: '127.0.0.1',
    logger: pino({ level: 'silent' }),
  });
  life.atEnd(() => server.stop());
  say(`listening ${server.port}`);
  await life.stopped;
}).then(
  () => process.exit(0),
  (error: unknown) => process.exit(complain(error)),
);
