/**
 * PendingPods: pods of the store without a node, sorted by whose fault it is: those that some node has room for, and those that wait
 * with good reason.
 *
 * Room that preemption has promised to a pod which still waits is taken for pods of its priority or less.
 *
 * Cost      nothing while no pod is pending; else one look at every pod and node of the store
 */
import { controllerOf } from '../objects/meta.ts';
import { isActive, type Pod, priorityOf } from '../objects/pod.ts';
import { AbandonedPreemptors } from './abandoned-preemptors.ts';
import type { Probe } from './invariants/invariant.ts';
import { oracleOf, type PlacementOracle } from './placement-oracle.ts';

export interface PendingVerdict {
  /** Pods with a node that has room for each of them. */
  readonly placeable: readonly { readonly pod: Pod; readonly nodeName: string }[];
  /** Pods that wait with good reason: no room, gates, no scheduler that is known, a promise to a more important one, nobody to wake them. */
  readonly stuck: readonly Pod[];
}

export class PendingPods {
  private readonly probe: Probe;
  private readonly abandoned: AbandonedPreemptors;

  constructor(probe: Probe) {
    this.probe = probe;
    this.abandoned = new AbandonedPreemptors(probe);
  }

  /** Of pods of the store that have no node, are not finished and not being deleted. */
  verdict(): PendingVerdict {
    const { probe } = this;
    const { spec, store } = probe;
    const pods = store.list('Pod').filter((pod) => pod.spec.nodeName === '' && isActive(pod));
    if (pods.length === 0) return { placeable: [], stuck: [] };
    const free: Pod[] = [];
    const stuck: Pod[] = [];
    const oracle = oracleOf(spec, store);
    for (const pod of pods) {
      const isHeld = pod.spec.schedulingGates.length > 0 || this.abandoned.has(pod.metadata.uid);
      const fits = !isHeld && oracle.nodeFor(pod, probe.nowUs()) !== undefined;
      (fits ? free : stuck).push(pod);
    }
    // Second look: with those in place that preemption has promised room, as the scheduler looks.
    const promised = stuck.filter((pod) => pod.status.nominatedNodeName !== '');
    const placeable: { pod: Pod; nodeName: string }[] = [];
    for (const pod of free) {
      const nodeName = this.nodeBeside(oracle, promised, pod);
      if (nodeName === undefined) stuck.push(pod);
      else placeable.push({ pod, nodeName });
    }
    return { placeable, stuck };
  }

  private nodeBeside(oracle: PlacementOracle, promised: readonly Pod[], pod: Pod): string | undefined {
    const ahead = promised
      .filter((other) => priorityOf(other) >= priorityOf(pod))
      .map((other) => ({ ...other, spec: { ...other.spec, nodeName: other.status.nominatedNodeName } }));
    for (const other of ahead) oracle.putPod(other);
    const nodeName = oracle.nodeFor(pod, this.probe.nowUs());
    for (const other of ahead) oracle.removePod(other);
    return nodeName;
  }

  /** Uids of all owners, of any generation, of pods that wait with good reason. */
  stuckOwners(): ReadonlySet<string> {
    const owners = new Set<string>();
    for (const pod of this.verdict().stuck) {
      const owner = controllerOf(pod);
      if (owner === undefined) continue;
      owners.add(owner.uid);
      if (owner.kind !== 'ReplicaSet') continue;
      const set = this.probe.store.get('ReplicaSet', `${pod.metadata.namespace}/${owner.name}`);
      const above = set === undefined ? undefined : controllerOf(set);
      if (above !== undefined) owners.add(above.uid);
    }
    return owners;
  }
}
