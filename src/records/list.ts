// The resolver of a list: a page of a noun under a filter, in the noun's own order.
import type { Sql } from '../db/sql.js';
import type { Noun } from './noun.js';
import { page, type List, type PageArgs, type PageContext, type SortKey } from './page.js';

interface ListArgs extends PageArgs {
  filter?: unknown;
  asOf?: { validOn?: string | null } | null | undefined;
}

/** By the day it may first have happened, where the noun has one; in the order of recording otherwise. */
export const byDay = (noun: Noun): SortKey[] =>
  noun.happens ? [{ property: `${noun.happens}Earliest`, type: 'date' }] : [];

/** One line per list: `detentions: (_, args, context) => list(detentions, args, context, conditions(args.filter, ask))`. */
export const list = <T>(
  noun: Noun,
  args: ListArgs,
  context: PageContext,
  where: Sql[],
  orderBy: SortKey[] = byDay(noun),
): Promise<List<T>> =>
  page<T>(context, args, { noun, where, orderBy, scope: [args.filter ?? null, args.asOf ?? null] });
