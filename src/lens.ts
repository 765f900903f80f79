// The lens: from `asOf` of a question to what its statements see. The whole mechanism is here and in
// migrations/repeatable/50-lens.sql: the search path chooses a schema of views, settings carry the values, and neither
// resolvers nor statements know of it. One operation looks through one lens, since it has one snapshot.
import { createHmac } from 'node:crypto';
import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { Temporal } from 'temporal-polyfill';
import type { Context } from './context.js';
import type { SessionOptions } from './db/session.js';
import { invalid, reading } from './errors.js';
import type { AsOf } from './generated/resolvers-types.js';
import { parseUuid } from './values/identifier.js';
import { formatInstant } from './values/instant.js';

/** At most so many sources can be named: the test on each claim grows with them. */
const MOST_SOURCES = 250;

/** What an operation looks through; nothing given is the view of today. */
export interface Lens {
  /** Only what sources published by that day say. */
  publishedBy?: string;
  /** POSSIBLE: sources count from the first day on which they may have been published. */
  certainty?: 'POSSIBLE' | 'CERTAIN';
  /** What this database held at that instant (RFC 3339). */
  recordedBy?: string;
  /** Only what these sources say, or is derived from them alone; sorted. */
  accordingTo?: string[];
}

/** What is asked of today's view: one object, so that it is soon seen that another field asks the same. */
const TODAY: Lens = {};

/** The lens of an argument: `validOn` is no part of it, it is an ordinary condition. */
export function lensOf(asOf: AsOf | null | undefined, context: Pick<Context, 'now'>): Lens {
  if (!asOf) return TODAY;
  const { publishedBy, certainty, recordedBy, accordingTo } = asOf;
  if (recordedBy && isLater(recordedBy, context.now))
    throw invalid(
      'asOf.recordedBy',
      `What this database will hold on ${recordedBy} cannot be told; give an instant that has passed.`,
    );
  if (accordingTo && accordingTo.length === 0)
    throw invalid('asOf.accordingTo', 'Name at least one source, or leave `accordingTo` out for all of them.');
  if (accordingTo && accordingTo.length > MOST_SOURCES)
    throw invalid('asOf.accordingTo', `Name at most ${MOST_SOURCES} sources.`);
  const ids = accordingTo && reading('asOf.accordingTo', () => accordingTo.map(parseUuid));
  return {
    ...(publishedBy ? { publishedBy } : {}),
    ...(publishedBy && certainty === 'POSSIBLE' ? { certainty } : {}),
    ...(recordedBy ? { recordedBy: formatInstant(recordedBy) } : {}),
    ...(ids ? { accordingTo: [...new Set(ids)].sort() } : {}),
  };
}

/** Whole milliseconds: the clock of a process ticks no finer, so what was just recorded would else lie ahead of it. */
const isLater = (a: string, b: string): boolean =>
  Temporal.Instant.from(a).epochMilliseconds > Temporal.Instant.from(b).epochMilliseconds;

/**
 * Refuses an instant of recording whose answer could still change: somebody is writing who began before it. Asked before
 * the snapshot of the operation is taken (see history.settled_until).
 */
export function refuseUnsettled({ recordedBy }: Lens): SessionOptions['before'] {
  if (!recordedBy) return undefined;
  return async (rows) => {
    const [found] = await rows<{ settled: boolean; safe: string | null }>(
      'settled until',
      `select $1::timestamptz < until as settled, nullif(until, '-infinity') - interval '1 microsecond' as safe from history.settled_until() until`,
      [recordedBy],
    );
    if (found!.settled) return;
    throw invalid(
      'asOf.recordedBy',
      found!.safe === null
        ? `This server follows another one and cannot tell what was recorded by ${recordedBy}; ask the other.`
        : `What this database held on ${recordedBy} may still change: a change is being written. Ask for ${found!.safe} or earlier, or try again in a moment.`,
      { rule: 'recorded-by-is-settled' },
    );
  };
}

/** Transaction-local settings; none for the view of today. */
export function settingsOf({ publishedBy, certainty, recordedBy, accordingTo }: Lens): Record<string, string> {
  if (!publishedBy && !recordedBy && !accordingTo) return {};
  return {
    search_path: `${publishedBy || accordingTo ? 'known' : 'recorded'}, public`,
    ...(publishedBy ? { 'kualik.published_by': publishedBy } : {}),
    ...(certainty ? { 'kualik.publication_certainty': certainty } : {}),
    ...(recordedBy ? { 'kualik.recorded_by': recordedBy } : {}),
    ...(accordingTo ? { 'kualik.according_to': `{${accordingTo.join(',')}}` } : {}),
  };
}

/** Cursors of one lens are refused under another: they would skip what the other shows. */
export const cursorKeyOf = (key: Uint8Array, lens: Lens): Uint8Array =>
  Object.keys(lens).length === 0
    ? key
    : createHmac('sha256', key)
        .update(JSON.stringify(['lens', lens]))
        .digest();

/** Says who asks and reads no record, so it can stand beside fields of any lens. */
const WITHOUT_LENS = 'viewer';

/** Whether a field of Query sets the lens of its operation. */
export const takesLens = ({ name }: { name: string }): boolean => name !== WITHOUT_LENS;

/** Lets every field of Query set the lens of its operation, before its own resolver asks anything. */
export function lookThroughLens(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getQueryType()!.getFields())) {
    if (!takesLens(field)) continue;
    const resolve = field.resolve ?? defaultFieldResolver;
    field.resolve = ((source, args: { asOf?: AsOf | null }, context: Context, info) => {
      context.look(lensOf(args.asOf, context));
      return resolve(source, args, context, info);
    }) as GraphQLFieldResolver<unknown, unknown>;
  }
  return schema;
}
