// What editors do with claims: add, choose, rank, judge, withdraw. What a claim says never changes; after each of these the
// record accepts its claims again, and what was derived from a withdrawn claim has fallen by itself (20-claims.sql).
import type { Context } from '../context.js';
import { notFound } from '../errors.js';
import type {
  AcceptClaimInput,
  AddClaimInput,
  AssessClaimInput,
  RankClaimInput,
  WithdrawClaimInput,
} from '../generated/resolvers-types.js';
import { writtenFields, type NamedField } from '../records/field-names.js';
import type { AnyRow } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { Problems } from '../records/problems.js';
import { readValue, type ReadValue, type Vocabulary } from '../records/read-value.js';
import { levelOfWord, SENSITIVITIES } from '../records/sensitivity.js';
import { TEAM_LEVEL, teamOf } from '../records/teams.js';
import { verb } from '../records/verb.js';
import { didYouMean } from '../values/did-you-mean.js';
import { parsePoint } from '../values/edtf.js';
import { InvalidValue } from '../values/invalid-value.js';
import type { ClaimRow } from './model.js';
import {
  acceptClaims,
  BEARING_STANCES,
  DEFAULT_CREDIBILITY,
  insertClaim,
  preferClaim,
  sameClaim,
  withdrawClaim as deprecate,
  type Judging,
  type Saying,
} from './write-claim.js';

type Nouns = Record<string, Noun>;

const said = (text: string | null | undefined): string | null => (text?.trim() ? text : null);

export async function addClaim(input: AddClaimInput, nouns: Nouns, context: Context): Promise<ClaimRow> {
  const id = await verb(context, 'addClaim', input, async ({ known }) => {
    const problems = new Problems();
    const about = await recordAbout(input.record, nouns, context, problems);
    const claim = await read(input, about, nouns, known.vocabulary, context, problems);
    const { saying, judging, teamId } = claim;
    if (saying.sourceId && (await sameClaim(context.db, saying, judging)))
      problems.add([], 'claim_said_already', 'This source says the same of this record already, in the same place.');
    problems.throwIfAny();
    const made = await insertClaim(context.db, saying, judging, teamId);
    if (input.credibility === 1)
      await context.db.rows('say why', `update claims set credibility_reason = $2 where id = $1`, [
        made,
        input.changeReason,
      ]);
    await acceptClaims(context.db, about!.noun, saying.recordId);
    return made;
  });
  return (await context.load.one.claims.load(id))!;
}

interface About {
  record: AnyRow;
  noun: Noun;
}

async function recordAbout(id: string, nouns: Nouns, { load }: Context, problems: Problems): Promise<About | null> {
  const record = await load.record.load(id);
  if (!record) {
    problems.add(['record'], 'not_found', 'No such record, or you may not see it.');
    return null;
  }
  const noun = Object.values(nouns).find(({ type }) => type === record.__typename)!;
  if (noun.table !== 'claims') return { record, noun };
  problems.add(['record'], 'claim_is_about_a_record', 'A claim is about a record, and not about another claim.');
  return null;
}

async function read(
  input: AddClaimInput,
  about: About | null,
  nouns: Nouns,
  vocabulary: Vocabulary,
  context: Context,
  problems: Problems,
): Promise<{ saying: Saying; judging: Judging; teamId: number | undefined }> {
  const named = about && fieldNamed(input.field, about.noun, problems);
  const value = await valueOf(input, named, nouns, vocabulary, context, problems);
  const bases = await basesNamed(input, context, problems);
  const source = input.source ? await context.load.one.sources.load(input.source) : null;
  if (input.source && !source) problems.add(['source'], 'not_found', 'No such source, or you may not see it.');
  if (Boolean(input.source) === Boolean(input.derivedFrom?.length))
    problems.add(['source'], 'claim_rests_on_a_source_or_on_claims', 'A claim rests either on one source or on the claims it is derived from.'); // prettier-ignore
  const basis = input.basis ?? 'STATED';
  if (input.derivedFrom?.length && basis === 'STATED')
    problems.add(['basis'], 'claim_derived_is_not_stated', 'A claim derived from other claims says its basis: INFERRED or COMPUTED.'); // prettier-ignore
  const published = input.published
    ? problems.trying(['published'], 'value', () => parsePoint(input.published!))
    : undefined;
  if (input.published && input.derivedFrom?.length)
    problems.add(
      ['published'],
      'published_of_a_derived_claim',
      'A derived claim is as public as the claims it is derived from; leave `published` out.',
    );
  const stance = input.stance ?? 'ASSERTS';
  const credibility = input.credibility ?? DEFAULT_CREDIBILITY;
  judgedCredible(credibility, input.changeReason, problems);
  const informantId = await informantNamed(input, context, problems);
  const sensitivity = input.sensitivity ? levelOfWord(input.sensitivity) : (about?.record.sensitivity ?? 0);
  if (about && sensitivity < about.record.sensitivity)
    problems.add(['sensitivity'], 'claim_is_as_sensitive_as_its_record', `A claim is at least as sensitive as its record, which is ${SENSITIVITIES[about.record.sensitivity]!}.`); // prettier-ignore
  const teamId = await teamNamed(input, about, sensitivity, bases, context, problems);
  problems.throwIfAny();
  return {
    teamId,
    saying: {
      recordId: about!.record.id,
      field: named?.column ?? '',
      value: value?.value ?? null,
      earliest: value?.bounds?.earliest ?? null,
      latest: value?.bounds?.latest ?? null,
      sourceId: source?.id ?? null,
      locator: said(input.locator),
      wording: said(input.wording),
      stance,
      basis,
      derivedFrom: bases,
    },
    judging: {
      rank: 'NORMAL',
      rankReason: null,
      credibility,
      sensitivity,
      reference: said(input.reference),
      wordingLanguage: said(input.wordingLanguage),
      informant: said(input.informant),
      informantId,
      note: said(input.note),
      published: published?.text ?? null,
      publishedEarliest: published?.earliest ?? null,
      publishedLatest: published?.latest ?? null,
    },
  };
}

