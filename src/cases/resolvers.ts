// Case files with their members, and proceedings with a charge per person.
import { sql } from '../db/sql.js';
import { invalid } from '../errors.js';
import type {
  CaseFilter,
  CaseMembersArgs,
  ChargeFilter,
  LegalCaseFilter,
  QueryCasesArgs,
  QueryChargesArgs,
  QueryLegalCasesArgs,
  Resolvers,
} from '../generated/resolvers-types.js';
import { periodFrom } from '../records/dates.js';
import {
  conditions,
  duringPeriod,
  fromSource,
  hasReference,
  holdsText,
  inCase,
  is,
  isOneOf,
  membersOf,
  onDay,
  uuid,
  validOn,
  whenValid,
} from '../records/filters.js';
import { listed, recordById } from '../records/list.js';
import { referenceOf } from '../records/reference.js';
import type { Noun } from '../records/noun.js';
import { nested, PARENT } from '../records/page-by-parent.js';
import type { SortKey } from '../records/page.js';
import { didYouMean } from '../values/did-you-mean.js';
import { quoted } from '../values/invalid-value.js';
import { caseMembers, cases, charges, legalCases } from './model.js';

const byDecision: SortKey[] = [
  { property: 'decidedEarliest', type: 'date' },
  { property: 'seq', type: 'bigint' },
];

const askCases = (filter: CaseFilter | null | undefined) =>
  conditions(filter, {
    title: holdsText(cases, 'title'),
    reference: hasReference(cases, 'C'),
    status: isOneOf(cases, 'status'),
    holds: (id) => sql`cases.id in (select case_id from case_members where record_id = ${uuid(id)})`,
    source: (id) => sql`(${fromSource(cases)(id)} or cases.id in (
      select m.case_id from case_members m join claims c on c.record_id = m.record_id where c.source_id = ${uuid(id)}))`,
  });

const askLegalCases = (filter: LegalCaseFilter | null | undefined) =>
  conditions(filter, {
    title: holdsText(legalCases, 'title'),
    number: is(legalCases, 'number'),
    court: is(legalCases, 'courtId'),
    courtKind: isOneOf(legalCases, 'courtKind'),
    country: isOneOf(legalCases, 'country'),
    stage: isOneOf(legalCases, 'stage'),
    person: (id) => sql`legal_cases.id in (select legal_case_id from charges where person_id = ${uuid(id)})`,
    during: duringPeriod(legalCases, 'opened', 'closed'),
    case: inCase(legalCases),
    source: fromSource(legalCases),
  });

const askCharges = (filter: ChargeFilter | null | undefined) =>
  conditions(filter, {
    person: is(charges, 'personId'),
    legalCase: is(charges, 'legalCaseId'),
    court: (id) => sql`charges.legal_case_id in (select l.id from legal_cases l where l.court_id = ${uuid(id)})`,
    country: (countries) =>
      sql`charges.legal_case_id in (select l.id from legal_cases l where l.country = any(${countries}::text[]))`,
    status: isOneOf(charges, 'status'),
    offence: holdsText(charges, 'offence', 'law'),
    filed: onDay(charges, 'filed'),
    decided: onDay(charges, 'decided'),
    case: (id) => {
      const members = membersOf(id);
      return sql`charges.id in ${members} or charges.legal_case_id in ${members} or charges.person_id in ${members}`;
    },
    source: fromSource(charges),
  });

/** The table of a type of the graph; a word that is none would be answered as if the file held nothing of it. */
function tableOf(nouns: Record<string, Noun>, type: string, at: string): string {
  const all = Object.values(nouns);
  const found = all.find((noun) => noun.type === type);
  const types = all.map((noun) => noun.type);
  if (!found) throw invalid(at, `${quoted(type)} is not a type of records in this graph.${didYouMean(type, types)}`);
  return found.table;
}

export const caseResolvers = (nouns: Record<string, Noun>): Resolvers => ({
  Query: {
    case: recordById('cases'),
    cases: listed(
      cases,
      (args: QueryCasesArgs) => askCases(args.filter),
      () => [],
    ),
    legalCase: recordById('legal_cases'),
    legalCases: listed(legalCases, ({ filter, asOf }: QueryLegalCasesArgs) => [
      ...askLegalCases(filter),
      ...whenValid(asOf, validOn(legalCases, 'opened', 'closed')),
    ]),
    charge: recordById('charges'),
    charges: listed(
      charges,
      ({ filter }: QueryChargesArgs) => askCharges(filter),
      () => byDecision,
    ),
  },
  Case: {
    reference: referenceOf('C'),
    members: nested({
      name: 'Case.members',
      noun: caseMembers,
      where: ({ type: types }: CaseMembersArgs) => {
        const tables = types?.map((type, at) => tableOf(nouns, type, `type.${at}`));
        const ofType = sql`case_members.record_id in (select r.id from records r where r.noun = any(${tables}::text[]))`;
        return [sql`case_members.case_id = ${PARENT}`, ...(tables ? [ofType] : [])];
      },
    }),
  },
  LegalCase: {
    period: periodFrom('opened', 'closed'),
  },
});
