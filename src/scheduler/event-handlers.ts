/**
 * Event handlers: from what the informers report to the cache and the queue.
 *
 * Models    kubernetes v1.34 pkg/scheduler/eventhandlers.go
 * Differs   all handlers of one event run at once, in order of registration: assigned pods, unassigned pods,
 *           nodes, others. A pod replaced under its name is a deletion and an addition
 * Order     at start everything present is delivered in name order (pods by namespace, then name)
 * HOT       six or so pod events per pod life
 *
 * The scheduler watches pods that have not finished; here a pod that finishes leaves its sight as if deleted.
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { Informer } from '../client/informer.ts';
import type { Kind, ObjectOf } from '../objects/kinds.ts';
import type { ObjectMeta } from '../objects/meta.ts';
import type { Node } from '../objects/node.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import { ACTION, type ClusterEvent, clusterEvent, EVENT } from './cluster-event.ts';
import { nodeChangeEvents, podChangeEvents } from './object-changes.ts';
import type { SchedulerParts } from './scheduler-parts.ts';
import { atMostPriorityOf } from './scheduling-queue.ts';

/** Resources with handlers of their own, and those nothing in the simulation ever makes. */
const NOT_OTHERS: readonly string[] = [
  '*',
  'Pod',
  'AssignedPod',
  'UnschedulablePod',
  'Node',
  'ResourceClaim',
  'ResourceSlice',
  'DeviceClass',
];

export class SchedulerEventHandlers {
  private readonly parts: SchedulerParts;
  private readonly nodes: Informer<Node>;
  private hasStarted: boolean;

  /** Registers with the informers; nothing is delivered before `start`. */
  constructor(parts: SchedulerParts) {
    this.parts = parts;
    this.hasStarted = false;
    const { informers } = parts.ctx;
    const ignoresTombstones = parts.quirks.has('scheduler-ignores-tombstones');
    this.nodes = informers.of('Node');
    parts.pods.addHandlers({
      onAdd: (pod) => {
        if (this.hasStarted && !isTerminal(pod)) this.addPod(pod);
      },
      onUpdate: (old, next) => {
        if (this.hasStarted) this.updatePod(old, next);
      },
      onDelete: (last, isTombstone) => {
        if (this.hasStarted && !isTerminal(last) && !(isTombstone && ignoresTombstones)) this.deletePod(last, isTombstone);
      },
    });
    this.nodes.addHandlers({
      onAdd: (node) => {
        if (this.hasStarted) this.addNode(node);
      },
      onUpdate: (old, next) => {
        if (this.hasStarted) this.updateNode(old, next);
      },
      onDelete: (last, isTombstone) => {
        if (this.hasStarted && !(isTombstone && ignoresTombstones)) this.deleteNode(last);
      },
    });
    for (const resource of parts.hints.resources()) if (!NOT_OTHERS.includes(resource)) this.watchOther(resource as Kind);
  }

  /** Delivers everything the informers hold; call when all have synced. */
  start(): void {
    this.hasStarted = true;
    const pods = this.parts.pods.list().filter((pod) => !isTerminal(pod));
    pods.sort(byNamespaceAndName);
    for (const pod of pods) if (pod.spec.nodeName !== '') this.addPod(pod);
    for (const pod of pods) if (pod.spec.nodeName === '') this.addPod(pod);
    for (const node of [...this.nodes.list()].sort(byNamespaceAndName)) this.addNode(node);
  }

  private addPod(pod: Pod): void {
    if (pod.spec.nodeName !== '') this.addAssigned(pod);
    else if (this.isOurs(pod)) this.parts.queue.add(pod);
  }

  private updatePod(old: Pod, next: Pod): void {
    const wasVisible = !isTerminal(old);
    const isVisible = !isTerminal(next);
    if (!wasVisible || !isVisible || old.metadata.uid !== next.metadata.uid) {
      // One that was bound and ended while nobody looked leaves the list as if it were deleted: its binding was not seen either.
      if (wasVisible) this.deletePod(old, old.metadata.uid !== next.metadata.uid || next.spec.nodeName !== '');
      if (isVisible) this.addPod(next);
      return;
    }
    if (next.spec.nodeName !== '') {
      if (old.spec.nodeName !== '') {
        this.updateAssigned(old, next);
        return;
      }
      this.addAssigned(next);
      if (this.isOurs(old)) this.deleteUnassigned(old);
      return;
    }
    if (this.isOurs(next)) this.updateUnassigned(old, next);
  }

