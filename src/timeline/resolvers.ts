// The timeline and those who share it. What an entry tells stands in entry.ts.
import { recordFields } from '../claims/record-fields.js';
import type { Resolvers } from '../generated/resolvers-types.js';
import { branchOf } from './branches.js';
import { companionsOf } from './companions.js';
import { basisOf, countryOf, dateOf, notesOf, personsOf, placeOf, titleOfEntry } from './entry.js';
import { timelinePage } from './query.js';

export const timelineResolvers: Resolvers = {
  Query: {
    timeline: (_, args, context) => timelinePage(args, context),
    companions: (_, args, context) => companionsOf(args, context),
  },
  TimelineEntry: {
    id: ({ kind, row }) => `${row.id}:${kind}`,
    date: dateOf,
    title: titleOfEntry,
    record: ({ row }) => row,
    persons: (entry, _, context) => personsOf(entry, context),
    place: (entry, _, context) => placeOf(entry, context),
    country: (entry, _, context) => countryOf(entry, context),
    sources: ({ kind, row }, _, context) => recordFields(branchOf(kind, row).noun).sources(row, {}, context),
    links: ({ kind, row }, _, context) => recordFields(branchOf(kind, row).noun).links(row, {}, context),
    basis: (entry, _, context) => basisOf(entry, context),
    notes: (entry, _, context) => notesOf(entry, context),
  },
  Companion: { sharedEntries: ({ shared }) => shared.length },
};
