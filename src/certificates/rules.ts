// What a certificate proves, and how surely. Pure: rows and claims in, answers out.
import type { ClaimRow } from '../claims/model.js';
import { bearing, deciding } from '../claims/rules.js';
import type { HoldingAnswer, SuccessorKnown } from '../generated/resolvers-types.js';
import { boundsOf, periodOf, spanOf, type DaySpanValue } from '../records/dates.js';
import { stillTrueUntil } from '../refugees/rules.js';
import type { StatusDecisionRow, StatusDocumentRow } from '../refugees/model.js';
import { compare, dayAfter, dayBefore, type DateBound, type LocalDate } from '../values/local-date.js';
import { inForceOn, type InForce, type Period } from '../values/period.js';

export const validityOf = (document: StatusDocumentRow): Period => periodOf(document, 'validFrom', 'validUntil');

/** How far an open end is vouched for, in the form that rules of periods take. */
export function vouched(claims: readonly ClaimRow[]): { stillTrueUntil?: LocalDate } {
  const day = stillTrueUntil(claims, 'valid_until');
  return day ? { stillTrueUntil: day } : {};
}

/**
 * Whether nobody ever said that there is such a paper: all that speaks for its existence is INFERRED, or where nothing
 * does, all that speaks for its dates. An inferred last day alone does not make it so: most papers run for a year, and a
 * source that tells the first day seldom tells the last one.
 */
export function merelyInferred(claims: readonly ClaimRow[]): boolean {
  const existence = bearing(claims, '');
  const said =
    existence.length > 0
      ? existence
      : ['issued', 'valid_from', 'valid_until'].flatMap((field) => bearing(claims, field));
  return said.length > 0 && said.every(({ basis }) => basis === 'INFERRED');
}

/** Whether the document holds on a day; merely inferred ones at best possibly. */
function holdsOn(document: StatusDocumentRow, claims: readonly ClaimRow[], day: LocalDate): InForce {
  const certainty = inForceOn(validityOf(document), day, vouched(claims).stillTrueUntil);
  return certainty === 'CERTAIN' && merelyInferred(claims) ? 'POSSIBLE' : certainty;
}

export interface Gap {
  certainty: InForce;
  certain: DaySpanValue | null;
  possible: DaySpanValue | null;
}

/** The days between two papers of a chain. "Still so" is no end, so nothing can be said after it. */
export function gapBetween(before: StatusDocumentRow, after: StatusDocumentRow): Gap {
  const end = before.validUntil === '..' ? null : boundsOf(before, 'validUntil');
  const start = boundsOf(after, 'validFrom');
  if (!end || !start) return { certainty: 'UNKNOWN', certain: null, possible: null };
  const certain = daysBetween(end.latest, start.earliest);
  const possible = daysBetween(end.earliest, start.latest);
  return { certainty: certain ? 'CERTAIN' : possible ? 'POSSIBLE' : 'NO', certain, possible };
}

function daysBetween(last: DateBound, first: DateBound): DaySpanValue | null {
  const span = { from: dayAfter(last), until: dayBefore(first) };
  return compare(span.from, span.until) <= 0 ? spanOf(span) : null;
}

const ENDINGS = ['REFUSE_EXTENSION', 'CESSATION', 'CANCELLATION', 'REVOCATION', 'WITHDRAWAL'];
const isOfSeekers = (kind: string): boolean => kind === 'ASYLUM_SEEKER' || kind === 'ASYLUM_SEEKER_CERTIFICATE';

/** Decisions after which nobody expects another paper of that standing. */
const endingsOf = (document: StatusDocumentRow, decisions: readonly StatusDecisionRow[]): StatusDecisionRow[] =>
  decisions.filter((decision) => {
    if (!ENDINGS.includes(decision.action) || decision.country !== document.country) return false;
    const fits =
      decision.statusId && document.statusId
        ? decision.statusId === document.statusId
        : isOfSeekers(decision.concerns) === isOfSeekers(document.kind);
    const [began, decided] = [boundsOf(document, 'validFrom'), boundsOf(decision, 'decided')];
    return fits && !(began && decided && compare(decided.latest, began.earliest) < 0);
  });

