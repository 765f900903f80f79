// Who a request comes from, and that whatever is taken away from a person is refused by the very next request.
import type { DataSource } from 'typeorm';
import { openAccounts, type Accounts } from '../src/accounts/accounts.js';
import { anonymousAllowed, LOCAL } from '../src/accounts/anonymous.js';
import { gateOf, type Rows } from '../src/accounts/gate.js';
import { addTeam, changeAccount, resetAccount, setActive, setTeams } from '../src/accounts/people.js';
import { hashOf, isToken, newSecret, newToken } from '../src/accounts/secrets.js';
import { endAllSessions, endSession } from '../src/accounts/sessions.js';
import { listTokens, MOST_TOKENS, newApiToken, revokeToken } from '../src/accounts/tokens.js';
import type { Viewer } from '../src/accounts/viewer.js';
import { DomainError } from '../src/errors.js';
import { addAccount, cookieOf, openGate, type Person, type PersonOptions } from './support/accounts.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

let database: FreshDatabase;
let gate: DataSource;
let rows: Rows;
let accounts: Accounts;
let count = 0;

beforeAll(async () => {
  database = await freshDatabase();
  gate = await openGate(database);
  rows = gateOf(gate).rows;
  accounts = openAccounts({ gate, secret: Buffer.alloc(32, 1), anonymous: () => Promise.resolve(false) });
});
afterAll(async () => {
  await gate?.destroy();
  await database?.drop();
});

const person = (options: Partial<PersonOptions> = {}): Promise<Person> =>
  addAccount(gate, { login: `person-${++count}`, ...options });
const ask = (headers: Record<string, string>, on = accounts): Promise<Viewer> => on.viewerOf({ headers });
const refusal = async (headers: Record<string, string>, on = accounts): Promise<string> => {
  const error = await ask(headers, on).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DomainError);
  return (error as DomainError).code;
};
const contexts = async ({ accountId }: Person): Promise<number> =>
  (await rows('select from auth.contexts where account_id = $1', [accountId])).length;
const isLive = async (viewer: Viewer): Promise<boolean> =>
  (await rows('select from auth.contexts where hash = $1 and expires > now()', [hashOf(viewer.context!)])).length === 1;

describe('a viewer', () => {
  test('comes from a session, with level, roles, teams, a context of its own and the time of the step-up', async () => {
    const amina = await person({ level: 2, roles: ['reader', 'editor'], teams: ['north', 'south'] });
    const viewer = await ask(amina.bySession);
    expect(viewer).toEqual({
      kind: 'session',
      accountId: amina.accountId,
      login: `person-${count}`,
      level: 2,
      roles: new Set(['reader', 'editor']),
      teams: [...amina.teams].sort((a, b) => a - b),
      teamNames: ['north', 'south'],
      context: expect.stringMatching(/^[\w-]{43}$/) as string,
      steppedUpAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      sessionId: expect.any(Number) as number,
    });
    expect(
      await rows(
        "select account_id, level, teams, actor, expires <= now() + interval '1 hour' as soon from auth.contexts where hash = $1",
        [hashOf(viewer.context!)],
      ),
    ).toEqual([{ account_id: amina.accountId, level: 2, teams: viewer.teams, actor: viewer.login, soon: true }]);
  });

  test('comes from a token with what it was given and its account still has, whichever is less', async () => {
    const beko = await person({ level: 3, roles: ['reader', 'editor'], teams: ['north'] });
    const few = await newApiToken(rows, {
      accountId: beko.accountId,
      name: 'few',
      roles: ['reader'],
      level: 1,
      expires: 'P1D',
    });
    expect(await ask({ authorization: `Bearer ${few}` })).toMatchObject({
      kind: 'token',
      level: 1,
      roles: new Set(['reader']),
      teams: beko.teams,
      tokenId: expect.any(Number) as number,
    });
    await changeAccount(rows, `person-${count}`, { level: 2, roles: ['editor'] });
    expect(await ask(beko.byToken)).toMatchObject({ level: 2, roles: new Set(['editor']) });
    expect(await ask({ authorization: `bearer ${few}` })).toMatchObject({ level: 1, roles: new Set() });
  });

  test('has so many tokens that count and no more, also when many are made at once', async () => {
    const { accountId } = await person(); // has one
    const make = () =>
      gateOf(gate).transaction((within) =>
        newApiToken(within, { accountId, name: 'many', roles: ['reader'], level: 1, expires: 'P1D' }),
      );
    const made = await Promise.allSettled(Array.from({ length: MOST_TOKENS + 9 }, make));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(MOST_TOKENS - 1);
    const [refused] = made.filter((one) => one.status === 'rejected');
    expect(refused!.reason).toMatchObject({
      code: 'LIMITED',
      rule: 'token-count',
      message: 'This account has 50 tokens that count; revoke one that nobody uses, then make a new one.',
    });
    const tokens = await listTokens(rows, accountId);
    await revokeToken(rows, tokens[0]!.id);
    await rows(`update auth.tokens set expires_at = now() where id = $1`, [tokens[1]!.id]);
    await make();
    await make();
    await expect(make()).rejects.toThrow(/has 50 tokens/);
  });

  test('is anonymous only where that is allowed', async () => {
    const open = openAccounts({ gate, secret: Buffer.alloc(32, 1), anonymous: () => Promise.resolve(true) });
    expect(await ask({}, open)).toEqual({
      kind: 'anonymous',
      login: 'anonymous',
      level: 0,
      roles: new Set(['reader']),
      teams: [],
      teamNames: [],
    });
    expect(await refusal({})).toBe('UNAUTHENTICATED');
    // What was shown and does not count is told, not passed over.
    expect(await refusal({ authorization: `Bearer ${newToken()}` }, open)).toBe('UNAUTHENTICATED');
    expect(await refusal({ cookie: cookieOf(newSecret()), 'sec-fetch-site': 'same-origin' }, open)).toBe(
      'UNAUTHENTICATED',
    );
  });

  test('keeps its context from request to request, and opens another when the row is gone', async () => {
    const dilnur = await person();
    const all = await Promise.all(Array.from({ length: 20 }, () => ask(dilnur.bySession)));
    expect(new Set(all.map(({ context }) => context)).size).toBe(1);
    const [{ context }] = all as [Viewer];
    expect((await ask(dilnur.bySession)).context).toBe(context);
    expect((await ask(dilnur.byToken)).context).not.toBe(context);
    await rows('delete from auth.contexts');
    const next = await ask(dilnur.bySession);
    expect(next.context).not.toBe(context);
    expect(await isLive(next)).toBe(true);
    await rows(`update auth.contexts set expires = now() + interval '30 seconds' where hash = $1`, [
      hashOf(next.context!),
    ]);
    expect((await ask(dilnur.bySession)).context).not.toBe(next.context);
  });
});

