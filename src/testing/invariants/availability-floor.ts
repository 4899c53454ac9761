/**
 * availability-floor: a rolling update takes no more pods out than it may: the ReplicaSets of a Deployment never delete below
 * replicas - maxUnavailable available pods, and a StatefulSet in order has one pod on its way at a time, the highest of
 * a surplus first. Of a surplus it waits for the pods above only: one below that is on its way already does not hold it up (processCondemned
 * of pkg/controller/statefulset/stateful_set_control.go, v1.34).
 *
 * Judged when the controllers themselves delete a pod; what breaks or is deleted otherwise is not their doing.
 *
 * Allowed   - pods that were lost in other ways less than 60 s ago: a scale-down that was decided before goes on
 *           - a pod that has been available for less than 2 s
 *           - a pod beside which its ReplicaSet has one that is ready and was not available 2 s ago: which of them it deletes is its own choice
 *           - as many pods more as other ReplicaSets of the Deployment deleted less than 2 s ago: the status that a ReplicaSet writes with a
 *             deletion still counts the pod, and its Deployment goes by that (syncReplicaSet of pkg/controller/replicaset/replica_set.go, v1.34)
 *           - a Deployment scaled or changed less than 60 s ago, for the same reason
 *           - a controller manager that cannot see: what it takes for available may be long gone, or what it waits for be late: one
 *             request without answer holds its worker up for a minute
 * Cost      O(1) per write of a pod; O(pods of the Deployment) per pod its ReplicaSets delete
 */
import { ordinalOf } from '../../controllers/statefulset-plan.ts';
import { MINUTE_US, SECOND_US } from '../../engine/units.ts';
import { controllerOf, keyOf } from '../../objects/meta.ts';
import { isActive, isPodReady, isTerminal, type Pod, podCondition } from '../../objects/pod.ts';
import type { Deployment, StatefulSet } from '../../objects/workloads.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { RecentExtreme } from '../recent-extreme.ts';
import { defineInvariant, type Probe } from './invariant.ts';

const LATELY_US = MINUTE_US;
const LAG_US = 2 * SECOND_US;

export const availabilityFloor = defineInvariant({
  name: 'availability-floor',
  id: 'I15',
  summary: 'rolling updates leave as many pods available as they must',
  create: (probe) => {
    const book = new Floors(probe);
    probe.onCommit('Pod', (_type, old, pod) => book.notePod(old, pod));
    probe.onCommit('Deployment', (_type, old, deployment) => book.noteDeployment(old, deployment));
    probe.onWrite(({ client, verb, kind, key, isDone }) => {
      if (!isDone || verb !== 'delete' || kind !== 'Pod') return;
      if (client.endsWith('/replicaset')) book.noteScaleDown(key);
      else if (client.endsWith('/statefulset')) book.noteOrderedDeletion(key);
    });
    return {};
  },
});

class Floors {
  private readonly probe: Probe;
  private readonly window: FaultWindow;
  /** Lowest floor of late, by uid of the Deployment. */
  private readonly floors: Map<string, RecentExtreme>;
  /** When pods were last lost without their ReplicaSet deleting them, by uid of the ReplicaSet. */
  private readonly lostAtUs: Map<string, number>;
  /** Pods that a StatefulSet is deleting, by its uid: keys. */
  private readonly going: Map<string, Set<string>>;
  /** What ReplicaSets deleted of available pods in the last 2 s, by uid of the Deployment. */
  private readonly taken: Map<string, { readonly setUid: string; readonly timeUs: number }[]>;
  /** The available pod that ceased to be so by the last write of a pod, which may be the one about to be announced. */
  private last: Pod | undefined;
  private lossBefore: number | undefined;

  constructor(probe: Probe) {
    this.probe = probe;
    this.window = new FaultWindow(probe, { opens: blinding(probe, /controller-manager/), graceUs: blindnessUs });
    this.floors = new Map();
    this.lostAtUs = new Map();
    this.going = new Map();
    this.taken = new Map();
    this.last = undefined;
    this.lossBefore = undefined;
  }

