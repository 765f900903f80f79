// What a load did, as data and as a few lines for the person at the terminal.
import type { NounName } from '../model.js';
import { NOUN_NAMES } from './dataset-fields.js';

export interface Counts {
  created: number;
  changed: number;
  unchanged: number;
}

export interface LoadReport {
  dataset: string;
  /** Everything was tried and then taken back. */
  dryRun: boolean;
  /** Only nouns that the dataset has. */
  records: Partial<Record<NounName, Counts>>;
  /** `changed`: judged anew. `replaced`: of the created ones, those that stand for an older saying, which was withdrawn. */
  claims: Counts & { replaced: number };
  /** Records that were loaded before and are no longer in the files. */
  kept: string[];
  /** Claims of which that is so: the address of each, twice where two of them have it. */
  keptClaims: string[];
}

export const newReport = (dataset: string, dryRun: boolean): LoadReport => ({
  dataset,
  dryRun,
  records: {},
  claims: { created: 0, changed: 0, unchanged: 0, replaced: 0 },
  kept: [],
  keptClaims: [],
});

export function count(report: LoadReport, noun: NounName, what: keyof Counts): void {
  (report.records[noun] ??= { created: 0, changed: 0, unchanged: 0 })[what]++;
}

/** Records and claims together. */
export function totals({ records, claims }: LoadReport): Counts {
  const all = [...Object.values(records), claims];
  const sum = (what: keyof Counts): number => all.reduce((total, counts) => total + counts[what], 0);
  return { created: sum('created'), changed: sum('changed'), unchanged: sum('unchanged') };
}

export function renderReport(report: LoadReport): string {
  const line = (name: string, { created, changed, unchanged }: Counts): string =>
    `  ${name.replaceAll('_', ' ').padEnd(20)} ${created} created, ${changed} changed, ${unchanged} unchanged`;
  const { created, changed } = totals(report);
  const { claims } = report;
  return [
    `Dataset ${report.dataset}${report.dryRun ? ' (dry run: nothing was written)' : ''}`,
    ...NOUN_NAMES.flatMap((noun) => (report.records[noun] ? [line(noun, report.records[noun])] : [])),
    line('claims', claims) +
      (claims.replaced > 0 ? `; ${claims.replaced} of the created replace an older saying, now withdrawn` : ''),
    ...report.kept.map((name) => `  ${name}: no longer in the files; kept`),
    ...keptClaimsOf(report.keptClaims),
    `${created} created, ${changed} changed.`,
  ].join('\n');
}

/** One line: whoever rewords a file leaves many old claims behind. */
function keptClaimsOf(claims: readonly string[]): string[] {
  if (claims.length === 0) return [];
  const names = [...new Set(claims)];
  const some = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ' and others' : ''}`;
  return [`  ${claims.length === 1 ? '1 claim' : `${claims.length} claims`} no longer in the files; kept: ${some}`];
}
