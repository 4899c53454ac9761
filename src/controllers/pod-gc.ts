/**
 * PodGc: removes pods nobody else will: too many finished ones, pods of nodes that are gone or declared
 * out of service, and pods deleted before they were ever scheduled.
 *
 * Models    kubernetes v1.34 pkg/controller/podgc/gc_controller.go
 * Differs   pods of a missing node are those bound to it when its quarantine ends, not when the pass began
 * Order     finished pods: evicted first, then oldest, then by key; others by key; requests one after the other
 * Cost      O(log finished pods) per pod that finishes; O(surplus + deleting pods + missing nodes) per pass
 *
 * Nodes are known by name: a node deleted and made again in time keeps the pods of the old one
 * (kubernetes/kubernetes#132182).
 */

import { BinaryHeap } from '../base/binary-heap.ts';
import { compareCodeUnits, compareNumbers } from '../base/compare.ts';
import { fail } from '../base/invariant.ts';
import type { Informer } from '../client/informer.ts';
import { type Op, sleep } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { copyPod, copyPodStatus } from '../objects/copies.ts';
import { isDeleting, keyOf, type ObjectKey, type TimeUs } from '../objects/meta.ts';
import { isNodeReady, type Node, TAINT_OUT_OF_SERVICE } from '../objects/node.ts';
import { isTerminal, type Pod, type PodCondition, withCondition } from '../objects/pod.ts';
import { type ControllerHost, defineController, duration, integer, type RunningController } from './controller.ts';
import { INDEX_BY_NODE, indexByNode, podsOnNode } from './pod-index.ts';

export const podGc = defineController({
  name: 'pod-gc',
  summary: 'removes surplus finished pods and pods whose node is gone',
  workers: 0,
  parameters: [
    duration('period', 20 * SECOND_US, 'time between passes (v1.34: 20 s)'),
    duration('quarantine', 40 * SECOND_US, 'how long a node must be missing before its pods go (v1.34: 40 s)'),
    integer('terminatedPodThreshold', 12500, 0, 1e9, 'finished pods kept, 0 for no limit (--terminated-pod-gc-threshold, v1.34: 12500)'),
  ],
  create: (host) => new PodGcController(host).run(),
});

