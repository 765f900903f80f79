// Sources, and what rests on them.
import { byRecord, restsOn } from '../claims/filters.js';
import { claims } from '../claims/model.js';
import { graphNameOfColumn } from '../claims/record-fields.js';
import { valueFields } from '../claims/values.js';
import { raw, sql } from '../db/sql.js';
import type {
  QuerySourcesArgs,
  Resolvers,
  SourceFilter,
  SourceRecordsArgs,
  SourceStatementsArgs,
} from '../generated/resolvers-types.js';
import { conditions, holdsText, inCaseOrBelonging, is, isOneOf, onDay, uuid, whether } from '../records/filters.js';
import { refResolver } from '../records/link-resolvers.js';
import { listed, recordById } from '../records/list.js';
import type { Noun } from '../records/noun.js';
import type { AnyRow, Loading } from '../records/loaders.js';
import type { PageContext } from '../records/page.js';
import { nested, PARENT } from '../records/page-by-parent.js';
import { fromRow, planBehind, planned } from '../records/plan.js';
import { recordsOf, spine } from '../records/spine.js';
import { impactOf } from './impact.js';
import { sources, type SourceRow } from './model.js';
import { ONLY_SUPPORT, SUPPORT_OF, supportOf } from './support.js';
import { verifyCapture } from './verify-capture.js';
import { refusalOf, withdrawSource } from './withdraw.js';
import { addCapture, addCustodyStep } from './write-captures.js';

const ask = (filter: SourceFilter | null | undefined, nouns: Record<string, Noun>) =>
  conditions(filter, {
    title: holdsText(sources, 'title', 'titleNote'),
    publisher: holdsText(sources, 'publisher'),
    publishedBy: is(sources, 'publisherId'),
    author: holdsText(sources, 'author'),
    authoredBy: is(sources, 'authorId'),
    language: is(sources, 'language'),
    kind: isOneOf(sources, 'kind'),
    relation: isOneOf(sources, 'relation'),
    reliability: isOneOf(sources, 'reliability'),
    published: onDay(sources, 'published'),
    url: holdsText(sources, 'url', 'archiveUrl'),
    interested: whether(raw('exists (select from source_interests i where i.source_id = sources.id)')),
    originOf: (id) => sql`sources.id = (select copy.origin_id from sources copy where copy.id = ${uuid(id)})`,
    copyOf: is(sources, 'originId'),
    isOrigin: whether(raw('not exists (select from records o where o.id = sources.origin_id)')),
    captured: whether(raw('exists (select from captures c where c.source_id = sources.id)')),
    about: (id) => sql`sources.id in (select unnest(c.roots) from claims c where c.record_id = ${uuid(id)})`,
    case: (id) =>
      sql`sources.id in (select unnest(c.roots) from claims c where c.record_id in ${inCaseOrBelonging(nouns, id)} or c.record_id = ${uuid(id)})`,
  });

/** Claims that the source makes itself, that are derived from them, or both. */
const statedOrDerived = (direct: boolean | null | undefined) =>
  direct === null || direct === undefined
    ? restsOn(PARENT)
    : direct
      ? sql`claims.source_id = ${PARENT}`
      : sql`claims.source_id is null and claims.roots @> array[${PARENT}]`;

/** The records that claims of the source or derived from it are about. */
const resting = nested<SourceRecordsArgs, AnyRow>({
  name: 'Source.records',
  noun: spine,
  where: ({ onlySupport }) => [
    sql`records.id in (
      select c.record_id from (select ${PARENT}) s(id), lateral (
        select claims.* from claims where claims.source_id = s.id
        union all select claims.* from claims where claims.source_id is null and claims.roots @> array[s.id]
      ) c where true ${raw(onlySupport ? `and ${ONLY_SUPPORT}` : '')})`,
  ],
});

export const sourceResolvers = (nouns: Record<string, Noun>): Resolvers => ({
  Query: {
    source: recordById('sources'),
    sources: listed(sources, ({ filter }: QuerySourcesArgs) => ask(filter, nouns)),
    impact: (_, { source, asOf }, context) => impactOf(source, nouns, context, !asOf),
    verifyCapture: (_, { id }, context) => verifyCapture(id, context),
  },
  Mutation: {
    withdrawSource: (_, { input }, context) => withdrawSource(input, nouns, context),
    addCapture: (_, { input }, context) => addCapture(input, context),
    addCustodyStep: (_, { input }, context) => addCustodyStep(input, context),
  },
  SourceImpact: {
    // In the answer of a mutation it was done.
    refusal: ({ source, isOfToday }, _, context) =>
      isOfToday && !context.writing ? refusalOf(source, nouns, context) : null,
  },
  FieldImpact: {
    record: ({ recordId }, _, { load }) => load.record.load(recordId),
    field: ({ field }) => graphNameOfColumn(field),
    now: async ({ nowId }, _, { load }) => (await load.one.claims.load(nowId))!,
    without: ({ withoutId }, _, { load }) => (withoutId === null ? null : load.one.claims.load(withoutId)),
  },
  FieldReading: {
    date: valueFields(nouns).date,
    valueRecord: valueFields(nouns).valueRecord,
    claim: (claim) => claim,
  },
  LinkImpact: {
    link: async ({ id }, _, { load }) => (await load.one.event_links.load(id))!,
  },
  Source: {
    publisher: fromRow(['publisher'], ({ publisher }: { publisher: string | null }) => publisher),
    publisherOrganization: refResolver('publisherId', 'organizations'),
    author: fromRow(['author'], ({ author }: { author: string | null }) => author),
    authorPerson: refResolver('authorId', 'persons'),
    statements: nested({
      name: 'Source.statements',
      noun: claims,
      where: ({ direct }: SourceStatementsArgs) => [statedOrDerived(direct)],
      orderBy: byRecord,
    }),
    records: planned(
      async (source: SourceRow, args: SourceRecordsArgs, context: PageContext & Loading) =>
        recordsOf(await resting(source, args, context), context.load),
      planBehind(resting),
    ),
    support: planned((source: SourceRow, _: unknown, { db }: PageContext) => supportOf(source, db), SUPPORT_OF),
  },
});
