// The loads, in turns: within a round every contender is asked the same question one after another, so that a busy machine
// slows all of them alike; figures are medians over the rounds.
import type { Contender, ContenderName } from './contenders.js';
import type { Loader } from './load/loader.js';
import { cpuOf, cpuOfFamily, memoryOf } from './load/proc.js';
import { QUERIES, type QueryName } from './queries.js';
import type { Samples } from './samples.js';

export interface Figures {
  /** At 16 connections. */
  rps: number;
  p50: number;
  p99: number;
  /** At one connection. */
  alone: number;
  /** Milliseconds of CPU a request, at 16 connections. */
  nodeCpu: number;
  databaseCpu: number;
  bytes: number;
  failures: number;
}
export type Table = Record<QueryName, Partial<Record<ContenderName, Figures>>>;

export interface Plan {
  rounds: number;
  seconds: number;
  /** Before the rounds: statements are prepared, code is compiled, pages are read. */
  warm: number;
}

const MANY = 16;
const STRIDE = 97;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};

export interface Bench {
  contenders: readonly Contender[];
  samples: Samples;
  loader: Loader;
  postmaster: number;
  say(line: string): void;
}

export const bodiesOf = ({ samples }: Pick<Bench, 'samples'>, one: Contender, query: QueryName): string[] =>
  samples[query].map((asked) => one.bodyOf(query, asked));

async function measure(
  bench: Bench,
  one: Contender,
  query: QueryName,
  seconds: number,
  round: number,
): Promise<Figures> {
  const job = {
    port: one.port,
    path: one.pathOf(query),
    headers: one.headers,
    bodies: bodiesOf(bench, one, query),
    from: round * STRIDE,
  };
  const before = { node: cpuOf(one.pid), database: cpuOfFamily(bench.postmaster) };
  const many = await bench.loader.run({ ...job, connections: MANY, seconds });
  const spent = { node: cpuOf(one.pid) - before.node, database: cpuOfFamily(bench.postmaster) - before.database };
  const single = await bench.loader.run({ ...job, connections: 1, seconds: seconds / 2 });
  const failures = many.failures + single.failures;
  if (failures > 0)
    bench.say(
      `  ${failures} of ${many.requests + single.requests} answers of ${one.name} to ${query} are not good: ${many.firstFailure ?? single.firstFailure}`,
    );
  return {
    rps: many.requests / many.seconds,
    p50: many.p50,
    p99: many.p99,
    alone: single.p50,
    nodeCpu: spent.node / many.requests,
    databaseCpu: spent.database / many.requests,
    bytes: many.bytes,
    failures,
  };
}

function medians(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0]!) as (keyof Figures)[];
  const of = (name: keyof Figures): number => median(rounds.map((round) => round[name]));
  return {
    ...(Object.fromEntries(names.map((name) => [name, of(name)])) as unknown as Figures),
    failures: rounds.reduce((sum, { failures }) => sum + failures, 0),
  };
}

/** Begins with another contender in each round. */
const rotated = <T>(all: readonly T[], by: number): T[] => all.map((_, n) => all[(n + by) % all.length]!);

export async function runRounds(bench: Bench, { rounds, seconds, warm }: Plan): Promise<Table> {
  const table = {} as Table;
  for (const query of QUERIES) {
    for (const one of bench.contenders) await measure(bench, one, query, warm, rounds);
    const found = new Map<ContenderName, Figures[]>();
    for (let round = 0; round < rounds; round++)
      for (const one of rotated(bench.contenders, round))
        found.set(one.name, [...(found.get(one.name) ?? []), await measure(bench, one, query, seconds, round)]);
    table[query] = Object.fromEntries([...found].map(([name, all]) => [name, medians(all)]));
    bench.say(`  ${query}: ${[...found].map(([name, all]) => `${name} ${Math.round(medians(all).rps)}/s`).join(', ')}`);
  }
  return table;
}

export interface Beside {
  /** Milliseconds, at one connection. */
  alone: number;
  beside: number;
  /** The same two of the limit, while Kualik carries the heavy questions: a pool and a process of its own. */
  exclusiveAlone: number;
  exclusiveBeside: number;
}

/** A light question at one connection, while timelines are asked at another; a core is left for it where there are two. */
export async function lightBesideHeavy(bench: Bench, heavy: Loader, { rounds, seconds }: Plan): Promise<Beside> {
  const [kualik, limit] = [
    bench.contenders.find(({ name }) => name === 'kualik')!,
    bench.contenders.find(({ name }) => name === 'limit')!,
  ];
  const light = async (one: Contender, round: number): Promise<number> => {
    const job = {
      port: one.port,
      path: one.pathOf('person'),
      headers: one.headers,
      bodies: bodiesOf(bench, one, 'person'),
    };
    return (await bench.loader.run({ ...job, connections: 1, seconds: seconds / 2, from: round * STRIDE })).p50;
  };
  const beside = async (one: Contender, round: number): Promise<number> => {
    const bodies = bodiesOf(bench, kualik, 'timeline');
    const carried = heavy.run({
      port: kualik.port,
      path: kualik.pathOf('timeline'),
      headers: kualik.headers,
      bodies,
      connections: 1,
      seconds,
      from: round,
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const found = await light(one, round);
    await carried;
    return found;
  };
  const all: Beside[] = [];
  for (let round = 0; round < rounds; round++)
    all.push({
      alone: await light(kualik, round),
      beside: await beside(kualik, round),
      exclusiveAlone: await light(limit, round),
      exclusiveBeside: await beside(limit, round),
    });
  const of = (name: keyof Beside): number => median(all.map((one) => one[name]));
  return {
    alone: of('alone'),
    beside: of('beside'),
    exclusiveAlone: of('exclusiveAlone'),
    exclusiveBeside: of('exclusiveBeside'),
  };
}

/** Megabytes after all loads. */
export const memories = (contenders: readonly Contender[]): Partial<Record<ContenderName, number>> =>
  Object.fromEntries(contenders.map(({ name, pid }) => [name, memoryOf(pid)]));
