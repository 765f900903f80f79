// A decision about status with what it brought: the act, the standing and the paper are three records, told in one step. A
// refusal never brings a paper, and an extension is a new paper with a predecessor, never an edited end.
import type { Context } from '../context.js';
import type { RecordDecisionInput } from '../generated/resolvers-types.js';
import { refugeeStatuses, statusDecisions, statusDocuments, type StatusDecisionRow } from '../refugees/model.js';
import { SENSITIVITIES } from '../records/sensitivity.js';
import { verb } from '../records/verb.js';
import { drawn, givenOf, Parts } from './parts.js';

type Document = NonNullable<RecordDecisionInput['document']>;

const REFUSALS: readonly string[] = ['REFUSE', 'REFUSE_EXTENSION'];
const BRINGING: readonly string[] = ['GRANT', 'EXTEND', 'REPLACE'];
const SUCCESSION: Partial<Record<string, 'EXTENSION' | 'REPLACEMENT'>> = {
  EXTEND: 'EXTENSION',
  REPLACE: 'REPLACEMENT',
};
const DOCUMENT_VALUES = ['issuer', 'issued', 'validFrom', 'validUntil', 'predecessor', 'succession', 'dependants'];
/** As the input names them, and as the decision does. */
const DECISION_VALUES = { decided: 'decided', authority: 'authority', place: 'place', statedReason: 'reason' };

export async function recordDecision(input: RecordDecisionInput, context: Context): Promise<StatusDecisionRow> {
  const id = await verb(context, 'recordDecision', input, async () => {
    const parts = new Parts(context);
    const document = input.document ? withSuccession(input.document, input.action) : null;
    const person = await context.load.one.persons.load(input.person);
    if (!person) parts.add(['person'], 'not_found', 'No such person, or you may not see it.');
    checkCitations(input, document, parts);
    await checkDocument(input, parts, context);
    const sensitivity = input.sensitivity ?? SENSITIVITIES[person?.sensitivity ?? 1]!;
    const common = { person: person?.id, country: input.country, sensitivity, team: input.team };
    const status = await statusOf(input, common, parts, context);
    // Without a person every part would be refused for the same reason.
    if (!person) parts.throwIfAny();
    const paper = document && (await paperOf(input, document, { ...common, status }, parts));
    const decision = await parts.save(
      statusDecisions,
      {
        ...common, action: input.action, concerns: input.concerns, decided: input.decided, authority: input.authority, place: input.place,
        reason: input.statedReason, appealOf: input.appealOf, status, document: paper,
      },
      {
        at: [],
        placeOf: (field) => [field === 'reason' ? 'statedReason' : field],
        citations: drawn(input.citations, new Map(givenOf(input, Object.keys(DECISION_VALUES)).map((name) => [name, DECISION_VALUES[name as 'decided']]))),
      },
    ); // prettier-ignore
    parts.throwIfAny();
    return decision!.id;
  });
  return (await context.load.one.status_decisions.load(id))!;
}

const withSuccession = (document: Document, action: string): Document => ({
  ...document,
  succession: document.succession ?? (document.predecessor ? (SUCCESSION[action] ?? null) : null),
});

function checkCitations(input: RecordDecisionInput, document: Document | null, parts: Parts): void {
  if (input.citations.length === 0)
    parts.add(['citations'], 'decision_has_a_source', 'Say who says so: cite at least one source.');
  const given = [
    ...givenOf(input, Object.keys(DECISION_VALUES)),
    ...(document && !document.id ? givenOf(document, DOCUMENT_VALUES).map((name) => `document.${name}`) : []),
  ];
  input.citations.forEach(({ field }, index) => {
    if (field && !given.includes(field))
      parts.add(['citations', index, 'field'], 'citation_has_a_value', `No value of "${field}" is given that a source could tell. Given are: ${given.join(', ') || 'none'}.`); // prettier-ignore
  });
}

