// Claims, checked: who says it, of what value, how it is judged, and from which other claims it is derived.
import { BEARING_STANCES, DEFAULT_CREDIBILITY } from '../claims/write-claim.js';
import { readWord, type Vocabulary } from '../records/read-value.js';
import { parsePoint } from '../values/edtf.js';
import { InvalidValue } from '../values/invalid-value.js';
import type { Content, Judgement, LoadClaim, LoadRecord } from './dataset.js';
import type { Keys } from './dataset-check.js';
import type { Text, Tree } from './dataset-files.js';
import { readSensitivity } from './dataset-header.js';
import type { FlatClaim, FlatRecord } from './dataset-records.js';
import { depths } from './depths.js';
import { didYouMean } from '../values/did-you-mean.js';
import { digest } from '../values/digest.js';
import { whereIs, type Findings } from './problem.js';
import { readText, readTree } from './read-tree.js';

type Draft = Omit<LoadClaim, 'key' | 'derivedFrom' | 'depth' | 'record'> & { flat: FlatClaim; bases: FlatClaim[] };

/** Claims in the order in which they can be written. */
export function checkClaims(
  flat: readonly FlatRecord[],
  records: ReadonlyMap<string, LoadRecord>,
  keys: Keys,
  vocabulary: Vocabulary,
  findings: Findings,
): LoadClaim[] {
  const all = flat.flatMap((record) => record.claims);
  const byAddress = new Map(all.map((claim) => [claim.address, claim]));
  const reader = new ClaimReader(byAddress, keys, vocabulary, findings);
  const drafts = new Map(all.map((claim) => [claim, reader.read(claim, records.get(claim.record.key)!.sensitivity)]));
  const { depth, rings } = depths(all, (claim) => drafts.get(claim)!.bases);
  for (const ring of rings)
    findings.add(
      ring[0]!.at,
      `${[...ring, ring[0]!].map(({ address }) => address).join(' -> ')}: these claims are derived from each other in a ring.`,
    );
  if (rings.length > 0) return [];
  const ordered = [...all].sort((a, b) => depth.get(a)! - depth.get(b)! || a.order - b.order);
  return named(ordered, drafts, depth, records, findings);
}

/** A claim is known by what it says: the same words twice are one claim too many, unless somebody else said them. */
function named(
  ordered: readonly FlatClaim[],
  drafts: ReadonlyMap<FlatClaim, Draft>,
  depth: ReadonlyMap<FlatClaim, number>,
  records: ReadonlyMap<string, LoadRecord>,
  findings: Findings,
): LoadClaim[] {
  const done = new Map<FlatClaim, LoadClaim>();
  const byKey = new Map<string, LoadClaim[]>();
  for (const flat of ordered) {
    const { bases, flat: _, ...draft } = drafts.get(flat)!;
    const derivedFrom = bases.map((base) => done.get(base)!);
    const about = flat.field ? `${flat.record.key}.${flat.field.name}` : flat.record.key;
    const saying = digest([draft.value, draft.saying, derivedFrom.map(({ key }) => key).sort()]).slice(0, 16);
    const base = `claim ${about}${flat.source === null ? '~' : `@${flat.source}`} #${saying}`;
    const same = byKey.get(base) ?? [];
    const twin = same.find(
      ({ judgement: { informant, informantKey } }) =>
        informant === draft.judgement.informant && informantKey === draft.judgement.informantKey,
    );
    if (twin) findings.addRepeat('claims', flat.at, twin.at, `The same claim stands already at ${whereIs(twin.at)}.`);
    const record = records.get(flat.record.key)!;
    const claim = {
      ...draft,
      key: same.length === 0 ? base : `${base}~${same.length + 1}`,
      record,
      derivedFrom,
      depth: depth.get(flat)!,
    };
    byKey.set(base, [...same, claim]);
    done.set(flat, claim);
  }
  return [...done.values()];
}

class ClaimReader {
  constructor(
    private readonly byAddress: ReadonlyMap<string, FlatClaim>,
    private readonly keys: Keys,
    private readonly vocabulary: Vocabulary,
    private readonly findings: Findings,
  ) {}

  read(flat: FlatClaim, sensitivity: number): Draft {
    const stance = this.word(flat, 'stance', 'stance') ?? 'ASSERTS';
    const basis = this.word(flat, 'basis', 'basis') ?? 'STATED';
    const bases = this.bases(flat);
    if (flat.source === null && basis === 'STATED')
      this.findings.add(flat.at, 'A claim derived from other claims says its basis: INFERRED or COMPUTED.');
    if (flat.source === null && flat.said.has('published'))
      this.findings.add(
        flat.said.get('published')!.at,
        'A derived claim is as public as the claims it is derived from; leave "published" out.',
      );
    if (flat.source !== null) this.keys.require(flat.at, flat.source, ['sources']);
    const judgement = this.judgement(flat, sensitivity);
    return {
      ...this.value(flat, stance),
      flat,
      bases,
      address: flat.address,
      at: flat.at,
      field: flat.field?.column ?? '',
      source: flat.source,
      order: flat.order,
      saying: { wording: this.text(flat, 'wording'), locator: this.text(flat, 'locator'), stance, basis },
      judgement,
      digest: digest(judgement),
    };
  }

