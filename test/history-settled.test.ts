// An instant of recording is answered alike for ever, or not at all: what somebody may still write into is refused, with the last instant
// that is safe.
import { connected, editing, RENAME } from './support/editing.js';
import { house, type House } from './support/house.js';

let here: House;
beforeAll(async () => {
  here = await house();
});
afterAll(() => here?.close());

const { edit, newPlace, clock, isSettled } = editing(() => here);

describe('an instant of recording is answered alike for ever, or not at all', () => {
  const AT = `query ($id: ID!, $at: DateTime!) { place(id: $id, asOf: { recordedBy: $at }) { name version } }`;
  /** Later than everything written so far, and settled. */
  async function moment(): Promise<string> {
    const at = await clock();
    while (!(await isSettled(at))) await new Promise((resolve) => setTimeout(resolve, 1));
    return at;
  }

  test('an instant after the oldest running writer began is refused, with one that is safe; then it is answered', async () => {
    const [id, other] = [await newPlace('now'), await newPlace('other')];
    await connected(here.database.editorUrl, 1, async (writer) => {
      await writer!.query('begin');
      const before = await moment();
      await writer!.query(RENAME, [other, 'being written']);
      // Somebody else writes and commits meanwhile: the instant is refused all the same.
      await edit(RENAME, [id, 'later']);
      const at = await clock();
      const refusal = await here.ask(AT, { id, at }).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', rule: 'recorded-by-is-settled' });
      const [, safe] = /Ask for (\S+) or earlier/.exec((refusal as Error).message)!;
      expect(safe!.replace('Z', '') > before.replace('Z', '')).toBe(true);
      expect((await here.ask(AT, { id, at: safe })).place).toEqual({ name: 'now', version: 1 });
      expect((await here.ask(AT, { id: other, at: safe })).place).toEqual({ name: 'other', version: 1 });
      await writer!.query('commit');
      expect((await here.ask(AT, { id, at })).place).toEqual({ name: 'later', version: 2 });
      expect((await here.ask(AT, { id: other, at })).place).toEqual({ name: 'being written', version: 2 });
      expect((await here.ask(AT, { id: other, at: safe })).place).toEqual({ name: 'other', version: 1 });
    });
  });

  test('a transaction that began long before it first wrote does not write into what was told meanwhile', async () => {
    const id = await newPlace('untouched');
    await connected(here.database.editorUrl, 1, async (writer) => {
      await writer!.query('begin isolation level serializable');
      await writer!.query('select 1 from places limit 1');
      const at = await moment();
      const told = await here.ask(AT, { id, at });
      await writer!.query(RENAME, [id, 'touched']);
      await writer!.query('commit');
      expect(await here.ask(AT, { id, at })).toEqual(told);
    });
  });

  test('a refused operation answers nothing from any other moment', async () => {
    const id = await newPlace('refused');
    await connected(here.database.editorUrl, 1, async (writer) => {
      await writer!.query('begin');
      await writer!.query(RENAME, [id, 'pending']);
      const at = await clock();
      const { data, errors } = await here.run(
        `query ($id: ID!, $at: DateTime!) {
           a: place(id: $id, asOf: { recordedBy: $at }) { name }
           b: node(id: $id, asOf: { recordedBy: $at }) { id }
         }`,
        { id, at },
      );
      expect([data, errors?.length]).toEqual([{ a: null, b: null }, 2]);
      await writer!.query('rollback');
    });
  });

  test('readers, idle transactions and old locks of others hold nothing back', async () => {
    const id = await newPlace('free');
    await connected(here.database.readerUrl, 1, async (reader) => {
      await reader!.query('begin; select 1 from places');
      await connected(here.database.adminUrl, 1, async (admin) => {
        await admin!.query(`begin; select pg_advisory_lock(7120001), pg_advisory_xact_lock_shared(7120001, 3)`);
        expect((await here.ask(AT, { id, at: await moment() })).place).toEqual({ name: 'free', version: 1 });
      });
    });
  });

  test('under a storm of writers no instant that was answered is ever answered differently', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, (_, n) => newPlace(`storm ${n}`)));
    const told: { at: string; answer: string }[] = [];
    const QUERY = `query ($ids: [ID!]!, $at: DateTime!) { nodes(ids: $ids, asOf: { recordedBy: $at }) { ... on Place { name version updatedAt } } }`;
    let running = 4;
    await connected(here.database.editorUrl, 4, async (...writers) => {
      const storm = writers.map(async (client, writer) => {
        for (let round = 0; round < 40; round++) {
          try {
            await client.query('begin');
            if (round % 4 === 0) await client.query('select pg_sleep(0.004)');
            // In one order, so that nobody waits in a circle.
            for (const id of [ids[round % 5]!, ids[(round + writer + 1) % 5]!].sort())
              await client.query(RENAME, [id, `${writer}.${round}`]);
            if (round % 3 === 0) await client.query('select pg_sleep(0.003)');
            await client.query('commit');
          } catch {
            await client.query('rollback');
          }
        }
        running--;
      });
      while (running > 0) {
        const [{ at } = { at: '' }] = await here.sql<{ at: string }>(
          `select clock_timestamp() - random() * interval '6 milliseconds' as at`,
        );
        const { data, errors } = await here.run(QUERY, { ids, at });
        if (!errors) told.push({ at, answer: JSON.stringify(data) });
      }
      await Promise.all(storm);
    });
    expect(told.length).toBeGreaterThan(5);
    for (const { at, answer } of told) expect(JSON.stringify(await here.ask(QUERY, { ids, at }))).toBe(answer);
  });

  test('an instant that has not come is refused', async () => {
    await expect(here.ask(AT, { id: await newPlace('soon'), at: '2999-01-01T00:00:00Z' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});