async function checkDocument(
  { action, document, person, country }: RecordDecisionInput,
  parts: Parts,
  { load }: Context,
): Promise<void> {
  if (!document) return;
  if (REFUSALS.includes(action)) {
    parts.add(['document'], 'refusal_brings_no_document', 'A refusal is a decision without a document.');
    return;
  }
  if (!BRINGING.includes(action)) {
    parts.add(['document'], 'decision_brings_a_document', `A document is brought by ${BRINGING.join(', ')} alone; record this one by itself, or leave it out.`); // prettier-ignore
    return;
  }
  if (document.id) {
    const found = await load.one.status_documents.load(document.id);
    if (!found) parts.add(['document', 'id'], 'not_found', 'No such document, or you may not see it.');
    else if (found.personId !== person.toLowerCase() || found.country !== country)
      parts.add(['document', 'id'], 'document_of_the_same_person_and_country', 'This document is of another person or of another country.'); // prettier-ignore
    const more = givenOf(document, ['kind', ...DOCUMENT_VALUES]);
    if (more.length > 0)
      parts.add(['document', more[0]!], 'document_is_on_record', 'This document is on record already; leave the rest out, or correct it by itself.'); // prettier-ignore
    return;
  }
  if (!document.kind) parts.add(['document', 'kind'], 'required', 'Say what sort of paper it is.');
  if (SUCCESSION[action] && !document.predecessor)
    parts.add(['document', 'predecessor'], 'extension_has_a_predecessor', `Say which document is ${action === 'EXTEND' ? 'extended' : 'replaced'}; if nobody knows, record the decision without its document.`); // prettier-ignore
}

interface Common {
  person: string | undefined;
  country: string;
  sensitivity: string;
  team: string | null | undefined;
}

const HELD = `select id from refugee_statuses where person_id = $1 and country = $2 and kind = $3 order by id limit 2`;

/** The id of the status that the decision is about: the one that is named, the only one there is, or a new one. */
async function statusOf(
  input: RecordDecisionInput,
  common: Common,
  parts: Parts,
  context: Context,
): Promise<string | null> {
  if (input.status) {
    const found = await context.load.one.refugee_statuses.load(input.status);
    if (!found) parts.add(['status'], 'not_found', 'No such status, or you may not see it.');
    else if (found.personId !== common.person || found.country !== input.country || found.kind !== input.concerns)
      parts.add(['status'], 'status_of_the_same_person_country_and_kind', 'This status is of another person, of another country or of another kind.'); // prettier-ignore
    return found?.id ?? null;
  }
  if (!common.person) return null;
  const held = await context.db.rows<{ id: string }>('statuses held', HELD, [
    common.person,
    input.country,
    input.concerns,
  ]);
  if (held.length > 1)
    parts.add(['status'], 'status_is_named', 'The person has had this status in this country several times; say which one it is about.'); // prettier-ignore
  if (held.length > 0 || input.action !== 'GRANT') return held[0]?.id ?? null;
  const made = await parts.save(
    refugeeStatuses,
    { ...common, kind: input.concerns, starts: input.decided },
    {
      at: ['status'],
      placeOf: (field) => [field === 'starts' ? 'decided' : field === 'kind' ? 'concerns' : field],
      citations: drawn(input.citations, new Map(givenOf(input, ['decided']).map((name) => [name, 'starts']))),
    },
  );
  return made?.id ?? null;
}

/** The id of the document that the decision brought; null when it was refused. */
async function paperOf(
  input: RecordDecisionInput,
  document: Document,
  common: Common & { status: string | null },
  parts: Parts,
): Promise<string | null> {
  if (document.id) return document.id;
  if (!BRINGING.includes(input.action) || !document.kind) return null;
  const made = await parts.save(
    statusDocuments,
    { ...document, ...common },
    {
      at: ['document'],
      placeOf: (field) => (['person', 'country', 'status', 'sensitivity', 'team'].includes(field) ? [field] : ['document', field]),
      citations: drawn(input.citations, new Map(givenOf(document, DOCUMENT_VALUES).map((name) => [`document.${name}`, name]))),
    },
  ); // prettier-ignore
  return made?.id ?? null;
}