/** Evicted ones first, then the oldest, then by name: the order in which surplus pods go. */
export function compareFinished(a: Pod, b: Pod): number {
  const isEvicted = a.status.reason === 'Evicted';
  if (isEvicted !== (b.status.reason === 'Evicted')) return isEvicted ? -1 : 1;
  return compareNumbers(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compareCodeUnits(keyOf(a), keyOf(b));
}

/** Whether two states of finished pods of one name are of one pod, with the same place among the finished. */
function hasSamePlace(a: Pod, b: Pod): boolean {
  return a.metadata.uid === b.metadata.uid && compareFinished(a, b) === 0;
}

/** So many outdated states may always be kept. */
const STALE_MAX = 1000;

class PodGcController {
  private readonly host: ControllerHost;
  private readonly pods: Informer<Pod>;
  private readonly nodes: Informer<Node>;
  /** Finished and deleting pods as last seen, so that a pass need not look at every pod. */
  private readonly finished: Map<ObjectKey, Pod>;
  private readonly deleting: Map<ObjectKey, Pod>;
  /** First the pod to go first. Holds every pod of `finished`, and states of pods that have changed or gone since. */
  private readonly finishedOrder: BinaryHeap<Pod>;
  /** Names of nodes that pods are bound to and that were seen missing. */
  private readonly suspects: Set<string>;
  /** Node name to when its quarantine ends. */
  private readonly quarantine: Map<string, TimeUs>;

  constructor(host: ControllerHost) {
    this.host = host;
    this.pods = host.ctx.informers.of('Pod');
    this.nodes = host.ctx.informers.of('Node');
    this.finished = new Map();
    this.deleting = new Map();
    this.finishedOrder = new BinaryHeap((a, b) => compareFinished(a, b) < 0);
    this.suspects = new Set();
    this.quarantine = new Map();
  }

  // Watched kinds

  run(): RunningController {
    indexByNode(this.pods);
    this.pods.addHandlers({
      onAdd: (pod) => {
        this.handlePod(undefined, pod);
        this.suspectNodeOf(pod);
      },
      onUpdate: (old, pod) => {
        this.handlePod(old, pod);
        // A node that goes later is suspected then.
        if (old.spec.nodeName !== pod.spec.nodeName) this.suspectNodeOf(pod);
      },
      onDelete: (pod) => {
        this.finished.delete(keyOf(pod));
        this.deleting.delete(keyOf(pod));
      },
    });
    this.nodes.addHandlers({ onDelete: (node) => void this.suspects.add(node.metadata.name) });
    return { queues: [], start: () => void this.host.ctx.scope.spawn('pod-gc', this.loop()) };
  }

  private handlePod(old: Pod | undefined, pod: Pod): void {
    const isFinished = isTerminal(pod);
    const isOnItsWay = isDeleting(pod);
    const wasNoted = old !== undefined && (isTerminal(old) || isDeleting(old));
    if (!isFinished && !isOnItsWay && !wasNoted) return;
    const key = keyOf(pod);
    if (isFinished) {
      const before = this.finished.get(key);
      this.finished.set(key, pod);
      if (before === undefined || !hasSamePlace(before, pod)) this.finishedOrder.push(pod);
    } else {
      this.finished.delete(key);
    }
    if (isOnItsWay) this.deleting.set(key, pod);
    else this.deleting.delete(key);
  }

  private suspectNodeOf(pod: Pod): void {
    const { nodeName } = pod.spec;
    if (nodeName !== '' && this.nodes.get(nodeName) === undefined) this.suspects.add(nodeName);
  }

  // Passes

  private *loop(): Op<void> {
    const periodUs = this.host.params.number('period');
    for (;;) {
      yield* this.pass();
      yield* sleep(periodUs, { background: true });
    }
  }

  private *pass(): Op<void> {
    const deleting = [...this.deleting.values()].sort((a, b) => compareCodeUnits(keyOf(a), keyOf(b)));
    yield* this.collectTerminated();
    yield* this.collectOutOfService(deleting);
    yield* this.collectOrphans();
    yield* this.collectUnscheduled(deleting);
  }

  private *collectTerminated(): Op<void> {
    const threshold = this.host.params.number('terminatedPodThreshold');
    if (threshold === 0) return;
    for (const pod of this.pickSurplus(this.finished.size - threshold)) yield* this.remove(pod, undefined);
  }

  /** The first `count` finished pods; they stay in the order, because they may survive. */
  private pickSurplus(count: number): Pod[] {
    const { finished, finishedOrder } = this;
    const picked = new Set<Pod>();
    while (picked.size < count) {
      const seen = finishedOrder.pop() ?? fail('a finished pod is missing from the order');
      const pod = finished.get(keyOf(seen));
      if (pod !== undefined && hasSamePlace(pod, seen)) picked.add(pod);
    }
    for (const pod of picked) finishedOrder.push(pod);
    if (finishedOrder.size > 2 * finished.size + STALE_MAX) {
      finishedOrder.clear();
      for (const pod of finished.values()) finishedOrder.push(pod);
    }
    return [...picked];
  }

  private *collectOutOfService(deleting: readonly Pod[]): Op<void> {
    for (const pod of deleting) {
      const node = this.nodes.get(pod.spec.nodeName);
      if (node === undefined || isNodeReady(node)) continue;
      if (node.spec.taints.some((taint) => taint.key === TAINT_OUT_OF_SERVICE)) yield* this.remove(pod, undefined);
    }
  }

  /** A missing node is given time to come back, then looked up live. */
  private *collectOrphans(): Op<void> {
    const { nowUs } = this.host.ctx.engine;
    for (const name of [...this.suspects].sort(compareCodeUnits)) {
      if (this.nodes.get(name) !== undefined || this.pods.byIndex(INDEX_BY_NODE, name).length === 0) this.suspects.delete(name);
      else if (!this.quarantine.has(name)) this.quarantine.set(name, nowUs + this.host.params.number('quarantine'));
    }
    for (const [name, dueUs] of [...this.quarantine]) {
      if (dueUs > nowUs) continue;
      this.quarantine.delete(name);
      if (this.nodes.get(name) !== undefined) continue;
      const node = yield* this.host.client.get('Node', name);
      if (isApiStatus(node) && node.isNotFound) yield* this.collectPodsOf(name);
    }
  }

  private *collectPodsOf(nodeName: string): Op<void> {
    for (const pod of podsOnNode(this.pods, nodeName)) {
      yield* this.remove(pod, {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: 'PodGC: node no longer exists',
        lastTransitionTime: this.host.ctx.engine.nowUs,
      });
    }
  }

  private *collectUnscheduled(deleting: readonly Pod[]): Op<void> {
    for (const pod of deleting) if (pod.spec.nodeName === '') yield* this.remove(pod, undefined);
  }

  /** Marks the pod Failed unless it has finished, then deletes it without waiting for a kubelet. */
  private *remove(pod: Pod, condition: PodCondition | undefined): Op<void> {
    const key = keyOf(pod);
    if (!isTerminal(pod)) {
      const marked = yield* this.host.client.patchStatus('Pod', key, (current) => failed(current, condition), { uid: pod.metadata.uid });
      if (isApiStatus(marked)) return;
    }
    yield* this.host.client.delete('Pod', key, { gracePeriodSeconds: 0 });
  }
}

function failed(pod: Pod, condition: PodCondition | undefined): Pod {
  const conditions = condition === undefined ? pod.status.conditions : withCondition(pod.status.conditions, condition);
  const next = copyPod(pod);
  const status = copyPodStatus(pod.status);
  status.phase = 'Failed';
  status.conditions = conditions;
  next.status = status;
  return next;
}