  noteDeployment(old: Deployment | undefined, deployment: Deployment | undefined): void {
    if (deployment === undefined) {
      this.floors.delete(old!.metadata.uid);
      return;
    }
    const { uid } = deployment.metadata;
    let floor = this.floors.get(uid);
    if (floor === undefined) {
      floor = new RecentExtreme(LATELY_US, 'smallest');
      this.floors.set(uid, floor);
    }
    floor.set(this.probe.nowUs(), floorOf(deployment));
  }

  notePod(old: Pod | undefined, pod: Pod | undefined): void {
    this.last = undefined;
    const owner = old === undefined ? undefined : controllerOf(old);
    if (old === undefined || owner === undefined) return;
    if (owner.kind === 'StatefulSet') {
      if (pod === undefined) this.going.get(owner.uid)?.delete(keyOf(old));
      this.last = old;
      return;
    }
    const isLost = isActive(old) && isPodReady(old) && (pod === undefined || !isActive(pod) || !isPodReady(pod));
    if (owner.kind !== 'ReplicaSet' || !isLost) return;
    this.last = old;
    this.lossBefore = this.lostAtUs.get(owner.uid);
    this.lostAtUs.set(owner.uid, this.probe.nowUs());
  }

  /** A ReplicaSet has deleted the pod `key`. */
  noteScaleDown(key: string): void {
    const pod = this.last;
    this.last = undefined;
    if (pod === undefined || keyOf(pod) !== key) return;
    const set = controllerOf(pod)!;
    if (this.lossBefore === undefined) this.lostAtUs.delete(set.uid);
    else this.lostAtUs.set(set.uid, this.lossBefore);
    const deployment = this.deploymentOf(pod);
    if (
      deployment === undefined ||
      deployment.spec.strategy.type !== 'RollingUpdate' ||
      deployment.metadata.deletionTimestamp !== undefined
    )
      return;
    const nowUs = this.probe.nowUs();
    // A pod that was not available is nobody's loss.
    if (this.window.isOpen || !isAvailable(pod, deployment, nowUs - LAG_US)) return;
    const sets = new Set(
      this.probe.store
        .list('ReplicaSet', pod.metadata.namespace)
        .filter((candidate) => controllerOf(candidate)?.uid === deployment.metadata.uid)
        .map(({ metadata }) => metadata.uid),
    );
    const stillCounted = this.noteTaken(deployment.metadata.uid, set.uid, nowUs);
    if (!this.probe.isStrict && this.hasUnavailableSibling(pod, set.uid, deployment, nowUs)) return;
    for (const uid of sets) if (nowUs - (this.lostAtUs.get(uid) ?? -Infinity) < LATELY_US && !this.probe.isStrict) return;
    const floor = this.floors.get(deployment.metadata.uid)?.at(nowUs) ?? 0;
    const available = this.probe.store.list('Pod', pod.metadata.namespace).filter((other) => {
      return sets.has(controllerOf(other)?.uid ?? '') && isActive(other) && isAvailable(other, deployment, nowUs);
    }).length;
    if (available + (this.probe.isStrict ? 0 : stillCounted) >= floor) return;
    const name = `deployment/${keyOf(deployment)}`;
    this.probe.report(`${name} scaled down to ${available} available pods, at least ${floor} must be left`, [name, `pod/${key}`]);
  }

  /** Gives how many available pods other ReplicaSets of the Deployment have deleted just now. */
  private noteTaken(deploymentUid: string, setUid: string, nowUs: number): number {
    const recent = (this.taken.get(deploymentUid) ?? []).filter(({ timeUs }) => nowUs - timeUs < LAG_US);
    this.taken.set(deploymentUid, [...recent, { setUid, timeUs: nowUs }]);
    return recent.filter((other) => other.setUid !== setUid).length;
  }

