// An entry in a few plain words, made from the data alone. Every sentence is listed beforehand, by the words of the closed
// vocabularies that it depends on, so that a search for text knows all that a title may say.
import type {
  ChargeStatus,
  DecisionAction,
  DetentionFacility,
  DetentionOutcome,
  EventKind,
  RefugeeStatusKind,
  StatusDocumentKind,
  Succession,
} from '../generated/resolvers-types.js';
import type { AnyRow } from '../records/loaders.js';
import { snake } from '../records/noun.js';

/** How a title comes about. */
export interface Wording {
  /** The properties whose words choose the sentence. */
  by: readonly string[];
  /** The words, joined by a blank where there are two (a missing one is left out), and the sentence they make. */
  sentences: Readonly<Record<string, string>>;
  /** A property whose own text takes the place of the sentence. */
  instead?: string;
  /** A property whose own text is added to the sentence. */
  after?: string;
}

export function titleOf({ by, sentences, instead, after }: Wording, row: AnyRow): string {
  const own = instead && (row[instead] as string | null);
  if (own) return own;
  const words = by.map((property) => row[property]).filter((word) => word !== null && word !== undefined);
  const sentence = sentences[words.join(' ')] ?? '';
  const detail = after && (row[after] as string | null);
  return detail ? `${sentence}: ${detail}` : sentence;
}

/** The same in SQL, for a row under an alias. */
export function sentenceSql({ by, sentences, instead, after }: Wording, row: string): string {
  const known = `'${JSON.stringify(sentences).replaceAll("'", "''")}'::jsonb`;
  const words =
    by.length > 0 ? `concat_ws(' ', ${by.map((property) => `${row}.${snake(property)}`).join(', ')})` : `''`;
  const sentence = `coalesce(${known} ->> ${words}, '')`;
  const told = (property: string): string => `nullif(${row}.${snake(property)}, '')`;
  const whole = after ? `(${sentence} || coalesce(': ' || ${told(after)}, ''))` : sentence;
  return instead ? `coalesce(${told(instead)}, ${whole})` : whole;
}

/** Keys of the sentences that hold a text, upper and lower case alike. */
export const wordsSaying = ({ sentences }: Wording, text: string): string[] =>
  Object.entries(sentences)
    .filter(([, sentence]) => sentence.toLowerCase().includes(text.toLowerCase()))
    .map(([words]) => words);

const DOCUMENTS: Record<StatusDocumentKind, string> = {
  ASYLUM_SEEKER_CERTIFICATE: 'Asylum-seeker certificate',
  REFUGEE_CERTIFICATE: 'Refugee certificate',
  TRAVEL_DOCUMENT: 'Travel document',
  RESIDENCE_PERMIT: 'Residence permit',
  UNHCR_DOCUMENT: 'UNHCR document',
  OTHER: 'Document',
};

const STATUSES: Record<RefugeeStatusKind, string> = {
  ASYLUM_SEEKER: 'Asylum-seeker status',
  REFUGEE_CONVENTION: 'Refugee status',
  REFUGEE_MANDATE: 'Refugee status under the mandate of UNHCR',
  PRIMA_FACIE: 'Prima facie refugee status',
  COMPLEMENTARY_OR_SUBSIDIARY: 'Complementary protection',
  TEMPORARY_PROTECTION: 'Temporary protection',
  STATELESS: 'Status of a stateless person',
  RETURNEE: 'Status of a returnee',
  IDP: 'Status of an internally displaced person',
  RESETTLED: 'Resettlement',
  NATURALIZED: 'Citizenship',
  NONE_AFTER_REFUSAL: 'No status after a refusal',
  OTHER: 'Status',
};

const ACTIONS: Record<DecisionAction, (status: string) => string> = {
  APPLY: (status) => `${status} applied for`,
  REGISTER: (status) => `${status} registered`,
  GRANT: (status) => `${status} granted`,
  EXTEND: (status) => `${status} extended`,
  REPLACE: (status) => `${status}: document replaced`,
  REFUSE: (status) => `${status} refused`,
  REFUSE_EXTENSION: (status) => `${status}: extension refused`,
  POSTPONE: (status) => `${status}: decision put off`,
  APPEAL: (status) => `${status}: appeal made`,
  UPHOLD: (status) => `${status}: decision upheld on appeal`,
  OVERTURN: (status) => `${status}: decision overturned on appeal`,
  CLOSE: (status) => `${status}: closed without a decision on the merits`,
  CESSATION: (status) => `${status} ended by cessation`,
  CANCELLATION: (status) => `${status} cancelled`,
  REVOCATION: (status) => `${status} revoked`,
  WITHDRAWAL: (status) => `${status} withdrawn`,
  EXPIRY: (status) => `${status} expired`,
};

const FACILITIES: Record<DetentionFacility, string> = {
  POLICE_CUSTODY: 'police custody',
  PRETRIAL_DETENTION: 'pre-trial detention',
  PRISON: 'prison',
  PENAL_COLONY: 'penal colony',
  INTERNMENT_CAMP: 'internment camp',
  IMMIGRATION_DETENTION: 'immigration detention',
  HOUSE_ARREST: 'house arrest',
  OTHER: 'another place',
  UNKNOWN: 'place not known',
};

