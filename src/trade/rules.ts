// Quantities keep their unit: observations meet only when they count the same thing in the same unit, and are never added.
import type { TradeMetric, TradeUnit } from '../generated/resolvers-types.js';
import type { TradeObservationRow } from './model.js';

export interface ObservationGroup {
  metric: TradeMetric;
  unit: TradeUnit;
  observations: TradeObservationRow[];
}

/** Groups in the order of metric and unit; inside a group the given order stays. */
export function byUnit(observations: readonly TradeObservationRow[]): ObservationGroup[] {
  const groups = new Map<string, ObservationGroup>();
  for (const observation of observations) {
    const key = `${observation.metric} ${observation.unit}`;
    const group = groups.get(key) ?? {
      metric: observation.metric as TradeMetric,
      unit: observation.unit as TradeUnit,
      observations: [],
    };
    group.observations.push(observation);
    groups.set(key, group);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
