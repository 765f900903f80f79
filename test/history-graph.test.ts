// The history of a record and the feed of all changes, asked through the graph over invented people.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { withClient } from '../src/db/client.js';
import { house, type House } from './support/house.js';

let here: House;
beforeAll(async () => {
  here = await house({ everything: true });
});
afterAll(() => here?.close());

interface Who {
  actor?: string;
  reason?: string;
  request?: string;
}

/** One transaction of the application. */
async function edit(
  statements: [text: string, values?: unknown[]][],
  { actor = 'amina', reason = '', request = '' }: Who = {},
): Promise<string[]> {
  return withClient(here.database.editorUrl, async (client) => {
    await client.query('begin');
    await client.query(
      `select set_config('kualik.actor', $1, true), set_config('kualik.reason', $2, true), set_config('kualik.request', $3, true)`,
      [actor, reason, request],
    );
    const ids: string[] = [];
    for (const [text, values] of statements)
      ids.push(((await client.query(text, values)).rows[0] as { id?: string })?.id ?? '');
    await client.query('commit');
    return ids;
  });
}

const ADD = `insert into places (name, kind) values ($1, 'LOCALITY') returning id`;
const RENAME = 'update places set name = $2 where id = $1';
const CLAIM = `insert into claims (record_id, field, value, source_id, stance, basis) values ($1, 'name', to_jsonb($2::text), $3, 'ASSERTS', 'STATED') returning id`;

const HISTORY = `query ($id: ID!, $first: Int, $after: String) {
  history(record: $id, first: $first, after: $after) {
    nodes {
      recordId noun claimOn version kind recordedAt actor reason request record { id }
      fields { field before after beforeClaim { id } afterClaim { id } }
    }
    pageInfo { hasNextPage endCursor }
    totalCount { value isExact }
  }
}`;
const historyOf = async (id: string): Promise<any[]> => (await here.ask(HISTORY, { id, first: 100 })).history.nodes;

