/**
 * Circumstances: what a scenario does to its cluster, summed up for the assumptions of invariants.
 */
import type { EventSpec, ScenarioSpec } from '../scenario/scenario.ts';
import type { Circumstances } from './invariants/invariant.ts';

/** Faults after which a machine, its kubelet or its containers may be gone, or out of reach of the control plane. */
const MACHINE_FAULTS: readonly string[] = [
  ...['node-crash', 'node-reboot', 'rack-outage', 'power-outage', 'zone-outage', 'region-outage'],
  ...['kubelet-crash', 'kubelet-freeze', 'partition', 'link-degradation', 'disk-slowdown'],
  ...['image-registry-outage', 'image-registry-slowdown'],
];

export function circumstancesOf(spec: ScenarioSpec): Circumstances {
  const faults = new Map<string, string[]>();
  const actions = new Set<string>();
  const deletes = new Set<string>();
  for (const { action } of spec.events as readonly EventSpec[]) {
    if (action.kind !== 'fault') {
      actions.add(action.kind);
      if (action.kind === 'delete') deletes.add(action.target.kind);
      continue;
    }
    const targets = faults.get(action.fault) ?? [];
    faults.set(action.fault, targets);
    if (action.between !== undefined) targets.push('link');
    else if (action.targets.length === 0) targets.push('');
    else targets.push(...action.targets);
  }
  const { apiServers, controllerManagers, watchCacheLag } = spec.controlPlane;
  return {
    faults,
    actions,
    deletes,
    quirks: new Set(spec.quirks),
    apiServers,
    controllerManagers,
    schedulers: spec.schedulers.reduce((sum, scheduler) => sum + scheduler.replicas, 0),
    activeSchedulers: spec.schedulers.length,
    hasLaggingServers: watchCacheLag.kind !== 'constant' || watchCacheLag.value > 0,
    strikes: (kind, target) => faults.get(kind)?.some((struck) => target === undefined || matches(struck, target)) ?? false,
    hurtsMachines: MACHINE_FAULTS.some((kind) => faults.has(kind)),
  };
}

/** Whether a target as written, perhaps with `*`, may be one that `wanted` matches. */
function matches(struck: string, wanted: RegExp): boolean {
  return wanted.test(struck) || struck.includes('*');
}
