// The timeline and those who share it. What an entry tells stands in entry.ts.
import type { Resolvers } from '../generated/resolvers-types.js';
import { planned } from '../records/plan.js';
import { companionsOf } from './companions.js';
import { entryFields } from './entry.js';
import { TIMELINE, timelinePage, type PageReading } from './query.js';
import type { QueryTimelineArgs } from '../generated/resolvers-types.js';

export const timelineResolvers: Resolvers = {
  Query: {
    timeline: planned(
      (_: unknown, args: QueryTimelineArgs, context: PageReading) => timelinePage(args, context),
      TIMELINE,
    ),
    companions: (_, args, context) => companionsOf(args, context),
  },
  TimelineEntry: entryFields,
  Companion: { sharedEntries: ({ shared }) => shared.length },
};
