/**
 * Object changes: which cluster events an update of a pod or a node amounts to.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/events.go (PodSchedulingPropertiesChange, NodeSchedulingPropertiesChange)
 * Order     events in upstream's order of extractors
 * HOT       podChangeEvents runs for every status update of every pod; parts that two versions share by
 *           reference are equal without a look
 */
import type { ResourceList, StringMap } from '../objects/meta.ts';
import type { Node, NodeCondition, Taint } from '../objects/node.ts';
import type { ContainerStatus, Pod } from '../objects/pod.ts';
import { exactPodRequests } from '../objects/pod-requests.ts';
import { quantityNanos } from '../objects/quantity.ts';
import { ACTION, type ClusterEvent, clusterEvent, EVENT } from './cluster-event.ts';

interface PodEvents {
  readonly label: ClusterEvent;
  readonly scaleDown: ClusterEvent;
  readonly gatesEliminated: ClusterEvent;
  readonly toleration: ClusterEvent;
  /** For a change that is none of these: moves nothing, since no plugin registers every update bit. */
  readonly generic: readonly ClusterEvent[];
}

const ASSIGNED = podEvents('AssignedPod', EVENT.ASSIGNED_POD_UPDATE);
const UNASSIGNED = podEvents('UnschedulablePod', EVENT.UNSCHEDULABLE_POD_UPDATE);
const NO_EVENTS: readonly ClusterEvent[] = Object.freeze([]);
const NANO_PER_MILLI = 1_000_000n;

function podEvents(resource: string, generic: ClusterEvent): PodEvents {
  return Object.freeze({
    label: clusterEvent(resource, ACTION.UPDATE_POD_LABEL),
    scaleDown: clusterEvent(resource, ACTION.UPDATE_POD_SCALE_DOWN),
    gatesEliminated: clusterEvent(resource, ACTION.UPDATE_POD_SCHEDULING_GATES_ELIMINATED),
    toleration: clusterEvent(resource, ACTION.UPDATE_POD_TOLERATION),
    generic: Object.freeze([generic]),
  });
}

/** The events of an update of a pod, at least one; of an assigned pod when the new version has a node. */
export function podChangeEvents(old: Pod, next: Pod): readonly ClusterEvent[] {
  const kinds = next.spec.nodeName === '' ? UNASSIGNED : ASSIGNED;
  let events: ClusterEvent[] | undefined;
  if (!sameStrings(old.metadata.labels, next.metadata.labels)) events = [kinds.label];
  if (mayChangeRequests(old, next) && isScaleDown(old, next)) events = append(events, kinds.scaleDown);
  if (old.spec !== next.spec) {
    if (old.spec.schedulingGates.length > 0 && next.spec.schedulingGates.length === 0) events = append(events, kinds.gatesEliminated);
    // Tolerations can only be added, so the count tells whether they differ.
    if (old.spec.tolerations.length !== next.spec.tolerations.length) events = append(events, kinds.toleration);
  }
  return events ?? kinds.generic;
}

/** The events of an update of a node; empty when nothing that scheduling looks at changed. */
export function nodeChangeEvents(old: Node, next: Node): readonly ClusterEvent[] {
  let events: ClusterEvent[] | undefined;
  if (old.spec.unschedulable && !next.spec.unschedulable) events = [EVENT.NODE_TAINT];
  if (!sameResources(old.status.allocatable, next.status.allocatable)) events = append(events, EVENT.NODE_ALLOCATABLE);
  if (!sameStrings(old.metadata.labels, next.metadata.labels)) events = append(events, EVENT.NODE_LABEL);
  if (!sameTaints(old.spec.taints, next.spec.taints)) events = append(events, EVENT.NODE_TAINT);
  if (!sameConditionStatuses(old.status.conditions, next.status.conditions)) events = append(events, EVENT.NODE_CONDITION);
  if (!sameStrings(old.metadata.annotations, next.metadata.annotations)) events = append(events, EVENT.NODE_ANNOTATION);
  return events ?? NO_EVENTS;
}

function append(events: ClusterEvent[] | undefined, event: ClusterEvent): ClusterEvent[] {
  if (events === undefined) return [event];
  events.push(event);
  return events;
}

function mayChangeRequests(old: Pod, next: Pod): boolean {
  if (old.spec !== next.spec) {
    const a = old.spec;
    const b = next.spec;
    if (a.containers !== b.containers || a.initContainers !== b.initContainers) return true;
    if (a.resources !== b.resources || a.overhead !== b.overhead) return true;
  }
  return (
    reportsResources(old.status.containerStatuses) ||
    reportsResources(next.status.containerStatuses) ||
    reportsResources(old.status.initContainerStatuses) ||
    reportsResources(next.status.initContainerStatuses)
  );
}

function reportsResources(statuses: readonly ContainerStatus[]): boolean {
  for (let i = 0; i < statuses.length; i++) if (statuses[i]!.resources !== undefined) return true;
  return false;
}

/** Whether some request went away or became smaller, in whole millis. */
function isScaleDown(old: Pod, next: Pod): boolean {
  const before = exactPodRequests(old, { useStatus: true });
  const after = exactPodRequests(next, { useStatus: true });
  for (const [name, amount] of before) {
    const left = after.get(name);
    if (left === undefined || ceilMilli(amount) > ceilMilli(left)) return true;
  }
  return false;
}

function ceilMilli(nanos: bigint): bigint {
  return nanos <= 0n ? nanos / NANO_PER_MILLI : (nanos + NANO_PER_MILLI - 1n) / NANO_PER_MILLI;
}

function sameStrings(a: StringMap, b: StringMap): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (b[key] === undefined || a[key] !== b[key]) return false;
  return true;
}

/** Quantities are compared by amount: `1` equals `1000m`. */
function sameResources(a: ResourceList, b: ResourceList): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) {
    const left = a[name]!;
    const right = b[name];
    if (right === undefined) return false;
    if (left !== right && quantityNanos(left) !== quantityNanos(right)) return false;
  }
  return true;
}

function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const left = a[i]!;
    const right = b[i]!;
    if (left.key !== right.key || left.value !== right.value || left.effect !== right.effect) return false;
    if (left.timeAdded !== right.timeAdded) return false;
  }
  return true;
}

/** Heartbeat times, reasons and messages do not count. */
function sameConditionStatuses(a: readonly NodeCondition[], b: readonly NodeCondition[]): boolean {
  if (a === b) return true;
  const before = new Map(a.map((condition) => [condition.type, condition.status] as const));
  const after = new Map(b.map((condition) => [condition.type, condition.status] as const));
  if (before.size !== after.size) return false;
  for (const [type, status] of before) if (after.get(type) !== status) return false;
  return true;
}