  /** `isUnseen`: its end was not seen but followed from a list, and `pod` may be out of date: it may have been bound in between. */
  private deletePod(pod: Pod, isUnseen: boolean): void {
    if (pod.spec.nodeName !== '') {
      this.parts.cache.removePod(pod);
      this.parts.queue.move(EVENT.ASSIGNED_POD_DELETE, pod, undefined);
    } else if (this.isOurs(pod)) {
      this.deleteUnassigned(pod);
      const { cache, queue } = this.parts;
      if (!isUnseen || !cache.isAssumed(pod)) return;
      const { pod: assumed } = cache.placedPod(pod.metadata.uid)!;
      cache.removePod(pod);
      queue.move(EVENT.ASSIGNED_POD_DELETE, assumed, undefined);
    }
  }

  private addAssigned(pod: Pod): void {
    this.parts.cache.addPod(pod);
    this.parts.queue.move(EVENT.ASSIGNED_POD_ADD, undefined, pod);
  }

  private updateAssigned(old: Pod, next: Pod): void {
    const { cache, queue, calls } = this.parts;
    calls.sync(next);
    cache.updatePod(next);
    if (!queue.hasListeners) return;
    const events = podChangeEvents(old, next);
    for (let i = 0; i < events.length; i++) queue.move(events[i]!, old, next);
  }

  private updateUnassigned(old: Pod, next: Pod): void {
    const { cache, queue, calls, behaviour } = this.parts;
    if (old.metadata.resourceVersion === next.metadata.resourceVersion) return;
    calls.sync(next);
    if (cache.isAssumed(next)) return;
    queue.update(old, next);
    const nominated = old.status.nominatedNodeName;
    if (behaviour.wakesOnNominationChange && nominated !== '' && nominated !== next.status.nominatedNodeName) {
      queue.move(EVENT.ASSIGNED_POD_DELETE, old, undefined, atMostPriorityOf(old));
    }
  }

  /** The pod is gone, or has been bound. Room promised to it is promised no more. */
  private deleteUnassigned(pod: Pod): void {
    const { queue, waiting, behaviour } = this.parts;
    queue.delete(pod);
    if (waiting.reject(pod.metadata.uid, '', 'removed')) {
      queue.move(EVENT.ASSIGNED_POD_DELETE, pod, undefined);
    } else if (behaviour.wakesOnNominationChange && pod.status.nominatedNodeName !== '') {
      queue.move(EVENT.ASSIGNED_POD_DELETE, pod, undefined, atMostPriorityOf(pod));
    }
  }

  private addNode(node: Node): void {
    this.parts.cache.addNode(node);
    this.parts.queue.move(EVENT.NODE_ADD, undefined, node);
  }

  private updateNode(old: Node, next: Node): void {
    this.parts.cache.updateNode(next);
    for (const event of nodeChangeEvents(old, next)) this.parts.queue.move(event, old, next);
  }

  private deleteNode(node: Node): void {
    const { cache, queue, quirks } = this.parts;
    queue.move(EVENT.NODE_DELETE, node, undefined);
    const { name } = node.metadata;
    if (quirks.has('scheduler-forgets-pods-of-deleted-nodes')) {
      for (const info of [...(cache.nodeInfo(name)?.pods ?? [])]) cache.removePod(info.pod);
    }
    cache.removeNode(name);
  }

  private watchOther<K extends Kind>(kind: K): void {
    const { queue, hints, ctx } = this.parts;
    const added = clusterEvent(kind, ACTION.ADD);
    const updated = clusterEvent(kind, ACTION.UPDATE);
    const deleted = clusterEvent(kind, ACTION.DELETE);
    const move = (event: ClusterEvent, old: ObjectOf<K> | undefined, next: ObjectOf<K> | undefined): void => {
      if (this.hasStarted) queue.move(event, old, next);
    };
    ctx.informers.of(kind).addHandlers({
      ...(hints.isRegistered(added) ? { onAdd: (object: ObjectOf<K>) => move(added, undefined, object) } : {}),
      ...(hints.isRegistered(updated) ? { onUpdate: (old: ObjectOf<K>, next: ObjectOf<K>) => move(updated, old, next) } : {}),
      ...(hints.isRegistered(deleted) ? { onDelete: (last: ObjectOf<K>) => move(deleted, last, undefined) } : {}),
    });
  }

  private isOurs(pod: Pod): boolean {
    return this.parts.profiles.has(pod.spec.schedulerName);
  }
}

/** Names are unique within a namespace, so the order is total. */
function byNamespaceAndName(a: { readonly metadata: ObjectMeta }, b: { readonly metadata: ObjectMeta }): number {
  return compareCodeUnits(a.metadata.namespace, b.metadata.namespace) || compareCodeUnits(a.metadata.name, b.metadata.name);
}