describe('what a request may show', () => {
  test('a session and a token at once are refused, and so is what is neither', async () => {
    const erkin = await person();
    expect(await refusal({ ...erkin.bySession, ...erkin.byToken })).toBe('UNAUTHENTICATED');
    for (const authorization of [
      '',
      'Bearer',
      `Basic ${erkin.token}`,
      erkin.token,
      `Bearer ${erkin.token.slice(0, -1)}`,
      `Bearer ${erkin.session}`,
    ])
      expect(await refusal({ authorization })).toBe('UNAUTHENTICATED');
    const twice = `${cookieOf(erkin.session)}; ${cookieOf(erkin.session)}`;
    expect(await refusal({ cookie: twice, 'sec-fetch-site': 'same-origin' })).toBe('UNAUTHENTICATED');
    expect(await refusal({ cookie: cookieOf(erkin.token), 'sec-fetch-site': 'same-origin' })).toBe('UNAUTHENTICATED');
    // The hash that lies in the table is no credential.
    const [{ hash }] = (await rows<{ hash: Buffer }>('select hash from auth.sessions where account_id = $1', [
      erkin.accountId,
    ])) as [{ hash: Buffer }];
    expect(await refusal({ cookie: cookieOf(hash.toString('base64url')), 'sec-fetch-site': 'same-origin' })).toBe(
      'UNAUTHENTICATED',
    );
  });

  test.each<[string, Record<string, string>, boolean]>([
    ['a page of ours', { 'sec-fetch-site': 'same-origin' }, true],
    ['a page of ours, whatever Origin says', { 'sec-fetch-site': 'same-origin', origin: 'null' }, true],
    [
      'a page of ours in a browser without Sec-Fetch-Site',
      { origin: 'http://desk.example:4000', host: 'desk.example:4000' },
      true,
    ],
    ['the same name at another port', { origin: 'http://desk.example:4001', host: 'desk.example:4000' }, false],
    ['no header at all', { host: 'desk.example:4000' }, false],
    [
      'another site',
      { 'sec-fetch-site': 'cross-site', origin: 'http://desk.example:4000', host: 'desk.example:4000' },
      false,
    ],
    ['a sister site', { 'sec-fetch-site': 'same-site' }, false],
    ['the address bar', { 'sec-fetch-site': 'none' }, false],
    ['a sandboxed page', { origin: 'null', host: 'desk.example:4000' }, false],
  ])('a session from %s', async (_, headers, passes) => {
    const gulnar = await person();
    const shown = { cookie: cookieOf(gulnar.session), ...headers };
    if (passes) expect((await ask(shown)).kind).toBe('session');
    else expect(await refusal(shown)).toBe('FORBIDDEN');
  });

  test('behind a proxy the public address is the only origin', async () => {
    const hesen = await person();
    const behind = openAccounts({
      gate,
      secret: Buffer.alloc(32, 1),
      anonymous: () => Promise.resolve(false),
      publicUrl: 'https://kualik.example/',
    });
    const cookie = cookieOf(hesen.session);
    expect((await ask({ cookie, origin: 'https://kualik.example', host: 'inside:4000' }, behind)).kind).toBe('session');
    for (const origin of ['http://kualik.example', 'https://kualik.example.evil.example', 'http://inside:4000'])
      expect(await refusal({ cookie, origin, host: 'inside:4000' }, behind)).toBe('FORBIDDEN');
  });

  test('a token is refused unseen when a character of it is wrong', () => {
    const token = newToken();
    expect(isToken(token)).toBe(true);
    for (let at = 4; at < token.length; at++) {
      const other = token[at] === 'x' ? 'y' : 'x';
      expect(isToken(token.slice(0, at) + other + token.slice(at + 1))).toBe(false);
    }
  });
});

