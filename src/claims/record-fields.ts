// What every record answers the same way: the fields of the SDL interface `Record`.
import type { CaseMemberRow, CaseRow } from '../cases/model.js';
import type { EventLinkRow } from '../events/model.js';
import type { Field, Noun } from '../records/noun.js';
import { snake, camel } from '../records/noun.js';
import { SENSITIVITIES } from '../records/sensitivity.js';
import type { AnyRow, Loading } from '../records/loaders.js';
import type { SourceRow } from '../sources/model.js';
import type { ClaimRow } from './model.js';
import { byPublication, originsById, sourcesOf } from './origins.js';
import { bearing, conflictsOf, verificationOf, type FieldConflict, type Verification } from './rules.js';

type Identified = { id: string };
type Levelled = Identified & { sensitivity: number };

/** Claims of a record, sorted by field and then by the order that decides. */
export const claimsOf = (record: Identified, { load }: Loading): Promise<ClaimRow[]> =>
  load.many('Record', 'claims').load(record.id) as unknown as Promise<ClaimRow[]>;

async function verification(record: Identified, loading: Loading): Promise<Verification> {
  const claims = await claimsOf(record, loading);
  return verificationOf(
    claims,
    await originsById(
      claims.flatMap((claim) => claim.roots),
      loading,
    ),
  );
}

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

/** `placeId` is `place` in the graph, `place_id` in a claim. */
const graphName = (property: string): string => property.replace(/Id$/, '');
export const graphNameOfColumn = (column: string): string => graphName(camel(column));

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

/** The resolvers of SDL interface `Record`, for a noun. */
export function recordFields(noun: Noun) {
  return {
    sensitivity: (row: { sensitivity: number }) => SENSITIVITIES[row.sensitivity]!,
    verification: (row: Identified, _args: unknown, context: Loading) => verification(row, context),
    claims: async (row: Identified, { field }: { field?: string | null }, context: Loading): Promise<ClaimRow[]> => {
      const claims = await claimsOf(row, context);
      return field === null || field === undefined
        ? claims
        : claims.filter((claim) => graphNameOfColumn(claim.field) === field);
    },
    conflicts: async (row: Levelled, _args: unknown, context: Loading): Promise<FieldConflict[]> =>
      conflictsOf(row.id, await claimsOf(row, context), row.sensitivity),
    sources: async (row: Identified, _args: unknown, context: Loading): Promise<SourceRow[]> => {
      const claims = await claimsOf(row, context);
      return (
        await sourcesOf(
          claims.flatMap((claim) => claim.roots),
          context,
        )
      ).sort(byPublication);
    },
    unsourcedFields: async (row: Identified, _args: unknown, context: Loading): Promise<string[]> =>
      unsourcedFieldsOf(noun, row as AnyRow, context, await claimsOf(row, context)),
    cases: (row: Identified, _args: unknown, context: Loading) => casesOf(row, context),
    links: (row: Identified, _args: unknown, context: Loading) => linksOf(row, context),
    identifiers: (row: Identified, _args: unknown, { load }: Loading) =>
      load.many('Record', 'identifiers').load(row.id),
  };
}
