// What is asked about: records that a reader of level 0 sees, in an order that has nothing to do with that of recording.
import { withClient } from '../src/db/client.js';
import { ask, type Contender } from './contenders.js';
import type { Place } from './place.js';
import type { Asked, QueryName } from './queries.js';

export type Samples = Record<QueryName, Asked[]>;

const PERSONS = 2_000;
const CASES = 300;
const DAYS = 300;
const PAGES = 5;

interface KualikPage {
  persons: { edges: { cursor: string; node: { id: string } }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
}
interface PeerPage {
  allPeople: { edges: { cursor: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
}

async function kualikCursors(kualik: Contender): Promise<{ cursor: string; id: string }[]> {
  const found: { cursor: string; id: string }[] = [];
  let after: string | null = null;
  for (let page = 0; page < PAGES; page++) {
    const query = `query ($after: String) { persons(first: 100, after: $after) { edges { cursor node { id } } pageInfo { endCursor hasNextPage } } }`;
    const { persons }: KualikPage = await ask(kualik, '/graphql', JSON.stringify({ query, variables: { after } }));
    found.push(...persons.edges.map(({ cursor, node }) => ({ cursor, id: node.id })));
    if (!persons.pageInfo.hasNextPage) return found.slice(0, -20);
    after = persons.pageInfo.endCursor;
  }
  return found;
}

/** In the order of recording where PostGraphile has it, which asks for an index; else by id. */
async function peerCursors(peer: Contender): Promise<{ cursors: string[]; order: string[] }> {
  const { __type } = await ask<{ __type: { enumValues: { name: string }[] } }>(
    peer,
    '/graphql',
    JSON.stringify({ query: '{ __type(name: "PersonOrderBy") { enumValues { name } } }' }),
  );
  const order = __type.enumValues.some(({ name }) => name === 'SEQUENCE_ASC') ? ['SEQUENCE_ASC'] : ['PRIMARY_KEY_ASC'];
  const cursors: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < PAGES; page++) {
    const query = `query ($after: Cursor, $order: [PersonOrderBy!]) { allPeople(first: 100, after: $after, orderBy: $order) { edges { cursor } pageInfo { endCursor hasNextPage } } }`;
    const { allPeople }: PeerPage = await ask(peer, '/graphql', JSON.stringify({ query, variables: { after, order } }));
    cursors.push(...allPeople.edges.map(({ cursor }) => cursor));
    if (!allPeople.pageInfo.hasNextPage) return { cursors: cursors.slice(0, -20), order };
    after = allPeople.pageInfo.endCursor;
  }
  return { cursors, order };
}

const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** Order that looks like chance and is the same each time. */
const scattered = <T>(all: readonly T[]): T[] => {
  const step = 7919;
  return all.length % step === 0 ? [...all] : all.map((_, n) => all[(n * step) % all.length]!);
};

export async function takeSamples(place: Place, kualik: Contender, peer: Contender | undefined): Promise<Samples> {
  const visible = (table: string, limit: number): Promise<string[]> =>
    withClient(place.readerUrls[0], async (client) =>
      (await client.query<{ id: string }>(`select id from ${table} order by md5(id::text) limit $1`, [limit])).rows.map(
        ({ id }) => id,
      ),
    );
  const [persons, cases] = [await visible('persons', PERSONS), await visible('cases', CASES)];
  const cursors = scattered(await kualikCursors(kualik));
  const sequences = await withClient(place.adminUrl, async (client) => {
    const { rows } = await client.query<{ id: string; sequence: string }>(
      'select id, sequence from persons where id = any ($1::uuid[])',
      [cursors.map(({ id }) => id)],
    );
    return new Map(rows.map(({ id, sequence }) => [id, sequence]));
  });
  const other = peer ? await peerCursors(peer) : { cursors: [], order: [] };
  const peerPlaces = scattered(other.cursors);
  // The last three years before the end of what happened: who asks, asks about today, and most documents have run out long ago.
  const days = scattered(Array.from({ length: DAYS }, (_, n) => addDays('2021-06-01', Math.floor((n * 1_095) / DAYS))));
  return {
    person: persons.map((id) => ({ graphql: { id }, sql: [id], peer: { id } })),
    page: cursors.map(({ cursor, id }, n) => ({
      graphql: { after: cursor },
      sql: [sequences.get(id), id],
      peer: { after: peerPlaces[n % Math.max(1, peerPlaces.length)] ?? null, order: other.order },
    })),
    timeline: cases.map((id) => ({ graphql: { case: id }, sql: [id], peer: { case: id } })),
    expiring: days.map((on) => ({ graphql: { on }, sql: [on], peer: { on, until: addDays(on, 90) } })),
  };
}
