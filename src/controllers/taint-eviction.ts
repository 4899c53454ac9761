/**
 * TaintEviction: deletes pods from nodes with NoExecute taints they do not tolerate, or no longer.
 *
 * Models    kubernetes v1.34 pkg/controller/tainteviction/taint_eviction.go, timed_workers.go
 * Differs   the 8 shards do no requests of their own, so events are handled at once, in order of arrival
 * Order     pods of a node in cache order
 *
 * As upstream, timers are kept by namespace and name: a pod deleted and made again under its old name
 * can inherit the timer of the old one, or find its own refused because the old one is still at work
 * (kubernetes/kubernetes#107543). Timers live in memory and start over after a restart.
 */
import type { Informer } from '../client/informer.ts';
import { type Op, sleep } from '../engine/process.ts';
import { MILLISECOND_US, SECOND_US } from '../engine/units.ts';
import { type ApiStatus, isApiStatus } from '../objects/api-status.ts';
import { keyOf, type ObjectKey, splitKey, type TimeUs } from '../objects/meta.ts';
import type { Node, Taint } from '../objects/node.ts';
import { type Pod, type Toleration, withCondition } from '../objects/pod.ts';
import { toleratesTaint } from '../objects/taints.ts';
import { type ControllerHost, defineController, duration, integer, type RunningController } from './controller.ts';
import { indexByNode, podsOnNode } from './pod-index.ts';

export const taintEviction = defineController({
  name: 'taint-eviction',
  summary: 'deletes pods from nodes with NoExecute taints they do not tolerate',
  workers: 0,
  parameters: [
    integer('deleteTries', 5, 1, 1000, 'attempts to delete a pod before it is given up (v1.34: 5)'),
    duration('deletePause', 10 * MILLISECOND_US, 'time between attempts (v1.34: 10 ms)', 0),
  ],
  create: (host) => new TaintEvictionController(host).run(),
});

/**
 * How long the pod may stay on a node with these NoExecute taints, in us: 0 when a taint is not
 * tolerated, Infinity when all are for good.
 */
export function toleratedForUs(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  let shortestUs = Infinity;
  for (const taint of taints) {
    // The first match in the pod's own order counts, even if a later one tolerates longer.
    const match = tolerations.find((toleration) => toleratesTaint(toleration, taint));
    if (match === undefined) return 0;
    if (match.tolerationSeconds !== undefined) shortestUs = Math.min(shortestUs, Math.max(0, match.tolerationSeconds) * SECOND_US);
  }
  return shortestUs;
}

interface Timer {
  readonly createdUs: TimeUs;
  cancel(): void;
}

class TaintEvictionController {
  private readonly host: ControllerHost;
  private readonly nodes: Informer<Node>;
  private readonly pods: Informer<Pod>;
  private readonly taintedNodes: Map<string, readonly Taint[]>;
  /** By pod key; undefined while the eviction is at work. */
  private readonly timers: Map<ObjectKey, Timer | undefined>;

  constructor(host: ControllerHost) {
    this.host = host;
    this.nodes = host.ctx.informers.of('Node');
    this.pods = host.ctx.informers.of('Pod');
    this.taintedNodes = new Map();
    this.timers = new Map();
  }

  private get nowUs(): TimeUs {
    return this.host.ctx.engine.nowUs;
  }

  // Watched kinds

  run(): RunningController {
    indexByNode(this.pods);
    this.nodes.addHandlers({
      onAdd: (node) => this.handleNode(node.metadata.name),
      onUpdate: (old, node) => {
        if (old.spec.taints !== node.spec.taints && !isSameTaintList(noExecuteTaints(old), noExecuteTaints(node)))
          this.handleNode(node.metadata.name);
      },
      // Timers of its pods stay.
      onDelete: (node) => this.taintedNodes.delete(node.metadata.name),
    });
    this.pods.addHandlers({
      onAdd: (pod) => this.handlePod(keyOf(pod), pod.spec.nodeName),
      onUpdate: (old, pod) => {
        if (old.spec.nodeName === pod.spec.nodeName && isSameTolerationList(old.spec.tolerations, pod.spec.tolerations)) return;
        this.handlePod(keyOf(pod), pod.spec.nodeName);
      },
      onDelete: (pod) => this.handlePod(keyOf(pod), pod.spec.nodeName),
    });
    return { queues: [] };
  }

  // Decisions

