// People with rights, put in place of the accounts module: each has an account, a session and a context, as raw SQL needs them.
import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { withClient } from '../../src/db/client.js';
import type { FreshDatabase } from './database.js';

export interface Asker {
  login: string;
  level: number;
  /** Those of the context; none is another thing than no context. */
  teams: number[];
  roles: string[];
  /** What auth.enter is given; absent: nobody entered. */
  context?: string;
}

const sha256 = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();

/** Opens a context that lives for an hour. */
export async function asker(
  { adminUrl }: FreshDatabase,
  { login, level, teams, roles = ['reader', 'editor'] }: Omit<Asker, 'roles' | 'context'> & { roles?: string[] },
): Promise<Asker> {
  const context = randomBytes(32).toString('base64url');
  await withClient(adminUrl, async (client) => {
    for (const team of teams)
      await client.query(
        `insert into auth.teams (id, name) overriding system value values ($1, $2) on conflict do nothing`,
        [team, `Team ${team}`],
      );
    const { rows } = await client.query<{ id: number }>(
      'insert into auth.accounts (login, roles, level) values ($1, $2, $3) returning id',
      [login, roles, level],
    );
    const { id } = rows[0]!;
    for (const team of teams)
      await client.query('insert into auth.memberships (account_id, team_id) values ($1, $2)', [id, team]);
    const credential = sha256(randomBytes(32));
    await client.query(
      `insert into auth.sessions (hash, account_id, methods, ends_at) values ($1, $2, '{password}', now() + interval '8 hours')`,
      [credential, id],
    );
    await client.query(
      `insert into auth.contexts (hash, account_id, credential, level, teams, actor, expires)
       values ($1, $2, $3, $4, $5, $6, now() + interval '1 hour')`,
      [sha256(context), id, credential, level, teams, login],
    );
  });
  return { login, level, teams, roles, context };
}

/** One transaction of a viewer on the pool of their level: entered where there is a context. */
export const asking = <T>(
  database: FreshDatabase,
  kind: 'reader' | 'editor',
  { level, context }: Pick<Asker, 'level' | 'context'>,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> =>
  withClient(
    (kind === 'reader' ? database.readerUrls : database.editorUrls)[level as 0 | 1 | 2 | 3],
    async (client) => {
      await client.query('begin');
      if (context !== undefined) await client.query('select auth.enter($1)', [context]);
      const result = await work(client);
      await client.query('commit');
      return result;
    },
  );