describe('the history of a record', () => {
  let place: string;
  let source: string;
  let older: string;
  let newer: string;
  beforeAll(async () => {
    [source] = (await edit([
      [`insert into sources (kind, title) values ('NEWS_ARTICLE', 'The Herald') returning id`],
    ])) as [string];
    [place] = (await edit([[ADD, ['Atlantis']]], {
      actor: 'amina',
      reason: 'Named in a statement.',
      request: 'r-1',
    })) as [string];
    [older] = (await edit(
      [
        [CLAIM, [place, 'Atlantis', source]],
        ['select house.accept($1)', [place]],
      ],
      { actor: 'bek' },
    )) as [string];
    [newer] = (await edit([[CLAIM, [place, 'Poseidonia', source]]], { actor: 'bek' })) as [string];
    await edit(
      [
        [`update claims set rank = 'PREFERRED', rank_reason = 'The older map has it.' where id = $1`, [newer]],
        ['select house.accept($1)', [place]],
      ],
      { actor: 'amina', reason: 'Maps compared.' },
    );
    await edit([[`update places set kind = 'REGION' where id = $1`, [place]]]);
    await withClient(here.database.editorUrl, async (client) => {
      await client.query(`begin; set local kualik.actor = 'dana'; set local kualik.reason = 'Entered twice.'`);
      await client.query(`select house.retract($1, (select version from places where id = $1), 'Entered twice.')`, [
        place,
      ]);
      await client.query('commit');
    });
    await edit([[`select house.restore($1)`, [place]]], { actor: 'dana', reason: 'It was not.' });
  });

  test('tells who, when, why and what, of the record and of its claims, in the order of recording', async () => {
    const told = (await historyOf(place)).map(({ noun, claimOn, version, kind, actor, reason, request }) => [
      noun, claimOn, version, kind, actor, reason, request,
    ]); // prettier-ignore
    expect(told).toEqual([
      ['Place', null, 1, 'CREATED', 'amina', 'Named in a statement.', 'r-1'],
      ['Claim', 'name', 1, 'CREATED', 'bek', null, null],
      ['Claim', 'name', 1, 'CREATED', 'bek', null, null],
      ['Place', null, 2, 'CHANGED', 'amina', 'Maps compared.', null],
      ['Claim', 'name', 2, 'CHANGED', 'amina', 'Maps compared.', null],
      ['Place', null, 3, 'CHANGED', 'amina', null, null],
      ['Place', null, 4, 'RETRACTED', 'dana', 'Entered twice.', null],
      ['Claim', 'name', expect.any(Number), 'RETRACTED', 'dana', 'Entered twice.', null],
      ['Claim', 'name', expect.any(Number), 'RETRACTED', 'dana', 'Entered twice.', null],
      ['Place', null, expect.any(Number), 'RESTORED', 'dana', 'It was not.', null],
      ['Claim', 'name', expect.any(Number), 'RESTORED', 'dana', 'It was not.', null],
      ['Claim', 'name', expect.any(Number), 'RESTORED', 'dana', 'It was not.', null],
    ]);
  });

  test('tells the fields before and after, and which claim decided each value', async () => {
    const changes = await historyOf(place);
    expect(changes[0].fields).toEqual([
      { field: 'kind', before: null, after: 'LOCALITY', beforeClaim: null, afterClaim: null },
      { field: 'name', before: null, after: 'Atlantis', beforeClaim: null, afterClaim: null },
      { field: 'sensitivity', before: null, after: 'INTERNAL', beforeClaim: null, afterClaim: null },
    ]);
    expect(changes[3].fields).toEqual([
      { field: 'name', before: 'Atlantis', after: 'Poseidonia', beforeClaim: { id: older }, afterClaim: { id: newer } },
    ]);
    expect(changes[4].fields).toEqual([
      { field: 'rank', before: 'NORMAL', after: 'PREFERRED', beforeClaim: null, afterClaim: null },
      { field: 'rankReason', before: null, after: 'The older map has it.', beforeClaim: null, afterClaim: null },
    ]);
    expect(changes[5].fields).toEqual([
      { field: 'kind', before: 'LOCALITY', after: 'REGION', beforeClaim: null, afterClaim: null },
    ]);
  });

  test('is read as it was at an instant, and by no other clock', async () => {
    const AS_OF = `query ($id: ID!, $asOf: AsOf, $after: String) { history(record: $id, asOf: $asOf, first: 2, after: $after) {
      nodes { recordId version recordedAt } totalCount { value } pageInfo { endCursor } } }`;
    const whole = (await historyOf(place)).map(({ recordId, version, recordedAt }) => ({
      recordId,
      version,
      recordedAt,
    }));
    const asOf = { recordedBy: whole[4]!.recordedAt };
    const { history: then } = await here.ask(AS_OF, { id: place, asOf });
    expect(then.totalCount.value).toBe(5);
    expect(then.nodes).toEqual(whole.slice(0, 2));
    const { history: next } = await here.ask(AS_OF, { id: place, asOf, after: then.pageInfo.endCursor });
    expect(next.nodes).toEqual(whole.slice(2, 4));
    for (const wrong of [{ publishedBy: '2020-01-01' }, { accordingTo: [source] }, { validOn: '2020-01-01' }])
      await expect(here.ask(AS_OF, { id: place, asOf: { ...asOf, ...wrong } })).rejects.toMatchObject({
        rule: 'history-is-read-by-recording',
      });
  });

  test('gives the claims of one transaction as they were recorded, here and in the feed', async () => {
    const [region] = await edit([[ADD, ['Many names']]]);
    const claimed = await edit(
      Array.from({ length: 30 }, (_, n): [string, unknown[]] => [CLAIM, [region, `Name ${n}`, source]]),
    );
    const told = (await historyOf(region!)).map(({ recordId }) => recordId);
    expect(told).toEqual([region, ...claimed]);
    const feed: string[] = [];
    let cursor: string | null = null;
    for (;;) {
      const { changes } = (await here.ask(
        `query ($after: String) { changes(nouns: ["Claim"], first: 7, after: $after) { nodes { recordId } cursor hasMore } }`,
        { after: cursor },
      )) as any;
      feed.push(...changes.nodes.map(({ recordId }: any) => recordId));
      cursor = changes.cursor;
      if (!changes.hasMore) break;
    }
    expect(feed.filter((id) => claimed.includes(id))).toEqual(claimed);
  });

  test('names its instants so that a reading as of one finds that version', async () => {
    for (const { version, recordedAt, kind } of (await historyOf(place)).filter(({ noun }) => noun === 'Place')) {
      const { place: found } = await here.ask(
        `query ($id: ID!, $at: DateTime!) { place(id: $id, asOf: { recordedBy: $at }) { version updatedAt } }`,
        { id: place, at: recordedAt },
      );
      expect(found).toEqual(kind === 'RETRACTED' ? null : { version, updatedAt: recordedAt });
    }
  });

  test('gives the same changes page by page, and counts them', async () => {
    const whole = (await historyOf(place)).map(({ recordId, version }) => [recordId, version]);
    const found: unknown[] = [];
    let after: string | null = null;
    do {
      const { history } = (await here.ask(HISTORY, { id: place, first: 2, after })) as any;
      found.push(...history.nodes.map(({ recordId, version }: any) => [recordId, version]));
      expect(history.totalCount).toEqual({ value: whole.length, isExact: true });
      after = history.pageInfo.hasNextPage ? history.pageInfo.endCursor : null;
    } while (after);
    expect(found).toEqual(whole);
  });

  test('is told of a record that is retracted, though the record is gone', async () => {
    const [gone] = (await edit([[ADD, ['Lemuria']]])) as [string];
    await edit([[`select house.retract($1, 1, 'Never was.')`, [gone]]], { reason: 'Never was.' });
    expect((await historyOf(gone)).map(({ kind, record, reason }) => [kind, record, reason])).toEqual([
      ['CREATED', null, null],
      ['RETRACTED', null, 'Never was.'],
    ]);
  });

  test('of a claim is its own; of nothing is empty; what is no id is refused', async () => {
    const told = await historyOf(newer);
    expect(told.map(({ kind }) => kind)).toEqual(['CREATED', 'CHANGED', 'RETRACTED', 'RESTORED']);
    expect(told[0].fields).toEqual(
      expect.arrayContaining([
        { field: 'field', before: null, after: 'name', beforeClaim: null, afterClaim: null },
        { field: 'value', before: null, after: 'Poseidonia', beforeClaim: null, afterClaim: null },
        { field: 'source', before: null, after: source, beforeClaim: null, afterClaim: null },
      ]),
    );
    expect(await historyOf(randomUUID())).toEqual([]);
    await expect(historyOf('P-1')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', path: ['record'] });
  });

  test('asks the database as often for many changes as for one', async () => {
    const { statements, errors } = await here.run(HISTORY, { id: place, first: 100 });
    expect(errors).toBeUndefined();
    const times = new Map<string, number>();
    for (const { name } of statements) times.set(name, (times.get(name) ?? 0) + 1);
    // Of which noun: once for the record that is asked about, once for those of its changes.
    expect([...times].filter(([, count]) => count > 1)).toEqual([['records by id', 2]]);
  });
});

interface Entry {
  recordId: string;
  noun: string;
  version: number;
  kind: string;
}
const FEED = `query ($after: String, $since: DateTime, $nouns: [String!], $first: Int) {
  changes(after: $after, since: $since, nouns: $nouns, first: $first) {
    cursor hasMore nodes { recordId noun version kind recordedAt actor }
  }
}`;

test('every root field looks through the clocks, but those that say why not', () => {
  const fields = Object.values(here.schema.getQueryType()!.getFields());
  const without = fields.filter(({ args }) => !args.some(({ name }) => name === 'asOf')).map(({ name }) => name);
  expect(without.sort()).toEqual(['changes', 'verifyCapture', 'viewer']);
});

describe('the feed of all changes', () => {
  interface Asking {
    after?: string;
    since?: string;
    nouns?: string[];
    first?: number;
  }
  /** Everything there is now. Other databases of the same server hold the feed back too, so that a test asks until it has enough. */
  async function follow({ first = 7, ...asking }: Asking): Promise<{ entries: Entry[]; cursor: string }> {
    const entries: Entry[] = [];
    let feed = (await here.ask(FEED, { ...asking, first })).changes;
    entries.push(...feed.nodes);
    while (feed.hasMore) {
      feed = (await here.ask(FEED, { nouns: asking.nouns, after: feed.cursor, first })).changes;
      entries.push(...feed.nodes);
    }
    return { entries, cursor: feed.cursor };
  }
  async function until(
    asking: Asking,
    enough: (entries: Entry[]) => boolean,
  ): Promise<{ entries: Entry[]; cursor: string }> {
    const all: Entry[] = [];
    let from = asking;
    for (let tries = 0; tries < 400; tries++) {
      const { entries, cursor } = await follow(from);
      all.push(...entries);
      from = {
        after: cursor,
        ...(asking.nouns ? { nouns: asking.nouns } : {}),
        ...(asking.first ? { first: asking.first } : {}),
      };
      if (enough(all)) return { entries: all, cursor };
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`The feed came to ${JSON.stringify(all)} only.`);
  }
  const has =
    (...ids: string[]) =>
    (entries: Entry[]): boolean =>
      ids.every((id) => entries.some(({ recordId }) => recordId === id));
  const start = async (): Promise<string> => {
    const [id] = (await edit([[ADD, ['Here it starts']]])) as [string];
    return (await until({}, has(id))).cursor;
  };

  test('has every version of every record once, and then nothing new', async () => {
    const [id] = (await edit([[ADD, ['Last']]])) as [string];
    const { entries, cursor } = await until({ first: 5 }, has(id));
    const kept = await here.sql<{ id: string; version: number }>(
      (await here.sql<{ noun: string }>('select noun from house.adopted'))
        .map(({ noun }) => `select id, version from history.${noun}`)
        .join(' union all '),
    );
    const texts = (rows: { id: string; version: number }[]): string[] =>
      rows.map(({ id: record, version }) => `${record} ${version}`).sort();
    expect(texts(entries.map(({ recordId, version }) => ({ id: recordId, version })))).toEqual(texts(kept));
    const { nodes, hasMore } = (await here.ask(FEED, { after: cursor })).changes;
    expect([nodes, hasMore]).toEqual([[], false]);
  });

  test('waits for a transaction that is committed late, and then has it: nothing lost, nothing twice', async () => {
    const cursor = await start();
    const late = new pg.Client({ connectionString: here.database.editorUrl });
    await late.connect();
    await late.query('begin');
    const lateId = (await late.query(ADD, ['begun first'])).rows[0].id as string;
    const [early] = (await edit([[ADD, ['committed first']]])) as [string];
    const held = await follow({ after: cursor });
    expect(held.entries).toEqual([]);
    await late.query(RENAME, [early, 'changed by the late one']);
    await late.query('commit');
    await late.end();
    const [afterwards] = (await edit([[ADD, ['afterwards']]])) as [string];
    const { entries } = await until({ after: held.cursor, first: 1 }, has(lateId, early, afterwards));
    expect(entries.map(({ recordId, version, kind }) => [recordId, version, kind]).sort()).toEqual(
      [
        [lateId, 1, 'CREATED'],
        [early, 1, 'CREATED'],
        [early, 2, 'CHANGED'],
        [afterwards, 1, 'CREATED'],
      ].sort(),
    );
  });

  test('a follower among many writers who commit in any order ends with exactly what is kept', async () => {
    let cursor = await start();
    const seen: Entry[] = [];
    const made: string[] = [];
    let running = 5;
    const writers = Array.from({ length: running }, async (_, writer) => {
      await withClient(here.database.editorUrl, async (client) => {
        for (let round = 0; round < 15; round++) {
          await client.query('begin');
          const { id } = (await client.query(ADD, [`${writer}.${round}`])).rows[0] as { id: string };
          await client.query('select pg_sleep($1)', [((writer * 7 + round * 3) % 5) / 500]);
          await client.query(round % 6 === 5 ? 'rollback' : 'commit');
          if (round % 6 !== 5) made.push(id);
        }
      });
      running--;
    });
    while (running > 0) {
      const part = await follow({ after: cursor, first: 3 });
      seen.push(...part.entries);
      cursor = part.cursor;
    }
    await Promise.all(writers);
    const missing = made.filter((id) => !has(id)(seen));
    if (missing.length > 0) seen.push(...(await until({ after: cursor }, has(...missing))).entries);
    expect(seen.map(({ recordId }) => recordId).sort()).toEqual([...made].sort());
  });

  test('goes on inside a transaction that is larger than a page', async () => {
    const cursor = await start();
    const ids = await edit([
      ...Array.from({ length: 9 }, (_, n): [string, unknown[]] => [ADD, [`Many ${n}`]]),
      [`insert into persons (sensitivity) values (1) returning id`],
      [`insert into organizations (kind, name) values ('NGO', 'The Watch') returning id`],
    ]);
    const { entries } = await until({ after: cursor, first: 2 }, has(...ids));
    expect(entries.map(({ recordId }) => recordId).sort()).toEqual([...ids].sort());
    expect(entries.map(({ noun }) => noun)).toEqual(['Organization', 'Person', ...Array<string>(9).fill('Place')]);
  });

  test('of some types has only these, and keeps their cursor apart', async () => {
    const cursor = (await until({ nouns: ['Person'] }, () => true)).cursor;
    const [, person] = (await edit([
      [ADD, ['Not asked for']],
      [`insert into persons (sensitivity) values (1) returning id`],
    ])) as [string, string];
    const { entries } = await until({ nouns: ['Person'], after: cursor }, has(person));
    expect(entries.map(({ recordId }) => recordId)).toEqual([person]);
    await expect(here.ask(FEED, { after: cursor })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', rule: 'cursor' });
    await expect(here.ask(FEED, { after: cursor, nouns: ['Place'] })).rejects.toMatchObject({ rule: 'cursor' });
  });

  test('begins at an instant, and leaves out nothing that was recorded since', async () => {
    await start();
    const [{ at } = { at: '' }] = await here.sql<{ at: string }>('select clock_timestamp() as at');
    expect((await follow({ since: at })).entries).toEqual([]);
    const [first] = (await edit([[ADD, ['since']]])) as [string];
    const { entries, cursor } = await until({ since: at }, has(first));
    expect(entries.map(({ recordId }) => recordId)).toEqual([first]);
    expect((await follow({ after: cursor })).entries).toEqual([]);
    await expect(here.ask(FEED, { since: at, after: cursor })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      path: ['since'],
    });
  });

  test.each([
    [{ nouns: ['Nobody'] }, ['nouns']],
    [{ nouns: [] }, ['nouns']],
    [{ first: 101 }, ['first']],
    [{ after: 'forged' }, ['after']],
  ])('%j is refused', async (asking, path) => {
    await expect(here.ask(FEED, asking)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', path });
  });

  test('goes on over a restore, which counts transactions anew', async () => {
    const cursor = await start();
    // What a dump leaves behind: the row of the era written by another transaction than it says, and ids far ahead of ours.
    await here.sql(`update history.eras set made_by = '7'`);
    const before = (await edit([[ADD, ['after the restore']]])) as [string];
    const again = (await edit([[ADD, ['and again']]])) as [string];
    const { entries } = await until({ after: cursor }, has(...before, ...again));
    expect(entries.map(({ recordId }) => recordId)).toEqual([...before, ...again]);
    expect(await here.sql('select id from history.eras order by id')).toHaveLength(2);
    expect(await here.sql('select distinct id >> 48 as era from history.transactions order by 1')).toEqual([
      { era: '1' },
      { era: '2' },
    ]);
  });
});