  private value(flat: FlatClaim, stance: string): { value: Content; earliest: string | null; latest: string | null } {
    const none = { value: { value: null }, earliest: null, latest: null };
    const tree = flat.said.get('value')?.value;
    if (!flat.field) return none;
    if (!tree) {
      if (BEARING_STANCES.includes(stance)) this.findings.add(flat.at, 'This claim has no "value".');
      return none;
    }
    const { field } = flat.field;
    const read = this.findings.trying(tree.at, () => readTree(field, tree, this.vocabulary));
    if (!read) return none;
    if (field.shape === 'ref') {
      this.keys.require(tree.at, String(read.value), [field.of!]);
      return { ...none, value: { key: String(read.value) } };
    }
    return {
      value: { value: read.value },
      earliest: read.bounds?.earliest ?? null,
      latest: read.bounds?.latest ?? null,
    };
  }

  private judgement(flat: FlatClaim, sensitivity: number): Judgement {
    const rank = this.word(flat, 'rank', 'claim_rank') ?? 'NORMAL';
    const rankReason = this.text(flat, 'because');
    if (rank === 'PREFERRED' && rankReason === null)
      this.findings.add(flat.said.get('rank')!.at, 'Preferring a claim over others needs a reason: "because".');
    const published = this.of(flat, 'published', (tree) => parsePoint(readText(tree)));
    const informant = this.informant(flat);
    return {
      rank,
      rankReason,
      credibility: this.of(flat, 'credibility', readCredibility) ?? DEFAULT_CREDIBILITY,
      sensitivity: Math.max(sensitivity, this.of(flat, 'sensitivity', readSensitivity) ?? 0),
      reference: this.text(flat, 'ref'),
      wordingLanguage: this.text(flat, 'wordingLanguage'),
      ...informant,
      note: this.text(flat, 'note'),
      published: published?.text ?? null,
      publishedEarliest: published?.earliest ?? null,
      publishedLatest: published?.latest ?? null,
    };
  }

  /** A key of a person or an organization when there is one, else the text itself. */
  private informant(flat: FlatClaim): { informant: string | null; informantKey: string | null } {
    const text = this.text(flat, 'informant');
    if (text === null) return { informant: null, informantKey: null };
    const { at } = flat.said.get('informant')!;
    if (this.keys.find(text)) {
      this.keys.require(at, text, ['persons', 'organizations']);
      return { informant: null, informantKey: text };
    }
    // A slip in a key would silently become a description of nobody.
    const meant = /^[\p{Ll}\p{N}_-]{4,}$/u.test(text) ? this.keys.near(text) : undefined;
    if (meant !== undefined && ['persons', 'organizations'].includes(this.keys.find(meant)!.noun)) {
      this.findings.add(
        at,
        `"${text}" is no key of the dataset. Did you mean "${meant}"? A description of an informant has at least two words, or is far from any key.`,
      );
    }
    return { informant: text, informantKey: null };
  }

  private bases(flat: FlatClaim): FlatClaim[] {
    const entry = flat.said.get('derivedFrom');
    if (!entry) return [];
    if (
      entry.value.kind !== 'list' ||
      entry.value.items.length === 0 ||
      entry.value.items.some((item) => item.kind !== 'text')
    ) {
      this.findings.add(entry.at, '"derivedFrom" is a list of addresses of claims, such as ["km-release.starts@S23"].');
      return [];
    }
    return (entry.value.items as Text[]).flatMap(({ text, at }, index, all) => {
      const base = this.byAddress.get(text);
      if (!base && !this.keys.isComplete) return [];
      if (!base) this.findings.add(at, `No claim has the address "${text}".${didYouMean(text, this.byAddress.keys())}`);
      else if (all.findIndex((item) => item.text === text) < index)
        this.findings.add(at, `"${text}" stands twice in this list.`);
      return base ? [base] : [];
    });
  }

  private of<T>(flat: FlatClaim, name: string, read: (tree: Tree) => T): T | undefined {
    const tree = flat.said.get(name)?.value;
    return tree && this.findings.trying(tree.at, () => read(tree));
  }

  private text = (flat: FlatClaim, name: string): string | null => this.of(flat, name, readText) ?? null;
  private word = (flat: FlatClaim, name: string, domain: string): string | undefined =>
    this.of(flat, name, (tree) => readWord(readText(tree), domain, this.vocabulary));
}

function readCredibility(tree: Tree): number {
  const text = readText(tree);
  if (!/^[1-6]$/.test(text))
    throw new InvalidValue(`"${text}" is not a credibility; write 1 (confirmed by others) to 6 (cannot be judged).`);
  return Number(text);
}