describe('what is taken away is gone with the next request', () => {
  type Taking = (login: string, person: Person) => Promise<unknown>;
  const takings: [string, Taking, { session: boolean; token: boolean }][] = [
    ['the account is disabled', (login) => setActive(rows, login, false), { session: false, token: false }],
    ['all sessions are ended', (_, { accountId }) => endAllSessions(rows, accountId), { session: false, token: true }],
    [
      'the session is ended',
      (_, { accountId }) =>
        rows<{ id: number }>('select id from auth.sessions where account_id = $1', [accountId]).then(([row]) =>
          endSession(rows, accountId, row!.id),
        ),
      { session: false, token: true },
    ],
    [
      'the password changes',
      (_, { accountId }) => rows(`update auth.accounts set password = '$argon2id$x' where id = $1`, [accountId]),
      { session: false, token: true },
    ],
    ['the account is reset', (login) => resetAccount(rows, login), { session: false, token: false }],
    [
      'the token is revoked',
      (_, { accountId }) =>
        rows<{ id: number }>('select id from auth.tokens where account_id = $1', [accountId]).then(([row]) =>
          revokeToken(rows, row!.id),
        ),
      { session: true, token: false },
    ],
    [
      'the token expires',
      (_, { accountId }) => rows(`update auth.tokens set expires_at = now() where account_id = $1`, [accountId]),
      { session: true, token: false },
    ],
    [
      'the session was idle for half an hour',
      (_, { accountId }) =>
        rows(`update auth.sessions set seen_at = now() - interval '30 minutes' where account_id = $1`, [accountId]),
      { session: false, token: true },
    ],
    [
      'the session is twelve hours old',
      (_, { accountId }) => rows(`update auth.sessions set ends_at = now() where account_id = $1`, [accountId]),
      { session: false, token: true },
    ],
  ];
  test.each(takings)('%s', async (_, take, left) => {
    const other = await person({ teams: ['north'] });
    const otherBefore = await ask(other.bySession);
    const ismet = await person({ level: 2, teams: ['north'] });
    const [session, token] = [await ask(ismet.bySession), await ask(ismet.byToken)];
    await take(`person-${count}`, ismet);
    for (const [headers, before, stays] of [
      [ismet.bySession, session, left.session],
      [ismet.byToken, token, left.token],
    ] as const) {
      if (stays) expect(await isLive(await ask(headers))).toBe(true);
      else {
        expect(await refusal(headers)).toBe('UNAUTHENTICATED');
        // By the trigger for what is deleted or changed; what runs out by itself is not asked for any more.
        if (!/idle/.test(_)) expect(await isLive(before)).toBe(false);
      }
    }
    expect(await ask(other.bySession)).toEqual(otherBefore);
  });

  test('a team, a level, a role: the viewer has what is left, in a new context', async () => {
    const kamil = await person({ level: 3, roles: ['reader', 'editor'], teams: ['north', 'south'] });
    const login = `person-${count}`;
    const before = await ask(kamil.bySession);
    await setTeams(rows, kamil.accountId, ['south']);
    expect(await isLive(before)).toBe(false);
    const fewer = await ask(kamil.bySession);
    expect(fewer.teams).toEqual([kamil.teams[1]]);
    await changeAccount(rows, login, { level: 1 });
    expect(await isLive(fewer)).toBe(false);
    const lower = await ask(kamil.bySession);
    expect(lower.level).toBe(1);
    await changeAccount(rows, login, { roles: ['reader'] });
    expect(await isLive(lower)).toBe(false);
    expect((await ask(kamil.bySession)).roles).toEqual(new Set(['reader']));
    await addTeam(rows, `late-${count}`);
    await changeAccount(rows, login, { teams: ['south', `late-${count}`] });
    expect((await ask(kamil.bySession)).teams).toHaveLength(2);
  });

  test('no context survives a disabling that runs beside thirty requests', async () => {
    const layla = await person({ teams: ['north'] });
    const login = `person-${count}`;
    for (let round = 0; round < 6; round++) {
      await rows('delete from auth.contexts where account_id = $1', [layla.accountId]);
      const asking = Array.from({ length: 30 }, () => ask(layla.byToken).catch(() => undefined));
      await setActive(rows, login, false);
      await Promise.all(asking);
      expect(await refusal(layla.byToken)).toBe('UNAUTHENTICATED');
      expect(await contexts(layla)).toBe(0);
      await setActive(rows, login, true);
    }
  });

  test('no context keeps a team that was taken away beside it', async () => {
    const mahmut = await person({ teams: ['north', 'south'] });
    for (let round = 0; round < 6; round++) {
      await rows('delete from auth.contexts where account_id = $1', [mahmut.accountId]);
      // A server of its own each time, so that each opens its own context.
      const asking = Array.from({ length: 12 }, () =>
        openAccounts({ gate, secret: Buffer.alloc(32, 1), anonymous: () => Promise.resolve(false) }).viewerOf({
          headers: mahmut.byToken,
        }),
      );
      const taking = gateOf(gate).transaction((within) => setTeams(within, mahmut.accountId, ['south']));
      await Promise.all([...asking, taking]);
      expect(
        await rows('select from auth.contexts where account_id = $1 and $2 = any (teams)', [
          mahmut.accountId,
          mahmut.teams[0],
        ]),
      ).toEqual([]);
      await setTeams(rows, mahmut.accountId, ['north', 'south']);
    }
  });
});