/** Below a restricted record a claim is of the team of that record, or of none as well; one of another team decides nothing. */
async function teamNamed(
  { source, team }: AddClaimInput,
  about: About | null,
  level: number,
  bases: readonly string[],
  context: Context,
  problems: Problems,
): Promise<number | undefined> {
  if (!about || (team === undefined && (level < TEAM_LEVEL || about.record.sensitivity >= TEAM_LEVEL)))
    return undefined;
  const references = { record_id: about.record.id, source_id: source };
  return teamOf({ noun: 'claims', level, before: null, references, besides: bases, team }, context, problems);
}

/** Null where the claim is that the record exists. */
function fieldNamed(name: string | null | undefined, noun: Noun, problems: Problems): NamedField | null {
  if (name === null || name === undefined || name === '') return null;
  const fields = [...writtenFields(noun).values()].filter(({ field }) => field.claimed);
  const found = fields.find((field) => field.name === name);
  if (found) return found;
  const names = fields.map((field) => field.name);
  problems.add(['field'], 'claims_field', `${noun.type} has no field "${name}" that claims decide.${didYouMean(name, names)} They decide: ${names.join(', ') || 'none'}.`); // prettier-ignore
  return null;
}

async function valueOf(
  { field, value, stance }: AddClaimInput,
  named: NamedField | null,
  nouns: Nouns,
  vocabulary: Vocabulary,
  { load }: Context,
  problems: Problems,
): Promise<ReadValue | undefined> {
  const none = value === null || value === undefined;
  if (!field) {
    if (!none)
      problems.add(['value'], 'claim_about_existence_has_no_value', 'A claim without a field says that the record exists; it carries no value.'); // prettier-ignore
    return undefined;
  }
  if (none) {
    if (BEARING_STANCES.includes(stance ?? 'ASSERTS'))
      problems.add(['value'], 'citation_has_a_value', 'Say which value the source gives.');
    return undefined;
  }
  if (!named) return undefined;
  const given = problems.trying(['value'], 'value', () => readValue(named.field, asText(value), vocabulary));
  if (named.field.shape !== 'ref' || !given) return given;
  const target = await load.record.load(String(given.value));
  const wanted = nouns[named.field.of!];
  if (target && (!wanted || target.__typename === wanted.type)) return { value: target.id };
  problems.add(
    ['value'],
    'not_found',
    `The value of "${named.name}" is the id of a ${wanted?.type ?? 'record'} that you may see.`,
  );
  return undefined;
}

function asText(value: unknown): string | string[] {
  if (Array.isArray(value)) return value.map((item) => String(asText(item)));
  if (typeof value === 'string' && value.trim() === '')
    throw new InvalidValue('This text is blank; leave the claim out when its value is not known.');
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new InvalidValue('A value is a text, a number or a list of texts.');
}

async function basesNamed({ derivedFrom }: AddClaimInput, { load }: Context, problems: Problems): Promise<string[]> {
  const bases = await Promise.all((derivedFrom ?? []).map((id) => load.one.claims.load(id)));
  return bases.flatMap((base, index) => {
    if (!base) problems.add(['derivedFrom', index], 'not_found', 'No such claim, or you may not see it.');
    else if (isFallen(base))
      problems.add(['derivedFrom', index], 'claim_rests_on_a_withdrawn_one', 'This claim was withdrawn, or rests on one that was; nothing can be concluded from it.'); // prettier-ignore
    else if (bases.findIndex((other) => other?.id === base.id) < index)
      problems.add(['derivedFrom', index], 'claim_stands_twice', 'This claim stands twice in the list.');
    else return [base.id];
    return [];
  });
}

const isFallen = (claim: ClaimRow): boolean =>
  claim.rank === 'DEPRECATED' || (!claim.bears && BEARING_STANCES.includes(claim.stance));

