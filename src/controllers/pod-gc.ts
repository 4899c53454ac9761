/**
 * PodGc: removes pods nobody else will: too many finished ones, pods of nodes that are gone or declared
 * out of service, and pods deleted before they were ever scheduled.
 *
 * Models    kubernetes v1.34 pkg/controller/podgc/gc_controller.go
 * Order     pods by the order each rule gives; requests of one pass one after the other
 *
 * Nodes are known by name: a node deleted and made again in time keeps the pods of the old one
 * (kubernetes/kubernetes#132182).
 */
import { compareCodeUnits, compareNumbers } from '../base/compare.ts';
import type { Informer } from '../client/informer.ts';
import { type Op, sleep } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { isDeleting, keyOf, type TimeUs } from '../objects/meta.ts';
import { isNodeReady, type Node, TAINT_OUT_OF_SERVICE } from '../objects/node.ts';
import { isTerminal, type Pod, type PodCondition, withCondition } from '../objects/pod.ts';
import { type ControllerHost, defineController, duration, integer, type RunningController } from './controller.ts';

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
  /** Node name to when its quarantine ends. */
  private readonly quarantine: Map<string, TimeUs>;

  constructor(host: ControllerHost) {
    this.host = host;
    this.pods = host.ctx.informers.of('Pod');
    this.nodes = host.ctx.informers.of('Node');
    this.quarantine = new Map();
  }

  run(): RunningController {
    return { queues: [], start: () => void this.host.ctx.scope.spawn('pod-gc', this.loop()) };
  }

  private *loop(): Op<void> {
    const periodUs = this.host.params.number('period');
    for (;;) {
      yield* this.pass();
      yield* sleep(periodUs, { background: true });
    }
  }

  private *pass(): Op<void> {
    const pods = this.pods.list().slice();
    yield* this.collectTerminated(pods);
    yield* this.collectOutOfService(pods);
    yield* this.collectOrphans(pods);
    yield* this.collectUnscheduled(pods);
  }

  private *collectTerminated(pods: readonly Pod[]): Op<void> {
    for (const pod of pickSurplusTerminated(pods, this.host.params.number('terminatedPodThreshold'))) yield* this.remove(pod, undefined);
  }

  private *collectOutOfService(pods: readonly Pod[]): Op<void> {
    for (const pod of pods) {
      if (!isDeleting(pod) || pod.spec.nodeName === '') continue;
      const node = this.nodes.get(pod.spec.nodeName);
      if (node === undefined || isNodeReady(node)) continue;
      if (node.spec.taints.some((taint) => taint.key === TAINT_OUT_OF_SERVICE)) yield* this.remove(pod, undefined);
    }
  }

  /** A missing node is given time to come back, then looked up live. */
  private *collectOrphans(pods: readonly Pod[]): Op<void> {
    const { nowUs } = this.host.ctx.engine;
    for (const { spec } of pods) {
      if (spec.nodeName === '' || this.nodes.get(spec.nodeName) !== undefined || this.quarantine.has(spec.nodeName)) continue;
      this.quarantine.set(spec.nodeName, nowUs + this.host.params.number('quarantine'));
    }
    const gone = new Set<string>();
    for (const [name, dueUs] of [...this.quarantine]) {
      if (dueUs > nowUs) continue;
      this.quarantine.delete(name);
      if (this.nodes.get(name) !== undefined) continue;
      const node = yield* this.host.client.get('Node', name);
      if (isApiStatus(node) && node.isNotFound) gone.add(name);
    }
    if (gone.size === 0) return;
    for (const pod of pods) {
      if (!gone.has(pod.spec.nodeName)) continue;
      yield* this.remove(pod, {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: 'PodGC: node no longer exists',
        lastTransitionTime: this.host.ctx.engine.nowUs,
      });
    }
  }

  private *collectUnscheduled(pods: readonly Pod[]): Op<void> {
    for (const pod of pods) if (isDeleting(pod) && pod.spec.nodeName === '') yield* this.remove(pod, undefined);
  }

  /** Marks the pod Failed unless it has finished, then deletes it without waiting for a kubelet. */
  private *remove(pod: Pod, condition: PodCondition | undefined): Op<void> {
    const key = keyOf(pod);
    if (!isTerminal(pod)) {
      const marked = yield* this.host.client.patchStatus('Pod', key, (current) => failed(current, condition), { uid: pod.metadata.uid });
      if (isApiStatus(marked)) return;
    }
    yield* this.host.client.delete('Pod', key, { gracePeriodSeconds: 0, uid: pod.metadata.uid });
  }
}

function failed(pod: Pod, condition: PodCondition | undefined): Pod {
  const conditions = condition === undefined ? pod.status.conditions : withCondition(pod.status.conditions, condition);
  return { ...pod, status: { ...pod.status, phase: 'Failed', conditions } };
}