describe('what is remembered of use', () => {
  test('a session is touched once a minute, a token once a day, and other requests write nothing', async () => {
    const nurbek = await person();
    const written = async (): Promise<unknown> =>
      rows(
        `select (select xmin::text from auth.sessions where account_id = $1) as session, (select xmin::text from auth.tokens where account_id = $1) as token`,
        [nurbek.accountId],
      );
    await ask(nurbek.bySession);
    await ask(nurbek.byToken);
    const after = await written();
    for (let again = 0; again < 3; again++) {
      await ask(nurbek.bySession);
      await ask(nurbek.byToken);
    }
    expect(await written()).toEqual(after);
    await rows(`update auth.sessions set seen_at = now() - interval '29 minutes' where account_id = $1`, [
      nurbek.accountId,
    ]);
    await ask(nurbek.bySession);
    expect(
      await rows(`select seen_at > now() - interval '1 minute' as fresh from auth.sessions where account_id = $1`, [
        nurbek.accountId,
      ]),
    ).toEqual([{ fresh: true }]);
    expect(
      await rows(`select used_on = (now() at time zone 'UTC')::date as today from auth.tokens where account_id = $1`, [
        nurbek.accountId,
      ]),
    ).toEqual([{ today: true }]);
  });

  test('secrets are in no column of the schema', async () => {
    const omer = await person();
    const viewer = await ask(omer.bySession);
    const tables = await rows<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'`,
    );
    expect(tables.length).toBeGreaterThan(9);
    for (const { name } of tables)
      for (const { row } of await rows<{ row: string }>(`select t::text as row from auth.${name} t`))
        for (const secret of [omer.session, omer.token, viewer.context!]) {
          expect(row).not.toContain(secret);
          expect(row).not.toContain(Buffer.from(secret).toString('hex'));
          expect(row).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
        }
  });
});

test('anonymous reading: the setting decides, else the demonstration, until the first real account', async () => {
  const own = await freshDatabase();
  const pool = await openGate(own);
  try {
    const on = anonymousAllowed(pool, { setting: 'on', demo: false });
    const off = anonymousAllowed(pool, { setting: 'off', demo: true });
    const demo = anonymousAllowed(pool, { demo: true });
    const served = anonymousAllowed(pool, { demo: false });
    const all = (): Promise<boolean[]> => Promise.all([on(), off(), demo(), served()]);
    expect(await all()).toEqual([true, false, true, false]);
    await addAccount(pool, { login: LOCAL });
    expect(await all()).toEqual([true, false, true, false]);
    await addAccount(pool, { login: 'rena' });
    expect(await all()).toEqual([true, false, false, false]);
  } finally {
    await pool.destroy();
    await own.drop();
  }
}, 60_000);
