// The resolvers of the root: one record by its id, and a page of a noun under a filter, in the noun's own order.
import type { Sql } from '../db/sql.js';
import type { AnyRow, Loading } from './loaders.js';
import type { Noun } from './noun.js';
import { page, scopeOfList, type List, type PageArgs, type PageContext, type SortKey, type Within } from './page.js';
import { planned } from './plan.js';

interface ListArgs extends PageArgs {
  filter?: unknown;
  asOf?: { validOn?: string | null } | null | undefined;
}

/** By the day it may first have happened, where the noun has one; in the order of recording otherwise. */
export const byDay = (noun: Noun): SortKey[] =>
  noun.happens ? [{ property: `${noun.happens}Earliest`, type: 'date' }] : [];

export const scopeOf = ({ filter, asOf }: ListArgs): unknown => [filter ?? null, asOf ?? null];

/** A page of a noun under a filter. */
export const list = <T = AnyRow>(
  noun: Noun,
  args: ListArgs,
  context: PageContext,
  where: Sql[],
  orderBy: SortKey[] = byDay(noun),
  within?: Within,
): Promise<List<T>> => page<T>(context, args, { noun, where, orderBy, within, scope: scopeOf(args) });

/** One line per list: `detentions: listed(detentions, (args) => conditions(args.filter, ask))`. */
export function listed<A extends ListArgs, T>(
  noun: Noun,
  where: (args: A) => Sql[],
  orderBy: (args: A) => SortKey[] = () => byDay(noun),
  within: (args: A) => Within | undefined = () => undefined,
): (parent: unknown, args: A, context: PageContext) => Promise<List<T>> {
  return planned(
    (_: unknown, args: A, context: PageContext) =>
      list<T>(noun, args, context, where(args), orderBy(args), within(args)),
    {
      is: 'page',
      noun,
      page: (args: A) => ({
        where: where(args),
        orderBy: orderBy(args),
        within: within(args),
        scope: () => scopeOfList(noun, scopeOf(args)),
      }),
    },
  );
}

/** `person: recordById('persons')` */
export const recordById = <T>(
  table: string,
): ((parent: unknown, args: { id: string }, context: Loading) => Promise<T | null>) =>
  planned((_: unknown, { id }: { id: string }, { load }: Loading) => load.one[table]!.load(id) as Promise<T | null>, {
    is: 'byId',
    noun: table,
  });
