/**
 * replicas-within-surge: a workload never has more pods than it asked for lately, a Deployment with its surge; a Deployment
 * that recreates starts no new pod while old ones run.
 *
 * I3 of the oracles. Judged when a pod is created, or a ReplicaSet grows. "Lately" is the last 60 s: a controller that
 * began to create pods goes on with its batches (20 requests a second, at most 500 pods at a time), whatever its owner
 * says meanwhile.
 *
 * Allowed   - a controller whose watch is late, or was lost (for as long as it may take to come back), goes by what its owner wanted in
 *             the last 5 min
 *           - a controller manager that crashed, or whose requests were lost, does not know what it has created
 *             (kubernetes/kubernetes#41675, #130683): for 30 s, or until its watch has caught up
 *           - a watch that is late for more than 5 min outlives the expectations that hold controllers back
 *             (kubernetes/kubernetes#129795)
 *           - a Deployment's controller holds nothing back: with a watch that is late it sizes ReplicaSets by what it sees, so any
 *             lag excuses it, as do writes of the last 2 s, and a watch that was lost for 130 s, or 70 s where no request was lost
 *           - pods of a StatefulSet that are due by their number, while others are still to be deleted
 * Cost      O(1) per write of a pod; O(ReplicaSets of the Deployment) when one of them grows
 */
import { MINUTE_US, SECOND_US } from '../../engine/units.ts';
import type { Job } from '../../objects/job.ts';
import { controllerOf, keyOf } from '../../objects/meta.ts';
import { isActive, isTerminal, type Pod } from '../../objects/pod.ts';
import type { Deployment, ReplicaSet } from '../../objects/workloads.ts';
import { blinding, blindnessUs, delaying, FaultWindow, forgetting } from '../fault-window.ts';
import { RecentExtreme } from '../recent-extreme.ts';
import { defineInvariant, type Probe } from './invariant.ts';

const LATELY_US = MINUTE_US;
const LAG_US = 2 * SECOND_US;
const MEMORY_US = 30 * SECOND_US;
// Controllers wait 5 min for what they have created to show up: ExpectationsTimeout, v1.34.
const EXPECTATIONS_US = 5 * MINUTE_US;
/** How old a size may be that a controller still sees whose watch is late or lost. */
const STALE_US = 5 * MINUTE_US;
const MANAGER = /controller-manager/;

export const replicasWithinSurge = defineInvariant({
  name: 'replicas-within-surge',
  id: 'I3',
  summary: 'no workload has more pods than it asked for, surge included',
  create: (probe) => {
    const book = new ReplicaBook(probe);
    probe.onCommit('Deployment', (_type, old, deployment) => book.noteDeployment(old, deployment));
    probe.onCommit('ReplicaSet', (_type, old, set) => book.noteReplicaSet(old, set));
    probe.onCommit('StatefulSet', (_type, old, set) => book.noteWanted(old, set, set?.spec.replicas ?? 0));
    probe.onCommit('Job', (_type, old, job) => book.noteWanted(old, job, job === undefined ? 0 : wantedByJob(job)));
    probe.onCommit('Pod', (type, old, pod) => book.notePod(type === 'ADDED', old, pod));
    return {};
  },
});

/** A workload that has pods, or may get some. */
interface Owner {
  readonly wanted: RecentExtreme;
  /** The same over `STALE_US`. */
  readonly wantedByStale: RecentExtreme;
  activeCount: number;
  /** Not finished, deleting or not: what a Deployment that recreates waits for. */
  readonly unfinished: Map<string, Pod>;
}

class ReplicaBook {
  private readonly probe: Probe;
  private readonly window: FaultWindow;
  private readonly blindWindow: FaultWindow;
  private readonly owners: Map<string, Owner>;
  private readonly rollouts: Map<string, Rollout>;

