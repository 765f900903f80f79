// What a field of the graph is, said beside its resolver: a column, a record, a list, or something computed from these. The
// resolver answers by it through loaders, one statement a level; src/planner/ makes one statement of a whole question of it.
// A field without a plan is answered by its resolver alone, and so is the whole question that asks for it.
import { isObjectType, type GraphQLSchema } from 'graphql';
import type { Sql } from '../db/sql.js';
import type { CursorValues } from '../values/cursor.js';
import type { LocalDate } from '../values/local-date.js';
import type { Noun } from './noun.js';
import type { SortKey, Within } from './page.js';

/** Which rows a plan is about: the alias under which the row of the parent stands in the statement. */
export type RowAlias = string;

/** A page, as the arguments of its field ask for it. */
export interface PlannedPage {
  /** Conditions on the noun's table under its own name; PARENT is the record that the list belongs to. */
  where: Sql[];
  /**
   * Conditions that hold for every row between them, no two for the same: each part is walked on an index of its own, where one
   * index for all would be walked over what is not asked for.
   */
  parts?: readonly Sql[];
  within?: Within | undefined;
  orderBy: SortKey[];
  /** What a cursor belongs to. */
  scope: (parent: string | null) => string;
  /** Columns that the rows have besides: what fields of the node must know of the arguments. */
  carry?: Readonly<Record<string, Sql>>;
  /** What resolvers of the node are given in place of the row. */
  wrap?: (row: never) => unknown;
}

/** A page of rows from several tables, as the arguments ask for it. */
export interface PlannedUnion {
  /** `limit` rows at most after the place of the cursor, in order, with the columns of `keys` and `rank`. */
  rows: (limit: number, after: CursorValues | null) => Sql;
  count: Sql;
  scope: string;
}

/** For a noun: the ranks of its rows, and what resolvers of the node are given. */
export interface UnionKind {
  noun: Noun;
  ranks: readonly number[];
  wrap: (row: never, rank: number) => unknown;
}

/** What a plan may know of the question. */
export interface Asked {
  today: LocalDate;
}

export interface Rows {
  /** The table; or how rows look that `from` makes. */
  noun: string | Noun;
  /** The select that stands in the place of a table, under its name. May ask of PARENT. */
  from?: Sql;
  /** Conditions on the noun's table under its own name, tied to PARENT. */
  where: Sql;
  orderBy: Sql;
  /** Of rows that `from` makes and that are no records: of which records they are made; `own` where they only count. */
  madeOf?: MadeOf;
}

/**
 * Whose words a value is made of: those of the row itself; of other rows, by a select of their ids; or of others that are not
 * named here. What is read of restricted records is entered in the audit, so those who may read them are answered by the resolvers there.
 */
export type MadeOf = 'own' | 'others' | ((row: RowAlias) => Sql);

/** Properties of the row that a rule reads; where rows are of several nouns, those of each. */
export type Needs = readonly string[] | ((noun: Noun) => readonly string[]);

export type Plan =
  /** Another one for each noun that the row may be of. */
  | { is: 'byNoun'; of: (noun: Noun) => Plan }
  /** What another plan tells of a row that is made from this one; null where there is none. */
  | { is: 'through'; row: (row: RowAlias) => Sql; madeOf: MadeOf; noun?: Noun; then: Plan }
  /** JSON made by SQL from columns of the row. */
  | { is: 'leaf'; madeOf: MadeOf; sql: (row: RowAlias) => Sql }
  /** Another one for each rank, where rows come from several tables. */
  | { is: 'byRank'; of: (rank: number, noun: Noun) => Plan }
  /** Three columns that make an UncertainDate; of several properties the first that is told. */
  | { is: 'date'; property: string | readonly string[] }
  /** The record that a column points at; null where it is hidden. */
  | { is: 'record'; noun: string; id: (row: RowAlias) => Sql }
  /** All rows, or the first of them. */
  | {
      is: 'rows' | 'first';
      rows: Rows;
      /** More conditions, as the arguments ask. */
      choose?: (args: never) => Sql[];
      /** Another order, as the arguments ask. */
      order?: (args: never) => Sql;
    }
  | { is: 'page'; noun: Noun; page: (args: never, asked: Asked) => PlannedPage }
  | {
      is: 'union';
      /** Columns of its rows that make the cursor. */
      keys: readonly string[];
      /** The records that its rows are about; or else what its rows are themselves. */
      kinds: readonly UnionKind[] | Noun;
      union: (args: never) => PlannedUnion;
    }
  /** Rows of the root that are no page, made by a select, in the order of a column. */
  | { is: 'list'; noun: Noun; from: (args: never) => Sql; orderBy: string }
  /** The record with the id that is the argument. */
  | { is: 'byId'; noun: string }
  /** Records of any noun with these ids, or where there are none, rows that stand in their place. */
  | {
      is: 'nodes';
      ids: (args: never) => readonly string[];
      instead: Rows & { noun: Noun };
      /** Which of those, as the arguments ask. */
      choose: (args: never) => Sql[];
    }
  /** The same row, seen as another type. */
  | { is: 'own' }
  /** Made by `make` from properties of the row, and from those of its claims where it names any. */
  | {
      is: 'computed';
      needs: Needs;
      claims?: readonly string[];
      /** The property with the id of the record whose claims they are; `id` unless told otherwise. */
      of?: string;
      /** The claims are read only where this property is `..`. */
      ifOpen?: string;
      /** Rows of other nouns that belong to the row, by a name of the rule. */
      beside?: Readonly<Record<string, Beside>>;
      /** The rule asks of what a source is a copy. */
      origins?: boolean;
      make: (
        parent: never,
        args: never,
        claims: never,
        originOf: (sourceId: string) => string,
        beside: never,
      ) => unknown;
    };

/** Rows that a rule reads beside its own, and which of their properties. */
export interface Beside {
  rows: Rows;
  needs: readonly string[];
}

type AnyResolver = (...args: never[]) => unknown;

const plans = new WeakMap<AnyResolver, Plan>();

/** The resolver, with its plan. */
export function planned<R extends AnyResolver>(resolver: R, plan: Plan): R {
  plans.set(resolver, plan);
  return resolver;
}

/** For a resolver that tells the same rows in another form. */
export function planBehind(resolver: AnyResolver): Plan {
  const plan = plans.get(resolver);
  if (!plan) throw new Error('This resolver has no plan.');
  return plan;
}

/** Puts the plans of resolvers onto the fields of the schema, since what is wrapped or bound is another function. */
export function tellPlans(schema: GraphQLSchema, resolvers: Record<string, unknown>): void {
  for (const [name, fields] of Object.entries(resolvers)) {
    const type = schema.getType(name);
    if (!isObjectType(type)) continue;
    for (const [fieldName, resolver] of Object.entries(fields as Record<string, AnyResolver>)) {
      const field = type.getFields()[fieldName];
      const plan = plans.get(resolver);
      if (field) field.extensions = { ...field.extensions, resolved: true, ...(plan ? { plan } : {}) };
    }
  }
}

interface Told {
  extensions: Readonly<{ plan?: Plan; resolved?: boolean }>;
}

export const planOf = ({ extensions }: Told): Plan | undefined => extensions.plan;

/** Whether a field is just the property of its name. */
export const isPlain = ({ extensions }: Told): boolean => !extensions.resolved;

/** A field that is computed from columns of its own row alone. */
export const fromRow = <P, A, V>(needs: Needs, make: (parent: P, args: A) => V): ((parent: P, args: A) => V) =>
  planned((parent: P, args: A) => make(parent, args), { is: 'computed', needs, make });
