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
  /** Loaded before, and no longer in the files. */
  kept: string[];
}

export const newReport = (dataset: string, dryRun: boolean): LoadReport => ({
  dataset,
  dryRun,
  records: {},
  claims: { created: 0, changed: 0, unchanged: 0, replaced: 0 },
  kept: [],
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
    `${created} created, ${changed} changed.`,
  ].join('\n');
}