export const successorKnown = (
  document: StatusDocumentRow,
  successor: StatusDocumentRow | null,
  decisions: readonly StatusDecisionRow[],
): SuccessorKnown =>
  successor ? 'KNOWN' : endingsOf(document, decisions).length > 0 ? 'ENDED_BY_DECISION' : 'UNKNOWN';

/** A document with what is said about it and what followed it. */
export interface Known {
  document: StatusDocumentRow;
  claims: readonly ClaimRow[];
  successor: StatusDocumentRow | null;
  /** Claims on the successor: whether it follows may be inferred. */
  successorClaims: readonly ClaimRow[];
}

export interface Answer {
  answer: HoldingAnswer;
  reason: string;
  /** The documents that it rests on. */
  documents: { known: Known; certainty: InForce }[];
}

/** Whether one of these documents was held on a day. Unknown is not no, and none is neither. */
export function holdingOn(
  documents: readonly Known[],
  decisions: readonly StatusDecisionRow[],
  day: LocalDate,
): Answer {
  const judged = documents.map((known) => ({ known, certainty: holdsOn(known.document, known.claims, day) }));
  const those = (certainty: InForce): Answer['documents'] => judged.filter((one) => one.certainty === certainty);
  const [certain, possible, unknown] = [those('CERTAIN'), those('POSSIBLE'), those('UNKNOWN')];
  if (certain.length > 0)
    return {
      answer: 'CERTAIN',
      reason: `A document certainly holds on ${day}: ${until(certain[0]!.known)}.`,
      documents: certain,
    };
  if (possible.length > 0) return { answer: 'POSSIBLE', reason: whyPossible(possible, day), documents: possible };
  if (unknown.length > 0)
    return {
      answer: 'UNKNOWN',
      reason: `A document is known, but nobody tells a date that decides whether it holds on ${day}.`,
      documents: unknown,
    };
  const ended = judged.filter(({ known }) => compare(lastDay(known), day) < 0);
  const last = ended.reduce<(typeof ended)[number] | undefined>(
    (a, b) => (a && compare(lastDay(a.known), lastDay(b.known)) >= 0 ? a : b),
    undefined,
  );
  if (last) return { ...afterTheEnd(last.known, decisions, day), documents: [last] };
  return {
    answer: 'NONE',
    reason:
      documents.length === 0 ? 'No document of this kind is known.' : `No document that began by ${day} is known.`,
    documents: [],
  };
}

const lastDay = ({ document }: Known): DateBound => boundsOf(document, 'validUntil')?.latest ?? 'infinity';
const until = ({ document }: Known): string =>
  document.validUntil === '..'
    ? 'a source says that it is still valid'
    : `it is valid until ${document.validUntilEarliest} at least`;

function whyPossible(possible: Answer['documents'], day: LocalDate): string {
  const inferred = possible.every(({ known }) => merelyInferred(known.claims));
  return inferred
    ? `A document that would hold on ${day} is merely inferred: no source says that there is one.`
    : `The uncertain dates of a document leave it open whether it holds on ${day}.`;
}

function afterTheEnd(
  { document, successor, successorClaims }: Known,
  decisions: readonly StatusDecisionRow[],
  day: LocalDate,
): Omit<Answer, 'documents'> {
  const ended = `The last known document ended by ${document.validUntilLatest}`;
  if (successor) {
    const began = boundsOf(successor, 'validFrom');
    if (deciding(successorClaims, 'predecessor_id')?.basis === 'INFERRED')
      return { answer: 'UNKNOWN', reason: `${ended}; that the next known one follows it is merely inferred.` };
    if (began && compare(began.earliest, day) > 0)
      return { answer: 'NO', reason: `${ended}, and the one that follows it began on ${began.earliest} or later.` };
    if (began && successor.kind !== document.kind && compare(began.latest, day) <= 0)
      return { answer: 'NO', reason: `${ended}; a document of another kind followed it.` };
    return { answer: 'UNKNOWN', reason: `${ended}; when the one that follows it began is not told.` };
  }
  const ending = endingsOf(document, decisions).find(
    (decision) => decision.decidedLatest !== null && compare(decision.decidedLatest as DateBound, day) <= 0,
  );
  if (ending) return { answer: 'NO', reason: `${ended}, and a decision ended matters by ${ending.decidedLatest}.` };
  return { answer: 'UNKNOWN', reason: `${ended}, and no successor is known.` };
}
