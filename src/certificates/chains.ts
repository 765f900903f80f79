// Documents in their chains: by a rule for the resolvers, and the same in SQL.
import type { QueryCertificateChainArgs } from '../generated/resolvers-types.js';
import type { Loading } from '../records/loaders.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import { conditions, is, validOn } from '../records/filters.js';
import type { Noun } from '../records/noun.js';
import { planned } from '../records/plan.js';
import { allOf, raw, sql, type Sql } from '../db/sql.js';
import { refugeeLinks, statusDocuments, type StatusDocumentRow } from '../refugees/model.js';
import { isUuid } from '../values/identifier.js';
import { documentsOf } from './known.js';

/** What the SDL calls CertificateChain. */
export interface Chain {
  personId: string;
  links: StatusDocumentRow[];
}

async function chainsOf({ person, ...filter }: QueryCertificateChainArgs, loading: Loading): Promise<Chain[]> {
  const holder = await loading.load.one.persons!.load(person);
  if (!holder) return [];
  return chained(await documentsOf(holder.id, filter, loading)).map((links) => ({ personId: holder.id, links }));
}

/**
 * Each document stands in one chain. A document with several followers (constraints forbid it among equally secret ones)
 * goes on with the first; the others begin chains of their own, which come after those that follow nothing.
 */
function chained(documents: readonly StatusDocumentRow[]): StatusDocumentRow[][] {
  const nextOf = new Map<string, StatusDocumentRow>();
  const ids = new Set(documents.map(({ id }) => id));
  for (const document of documents) {
    const { predecessorId } = document;
    if (predecessorId !== null && ids.has(predecessorId) && !nextOf.has(predecessorId))
      nextOf.set(predecessorId, document);
  }
  const isHead = ({ predecessorId }: StatusDocumentRow): boolean => predecessorId === null || !ids.has(predecessorId);
  const isFork = (document: StatusDocumentRow): boolean =>
    !isHead(document) && nextOf.get(document.predecessorId!) !== document;
  const seen = new Set<string>();
  const chains: StatusDocumentRow[][] = [];
  // What is left after the heads and the forks are rings, which only a lens could show.
  for (const first of [...documents.filter(isHead), ...documents.filter(isFork), ...documents]) {
    const chain: StatusDocumentRow[] = [];
    for (let next: StatusDocumentRow | undefined = first; next && !seen.has(next.id); next = nextOf.get(next.id)) {
      seen.add(next.id);
      chain.push(next);
    }
    if (chain.length > 0) chains.push(chain);
  }
  return chains;
}

/** What the SDL calls CertificateChain, as rows. */
const chainRows: Noun = {
  table: 'chains',
  type: 'CertificateChain',
  fields: {},
  columns: [{ property: 'personId', name: 'person_id', sqlType: 'uuid', nullable: false }],
};

/** As `chained`: documents are numbered in their order, and walked from where nothing comes before. */
function chainsIn({ person, kind, country, asOf }: QueryCertificateChainArgs): Sql {
  const asked = conditions(
    { kind, country, validOn: asOf?.validOn },
    {
      kind: is(statusDocuments, 'kind'),
      country: is(statusDocuments, 'country'),
      validOn: validOn(statusDocuments, 'validFrom', 'validUntil'),
    },
    '',
  );
  const holder = sql`(select holder.id from persons holder where holder.id = ${idOrNone(person)})`;
  const where = allOf([sql`status_documents.person_id = ${holder}`, ...asked]);
  const { orderBy } = rowsOfLink(refugeeLinks.Person!.documents!);
  return sql`
    with recursive documents as (
      select status_documents.id, status_documents.person_id, status_documents.predecessor_id,
        row_number() over (order by ${orderBy}) as n
      from status_documents where ${where}),
    following as (
      select distinct on (d.predecessor_id) d.predecessor_id as id, d.id as next_id, d.n from documents d
      where d.predecessor_id in (select id from documents) order by d.predecessor_id, d.n),
    starts as (
      select d.id, d.n, d.predecessor_id is not null and d.predecessor_id in (select id from documents) as is_fork
      from documents d where d.id not in (select next_id from following)),
    walked(start, id, place) as (
      select s.id, s.id, 1 from starts s
      union all select w.start, f.next_id, w.place + 1 from walked w join following f on f.id = w.id),
    ringed(start, id, place, passed) as (
      select d.id, d.id, 1, array[d.n] from documents d where d.id not in (select w.id from walked w)
      union all select r.start, f.next_id, r.place + 1, r.passed || f.n from ringed r join following f on f.id = r.id
      where f.next_id <> r.start),
    chains as (
      select w.start, array_agg(w.id order by w.place) as document_ids from walked w group by w.start
      union all
      select r.start, array_agg(r.id order by r.place) from ringed r group by r.start
      having min((select d.n from documents d where d.id = r.start)) <= min(r.passed[cardinality(r.passed)]))
    select d.person_id, c.document_ids, row_number() over (
      order by case when s.id is null then 2 when s.is_fork then 1 else 0 end, d.n) as place
    from chains c join documents d on d.id = c.start left join starts s on s.id = c.start`;
}

const idOrNone = (id: string): Sql => (isUuid(id.toLowerCase()) ? sql`${id.toLowerCase()}::uuid` : raw('null::uuid'));

export const certificateChain = planned(
  (_: unknown, args: QueryCertificateChainArgs, loading: Loading) => chainsOf(args, loading),
  { is: 'list', noun: chainRows, from: chainsIn, orderBy: 'place' },
);

/** The resolver of `links`. */
export const linksOfChain = planned(({ links }: Chain) => links, {
  is: 'rows',
  rows: {
    noun: 'status_documents',
    where: raw('status_documents.id = any(parent.document_ids)'),
    orderBy: raw('array_position(parent.document_ids, status_documents.id)'),
  },
});