const OUTCOMES: Record<DetentionOutcome, string> = {
  RELEASED_UNDER_INVESTIGATION: 'Released, the investigation going on',
  RELEASED_UNDER_TRIAL: 'Released, the trial going on',
  RELEASED_CASE_STOPPED: 'Released, the case being stopped',
  RELEASED_ACQUITTED: 'Released after an acquittal',
  RELEASED_SENTENCE_SERVED: 'Released after serving the sentence',
  ESCAPED: 'Escaped from detention',
  TRANSFERRED: 'Detention ends by transfer',
  DEAD: 'Died in detention',
  MISSING: 'Missing from detention',
  EXILED_OR_DEPORTED: 'Detention ends by exile or deportation',
  RESTRICTED_IN_MOVEMENT: 'Let go with restricted movement',
  UNKNOWN: 'Detention ends',
};

const CHARGES: Record<ChargeStatus, string> = {
  UNKNOWN: 'Charge decided',
  NOT_CHARGED: 'Not charged',
  PENDING: 'Charge pending',
  DROPPED: 'Charge dropped',
  CONVICTED: 'Convicted',
  ACQUITTED: 'Acquitted',
  PENDING_APPEAL: 'Appeal pending',
};

const EVENTS: Record<EventKind, string> = {
  ARREST: 'Arrest',
  DETENTION_IMPRISONMENT: 'Detention or imprisonment',
  DENIAL_OF_RELEASE: 'Denial of release',
  DISAPPEARANCE: 'Disappearance',
  ABDUCTION: 'Abduction',
  HOUSE_ARREST: 'House arrest',
  TRIAL: 'Trial',
  SENTENCING: 'Sentencing',
  RELEASE: 'Release',
  BORDER_CROSSING: 'Border crossing',
  EXPULSION_DEPORTATION: 'Expulsion or deportation',
  DENIAL_OF_EXPULSION_REVIEW: 'Denial of a review of the expulsion',
  DENIAL_OF_ASYLUM: 'Denial of asylum',
  REFOULEMENT: 'Refoulement',
  EXILE: 'Exile',
  PHYSICAL_ATTACK: 'Physical attack',
  THREAT: 'Threat',
  SURVEILLANCE: 'Surveillance',
  TRAVEL_RESTRICTION: 'Travel restriction',
  STATUS_DECISION: 'Decision on status',
  PUBLIC_STATEMENT: 'Public statement',
  TRADE_MEASURE: 'Trade measure',
  NEGOTIATION: 'Negotiation',
  PROTEST: 'Protest',
  RESETTLEMENT: 'Resettlement',
  OTHER: 'Event',
};

const SUCCESSIONS: Record<Succession | '', string> = {
  EXTENSION: 'extended',
  REPLACEMENT: 'issued in place of an earlier document',
  REISSUE: 'issued anew',
  '': 'follows an earlier document',
};

type Words = Readonly<Record<string, string>>;
const each = (words: Words, say: (text: string) => string): Words =>
  Object.fromEntries(Object.entries(words).map(([word, text]) => [word, say(text)]));
const pairs = <T>(first: Words, second: Readonly<Record<string, T>>, say: (text: string, other: T) => string): Words =>
  Object.fromEntries(
    Object.entries(first).flatMap(([a, text]) =>
      Object.entries(second).map(([b, other]) => [[a, b].filter(Boolean).join(' '), say(text, other)]),
    ),
  );

export const WORDINGS = {
  event: { by: ['kind'], sentences: EVENTS, instead: 'title' },
  detention: { by: ['facilityKind'], sentences: each(FACILITIES, (facility) => `Detention begins: ${facility}`) },
  transfer: {
    by: ['facilityKind'],
    sentences: each(FACILITIES, (facility) => `Detention goes on after a transfer: ${facility}`),
  },
  release: { by: ['outcome'], sentences: { ...OUTCOMES, '': 'Detention ends' } },
  chargeFiled: { by: [], sentences: { '': 'Charge filed' }, after: 'offence' },
  chargeDecided: { by: ['status'], sentences: { ...CHARGES, '': 'Charge decided' }, after: 'offence' },
  decision: { by: ['concerns', 'action'], sentences: pairs(STATUSES, ACTIONS, (status, say) => say(status)) },
  statusStarts: { by: ['kind'], sentences: each(STATUSES, (status) => `${status} begins`) },
  statusEnds: { by: ['kind'], sentences: each(STATUSES, (status) => `${status} ends`) },
  issued: { by: ['kind'], sentences: each(DOCUMENTS, (document) => `${document} issued`) },
  valid: { by: ['kind'], sentences: each(DOCUMENTS, (document) => `${document} becomes valid`) },
  renewed: {
    by: ['kind', 'succession'],
    sentences: pairs(DOCUMENTS, SUCCESSIONS, (document, how) => `${document} ${how}`),
  },
  runsOut: { by: ['kind'], sentences: each(DOCUMENTS, (document) => `${document} runs out`) },
} satisfies Record<string, Wording>;