  constructor(probe: Probe) {
    this.probe = probe;
    this.window = new FaultWindow(probe, {
      opens: forgetting(probe, MANAGER),
      extends: delaying(MANAGER),
      graceUs: MEMORY_US,
      patienceUs: EXPECTATIONS_US,
    });
    this.blindWindow = new FaultWindow(probe, { opens: blinding(probe, MANAGER), graceUs: blindnessUs });
    this.owners = new Map();
    this.rollouts = new Map();
  }

  noteWanted(
    old: { readonly metadata: Pod['metadata'] } | undefined,
    next: { readonly metadata: Pod['metadata'] } | undefined,
    wanted: number,
  ): void {
    if (next === undefined) {
      this.owners.delete(old!.metadata.uid);
      return;
    }
    const owner = this.ownerOf(next.metadata.uid);
    owner.wanted.set(this.probe.nowUs(), wanted);
    owner.wantedByStale.set(this.probe.nowUs(), wanted);
  }

  notePod(isNew: boolean, old: Pod | undefined, pod: Pod | undefined): void {
    const before = old === undefined ? undefined : controllerOf(old);
    const after = pod === undefined ? undefined : controllerOf(pod);
    if (before !== undefined) {
      const owner = this.owners.get(before.uid);
      if (owner !== undefined) {
        if (isActive(old!)) owner.activeCount--;
        owner.unfinished.delete(old!.metadata.uid);
      }
    }
    if (after === undefined) return;
    const owner = this.owners.get(after.uid);
    // Pods of owners that are no workload, or are gone already.
    if (owner === undefined) return;
    if (!isTerminal(pod!)) owner.unfinished.set(pod!.metadata.uid, pod!);
    if (isActive(pod!)) owner.activeCount++;
    if (isNew) this.check(owner, after.kind, pod!);
  }

  noteReplicaSet(old: ReplicaSet | undefined, set: ReplicaSet | undefined): void {
    this.noteWanted(old, set, set?.spec.replicas ?? 0);
    const before = old === undefined ? undefined : controllerOf(old);
    const after = set === undefined ? undefined : controllerOf(set);
    if (before !== undefined && before.uid !== after?.uid) this.rollouts.get(before.uid)?.leave(old!.metadata.uid);
    if (set === undefined || after === undefined) return;
    const rollout = this.rolloutOf(after.uid);
    const isGrowing = set.spec.replicas > (old?.spec.replicas ?? 0);
    rollout.setSize(set.metadata.uid, this.probe.nowUs(), set.spec.replicas);
    if (isGrowing) this.checkRollout(rollout, set);
  }

  noteDeployment(old: Deployment | undefined, deployment: Deployment | undefined): void {
    if (deployment === undefined) {
      this.rollouts.delete(old!.metadata.uid);
      return;
    }
    const rollout = this.rolloutOf(deployment.metadata.uid);
    rollout.deployment = deployment;
    rollout.limit.set(this.probe.nowUs(), deployment.spec.replicas + surgeOf(deployment));
    if (old !== undefined && deployment.spec.strategy.type !== old.spec.strategy.type) rollout.strategySinceUs = this.probe.nowUs();
  }

  private check(owner: Owner, kind: string, pod: Pod): void {
    const { wanted, wantedByStale } = owner;
    const isBlind = this.blindWindow.isOpen;
    const most = (isBlind ? wantedByStale : wanted).at(this.probe.nowUs()) ?? 0;
    if (owner.activeCount <= most || this.window.isOpen) return;
    const { namespace, name } = pod.metadata;
    // Which pods a StatefulSet has follows from its size: one that is due is none too many while others still have to go.
    if (kind === 'StatefulSet' && Number(name.slice(name.lastIndexOf('-') + 1)) < most) return;
    const { name: ownerName } = controllerOf(pod)!;
    const ownerRef = `${kind.toLowerCase()}/${namespace}/${ownerName}`;
    const lately = isBlind ? '5 minutes' : 'minute';
    this.probe.report(`${ownerRef} wanted ${most} at most within the last ${lately} and now has ${owner.activeCount}`, [
      ownerRef,
      `pod/${namespace}/${name}`,
    ]);
  }

