// What a server is watched with; all of it absent unless the operator asks.
import type { Config } from '../config.js';
import type { Metrics, PoolState } from './metrics.js';
import { Tally } from './tally.js';
import type { Tracing } from './tracing.js';

export interface Observing {
  metrics?: Metrics;
  /** What whoever reads the metrics must show. */
  metricsToken?: string;
  tracing?: Tracing;
  /** From how many milliseconds on a statement is named in the log. */
  slowMs?: number;
}

export const newTally = ({ tracing, slowMs }: Observing): Tally => new Tally(slowMs, tracing?.begin());

interface Pools {
  states(): readonly PoolState[];
  watch(told: (pool: string, ms: number) => void): void;
}

/** What is off is not even loaded. */
export async function openObserving(
  { metricsToken, slowMs, telemetry }: Pick<Config, 'metricsToken' | 'slowMs' | 'telemetry'>,
  pools: Pools,
  isSealing?: () => boolean,
): Promise<Observing> {
  const tracing = telemetry === 'on' ? (await import('./tracing.js')).openTracing() : undefined;
  if (metricsToken === undefined) return { slowMs, tracing };
  const metrics = (await import('./metrics.js')).openMetrics({ pools: () => pools.states(), isSealing });
  pools.watch(metrics.waited);
  return { slowMs, tracing, metrics, metricsToken };
}
