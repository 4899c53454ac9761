/**
 * Pending pods of the store, sorted by whose fault it is: those that some node has room for, and those that fit nowhere.
 *
 * Cost      nothing while no pod is pending; else one look at every pod and node of the store
 */
import { controllerOf } from '../objects/meta.ts';
import { isActive, type Pod } from '../objects/pod.ts';
import type { Probe } from './invariants/invariant.ts';
import { oracleOf } from './placement-oracle.ts';

export interface PendingPods {
  /** Pods with a node that has room for each of them. */
  readonly placeable: readonly { readonly pod: Pod; readonly nodeName: string }[];
  /** Pods that wait with good reason: no room, gates, no scheduler that is known. */
  readonly stuck: readonly Pod[];
}

/** Pods of the store that have no node, are not finished and not being deleted. */
export function pendingPods(probe: Probe): PendingPods {
  const { spec, store } = probe;
  const pods = store.list('Pod').filter((pod) => pod.spec.nodeName === '' && isActive(pod));
  if (pods.length === 0) return { placeable: [], stuck: [] };
  const placeable: { pod: Pod; nodeName: string }[] = [];
  const stuck: Pod[] = [];
  const oracle = oracleOf(spec, store);
  for (const pod of pods) {
    const nodeName = pod.spec.schedulingGates.length > 0 ? undefined : oracle.nodeFor(pod, probe.nowUs());
    if (nodeName === undefined) stuck.push(pod);
    else placeable.push({ pod, nodeName });
  }
  return { placeable, stuck };
}

/** Uids of all owners, of any generation, of pods that wait with good reason. */
export function stuckOwners(probe: Probe): ReadonlySet<string> {
  const owners = new Set<string>();
  for (const pod of pendingPods(probe).stuck) {
    const owner = controllerOf(pod);
    if (owner === undefined) continue;
    owners.add(owner.uid);
    if (owner.kind !== 'ReplicaSet') continue;
    const set = probe.store.get('ReplicaSet', `${pod.metadata.namespace}/${owner.name}`);
    const above = set === undefined ? undefined : controllerOf(set);
    if (above !== undefined) owners.add(above.uid);
  }
  return owners;
}
