/**
 * TaintEviction: deletes pods from nodes with NoExecute taints they do not tolerate, or no longer.
 *
 * Models    kubernetes v1.34 pkg/controller/tainteviction/taint_eviction.go, timed_workers.go
 * Differs   the 8 shards do no requests of their own, so events are handled at once, in order of arrival
 * Order     pods of a node in cache order
 *
 * As upstream, timers are kept by namespace and name: a pod deleted and made again under its old name
 * can inherit the timer of the old one, or find its own refused because the old one is still at work
 * (kubernetes/kubernetes#107543). Timers live in memory and start over after a restart. The parameter `byUid` tells pods of
 * one name apart; no release does so.
 */

import type { Informer } from '../client/informer.ts';
import { type Op, sleep } from '../engine/process.ts';
import { MILLISECOND_US, SECOND_US } from '../engine/units.ts';
import { type ApiStatus, isApiStatus } from '../objects/api-status.ts';
import { withPodConditions } from '../objects/copies.ts';
import { keyOf, type ObjectKey, splitKey, type TimeUs } from '../objects/meta.ts';
import type { Node, Taint } from '../objects/node.ts';
import { type Pod, type Toleration, withCondition } from '../objects/pod.ts';
import { toleratesTaint } from '../objects/taints.ts';
import { type ControllerHost, defineController, duration, flag, integer, type RunningController } from './controller.ts';
import { indexByNode, podsOnNode } from './pod-index.ts';

export const taintEviction = defineController({
  name: 'taint-eviction',
  summary: 'deletes pods from nodes with NoExecute taints they do not tolerate',
  workers: 0,
  parameters: [
    integer('deleteTries', 5, 1, 1000, 'attempts to delete a pod before it is given up (v1.34: 5)'),
    duration('deletePause', 10 * MILLISECOND_US, 'time between attempts (v1.34: 10 ms)', 0),
    flag('byUid', false, 'take a pod made again under its old name for another pod (in no release)'),
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

/** What work is remembered by: the key of the pod, or with `byUid` its uid. */
type WorkId = string;

interface Timer {
  readonly createdUs: TimeUs;
  cancel(): void;
}

class TaintEvictionController {
  private readonly host: ControllerHost;
  private readonly nodes: Informer<Node>;
  private readonly pods: Informer<Pod>;
  private readonly taintedNodes: Map<string, readonly Taint[]>;
  /** Undefined while the eviction is at work. */
  private readonly timers: Map<WorkId, Timer | undefined>;
  private readonly isByUid: boolean;

  constructor(host: ControllerHost) {
    this.host = host;
    this.nodes = host.ctx.informers.of('Node');
    this.pods = host.ctx.informers.of('Pod');
    this.taintedNodes = new Map();
    this.timers = new Map();
    this.isByUid = host.params.boolean('byUid');
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
      onAdd: (pod) => this.handlePod(pod),
      onUpdate: (old, pod) => {
        // Deleted and made again, seen as one change.
        const isOther = this.isByUid && old.metadata.uid !== pod.metadata.uid;
        if (isOther) this.cancel(old);
        else if (old.spec.nodeName === pod.spec.nodeName && isSameTolerationList(old.spec.tolerations, pod.spec.tolerations)) return;
        this.handlePod(pod);
      },
      onDelete: (pod) => this.handlePod(pod),
    });
    return { queues: [] };
  }

  private idOf(pod: Pod): WorkId {
    return this.isByUid ? pod.metadata.uid : keyOf(pod);
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
      if (taints.length === 0) this.cancel(pod);
      else this.decide(pod, taints);
    }
  }

  private handlePod(changed: Pod): void {
    const { nodeName } = changed.spec;
    const pod = this.pods.get(keyOf(changed));
    if (pod === undefined) {
      this.cancel(changed);
      return;
    }
    // A later event will tell of the node the pod is on now; whatever timer there is stays.
    if (pod.spec.nodeName !== nodeName || nodeName === '') return;
    const taints = this.taintedNodes.get(nodeName);
    if (taints !== undefined) this.decide(pod, taints);
  }

  private decide(pod: Pod, taints: readonly Taint[]): void {
    const { tolerations } = pod.spec;
    const everyTolerated = taints.every((taint) => tolerations.some((toleration) => toleratesTaint(toleration, taint)));
    if (!everyTolerated) {
      this.cancel(pod);
      this.addWork(pod, this.nowUs, 0);
      return;
    }
    const delayUs = toleratedForUs(taints, tolerations);
    if (delayUs === Infinity) {
      this.cancel(pod);
      return;
    }
    const scheduled = this.timers.get(this.idOf(pod));
    let createdUs = this.nowUs;
    if (scheduled !== undefined) {
      createdUs = scheduled.createdUs;
      // A timer that would fire earlier than a new one is kept: later changes never give more time.
      if (createdUs + delayUs < this.nowUs + delayUs) return;
      this.cancel(pod);
    }
    this.addWork(pod, createdUs, delayUs);
  }

  private addWork(pod: Pod, createdUs: TimeUs, delayUs: number): void {
    const id = this.idOf(pod);
    // Work of a pod of this name that is still under way swallows the new.
    if (this.timers.has(id)) return;
    if (delayUs <= 0) {
      this.timers.set(id, undefined);
      this.fire(pod);
      return;
    }
    const cancel = this.host.ctx.scope.timer('taint-eviction.timer', delayUs, () => {
      this.timers.set(id, undefined);
      this.fire(pod);
    });
    this.timers.set(id, { createdUs, cancel });
  }

  private cancel(pod: Pod): void {
    const id = this.idOf(pod);
    const timer = this.timers.get(id);
    this.timers.delete(id);
    if (timer === undefined) return;
    timer.cancel();
    const key = keyOf(pod);
    this.emitOnPod(key, `Cancelling deletion of Pod ${key}`);
  }

  // Evictions

  private fire(pod: Pod): void {
    this.host.ctx.scope.spawn('taint-eviction.delete', this.evict(pod));
  }

  private *evict(due: Pod): Op<void> {
    const { params } = this.host;
    const key = keyOf(due);
    this.emitOnPod(key, `Marking for deletion Pod ${key}`);
    for (let attempt = 1; ; attempt++) {
      const error = yield* this.markAndDelete(key, due.metadata.uid);
      if (error === undefined || attempt >= params.number('deleteTries')) break;
      yield* sleep(params.number('deletePause'));
    }
    this.timers.delete(this.idOf(due));
  }

  private *markAndDelete(key: ObjectKey, dueUid: string): Op<ApiStatus | undefined> {
    const pod = yield* this.host.client.get('Pod', key);
    if (isApiStatus(pod)) return pod;
    const { uid } = pod.metadata;
    if (this.isByUid && uid !== dueUid) return undefined;
    const { nowUs } = this;
    const marked = yield* this.host.client.patchStatus('Pod', key, (current) => withDisruptionTarget(current, nowUs), { uid });
    if (isApiStatus(marked)) return marked;
    // By name alone: a pod made again meanwhile under the same name is deleted too.
    const deleted = yield* this.host.client.delete('Pod', key, this.isByUid ? { uid } : {});
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
  key: undefined,
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
  return withPodConditions(pod, conditions);
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