  private handleNode(name: string): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    const taints = noExecuteTaints(node);
    if (taints.length === 0) {
      if (!this.taintedNodes.delete(name)) return;
    } else {
      this.taintedNodes.set(name, taints);
    }
    for (const pod of podsOnNode(this.pods, name)) {
      if (taints.length === 0) this.cancel(keyOf(pod));
      else this.decide(keyOf(pod), pod.spec.tolerations, taints);
    }
  }

  private handlePod(key: ObjectKey, nodeName: string): void {
    const pod = this.pods.get(key);
    if (pod === undefined) {
      this.cancel(key);
      return;
    }
    // A later event will tell of the node the pod is on now; whatever timer there is stays.
    if (pod.spec.nodeName !== nodeName || nodeName === '') return;
    const taints = this.taintedNodes.get(nodeName);
    if (taints !== undefined) this.decide(key, pod.spec.tolerations, taints);
  }

  private decide(key: ObjectKey, tolerations: readonly Toleration[], taints: readonly Taint[]): void {
    const everyTolerated = taints.every((taint) => tolerations.some((toleration) => toleratesTaint(toleration, taint)));
    if (!everyTolerated) {
      this.cancel(key);
      this.addWork(key, this.nowUs, 0);
      return;
    }
    const delayUs = toleratedForUs(taints, tolerations);
    if (delayUs === Infinity) {
      this.cancel(key);
      return;
    }
    const scheduled = this.timers.get(key);
    let createdUs = this.nowUs;
    if (scheduled !== undefined) {
      createdUs = scheduled.createdUs;
      // A timer that would fire earlier than a new one is kept: later changes never give more time.
      if (createdUs + delayUs < this.nowUs + delayUs) return;
      this.cancel(key);
    }
    this.addWork(key, createdUs, delayUs);
  }

  private addWork(key: ObjectKey, createdUs: TimeUs, delayUs: number): void {
    // Work of a pod of this name that is still under way swallows the new.
    if (this.timers.has(key)) return;
    if (delayUs <= 0) {
      this.timers.set(key, undefined);
      this.fire(key);
      return;
    }
    const cancel = this.host.ctx.scope.timer('taint-eviction.timer', delayUs, () => {
      this.timers.set(key, undefined);
      this.fire(key);
    });
    this.timers.set(key, { createdUs, cancel });
  }

  private cancel(key: ObjectKey): void {
    const timer = this.timers.get(key);
    this.timers.delete(key);
    if (timer === undefined) return;
    timer.cancel();
    this.emitOnPod(key, `Cancelling deletion of Pod ${key}`);
  }

  // Evictions

  private fire(key: ObjectKey): void {
    this.host.ctx.scope.spawn('taint-eviction.delete', this.evict(key));
  }

  private *evict(key: ObjectKey): Op<void> {
    const { params } = this.host;
    this.emitOnPod(key, `Marking for deletion Pod ${key}`);
    for (let attempt = 1; ; attempt++) {
      const error = yield* this.markAndDelete(key);
      if (error === undefined || attempt >= params.number('deleteTries')) break;
      yield* sleep(params.number('deletePause'));
    }
    this.timers.delete(key);
  }

  private *markAndDelete(key: ObjectKey): Op<ApiStatus | undefined> {
    const pod = yield* this.host.client.get('Pod', key);
    if (isApiStatus(pod)) return pod;
    const { nowUs } = this;
    const marked = yield* this.host.client.patchStatus('Pod', key, (current) => withDisruptionTarget(current, nowUs), {
      uid: pod.metadata.uid,
    });
    if (isApiStatus(marked)) return marked;
    // By name alone: a pod made again meanwhile under the same name is deleted too.
    const deleted = yield* this.host.client.delete('Pod', key);
    return isApiStatus(deleted) ? deleted : undefined;
  }

  private emitOnPod(key: ObjectKey, message: string): void {
    const pod = this.pods.get(key);
    const { namespace, name } = splitKey(key);
    const target = pod ?? { kind: 'Pod', apiVersion: 'v1', metadata: { ...NO_META, namespace, name }, spec: {}, status: {} };
    this.host.ctx.events.emit(target, 'Normal', 'TaintManagerEviction', message);
  }
}

// Helpers

const NO_META = Object.freeze({
  name: '',
  namespace: '',
  generateName: '',
  uid: '',
  resourceVersion: 0,
  generation: 0,
  creationTimestamp: 0,
  deletionTimestamp: undefined,
  deletionGracePeriodSeconds: undefined,
  labels: {},
  annotations: {},
  ownerReferences: [],
  finalizers: [],
});

function withDisruptionTarget(pod: Pod, nowUs: TimeUs): Pod {
  const conditions = withCondition(pod.status.conditions, {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: nowUs,
  });
  return conditions === pod.status.conditions ? pod : { ...pod, status: { ...pod.status, conditions } };
}

function noExecuteTaints(node: Node): readonly Taint[] {
  return node.spec.taints.filter((taint) => taint.effect === 'NoExecute');
}

function isSameTaintList(a: readonly Taint[], b: readonly Taint[]): boolean {
  return (
    a.length === b.length &&
    a.every((taint, i) => taint.key === b[i]!.key && taint.value === b[i]!.value && taint.timeAdded === b[i]!.timeAdded)
  );
}

function isSameTolerationList(a: readonly Toleration[], b: readonly Toleration[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every((toleration, i) => {
      const other = b[i]!;
      return (
        toleration.key === other.key &&
        toleration.operator === other.operator &&
        toleration.value === other.value &&
        toleration.effect === other.effect &&
        toleration.tolerationSeconds === other.tolerationSeconds
      );
    })
  );
}
