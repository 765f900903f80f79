// A client that speaks the extended protocol only. By default pg sends a text without values by the simple protocol, in
// which `select 1; commit; delete ...` runs all three; here the server refuses the second statement (42601).
import pg from 'pg';

type Query = (config: unknown, values?: unknown, callback?: unknown) => never;

export class ExtendedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    // A connection can be cut in the very moment in which the pool hands it over, when nobody listens yet; an error without a
    // listener would end the process. Whoever uses the connection learns of it from the query, or from `end`.
    this.on('error', () => undefined);
  }

  // The types of pg list eleven overloads of this one method; all of them come down to these three arguments.
  override query(...[config, values, callback]: never[]): never {
    const send = (super.query as Query).bind(this);
    const asked: unknown = config;
    if (asked instanceof pg.Query) {
      (asked as { queryMode?: string }).queryMode = 'extended';
      return send(config, values, callback);
    }
    if (config === null || config === undefined || typeof (config as pg.Submittable).submit === 'function')
      return send(config, values, callback);
    const query = typeof config === 'string' ? { text: config as string } : (config as object);
    return send({ ...query, queryMode: 'extended' }, values, callback);
  }
}
