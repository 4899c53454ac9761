/**
 * PodGc: removes pods nobody else will: too many finished ones, pods of nodes that are gone or declared
 * out of service, and pods deleted before they were ever scheduled.
 *
 * Models    kubernetes v1.34 pkg/controller/podgc/gc_controller.go
 * Differs   pods of a missing node are those bound to it when its quarantine ends, not when the pass began
 * Order     finished pods: evicted first, then oldest, then by key; others by key; requests one after the other
 * Cost      O(finished and deleting pods + missing nodes) per pass
 *
 * Nodes are known by name: a node deleted and made again in time keeps the pods of the old one
 * (kubernetes/kubernetes#132182).
 */
import { compareCodeUnits, compareNumbers } from '../base/compare.ts';
import type { Informer } from '../client/informer.ts';
import { type Op, sleep } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
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

/** The finished pods beyond `threshold`: evicted ones first, then the oldest, then by name. */
export function pickSurplusTerminated(pods: readonly Pod[], threshold: number): Pod[] {
  if (threshold <= 0) return [];
  const finished = pods.filter(isTerminal);
  const surplus = finished.length - threshold;
  return surplus <= 0 ? [] : finished.sort(compareFinished).slice(0, surplus);
}

function compareFinished(a: Pod, b: Pod): number {
  const isEvicted = a.status.reason === 'Evicted';
  if (isEvicted !== (b.status.reason === 'Evicted')) return isEvicted ? -1 : 1;
  return compareNumbers(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compareCodeUnits(keyOf(a), keyOf(b));
}

class PodGcController {
  private readonly host: ControllerHost;
  private readonly pods: Informer<Pod>;
  private readonly nodes: Informer<Node>;
  /** Keys of finished and of deleting pods, so that a pass need not look at every pod. */
  private readonly finished: Set<ObjectKey>;
  private readonly deleting: Set<ObjectKey>;
  /** Names of nodes that pods are bound to and that were seen missing. */
  private readonly suspects: Set<string>;
  /** Node name to when its quarantine ends. */
  private readonly quarantine: Map<string, TimeUs>;

  constructor(host: ControllerHost) {
    this.host = host;
    this.pods = host.ctx.informers.of('Pod');
    this.nodes = host.ctx.informers.of('Node');
    this.finished = new Set();
    this.deleting = new Set();
    this.suspects = new Set();
    this.quarantine = new Map();
  }

  // Watched kinds

  run(): RunningController {
    indexByNode(this.pods);
    this.pods.addHandlers({
      onAdd: (pod) => this.handlePod(pod),
      onUpdate: (_old, pod) => this.handlePod(pod),
      onDelete: (pod) => {
        this.finished.delete(keyOf(pod));
        this.deleting.delete(keyOf(pod));
      },
    });
    this.nodes.addHandlers({ onDelete: (node) => void this.suspects.add(node.metadata.name) });
    return { queues: [], start: () => void this.host.ctx.scope.spawn('pod-gc', this.loop()) };
  }

  private handlePod(pod: Pod): void {
    const isFinished = isTerminal(pod);
    if (isFinished || isDeleting(pod) || this.finished.size > 0 || this.deleting.size > 0) {
      const key = keyOf(pod);
      if (isFinished) this.finished.add(key);
      else this.finished.delete(key);
      if (isDeleting(pod)) this.deleting.add(key);
      else this.deleting.delete(key);
    }
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
    const deleting = this.podsOf(this.deleting);
    yield* this.collectTerminated();
    yield* this.collectOutOfService(deleting);
    yield* this.collectOrphans();
    yield* this.collectUnscheduled(deleting);
  }

  private podsOf(keys: Iterable<ObjectKey>): Pod[] {
    const pods: Pod[] = [];
    for (const key of [...keys].sort(compareCodeUnits)) {
      const pod = this.pods.get(key);
      if (pod !== undefined) pods.push(pod);
    }
    return pods;
  }

  private *collectTerminated(): Op<void> {
    const threshold = this.host.params.number('terminatedPodThreshold');
    if (threshold === 0 || this.finished.size <= threshold) return;
    for (const pod of pickSurplusTerminated(this.podsOf(this.finished), threshold)) yield* this.remove(pod, undefined);
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
  return { ...pod, status: { ...pod.status, phase: 'Failed', conditions } };
}
