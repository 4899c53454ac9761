/**
 * Deletion ranking: which pods of a ReplicaSet go first when it shrinks.
 *
 * Models    kubernetes v1.34 pkg/controller/controller_utils.go ActivePodsWithRanks (logarithmic scale-down on)
 * Order     the eight rules below, then the uid. Rules 6 and 8 break ties by uid at once, so the rules as a
 *           whole are not transitive for pods of equal ready time; a merge sort written here (and not the
 *           engine's own) makes the outcome the same everywhere, where upstream's depends on its sort
 * Units     times in simulated microseconds; the age buckets are powers of two of nanoseconds, as upstream
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { ContainerStatus, Pod } from '../objects/pod.ts';
import { isPodReady, podCondition } from '../objects/pod.ts';

export const ANNOTATION_DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

export interface RankedPod {
  readonly pod: Pod;
  /** Number of active pods of related ReplicaSets on the same node, this one included; 0 when nothing is related. */
  readonly rank: number;
}

/** `pods` in order of deletion. `related`: the pods of all ReplicaSets with the same controller. */
export function rankPodsForDeletion(pods: readonly Pod[], related: readonly Pod[], nowUs: number): Pod[] {
  const countByNode = new Map<string, number>();
  for (const pod of related) countByNode.set(pod.spec.nodeName, (countByNode.get(pod.spec.nodeName) ?? 0) + 1);
  const ranked = pods.map((pod) => ({ pod, rank: countByNode.get(pod.spec.nodeName) ?? 0 }));
  return mergeSort(ranked, (a, b) => compareForDeletion(a, b, nowUs)).map((entry) => entry.pod);
}

/** Negative when `a` goes before `b`. */
export function compareForDeletion(a: RankedPod, b: RankedPod, nowUs: number): number {
  const byState = compareStates(a.pod, b.pod);
  if (byState !== 0) return byState;
  if (a.rank !== b.rank) return b.rank - a.rank;
  const byAge = compareReadyAndRestarts(a.pod, b.pod, nowUs);
  return byAge !== 0 ? byAge : compareCodeUnits(a.pod.metadata.uid, b.pod.metadata.uid);
}

/** Order in which a Job shrinks: as above without deletion cost and co-location. */
export function compareActivePods(a: Pod, b: Pod, nowUs: number): number {
  const byState = comparePlacementAndPhase(a, b);
  if (byState !== 0) return byState;
  const byAge = compareReadyAndRestarts(a, b, nowUs);
  return byAge !== 0 ? byAge : compareCodeUnits(a.metadata.uid, b.metadata.uid);
}

/** Rules 1 to 4. */
function compareStates(a: Pod, b: Pod): number {
  const byPhase = comparePlacementAndPhase(a, b);
  if (byPhase !== 0) return byPhase;
  return deletionCostOf(a) - deletionCostOf(b);
}

function comparePlacementAndPhase(a: Pod, b: Pod): number {
  const isAssigned = a.spec.nodeName !== '';
  if (isAssigned !== (b.spec.nodeName !== '')) return isAssigned ? 1 : -1;
  const byPhase = phaseOrdinal(a) - phaseOrdinal(b);
  if (byPhase !== 0) return byPhase;
  const isReady = isPodReady(a);
  return isReady === isPodReady(b) ? 0 : isReady ? 1 : -1;
}

/** Rules 6 to 8. */
function compareReadyAndRestarts(a: Pod, b: Pod, nowUs: number): number {
  if (isPodReady(a) && isPodReady(b)) {
    const readyA = podCondition(a, 'Ready')!.lastTransitionTime;
    const readyB = podCondition(b, 'Ready')!.lastTransitionTime;
    if (readyA !== readyB) return compareAges(a, b, readyA, readyB, nowUs);
  }
  const byRestarts = compareRestarts(a, b);
  if (byRestarts !== 0) return byRestarts;
  const { creationTimestamp: createdA } = a.metadata;
  const { creationTimestamp: createdB } = b.metadata;
  return createdA === createdB ? 0 : compareAges(a, b, createdA, createdB, nowUs);
}

function compareAges(a: Pod, b: Pod, sinceA: number, sinceB: number, nowUs: number): number {
  const difference = ageBucket(nowUs - sinceA) - ageBucket(nowUs - sinceB);
  return difference !== 0 ? difference : compareCodeUnits(a.metadata.uid, b.metadata.uid);
}

/** floor(log2(age in nanoseconds)); -1 for no age. Halving is exact, a logarithm is not. */
export function ageBucket(ageUs: number): number {
  let bucket = -1;
  for (let nanoseconds = ageUs * 1000; nanoseconds >= 1; nanoseconds /= 2) bucket++;
  return bucket;
}

function phaseOrdinal(pod: Pod): number {
  const { phase } = pod.status;
  return phase === 'Pending' ? 0 : phase === 'Unknown' ? 1 : 2;
}

/** The annotation as an int32; anything else counts as 0. */
export function deletionCostOf(pod: Pod): number {
  const text = pod.metadata.annotations[ANNOTATION_DELETION_COST];
  // As upstream: no leading plus sign, no leading zeros.
  if (text === undefined || !/^(0|-?[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -2147483648 && cost <= 2147483647 ? cost : 0;
}

/** More restarts first: regular containers decide, then sidecars. */
function compareRestarts(a: Pod, b: Pod): number {
  const regular = maxRestarts(b.status.containerStatuses) - maxRestarts(a.status.containerStatuses);
  return regular !== 0 ? regular : maxRestarts(sidecarStatuses(b)) - maxRestarts(sidecarStatuses(a));
}

function maxRestarts(statuses: readonly ContainerStatus[]): number {
  let max = 0;
  for (const status of statuses) if (status.restartCount > max) max = status.restartCount;
  return max;
}

function sidecarStatuses(pod: Pod): readonly ContainerStatus[] {
  const sidecars = pod.spec.initContainers.filter((container) => container.restartPolicy === 'Always').map((container) => container.name);
  return pod.status.initContainerStatuses.filter((status) => sidecars.includes(status.name));
}

/** Stable merge sort; unlike Array.sort its result does not depend on the engine when `compare` is not transitive. */
function mergeSort<T>(items: readonly T[], compare: (a: T, b: T) => number): T[] {
  if (items.length <= 1) return items.slice();
  const middle = items.length >> 1;
  const left = mergeSort(items.slice(0, middle), compare);
  const right = mergeSort(items.slice(middle), compare);
  const merged: T[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    merged.push(compare(left[i]!, right[j]!) <= 0 ? left[i++]! : right[j++]!);
  }
  while (i < left.length) merged.push(left[i++]!);
  while (j < right.length) merged.push(right[j++]!);
  return merged;
}
