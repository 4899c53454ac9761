/**
 * ReplicaSet arithmetic: how many pods to create, which to delete, what status to report. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/replicaset/replica_set.go, replica_set_utils.go
 */
import type { Condition, StringMap, TimeUs } from '../objects/meta.ts';
import { isPodReady, type Pod } from '../objects/pod.ts';
import { labelsContain } from '../objects/selectors.ts';
import type { ReplicaSet, ReplicaSetStatus } from '../objects/workloads.ts';
import { conditionOf, setCondition, withoutCondition } from './conditions.ts';
import type { ReconcileError } from './controller.ts';
import { rankPodsForDeletion } from './deletion-ranking.ts';
import { isPodAvailable } from './pod-state.ts';

/** Pods created or deleted in one sync: BurstReplicas, v1.34. */
export const BURST_REPLICAS = 500;

export interface ReplicaPlan {
  readonly createCount: number;
  readonly deletes: readonly Pod[];
}

/**
 * What brings the active pods to `replicas`, at most `burst` steps.
 * `related` gives the active pods of all ReplicaSets with the same controller; asked only when something is to be deleted.
 */
export function planReplicaSet(
  active: readonly Pod[],
  replicas: number,
  related: () => readonly Pod[],
  nowUs: TimeUs,
  burst: number = BURST_REPLICAS,
): ReplicaPlan {
  const surplus = active.length - replicas;
  if (surplus < 0) return { createCount: Math.min(-surplus, burst), deletes: [] };
  if (surplus === 0) return { createCount: 0, deletes: [] };
  const count = Math.min(surplus, burst);
  // When all have to go there is nothing to rank.
  const ordered = count < active.length ? rankPodsForDeletion(active, related(), nowUs) : active;
  return { createCount: 0, deletes: ordered.slice(0, count) };
}

/** Pods as the status counts them. */
export interface ReplicaCounts {
  readonly active: number;
  readonly labeled: number;
  readonly ready: number;
  readonly available: number;
}

/** `manageError`: what creating or deleting pods failed with in this sync. observedGeneration is the old one's. */
export function computeReplicaSetStatus(
  set: ReplicaSet,
  active: readonly Pod[],
  manageError: ReconcileError | undefined,
  nowUs: TimeUs,
): ReplicaSetStatus {
  return statusOfCounts(set, countReplicas(set, active, nowUs), manageError, nowUs);
}

function countReplicas(set: ReplicaSet, active: readonly Pod[], nowUs: TimeUs): ReplicaCounts {
  let labeled = 0;
  let ready = 0;
  let available = 0;
  const templateLabels = set.spec.template.metadata.labels;
  let labels: StringMap | undefined;
  let isLabeled = false;
  for (const pod of active) {
    // Pods of one template share their labels object.
    if (pod.metadata.labels !== labels) {
      labels = pod.metadata.labels;
      isLabeled = labelsContain(labels, templateLabels);
    }
    if (isLabeled) labeled++;
    if (!isPodReady(pod)) continue;
    ready++;
    if (isPodAvailable(pod, set.spec.minReadySeconds, nowUs)) available++;
  }
  return { active: active.length, labeled, ready, available };
}

/** The same of pods that are already counted. */
export function statusOfCounts(
  set: ReplicaSet,
  counts: ReplicaCounts,
  manageError: ReconcileError | undefined,
  nowUs: TimeUs,
): ReplicaSetStatus {
  return {
    ...set.status,
    replicas: counts.active,
    fullyLabeledReplicas: counts.labeled,
    readyReplicas: counts.ready,
    availableReplicas: counts.available,
    conditions: failureConditions(set, counts.active, manageError, nowUs),
  };
}

function failureConditions(
  set: ReplicaSet,
  activeCount: number,
  manageError: ReconcileError | undefined,
  nowUs: TimeUs,
): readonly Condition[] {
  const { conditions } = set.status;
  const isSet = conditionOf(conditions, 'ReplicaFailure') !== undefined;
  if (manageError === undefined) return isSet ? withoutCondition(conditions, 'ReplicaFailure') : conditions;
  // The first failure is kept until a sync succeeds.
  if (isSet) return conditions;
  const reason = activeCount < set.spec.replicas ? 'FailedCreate' : activeCount > set.spec.replicas ? 'FailedDelete' : '';
  return setCondition(conditions, {
    type: 'ReplicaFailure',
    status: 'True',
    reason,
    message: manageError.message,
    lastTransitionTime: nowUs,
  });
}

/** Whether the status of `set` says just this, and no failure: `statusOfCounts` would change nothing. */
export function hasCounts(set: ReplicaSet, counts: ReplicaCounts): boolean {
  const { status } = set;
  return (
    status.replicas === counts.active &&
    status.fullyLabeledReplicas === counts.labeled &&
    status.readyReplicas === counts.ready &&
    status.availableReplicas === counts.available &&
    status.observedGeneration === set.metadata.generation &&
    conditionOf(status.conditions, 'ReplicaFailure') === undefined
  );
}

/** Whether writing `next` (with the current generation observed) would change nothing. */
export function isSameReplicaSetStatus(set: ReplicaSet, next: ReplicaSetStatus): boolean {
  const old = set.status;
  return (
    old.replicas === next.replicas &&
    old.fullyLabeledReplicas === next.fullyLabeledReplicas &&
    old.readyReplicas === next.readyReplicas &&
    old.availableReplicas === next.availableReplicas &&
    old.observedGeneration === set.metadata.generation &&
    old.conditions === next.conditions
  );
}
