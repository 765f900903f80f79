// Mutations that any noun has: saved, retracted, restored. All of them follow from the declarations.
import type { Context } from '../context.js';
import type { Resolvers } from '../generated/resolvers-types.js';
import type { Noun } from '../records/noun.js';
import { fromRow } from '../records/plan.js';
import { typeOfNoun } from '../records/tombstones.js';
import { assessLink, linkEvents } from './link-events.js';
import { savedNouns } from './nouns.js';
import { recordDecision } from './record-decision.js';
import { restoreValue } from './restore-value.js';
import { restore, retract } from './retract.js';
import { saveRecord, type SaveInput } from './save.js';
import { saveSealedValue } from './save-sealed-value.js';
import { transferDetention } from './transfer-detention.js';

type Save = (parent: unknown, args: { input: SaveInput }, context: Context) => unknown;

const saves = (nouns: Record<string, Noun>): Record<string, Save> =>
  Object.fromEntries(
    savedNouns(nouns).map((noun): [string, Save] => [
      `save${noun.type}`,
      (_, { input }, context) => saveRecord(noun, input, context),
    ]),
  );

export const writingResolvers = (nouns: Record<string, Noun>): Resolvers => ({
  Mutation: {
    ...(saves(nouns) as object),
    saveSealedValue: (_, { input }, context) => saveSealedValue(input, context) as Promise<never>,
    recordDecision: (_, { input }, context) => recordDecision(input, context),
    transferDetention: (_, { input }, context) => transferDetention(input, context),
    linkEvents: (_, { input }, context) => linkEvents(input, context),
    assessLink: (_, { input }, context) => assessLink(input, context),
    retract: (_, { input }, context) => retract(input, context),
    restore: (_, { input }, context) => restore(input, context),
    restoreValue: (_, { input }, context) => restoreValue(input, nouns, context),
  },
  Tombstone: { noun: fromRow(['noun'], ({ noun }: { noun: string }) => typeOfNoun(nouns, noun)) },
});
