// Figures as tables, and what is promised of them. A target that cannot be measured is not met, and is not missed either.
import type { ContenderName } from './contenders.js';
import { QUERIES, type QueryName } from './queries.js';
import type { Beside, Figures, Table } from './rounds.js';

export interface Measured {
  table: Table;
  memory: Partial<Record<ContenderName, number>>;
  beside: Beside;
}

export interface Target {
  what: string;
  /** Undefined: not measured. */
  value: number | undefined;
  bound: number;
  at: 'least' | 'most';
}

/** x PostGraphile and x the limit, both at least, in answers a second at 16 connections. */
const RATES: Record<QueryName, { peer: number; limit: number }> = {
  person: { peer: 2.2, limit: 0.7 },
  page: { peer: 2.2, limit: 0.9 },
  timeline: { peer: 2.5, limit: 0.92 },
  expiring: { peer: 2.2, limit: 0.9 },
};
const P99_X_LIMIT = 1.5;
const MEMORY = 200;
const BESIDE_X_ALONE = 1.5;

const over = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined || b === 0 ? undefined : a / b;

export function targetsOf({ table, memory, beside }: Measured): Target[] {
  return [
    ...QUERIES.flatMap((query): Target[] => {
      const { kualik, limit, postgraphile } = table[query];
      return [
        {
          what: `${query}: answers, x PostGraphile`,
          value: over(kualik?.rps, postgraphile?.rps),
          bound: RATES[query].peer,
          at: 'least',
        },
        {
          what: `${query}: answers, x the limit`,
          value: over(kualik?.rps, limit?.rps),
          bound: RATES[query].limit,
          at: 'least',
        },
        { what: `${query}: p99, x the limit`, value: over(kualik?.p99, limit?.p99), bound: P99_X_LIMIT, at: 'most' },
      ];
    }),
    { what: 'memory of Kualik after all, MB', value: memory.kualik, bound: MEMORY, at: 'most' },
    {
      what: 'person beside timelines, p50, x alone',
      value: over(beside.beside, beside.alone),
      bound: BESIDE_X_ALONE,
      at: 'most',
    },
  ];
}

export const isMissed = ({ value, bound, at }: Target): boolean =>
  value !== undefined && (at === 'least' ? value < bound : value > bound);

const NAMES: Record<ContenderName, string> = { kualik: 'Kualik', limit: 'limit', postgraphile: 'PostGraphile' };
const ratio = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(2));
const ms = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0));

function line(query: QueryName, name: ContenderName, figures: Figures | undefined, all: Table[QueryName]): string {
  if (!figures) return `| ${query} | ${NAMES[name]} | not run | | | | | | | |`;
  const { rps, p50, p99, alone, nodeCpu, databaseCpu, bytes } = figures;
  const cells = [
    Math.round(rps).toString(),
    ratio(over(rps, all.limit?.rps)),
    ratio(over(rps, all.postgraphile?.rps)),
    `${ms(p50)} / ${ms(p99)}`,
    ms(alone),
    nodeCpu.toFixed(2),
    databaseCpu.toFixed(2),
    `${(bytes / 1024).toFixed(1)} KB`,
  ];
  return `| ${query} | ${NAMES[name]} | ${cells.join(' | ')} |`;
}

export function tableText({ table, memory, beside }: Measured): string {
  const names = ['limit', 'kualik', 'postgraphile'] as const;
  return [
    '| question | who | answers/s, c=16 | x limit | x PostGraphile | p50 / p99 ms | p50 ms, c=1 | CPU ms node | CPU ms database | answer |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...QUERIES.flatMap((query) => names.map((name) => line(query, name, table[query][name], table[query]))),
    '',
    `Memory after all, MB: ${names.map((name) => `${NAMES[name]} ${memory[name] === undefined ? 'not run' : Math.round(memory[name])}`).join(', ')}.`,
    `Person by id at one connection, p50 ms: alone ${ms(beside.alone)}, beside timelines ${ms(beside.beside)}; ` +
      `the limit, in a process and a pool of its own, ${ms(beside.exclusiveAlone)} and ${ms(beside.exclusiveBeside)}.`,
  ].join('\n');
}

export const targetsText = (targets: readonly Target[]): string =>
  [
    '| target | bound | found | |',
    '| --- | --- | --- | --- |',
    ...targets.map((target) => {
      const { what, value, bound, at } = target;
      const verdict = value === undefined ? 'not run' : isMissed(target) ? 'MISSED' : 'met';
      return `| ${what} | at ${at} ${bound} | ${ratio(value)} | ${verdict} |`;
    }),
  ].join('\n');
