// What rests on one source alone: what the operation sees beside the same without it, in sets, and nothing written.
// Without it means without every claim that has the source among its roots, so conclusions fall with what they rest on.
// Which claim decides is said as in house.deciding_claims; test/verbs-impact.test.ts withdraws for real and compares.
import type { ClaimRow } from '../claims/model.js';
import { originsById } from '../claims/origins.js';
import { claimsOf } from '../claims/record-fields.js';
import { verificationOf, type Verification } from '../claims/rules.js';
import { dateOf } from '../claims/values.js';
import { uncertainDate, type UncertainDateValue } from '../records/dates.js';
import type { AnyRow, Loading, Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import type { SourceRow } from './model.js';

/** Entries of each list; the totals count on. */
const MOST = 1000;

interface FieldChange {
  recordId: string;
  noun: string;
  /** The column. */
  field: string;
  nowId: string;
  withoutId: string | null;
}

/** What the SDL calls LinkImpact. */
export interface LinkImpactValue {
  id: string;
  now: string;
  without: string;
}

/** What the SDL calls VerificationImpact. */
export interface VerificationImpactValue {
  record: AnyRow;
  now: Verification;
  without: Verification;
}

/** What the SDL calls CertificateImpact. */
export interface CertificateImpactValue {
  document: AnyRow;
  isLost: boolean;
  validFromNow: UncertainDateValue | null;
  validFromWithout: UncertainDateValue | null;
  validUntilNow: UncertainDateValue | null;
  validUntilWithout: UncertainDateValue | null;
}

/** What the SDL calls FieldImpact. */
export type FieldImpactValue = FieldChange;

/** What the SDL calls ImpactRefusal. */
export interface ImpactRefusalValue {
  rule: string | null;
  message: string;
}

/** What the SDL calls SourceImpact. */
export interface SourceImpactValue {
  source: SourceRow;
  /** Whether it speaks of now: only then can a withdrawal be tried. */
  isOfToday: boolean;
  totals: { claims: number; records: number; fields: number; links: number; certificates: number };
  records: AnyRow[];
  fields: FieldImpactValue[];
  links: LinkImpactValue[];
  certificates: CertificateImpactValue[];
  verifications: VerificationImpactValue[];
}

const RESTS = `c.roots @> array[$1::uuid]`;

/** On whatever record, by the claims that decide with it and without. A field whose other claims say the same does not change. */
const FIELDS = `
  select t.record_id as "recordId", r.noun, t.field, now.id as "nowId", other.id as "withoutId"
  from (select distinct c.record_id, c.field from claims c where c.bears and c.field <> '' and ${RESTS}) t
  join records r on r.id = t.record_id
  cross join lateral (
    select c.id, c.value from claims c where c.record_id = t.record_id and c.field = t.field and c.bears and c.level <= r.sensitivity
    order by c.preference limit 1) now
  left join lateral (
    select c.id, c.value from claims c where c.record_id = t.record_id and c.field = t.field and c.bears and c.level <= r.sensitivity
      and not ${RESTS}
    order by c.preference limit 1) other on true
  where now.value is distinct from other.value
  order by t.record_id, t.field`;

/** Lineage is no record: no view of the lens stands before it. */
const THEN = `l.recorded_from <= (select lens.r()) and l.recorded_to > (select lens.r())`;

/** As the views of the lens let a record exist: by a claim on it, or on what cannot be without it. */
const LOST = `
  with touched as (
    select distinct c.record_id from claims c where c.bears and ${RESTS}
  ), candidates as (
    select record_id as id from touched
    union select l.ancestor_id from touched join house.lineage l on l.record_id = touched.record_id and ${THEN})
  select r.id, r.noun from candidates join records r using (id)
  join house.adopted a on a.noun = r.noun and a.existence = 'CLAIMS'
  where not exists (
      select from claims c where c.record_id = r.id and c.bears and c.level <= r.sensitivity and not ${RESTS})
    and not exists (
      select from house.lineage l join claims c on c.record_id = l.record_id
      where l.ancestor_id = r.id and ${THEN} and c.bears and c.level <= r.sensitivity and not ${RESTS})
  order by r.id`;

/** As house.reassess_link: a link that no claim asserts any more is an allegation again. */
const LINKS = `
  select l.id, l.assessment as now,
    case when l.assessment in ('SUPPORTED', 'CONFIRMED') and spoken.asserted and not spoken.asserted_else then 'ALLEGED' else l.assessment end as without
  from event_links l cross join lateral (
    select bool_or(c.stance = 'ASSERTS') as asserted,
      coalesce(bool_or(c.stance = 'ASSERTS' and not ${RESTS}), false) as asserted_else,
      bool_and(${RESTS}) as alone
    from claims c where c.record_id = l.id and c.field = '' and c.bears) spoken
  where l.id in (select c.record_id from claims c where c.bears and c.field = '' and ${RESTS})
    and (spoken.alone or l.assessment in ('SUPPORTED', 'CONFIRMED') and spoken.asserted and not spoken.asserted_else)
  order by l.id`;

const TOUCHED = `
  select c.record_id as id, count(*) filter (where c.bears)::int as claims from claims c where ${RESTS} group by 1 order by 1`;

const VALIDITY = ['valid_from', 'valid_until'];

/** Null where there is no such source, or none that the viewer may see. */
export async function impactOf(
  sourceId: string,
  nouns: Record<string, Noun>,
  { db, load }: Loading & { db: Rows },
  isOfToday = true,
): Promise<SourceImpactValue | null> {
  const source = (await load.one.sources!.load(sourceId)) as unknown as SourceRow | null;
  if (!source) return null;
  const { id } = source;
  const [fields, lost, links, touched] = await Promise.all([
    db.rows<FieldChange>('impact on fields', FIELDS, [id]),
    db.rows<{ id: string; noun: string }>('impact on records', LOST, [id]),
    db.rows<LinkImpactValue>('impact on links', LINKS, [id]),
    db.rows<{ id: string; claims: number }>('impact on claims', TOUCHED, [id]),
  ]);
  const documents = [
    ...new Set([
      ...fields.filter(({ noun, field }) => noun === 'status_documents' && VALIDITY.includes(field)).map((c) => c.recordId),
      ...lost.filter(({ noun }) => noun === 'status_documents').map((record) => record.id),
    ]),
  ].sort(); // prettier-ignore
  const [records, certificates, verifications] = await Promise.all([
    Promise.all(lost.slice(0, MOST).map((record) => load.record.load(record.id))),
    Promise.all(documents.slice(0, MOST).map((one) => certificateOf(one, fields, lost, nouns, { load }))),
    Promise.all(touched.slice(0, MOST).map((one) => verificationsOf(one.id, id, { load }))),
  ]);
  return {
    source,
    isOfToday,
    totals: {
      claims: touched.reduce((sum, { claims }) => sum + claims, 0),
      records: lost.length,
      fields: fields.length,
      links: links.length,
      certificates: documents.length,
    },
    records: present(records),
    fields: fields.slice(0, MOST),
    links: links.slice(0, MOST),
    certificates: present(certificates),
    verifications: present(verifications),
  };
}

const present = <T>(all: readonly (T | null)[]): T[] => all.filter((one) => one !== null);

async function certificateOf(
  id: string,
  fields: readonly FieldChange[],
  lost: readonly { id: string }[],
  nouns: Record<string, Noun>,
  loading: Loading,
): Promise<CertificateImpactValue | null> {
  const document = await loading.load.record.load(id);
  if (!document) return null;
  const without = async (column: string, now: UncertainDateValue | null): Promise<UncertainDateValue | null> => {
    const change = fields.find(({ recordId, field }) => recordId === id && field === column);
    if (!change) return now;
    const claim = change.withoutId === null ? null : await loading.load.one.claims!.load(change.withoutId);
    return claim && dateOf(claim as unknown as ClaimRow, nouns, loading);
  };
  const validFromNow = uncertainDate(document, 'validFrom');
  const validUntilNow = uncertainDate(document, 'validUntil');
  return {
    document,
    isLost: lost.some((record) => record.id === id),
    validFromNow,
    validFromWithout: await without('valid_from', validFromNow),
    validUntilNow,
    validUntilWithout: await without('valid_until', validUntilNow),
  };
}

/** A withdrawn claim stays on file, so a record that loses all of them is refuted and not without any source. */
async function verificationsOf(
  recordId: string,
  sourceId: string,
  loading: Loading,
): Promise<VerificationImpactValue | null> {
  const record = await loading.load.record.load(recordId);
  if (!record) return null;
  const claims = await claimsOf(record, loading);
  const originOf = await originsById(
    claims.flatMap(({ roots }) => roots),
    loading,
  );
  const remaining = claims.map((claim) =>
    !claim.roots.includes(sourceId)
      ? claim
      : { ...claim, bears: false, rank: claim.sourceId === sourceId ? 'DEPRECATED' : claim.rank },
  );
  const [now, without] = [verificationOf(claims, originOf), verificationOf(remaining, originOf)];
  return now === without ? null : { record, now, without };
}