  private checkRollout(rollout: Rollout, set: ReplicaSet): void {
    const { deployment } = rollout;
    if (deployment === undefined || this.blindWindow.isOpen) return;
    const nowUs = this.probe.nowUs();
    const subjects = [`deployment/${keyOf(deployment)}`, `replicaset/${keyOf(set)}`];
    if (deployment.spec.strategy.type === 'Recreate' && nowUs - rollout.strategySinceUs > LATELY_US) {
      const left = this.oldPods(rollout, set, nowUs);
      if (left > 0) this.probe.report(`${subjects[1]} starts pods while ${left} of older templates still run`, subjects);
      return;
    }
    const most = rollout.limit.at(nowUs) ?? 0;
    const total = rollout.leastTotal(set, nowUs);
    if (total > most) this.probe.report(`${subjects[1]} grows: together its ReplicaSets want ${total}, ${most} are allowed`, subjects);
  }

  /** Pods of other ReplicaSets that the controller must know of. */
  private oldPods(rollout: Rollout, set: ReplicaSet, nowUs: number): number {
    let count = 0;
    for (const uid of rollout.sizes.keys()) {
      if (uid === set.metadata.uid) continue;
      for (const pod of this.owners.get(uid)?.unfinished.values() ?? []) if (nowUs - pod.metadata.creationTimestamp > LAG_US) count++;
    }
    return count;
  }

  private ownerOf(uid: string): Owner {
    let owner = this.owners.get(uid);
    if (owner === undefined) {
      owner = {
        wanted: new RecentExtreme(LATELY_US, 'largest'),
        wantedByStale: new RecentExtreme(STALE_US, 'largest'),
        activeCount: 0,
        unfinished: new Map(),
      };
      this.owners.set(uid, owner);
    }
    return owner;
  }

  private rolloutOf(uid: string): Rollout {
    let rollout = this.rollouts.get(uid);
    if (rollout === undefined) {
      rollout = new Rollout();
      this.rollouts.set(uid, rollout);
    }
    return rollout;
  }
}

/** A Deployment and the sizes of its ReplicaSets. */
class Rollout {
  deployment: Deployment | undefined;
  strategySinceUs: number;
  readonly limit: RecentExtreme;
  /** The smallest size each ReplicaSet had of late: what the controller may still see. */
  readonly sizes: Map<string, RecentExtreme>;

  constructor() {
    this.deployment = undefined;
    this.strategySinceUs = -Infinity;
    this.limit = new RecentExtreme(LATELY_US, 'largest');
    this.sizes = new Map();
  }

  setSize(uid: string, nowUs: number, size: number): void {
    let recent = this.sizes.get(uid);
    if (recent === undefined) {
      recent = new RecentExtreme(LAG_US, 'smallest');
      // Before it existed nobody counted it.
      recent.set(nowUs - 1, 0);
      this.sizes.set(uid, recent);
    }
    recent.set(nowUs, size);
  }

  leave(uid: string): void {
    this.sizes.delete(uid);
  }

  leastTotal(growing: ReplicaSet, nowUs: number): number {
    let total = growing.spec.replicas;
    for (const [uid, size] of this.sizes) if (uid !== growing.metadata.uid) total += size.at(nowUs) ?? 0;
    return total;
  }
}

/** Pods above the wanted number that a rolling update may have: percentages round up, and without any room to move it gets none. */
function surgeOf({ spec }: Deployment): number {
  if (spec.strategy.type !== 'RollingUpdate') return 0;
  const { maxSurge } = spec.strategy;
  if (typeof maxSurge === 'number') return maxSurge;
  return Math.ceil((Number.parseInt(maxSurge, 10) * spec.replicas) / 100);
}

function wantedByJob({ spec }: Job): number {
  return spec.suspend ? 0 : spec.parallelism;
}
