// What every record answers the same way: the fields of the SDL interface `Record`.
import type { CaseMemberRow, CaseRow } from '../cases/model.js';
import type { EventLinkRow } from '../events/model.js';
import { raw, sql, type Sql } from '../db/sql.js';
import type { Field, Noun } from '../records/noun.js';
import { rowsOfLink } from '../records/link-resolvers.js';
import { PARENT } from '../records/page-by-parent.js';
import { planned, type Needs, type Plan, type Rows } from '../records/plan.js';
import { snake, camel } from '../records/noun.js';
import { SENSITIVITIES } from '../records/sensitivity.js';
import type { AnyRow, Loading } from '../records/loaders.js';
import type { SourceRow } from '../sources/model.js';
import { CONFLICTS } from './conflict-plans.js';
import { claimLinks, type ClaimRow } from './model.js';
import { BY_PUBLICATION, byPublication, originsById, sourcesOf } from './origins.js';
import { isThere } from './values.js';
import { bearing, conflictsOf, verificationOf, type FieldConflict, type Verification } from './rules.js';

type Identified = { id: string };
type Levelled = Identified & { sensitivity: number };

/** Claims of a record, sorted by field and then by the order that decides. */
export const claimsOf = (record: Identified, { load }: Loading): Promise<ClaimRow[]> =>
  load.many('Record', 'claims').load(record.id) as unknown as Promise<ClaimRow[]>;

interface OfClaims<P, A, V> {
  /** Properties of the row that the rule reads. */
  needs: Needs;
  /** Properties of claims that it reads. */
  claims: readonly string[];
  /** The claims are read only where this property is `..`; elsewhere the rule is given none. */
  ifOpen?: string;
  /** The row behind what the resolver is given, where that is not the row itself. */
  row?: (parent: P) => Identified;
  make: (parent: P, args: A, claims: readonly ClaimRow[]) => V;
}

/** The resolver of a field that a rule computes from the record and what is claimed of it. */
export function fromClaims<P, A, V>(rule: OfClaims<P, A, V>) {
  const { needs, claims: ofClaims, ifOpen, make, row = (parent) => parent as Identified } = rule;
  return planned(
    async (parent: P, args: A, loading: Loading): Promise<V> => {
      const record = row(parent) as Identified & Record<string, unknown>;
      const wanted = ifOpen === undefined || record[ifOpen] === '..';
      return make(parent, args, wanted ? await claimsOf(record, loading) : []);
    },
    { is: 'computed', needs, claims: ofClaims, ...(ifOpen === undefined ? {} : { ifOpen }), make: make as never },
  );
}

/** What the rules of verification read of claims. */
export const VERIFIED_BY = [
  'id', 'recordId', 'field', 'value', 'earliest', 'latest', 'published', 'stance', 'rank', 'bears', 'credibility', 'credibilityReason', 'derivedFrom', 'roots', 'level',
]; // prettier-ignore

/** The resolver of `verification`. */
const verification = planned(
  async (record: Identified, _args: unknown, loading: Loading): Promise<Verification> => {
    const said = await claimsOf(record, loading);
    const roots = said.flatMap((claim) => claim.roots);
    return verificationOf(said, await originsById(roots, loading));
  },
  {
    is: 'computed',
    needs: ['id'],
    claims: VERIFIED_BY,
    origins: true,
    make: (_: unknown, __: unknown, said: readonly ClaimRow[], originOf) => verificationOf(said, originOf),
  },
);

/**
 * Fields with a value that no bearing claim supports; only those that claims could decide. A reference to what the viewer may
 * not see has no value for this viewer, so it must not be named here either.
 */
async function unsourcedFieldsOf(
  noun: Noun,
  row: AnyRow,
  { load }: Loading,
  claims: readonly ClaimRow[],
): Promise<string[]> {
  const shown = await Promise.all(
    Object.entries(noun.fields as Record<string, Field>)
      .filter(
        ([property, field]) => field.claimed && row[property] !== null && bearing(claims, snake(property)).length === 0,
      )
      .map(async ([property, field]) =>
        field.shape !== 'ref' || (await load.record.load(row[property] as string)) ? [graphName(property)] : [],
      ),
  );
  return shown.flat();
}

/** As `unsourcedFieldsOf`. */
function unsourcedIn({ fields }: Noun, nouns: Record<string, Noun>, row: string): Sql {
  const decided = Object.entries(fields as Record<string, Field>).filter(([, { claimed }]) => claimed);
  if (decided.length === 0) return raw(`'[]'::json`);
  const each = decided.map(([property, { shape, of }], place) => {
    const column = `${row}.${snake(property)}`;
    const there = shape === 'ref' ? ` and ${isThere(nouns, of!, column)}` : '';
    return `(${place}, '${graphName(property)}', '${snake(property)}', ${column} is not null${there})`;
  });
  return raw(`(select coalesce(json_agg(f.name order by f.place), '[]'::json)
    from (values ${each.join(', ')}) f(place, name, field, told) where f.told and not exists (
      select from claims c where c.record_id = ${row}.id and c.field = f.field and c.bears))`);
}

