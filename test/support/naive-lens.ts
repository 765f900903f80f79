// What a lens shows, worked out the slow way: no SQL, no index, no preference column. Days are whole numbers, the instants
// of recording are steps, records and claims are known by their place in the world. It says what
// docs/decisions/0011-lens.md says, and no more.

type Rank = 'PREFERRED' | 'NORMAL' | 'DEPRECATED';
export interface Span {
  earliest: number;
  latest: number;
}
export interface SourceFact extends Span {
  level: number;
}
export interface RecordFact {
  noun: string;
  level: number;
  /** The step at which it was recorded. */
  step: number;
  /** Records it cannot be without. */
  parents: number[];
}
export interface ClaimFact {
  record: number;
  /** '' says that the record exists. */
  field: string;
  value: unknown;
  /** Either a source, or earlier claims that it is derived from. */
  source: number | null;
  bases: number[];
  stance: 'ASSERTS' | 'REPORTS_ALLEGATION' | 'DENIES' | 'OFFICIAL_DENIAL' | 'NEUTRAL_MENTION';
  basis: 'STATED' | 'COMPUTED' | 'INFERRED';
  rank: Rank;
  credibility: number;
  level: number;
  /** Where the passage became public on another day than its source. */
  published: Span | null;
  step: number;
}
export type Change = { step: number } & ({ claim: number; rank: Rank } | { source: number; published: Span });
export interface World {
  sources: SourceFact[];
  records: RecordFact[];
  claims: ClaimFact[];
  changes: Change[];
}
export interface Seen {
  P?: number;
  possible?: boolean;
  S?: number[];
  /** What was recorded by this step; all of it unless given. */
  R?: number;
}
/** A record as it is seen: its claims, and for each field the claim that decides it. */
export interface Shown {
  claims: number[];
  deciding: Map<string, number>;
}

/** By the place of the record in the world; those that are not there do not exist under the lens. */
export function look(
  { sources, records, claims, changes }: World,
  { P, possible, S, R = Infinity }: Seen,
): Map<number, Shown> {
  const past = changes.filter(({ step }) => step <= R);
  const rankOf = (claim: number): Rank =>
    past.reduce(
      (rank, change) => ('claim' in change && change.claim === claim ? change.rank : rank),
      claims[claim]!.rank,
    );
  const spanOf = (source: number): Span =>
    past.reduce<Span>(
      (span, change) => ('source' in change && change.source === source ? change.published : span),
      sources[source]!,
    );

  const rootsOf = (claim: number): number[] => {
    const { source, bases } = claims[claim]!;
    return source === null ? bases.flatMap(rootsOf) : [source];
  };
  const publishedOf = (claim: number): Span => {
    const { source, bases, published } = claims[claim]!;
    if (source !== null) return published ?? spanOf(source);
    const of = bases.map(publishedOf);
    return { earliest: Math.max(...of.map((s) => s.earliest)), latest: Math.max(...of.map((s) => s.latest)) };
  };
  const levelOf = (claim: number): number =>
    Math.max(
      claims[claim]!.level,
      ...claims[claim]!.bases.map(levelOf),
      ...rootsOf(claim).map((root) => sources[root]!.level),
    );
  const stands = (claim: number): boolean => rankOf(claim) !== 'DEPRECATED' && claims[claim]!.bases.every(stands);
  const bears = (claim: number): boolean => {
    const { stance, field } = claims[claim]!;
    return (
      stands(claim) &&
      (stance === 'ASSERTS' || stance === 'REPORTS_ALLEGATION' || (stance === 'NEUTRAL_MENTION' && field === ''))
    );
  };
  const visible = (claim: number): boolean =>
    claims[claim]!.step <= R &&
    (P === undefined || publishedOf(claim)[possible ? 'earliest' : 'latest'] <= P) &&
    (S === undefined || rootsOf(claim).every((root) => S.includes(root)));
  const weight = (claim: number): number[] => {
    const { basis, credibility } = claims[claim]!;
    return [
      ['PREFERRED', 'NORMAL'].indexOf(rankOf(claim)),
      ['STATED', 'COMPUTED', 'INFERRED'].indexOf(basis),
      credibility,
      claim,
    ];
  };
  const stronger = (a: number, b: number): number =>
    weight(a)
      .map((x, i) => x - weight(b)[i]!)
      .find((d) => d !== 0) ?? 0;
  const descends = (record: number, from: number): boolean =>
    record === from || records[record]!.parents.some((parent) => descends(parent, from));

  const all = claims.map((_, i) => i);
  const chosen = P !== undefined || S !== undefined;
  return new Map(
    records.flatMap((record, i): [number, Shown][] => {
      if (record.step > R) return [];
      const seen = all.filter(visible);
      const speak = seen.filter((c) => bears(c) && levelOf(c) <= record.level);
      // Without P and S the record stands as it was entered; with them somebody must speak of it, or of what needs it.
      if (chosen && !speak.some((c) => descends(claims[c]!.record, i))) return [];
      const own = speak.filter((c) => claims[c]!.record === i && claims[c]!.field !== '').sort(stronger);
      const deciding = new Map([...own].reverse().map((c) => [claims[c]!.field, c]));
      return [[i, { claims: seen.filter((c) => claims[c]!.record === i), deciding }]];
    }),
  );
}
