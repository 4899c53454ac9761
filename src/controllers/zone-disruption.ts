/**
 * Zone disruption: how ill each zone is, and what that means for the speed of evictions. Pure.
 *
 * When most of a zone is silent, the fault is more likely in between than in the nodes, so evictions
 * slow down; when everything is silent they stop.
 *
 * Models    kubernetes v1.34 pkg/controller/nodelifecycle/node_lifecycle_controller.go ComputeZoneState, handleDisruption
 * Order     zones by key
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { StringMap } from '../objects/meta.ts';
import { LABEL_REGION, LABEL_ZONE } from '../objects/node.ts';

/** `Initial` is a zone not judged yet; it differs from every other state. */
export type ZoneState = 'Initial' | 'Normal' | 'PartialDisruption' | 'FullDisruption';

export interface ZoneCount {
  readonly ready: number;
  readonly notReady: number;
}

/** Region and zone labels as one key; nodes without labels share the zone of empty names. */
export function zoneKeyOf(labels: StringMap): string {
  return `${labels[LABEL_REGION] ?? ''}:\0:${labels[LABEL_ZONE] ?? ''}`;
}

/** `threshold` is compared in single precision, as upstream. */
export function zoneState(count: ZoneCount, threshold: number): ZoneState {
  const { ready, notReady } = count;
  if (ready === 0 && notReady > 0) return 'FullDisruption';
  if (notReady > 2 && Math.fround(notReady / (notReady + ready)) >= Math.fround(threshold)) return 'PartialDisruption';
  return 'Normal';
}

export interface EvictionRates {
  /** Nodes per second in a healthy zone, and in a lost zone while others live. */
  readonly rate: number;
  /** Nodes per second in a large, partly disrupted zone; small ones get 0. */
  readonly secondaryRate: number;
  /** A zone is large above this many nodes. */
  readonly largeZoneSize: number;
  readonly unhealthyThreshold: number;
}

export interface DisruptionPlan {
  /** The state of every zone from now on. */
  readonly states: ReadonlyMap<string, ZoneState>;
  /** New eviction rates, nodes per second, only for zones where they are set anew. */
  readonly rates: ReadonlyMap<string, number>;
  /**
   * `entered`: all zones are lost now and were not before: taints come off every node. `left`: not all
   * are lost any more: every node's silence starts to count from now.
   */
  readonly fullDisruption: 'entered' | 'left' | 'unchanged';
}

/** What the counts of this pass change. `previous`: the states after the last pass. */
export function planDisruption(
  counts: ReadonlyMap<string, ZoneCount>,
  previous: ReadonlyMap<string, ZoneState>,
  limits: EvictionRates,
): DisruptionPlan {
  const zones = [...counts.keys()].sort(compareCodeUnits);
  const next = new Map(zones.map((zone) => [zone, zoneState(counts.get(zone)!, limits.unhealthyThreshold)] as const));
  const before = new Map(zones.map((zone) => [zone, previous.get(zone) ?? 'Initial'] as const));
  const areAllLost = zones.every((zone) => next.get(zone) === 'FullDisruption');
  const wereAllLost = zones.every((zone) => before.get(zone) === 'FullDisruption');
  const rates = new Map<string, number>();
  if (areAllLost && wereAllLost) return { states: before, rates, fullDisruption: 'unchanged' };
  if (areAllLost) {
    for (const zone of zones) rates.set(zone, 0);
    return { states: next, rates, fullDisruption: 'entered' };
  }
  for (const zone of zones) {
    if (wereAllLost || before.get(zone) !== next.get(zone)) rates.set(zone, rateOf(next.get(zone)!, counts.get(zone)!, limits));
  }
  return { states: next, rates, fullDisruption: wereAllLost ? 'left' : 'unchanged' };
}

function rateOf(state: ZoneState, count: ZoneCount, limits: EvictionRates): number {
  if (state !== 'PartialDisruption') return limits.rate;
  return count.ready + count.notReady > limits.largeZoneSize ? limits.secondaryRate : 0;
}
