// What every record answers the same way: the fields of the SDL interface `Record`.
import type { CaseMemberRow, CaseRow } from '../cases/model.js';
import type { EventLinkRow } from '../events/model.js';
import type { Field, Noun } from '../records/noun.js';
import { snake, camel } from '../records/noun.js';
import type { AnyRow, Load } from '../records/loaders.js';
import type { SourceRow } from '../sources/model.js';
import type { ClaimRow } from './model.js';
import { bearing, conflictsOf, verificationOf, type Conflict, type Verification } from './rules.js';

type Loading = { load: Load<Record<string, Noun>> };
type Identified = { id: string };

export const SENSITIVITIES = ['PUBLIC', 'INTERNAL', 'RESTRICTED', 'SEALED'] as const;

/** Claims of a record, sorted by field and then by the order that decides. */
export const claimsOf = (record: Identified, { load }: Loading): Promise<ClaimRow[]> =>
  load.many('Record', 'claims').load(record.id) as unknown as Promise<ClaimRow[]>;

/** The sources with these ids that exist and may be seen. */
export async function sourcesOf(ids: Iterable<string>, { load }: Loading): Promise<SourceRow[]> {
  const rows = await load.one.sources!.loadMany([...new Set(ids)]);
  return rows.filter((row) => row !== null && !(row instanceof Error)) as unknown as SourceRow[];
}

/** In order of publication, undated ones last. */
const byPublication = (a: SourceRow, b: SourceRow): number =>
  (a.publishedEarliest ?? '~').localeCompare(b.publishedEarliest ?? '~', 'en') || a.id.localeCompare(b.id, 'en');

async function verification(record: Identified, loading: Loading): Promise<Verification> {
  const claims = await claimsOf(record, loading);
  const sources = await sourcesOf(claims.flatMap((claim) => claim.roots), loading);
  const origins = new Map(sources.map((source) => [source.id, source.originId ?? source.id]));
  return verificationOf(claims, (id) => origins.get(id) ?? id);
}

/** Fields with a value that no bearing claim supports; only those that claims could decide. */
export function unsourcedFieldsOf(noun: Noun, row: AnyRow, claims: readonly ClaimRow[]): string[] {
  return Object.entries(noun.fields as Record<string, Field>)
    .filter(([property, field]) => field.claimed && row[property] !== null && bearing(claims, snake(property)).length === 0)
    .map(([property]) => graphName(property));
}

/** `placeId` is `place` in the graph, `person_id` in a claim. */
export const graphName = (property: string): string => property.replace(/Id$/, '');
export const graphNameOfColumn = (column: string): string => graphName(camel(column));

/** The resolvers of SDL interface `Record`, for a noun. */
export function recordFields(noun: Noun) {
  return {
    sensitivity: (row: { sensitivity: number }) => SENSITIVITIES[row.sensitivity]!,
    verification: (row: Identified, _args: unknown, context: Loading) => verification(row, context),
    claims: async (row: Identified, { field }: { field?: string | null }, context: Loading): Promise<ClaimRow[]> => {
      const claims = await claimsOf(row, context);
      return field === null || field === undefined ? claims : claims.filter((claim) => graphNameOfColumn(claim.field) === field);
    },
    conflicts: async (row: Identified, _args: unknown, context: Loading): Promise<Conflict[]> =>
      conflictsOf(row.id, await claimsOf(row, context)),
    sources: async (row: Identified, _args: unknown, context: Loading): Promise<SourceRow[]> => {
      const claims = await claimsOf(row, context);
      return (await sourcesOf(claims.flatMap((claim) => claim.roots), context)).sort(byPublication);
    },
    unsourcedFields: async (row: Identified, _args: unknown, context: Loading): Promise<string[]> =>
      unsourcedFieldsOf(noun, row as AnyRow, await claimsOf(row, context)),
    cases: async (row: Identified, _args: unknown, { load }: Loading): Promise<CaseRow[]> => {
      const memberships = (await load.many('Record', 'caseMemberships').load(row.id)) as unknown as CaseMemberRow[];
      const cases = await load.one.cases!.loadMany(memberships.map((membership) => membership.caseId));
      return cases.filter((found) => found !== null && !(found instanceof Error)) as unknown as CaseRow[];
    },
    links: async (row: Identified, _args: unknown, { load }: Loading): Promise<EventLinkRow[]> => {
      const [from, to] = await Promise.all([load.many('Record', 'linksFrom').load(row.id), load.many('Record', 'linksTo').load(row.id)]);
      return [...from, ...to] as unknown as EventLinkRow[];
    },
    identifiers: (row: Identified, _args: unknown, { load }: Loading) => load.many('Record', 'identifiers').load(row.id),
  };
}
