// What makes an entry: which rows of which table, dated by which field, told in which words. The one place to add a kind.
import { charges } from '../cases/model.js';
import { detentions } from '../detentions/model.js';
import { events } from '../events/model.js';
import type { TimelineKind } from '../generated/resolvers-types.js';
import type { AnyRow } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { refugeeStatuses, statusDecisions, statusDocuments } from '../refugees/model.js';
import { WORDINGS, type Wording } from './titles.js';

export interface Branch {
  kind: TimelineKind;
  noun: Noun;
  /** The property that dates the entry. */
  date: string;
  wording: Wording;
  /** Which rows make such an entry, in SQL; all that have the date when left out. */
  where?: string;
  /** Which rows without that date are entries all the same, in SQL: every record appears at least once. */
  undated?: string;
}

// A predecessor that is hidden is no predecessor, so the table is asked and not the column alone. As a value, because the
// planner would make a join of `exists`, and read the whole table for the first page.
const EARLIER_DOCUMENT =
  '(select true from status_documents earlier where earlier.id = status_documents.predecessor_id)';
const EARLIER_DETENTION = '(select true from detentions earlier where earlier.id = detentions.transferred_from_id)';
const FOLLOWS = `${EARLIER_DOCUMENT} is not null`;
const BEGINS = `${EARLIER_DOCUMENT} is null`;
const NO_ISSUE = 'status_documents.issued is null';

/** In the order of the kinds. A kind that is dated by one of two fields has two branches that share no row. */
export const BRANCHES: readonly Branch[] = [
  { kind: 'EVENT', noun: events, date: 'starts', wording: WORDINGS.event, undated: 'true' },
  {
    kind: 'DETENTION_STARTS',
    noun: detentions,
    date: 'starts',
    wording: WORDINGS.detention,
    where: `${EARLIER_DETENTION} is null`,
    undated: 'true',
  },
  {
    kind: 'DETENTION_TRANSFER',
    noun: detentions,
    date: 'starts',
    wording: WORDINGS.transfer,
    where: `${EARLIER_DETENTION} is not null`,
    undated: 'true',
  },
  {
    kind: 'CHARGE_FILED',
    noun: charges,
    date: 'filed',
    wording: WORDINGS.chargeFiled,
    undated: 'charges.decided is null',
  },
  { kind: 'CHARGE_DECIDED', noun: charges, date: 'decided', wording: WORDINGS.chargeDecided },
  { kind: 'DECISION', noun: statusDecisions, date: 'decided', wording: WORDINGS.decision, undated: 'true' },
  { kind: 'STATUS_STARTS', noun: refugeeStatuses, date: 'starts', wording: WORDINGS.statusStarts, undated: 'true' },
  { kind: 'DOCUMENT_ISSUED', noun: statusDocuments, date: 'issued', wording: WORDINGS.issued, where: BEGINS },
  {
    kind: 'DOCUMENT_ISSUED',
    noun: statusDocuments,
    date: 'validFrom',
    wording: WORDINGS.valid,
    where: `${NO_ISSUE} and ${BEGINS}`,
    undated: 'true',
  },
  { kind: 'DOCUMENT_RENEWED', noun: statusDocuments, date: 'issued', wording: WORDINGS.renewed, where: FOLLOWS },
  {
    kind: 'DOCUMENT_RENEWED',
    noun: statusDocuments,
    date: 'validFrom',
    wording: WORDINGS.renewed,
    where: `${NO_ISSUE} and ${FOLLOWS}`,
    undated: 'true',
  },
  { kind: 'DOCUMENT_RUNS_OUT', noun: statusDocuments, date: 'validUntil', wording: WORDINGS.runsOut },
  { kind: 'STATUS_ENDS', noun: refugeeStatuses, date: 'ends', wording: WORDINGS.statusEnds },
  { kind: 'DETENTION_ENDS', noun: detentions, date: 'ends', wording: WORDINGS.release },
  { kind: 'EVENT_ENDS', noun: events, date: 'ends', wording: WORDINGS.event },
];

const KINDS = [...new Set(BRANCHES.map(({ kind }) => kind))];

/** The place of a kind among entries of one day; from 1. */
export const rankOf = (kind: TimelineKind): number => KINDS.indexOf(kind) + 1;
export const kindOfRank = (rank: number): TimelineKind => KINDS[rank - 1]!;

/** The branch that an entry came from: of two, the one whose field is told, or the last one. */
export function branchOf(kind: TimelineKind, row: AnyRow): Branch {
  const branches = BRANCHES.filter((branch) => branch.kind === kind);
  return branches.find(({ date }) => row[date] !== null && row[date] !== undefined) ?? branches.at(-1)!;
}