/** `placeId` is `place` in the graph, `place_id` in a claim. */
const graphName = (property: string): string => property.replace(/Id$/, '');
export const graphNameOfColumn = (column: string): string => graphName(camel(column));

const MEMBERSHIPS = raw('select m.case_id from case_members m where m.record_id = parent.id');

const rows = (these: Rows): Plan => ({ is: 'rows', rows: these });

/** Whatever the claims on a record rest on. */
export const SOURCES: Plan = rows({
  noun: 'sources',
  where: sql`sources.id = any(array(select unnest(c.roots) from claims c where c.record_id = ${PARENT}))`,
  orderBy: BY_PUBLICATION,
});

/** As `linksOf` joins them: those from the record, by kind, then those to it. */
export const LINKS: Plan = rows({
  noun: 'event_links',
  where: sql`(event_links.from_id = ${PARENT} or event_links.to_id = ${PARENT})`,
  orderBy: sql`(event_links.from_id = ${PARENT}) desc, event_links.kind, event_links.sequence, event_links.id`,
});

/** Links run both ways: those from the record, then those to it. */
export async function linksOf({ id }: Identified, { load }: Loading): Promise<EventLinkRow[]> {
  const [from, to] = await Promise.all([
    load.many('Record', 'linksFrom').load(id),
    load.many('Record', 'linksTo').load(id),
  ]);
  return [...from, ...to] as unknown as EventLinkRow[];
}

async function casesOf({ id }: Identified, { load }: Loading): Promise<CaseRow[]> {
  const memberships = (await load.many('Record', 'caseMemberships').load(id)) as unknown as CaseMemberRow[];
  const cases = await Promise.all(memberships.map(({ caseId }) => load.one.cases!.load(caseId)));
  return cases.filter((found) => found !== null) as unknown as CaseRow[];
}

/** The resolver of `sources`: whatever the claims on a record rest on. */
export const sourcesOfRecord = planned(
  async (row: Identified, _args: unknown, context: Loading): Promise<SourceRow[]> => {
    const roots = (await claimsOf(row, context)).flatMap((claim) => claim.roots);
    return (await sourcesOf(roots, context)).sort(byPublication);
  },
  SOURCES,
);

/** The resolver of `links`. */
export const linksOfRecord = planned(
  (row: Identified, _args: unknown, context: Loading) => linksOf(row, context),
  LINKS,
);

const identifiersOfRecord = planned(
  (row: Identified, _args: unknown, { load }: Loading) => load.many('Record', 'identifiers').load(row.id),
  rows(rowsOfLink(claimLinks.Record!.identifiers!)),
);

const casesOfRecord = planned(
  (row: Identified, _args: unknown, context: Loading) => casesOf(row, context),
  rows({
    noun: 'cases',
    where: sql`cases.id = any(array(${MEMBERSHIPS}))`,
    orderBy: sql`array_position(array(${MEMBERSHIPS} order by m.sequence, m.id), cases.id)`,
  }),
);

const sensitivityWord = planned(({ sensitivity }: { sensitivity: number }) => SENSITIVITIES[sensitivity]!, {
  is: 'leaf',
  madeOf: 'own',
  sql: (row) => raw(`to_json((array[${SENSITIVITIES.map((word) => `'${word}'`).join(', ')}])[${row}.sensitivity + 1])`),
});

/** The columns that have this name in the graph: `place` is place_id, `starts` is starts. */
const ofField = ({ field }: { field?: string | null }): Sql[] =>
  field === null || field === undefined ? [] : [sql`claims.field in (${snake(field)}, ${`${snake(field)}_id`})`];

/** The resolvers of SDL interface `Record`, for a noun. */
export function recordFields(noun: Noun, nouns: Record<string, Noun>) {
  return {
    sensitivity: sensitivityWord,
    verification,
    claims: planned(
      async (row: Identified, { field }: { field?: string | null }, context: Loading): Promise<ClaimRow[]> => {
        const all = await claimsOf(row, context);
        return field === null || field === undefined
          ? all
          : all.filter((claim) => graphNameOfColumn(claim.field) === field);
      },
      { is: 'rows', rows: rowsOfLink(claimLinks.Record!.claims!), choose: ofField },
    ),
    conflicts: planned(
      async (row: Levelled, _args: unknown, context: Loading): Promise<FieldConflict[]> =>
        conflictsOf(row.id, await claimsOf(row, context), row.sensitivity),
      CONFLICTS,
    ),
    sources: sourcesOfRecord,
    unsourcedFields: planned(
      async (row: Identified, _args: unknown, context: Loading): Promise<string[]> =>
        unsourcedFieldsOf(noun, row as AnyRow, context, await claimsOf(row, context)),
      // Names of its own fields; of claims only that there are none.
      { is: 'leaf', madeOf: 'own', sql: (row) => unsourcedIn(noun, nouns, row) },
    ),
    cases: casesOfRecord,
    links: linksOfRecord,
    identifiers: identifiersOfRecord,
  };
}