async function informantNamed(
  { informant, informantRecord }: AddClaimInput,
  { load }: Context,
  problems: Problems,
): Promise<string | null> {
  if (!informantRecord) return null;
  if (said(informant))
    problems.add(['informant'], 'one_informant', 'Name the informant either in words or as a record, not both.');
  const record = await load.record.load(informantRecord);
  if (record && ['Person', 'Organization'].includes(record.__typename)) return record.id;
  problems.add(
    ['informantRecord'],
    'not_found',
    'An informant on record is a person or an organization that you may see.',
  );
  return null;
}

function judgedCredible(credibility: number, reason: string | null | undefined, problems: Problems): void {
  if (credibility < 1 || credibility > 6)
    problems.add(['credibility'], 'claim_credibility_is_1_to_6', 'Credibility is 1 (confirmed by others) to 6 (cannot be judged), the Admiralty scale.'); // prettier-ignore
  if (credibility === 1 && !said(reason))
    problems.add(['changeReason'], 'confirming_needs_a_reason', 'Say who confirmed it: credibility 1 makes the record confirmed.'); // prettier-ignore
}

/** One claim judged otherwise; its record then accepts its claims again. */
async function judge(
  context: Context,
  mutation: string,
  input: { claim: string; changeReason: string },
  nouns: Nouns,
  work: (claim: ClaimRow, about: AnyRow, problems: Problems) => Promise<void>,
): Promise<ClaimRow> {
  const id = await verb(context, mutation, input, async () => {
    const claim = await context.load.one.claims.load(input.claim);
    const record = claim && (await context.load.record.load(claim.recordId));
    if (!record) throw notFound('No such claim, or you may not see it.', { path: ['input', 'claim'] });
    const problems = new Problems();
    if (!said(input.changeReason)) problems.add(['changeReason'], 'judging_needs_a_reason', 'Say why; whoever reads the record later needs to know.'); // prettier-ignore
    await work(claim, record, problems);
    await acceptClaims(
      context.db,
      Object.values(nouns).find(({ type }) => type === record.__typename)!,
      record.id,
    );
    return claim.id;
  });
  return (await context.load.one.claims.load(id))!;
}

export const acceptClaim = (input: AcceptClaimInput, nouns: Nouns, context: Context): Promise<ClaimRow> =>
  judge(context, 'acceptClaim', input, nouns, async (claim, record, problems) => {
    if (claim.field === '')
      problems.add(['claim'], 'claim_without_value', 'This claim says that the record exists; it has no value that could be accepted.');
    else if (!BEARING_STANCES.includes(claim.stance))
      problems.add(['claim'], 'claim_without_value', 'This claim denies or only mentions the field; it has no value that could be accepted.');
    else if (claim.rank !== 'DEPRECATED' && !claim.bears)
      problems.add(['claim'], 'claim_rests_on_a_withdrawn_one', 'This claim rests on one that was withdrawn; it cannot be accepted.'); // prettier-ignore
    else if (claim.level > record.sensitivity)
      problems.add(['claim'], 'claim_is_as_sensitive_as_its_record', `This claim is ${SENSITIVITIES[claim.level]!} and the record ${SENSITIVITIES[record.sensitivity]!}: a record never shows what is more sensitive than itself.`); // prettier-ignore
    problems.throwIfAny();
    await preferClaim(context.db, claim.id, input.changeReason);
    // A withdrawn claim that is chosen after all may still rest on another one that was withdrawn.
    const [chosen] = await context.db.rows<{ bears: boolean }>('chosen', 'select bears from claims where id = $1', [claim.id]); // prettier-ignore
    if (!chosen!.bears) problems.add(['claim'], 'claim_rests_on_a_withdrawn_one', 'This claim rests on one that was withdrawn; it cannot be accepted.'); // prettier-ignore
    problems.throwIfAny();
  });

export const rankClaim = (input: RankClaimInput, nouns: Nouns, context: Context): Promise<ClaimRow> =>
  judge(context, 'rankClaim', input, nouns, async (claim, _, problems) => {
    if (input.rank === 'PREFERRED')
      problems.add(['rank'], 'preferring_is_accepting', 'To choose a claim over the others, accept it: `acceptClaim`.');
    problems.throwIfAny();
    await context.db.rows('rank claims', 'update claims set rank = $2, rank_reason = $3 where id = $1', [
      claim.id,
      input.rank,
      input.changeReason,
    ]);
  });

export const assessClaim = (input: AssessClaimInput, nouns: Nouns, context: Context): Promise<ClaimRow> =>
  judge(context, 'assessClaim', input, nouns, async (claim, _, problems) => {
    judgedCredible(input.credibility, 'said', problems);
    problems.throwIfAny();
    await context.db.rows(
      'assess claims',
      'update claims set credibility = $2, credibility_reason = $3 where id = $1',
      [claim.id, input.credibility, input.changeReason],
    );
  });

export const withdrawClaim = (input: WithdrawClaimInput, nouns: Nouns, context: Context): Promise<ClaimRow> =>
  judge(context, 'withdrawClaim', input, nouns, async (claim, _, problems) => {
    if (claim.rank === 'DEPRECATED') problems.add(['claim'], 'claim_is_withdrawn', 'This claim is withdrawn already.');
    problems.throwIfAny();
    await deprecate(context.db, claim.id, input.changeReason);
  });