  /** A ReplicaSet ranks by readiness: told to give up a pod that is not available yet, it may give up one that is. */
  private hasUnavailableSibling({ metadata }: Pod, setUid: string, deployment: Deployment, nowUs: number): boolean {
    return this.probe.store.list('Pod', metadata.namespace).some((other) => {
      return controllerOf(other)?.uid === setUid && isActive(other) && isPodReady(other) && !isAvailable(other, deployment, nowUs - LAG_US);
    });
  }

  /** A StatefulSet has deleted the pod `key`. */
  noteOrderedDeletion(key: string): void {
    const pod = this.last;
    if (pod === undefined || keyOf(pod) !== key) return;
    const owner = controllerOf(pod)!;
    const set = this.probe.store.get('StatefulSet', `${pod.metadata.namespace}/${owner.name}`);
    if (set?.metadata.uid !== owner.uid || isUnordered(set) || isTerminal(pod)) return;
    if (!this.window.isOpen) this.checkOrder(set, pod);
    const going = this.going.get(owner.uid) ?? new Set<string>();
    this.going.set(owner.uid, going);
    const others = [...going].filter((other) => other !== key && !isLowerSurplus(set, other, pod));
    // A pod that went at once is gone already.
    if (this.probe.store.get('Pod', key)?.metadata.uid === pod.metadata.uid) going.add(key);
    if (others.length === 0 || this.window.isOpen) return;
    const name = `statefulset/${keyOf(set)}`;
    this.probe.report(`${name} deletes ${key} while ${others.join(', ')} is still on its way out`, [name, `pod/${key}`]);
  }

  /** Of surplus pods the highest goes first. */
  private checkOrder(set: StatefulSet, pod: Pod): void {
    const ordinal = ordinalOf(set, pod);
    if (ordinal < set.spec.firstOrdinal + set.spec.replicas) return;
    const above = this.probe.store.list('Pod', pod.metadata.namespace).find((other) => {
      return controllerOf(other)?.uid === set.metadata.uid && isActive(other) && ordinalOf(set, other) > ordinal;
    });
    if (above === undefined) return;
    const name = `statefulset/${keyOf(set)}`;
    this.probe.report(`${name} removes ${keyOf(pod)} before ${keyOf(above)}`, [name, `pod/${keyOf(pod)}`]);
  }

  private deploymentOf(pod: Pod): Deployment | undefined {
    const { namespace } = pod.metadata;
    const set = this.probe.store.get('ReplicaSet', `${namespace}/${controllerOf(pod)!.name}`);
    const owner = set === undefined ? undefined : controllerOf(set);
    const deployment = owner === undefined ? undefined : this.probe.store.get('Deployment', `${namespace}/${owner.name}`);
    return deployment?.metadata.uid === owner?.uid ? deployment : undefined;
  }
}

/** Pods that must stay available: a percentage of maxUnavailable rounds down, and with no room to move at all it is one pod. */
function floorOf({ spec }: Deployment): number {
  const { maxUnavailable, maxSurge } = spec.strategy;
  const share = (value: number | string, round: (x: number) => number): number => {
    return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * spec.replicas) / 100);
  };
  const unavailable = share(maxUnavailable, Math.floor);
  const isStuck = unavailable === 0 && share(maxSurge, Math.ceil) === 0;
  return Math.max(0, spec.replicas - (isStuck ? 1 : unavailable));
}

function isAvailable(pod: Pod, { spec }: Deployment, nowUs: number): boolean {
  return isPodReady(pod) && podCondition(pod, 'Ready')!.lastTransitionTime + spec.minReadySeconds * SECOND_US <= nowUs;
}

/** Whether both are more than the set wants, and the pod named `key` is the lower one. */
function isLowerSurplus(set: StatefulSet, key: string, pod: Pod): boolean {
  const ordinal = Number(key.slice(key.lastIndexOf('-') + 1));
  return ordinal >= set.spec.firstOrdinal + set.spec.replicas && ordinal < ordinalOf(set, pod);
}

function isUnordered({ metadata, spec }: StatefulSet): boolean {
  return spec.podManagementPolicy === 'Parallel' || metadata.deletionTimestamp !== undefined;
}
