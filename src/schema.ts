// The executable schema: the SDL files, the resolvers that follow from the declarations, and those that nouns write.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildASTSchema, concatAST, parse, type DocumentNode, type GraphQLSchema } from 'graphql';
import { caseResolvers } from './cases/resolvers.js';
import { recordFields } from './claims/record-fields.js';
import { certificateResolvers } from './certificates/resolvers.js';
import { claimResolvers } from './claims/resolvers.js';
import { detentionResolvers } from './detentions/resolvers.js';
import { nestedEventResolvers } from './events/nested.js';
import { eventResolvers } from './events/resolvers.js';
import type { Resolvers } from './generated/resolvers-types.js';
import { historyResolvers } from './history/resolvers.js';
import { incidentResolvers } from './incidents/resolvers.js';
import { lookThroughLens } from './lens.js';
import { links, nouns } from './model.js';
import { writeInOneTransaction } from './mutations.js';
import { organizationResolvers } from './organizations/resolvers.js';
import { packageRoot } from './paths.js';
import { personResolvers } from './persons/resolvers.js';
import { placeResolvers } from './places/resolvers.js';
import { linkResolvers } from './records/link-resolvers.js';
import type { Noun } from './records/noun.js';
import { tellPlans } from './records/plan.js';
import { recordResolvers } from './records/resolvers.js';
import { scalarResolvers } from './records/scalars.js';
import { viewerResolvers } from './records/viewer.js';
import { refugeeResolvers } from './refugees/resolvers.js';
import { sealedResolvers } from './sealed/resolvers.js';
import { sourceResolvers } from './sources/resolvers.js';
import { statisticsResolvers } from './statistics/resolvers.js';
import { timelineResolvers } from './timeline/resolvers.js';
import { tradeResolvers } from './trade/resolvers.js';
import { writingResolvers } from './writing/resolvers.js';

const directory = join(packageRoot, 'schema');

/** The SDL as it stands in schema/: complete, nothing is added at run time. */
const typeDefs = (): DocumentNode =>
  concatAST(
    readdirSync(directory)
      .filter((file) => file.endsWith('.graphql'))
      .sort()
      .map((file) => parse(readFileSync(join(directory, file), 'utf8'))),
  );

type AnyResolvers = Record<string, unknown>;

/** Later maps win field by field. */
function merge(maps: readonly AnyResolvers[]): AnyResolvers {
  const all: Record<string, Record<string, unknown>> = {};
  for (const map of maps)
    for (const [type, fields] of Object.entries(map))
      all[type] = isScalar(fields) ? (fields as never) : { ...all[type], ...(fields as object) };
  return all;
}
const isScalar = (value: unknown): boolean => typeof (value as { serialize?: unknown }).serialize === 'function';

const nounResolvers: Resolvers[] = [
  recordResolvers,
  viewerResolvers,
  personResolvers,
  organizationResolvers(nouns),
  placeResolvers(nouns),
  sourceResolvers(nouns),
  claimResolvers(nouns),
  caseResolvers(nouns),
  nestedEventResolvers,
  detentionResolvers,
  eventResolvers(nouns),
  refugeeResolvers,
  tradeResolvers,
  sealedResolvers(nouns),
  incidentResolvers(nouns),
  timelineResolvers,
  certificateResolvers,
  statisticsResolvers,
  historyResolvers(nouns),
  writingResolvers(nouns),
];

export function buildSchema(): GraphQLSchema {
  const documents = typeDefs();
  const shape = buildASTSchema({ kind: documents.kind, definitions: documents.definitions }, { assumeValid: true });
  const perRecord = Object.fromEntries(
    Object.values<Noun>(nouns).map((noun) => [noun.type, recordFields(noun, nouns)]),
  );
  const resolvers = merge([
    scalarResolvers,
    perRecord,
    linkResolvers(shape, nouns, links),
    ...(nounResolvers as AnyResolvers[]),
  ]);
  const schema = makeExecutableSchema({
    typeDefs: documents,
    resolvers: resolvers as never,
    resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
  });
  tellPlans(schema, resolvers);
  return writeInOneTransaction(lookThroughLens(schema));
}
