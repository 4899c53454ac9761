/**
 * Deployment arithmetic: how many replicas each ReplicaSet of a Deployment should have. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/deployment/util/deployment_util.go, rolling.go, sync.go
 * Order     ReplicaSets of equal age are ordered by name
 */
import { compareCodeUnits, compareNumbers } from '../base/compare.ts';
import type { IntOrString } from '../objects/meta.ts';
import type { Deployment, ReplicaSet } from '../objects/workloads.ts';
import { resolveIntOrPercent } from './int-or-percent.ts';

export const ANNOTATION_DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const ANNOTATION_MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** By how much a rollout may overshoot and undershoot; never both 0, or it could not move. */
export function resolveFenceposts(
  maxSurge: IntOrString,
  maxUnavailable: IntOrString,
  desired: number,
): { readonly surge: number; readonly unavailable: number } {
  const surge = resolveIntOrPercent(maxSurge, desired, true);
  const unavailable = resolveIntOrPercent(maxUnavailable, desired, false);
  // Of a small Deployment 25 % unavailable rounds down to 0; with no surge either, one pod may be missing.
  return surge === 0 && unavailable === 0 ? { surge: 0, unavailable: 1 } : { surge, unavailable };
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return deployment.spec.strategy.type === 'RollingUpdate';
}

/** 0 unless the strategy is RollingUpdate. */
export function maxSurgeOf(deployment: Deployment): number {
  if (!isRollingUpdate(deployment)) return 0;
  const { strategy, replicas } = deployment.spec;
  return resolveFenceposts(strategy.maxSurge, strategy.maxUnavailable, replicas).surge;
}

/** 0 unless the strategy is RollingUpdate; never more than the wanted replicas. */
export function maxUnavailableOf(deployment: Deployment): number {
  const { strategy, replicas } = deployment.spec;
  if (!isRollingUpdate(deployment) || replicas === 0) return 0;
  return Math.min(resolveFenceposts(strategy.maxSurge, strategy.maxUnavailable, replicas).unavailable, replicas);
}

export function sumOfSpec(sets: readonly ReplicaSet[]): number {
  let sum = 0;
  for (const set of sets) sum += set.spec.replicas;
  return sum;
}

export function sumOfStatus(sets: readonly (ReplicaSet | undefined)[], field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number {
  let sum = 0;
  for (const set of sets) if (set !== undefined) sum += set.status[field];
  return sum;
}

/** Those that should have pods. */
export function activeSets(sets: readonly (ReplicaSet | undefined)[]): ReplicaSet[] {
  return sets.filter((set): set is ReplicaSet => set !== undefined && set.spec.replicas > 0);
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  return compareNumbers(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compareCodeUnits(a.metadata.name, b.metadata.name);
}

/** How far the new ReplicaSet may grow now. `all` includes it. */
export function newReplicaSetSize(deployment: Deployment, all: readonly ReplicaSet[], newSet: ReplicaSet): number {
  const desired = deployment.spec.replicas;
  if (!isRollingUpdate(deployment)) return desired;
  const room = desired + maxSurgeOf(deployment) - sumOfSpec(all);
  if (room <= 0) return newSet.spec.replicas;
  return newSet.spec.replicas + Math.min(room, desired - newSet.spec.replicas);
}

export interface Resize {
  readonly set: ReplicaSet;
  readonly size: number;
}

/** How many pods old ReplicaSets could lose in all, were those pods healthy or not. */
export function maxScaleDown(deployment: Deployment, all: readonly ReplicaSet[], newSet: ReplicaSet): number {
  const minAvailable = deployment.spec.replicas - maxUnavailableOf(deployment);
  const newUnavailable = newSet.spec.replicas - newSet.status.availableReplicas;
  return sumOfSpec(all) - minAvailable - newUnavailable;
}

export interface CleanupPlan {
  readonly resizes: readonly Resize[];
  /** A set reports more available pods than it should have: its controller lags, and the sync stops after these resizes. */
  readonly isCutShort: boolean;
}

/** First the pods that serve nobody: each old set, oldest first, shrinks by what is not available, `budget` in all. */
export function planUnhealthyCleanup(oldSets: readonly ReplicaSet[], budget: number): CleanupPlan {
  const resizes: Resize[] = [];
  let left = budget;
  for (const set of oldSets.toSorted(byCreation)) {
    if (left <= 0) break;
    const { replicas } = set.spec;
    if (replicas === 0 || replicas === set.status.availableReplicas) continue;
    const count = Math.min(left, replicas - set.status.availableReplicas);
    if (count < 0) return { resizes, isCutShort: true };
    resizes.push({ set, size: replicas - count });
    left -= count;
  }
  return { resizes, isCutShort: false };
}

/** Then available pods, as far as enough stay available. `all` and `oldSets` as they are after the clean-up. */
export function planOldScaleDown(deployment: Deployment, all: readonly ReplicaSet[], oldSets: readonly ReplicaSet[]): Resize[] {
  const minAvailable = deployment.spec.replicas - maxUnavailableOf(deployment);
  let left = sumOfStatus(all, 'availableReplicas') - minAvailable;
  const resizes: Resize[] = [];
  for (const set of oldSets.toSorted(byCreation)) {
    if (left <= 0) break;
    const { replicas } = set.spec;
    if (replicas === 0) continue;
    const count = Math.min(replicas, left);
    resizes.push({ set, size: replicas - count });
    left -= count;
  }
  return resizes;
}

/** What scaling an unfinished rollout means for each active ReplicaSet; sizes that stay are listed too (their annotations may not). */
export function proportionalScale(deployment: Deployment, active: readonly ReplicaSet[]): Resize[] {
  const desired = deployment.spec.replicas;
  const allowed = desired > 0 ? desired + maxSurgeOf(deployment) : 0;
  const toAdd = allowed - sumOfSpec(active);
  const sorted = active.toSorted(toAdd > 0 ? largestThenNewest : largestThenOldest);
  let added = 0;
  const sizes = sorted.map((set) => {
    const share = toAdd === 0 ? 0 : shareOf(deployment, set, toAdd, added);
    added += share;
    return set.spec.replicas + share;
  });
  // What rounding left over goes to the largest.
  if (toAdd !== 0 && sizes.length > 0) sizes[0] = Math.max(0, sizes[0]! + toAdd - added);
  return sorted.map((set, index) => ({ set, size: sizes[index]! }));
}

function largestThenNewest(a: ReplicaSet, b: ReplicaSet): number {
  return compareNumbers(b.spec.replicas, a.spec.replicas) || byCreation(b, a);
}

function largestThenOldest(a: ReplicaSet, b: ReplicaSet): number {
  return compareNumbers(b.spec.replicas, a.spec.replicas) || byCreation(a, b);
}

/** The change of one set: its share of the new size, but never beyond what is left to add (or remove). */
function shareOf(deployment: Deployment, set: ReplicaSet, toAdd: number, added: number): number {
  if (set.spec.replicas === 0 || toAdd === added) return 0;
  const fraction = fractionOf(deployment, set);
  const left = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

function fractionOf(deployment: Deployment, set: ReplicaSet): number {
  const { replicas } = set.spec;
  const desired = deployment.spec.replicas;
  if (desired === 0) return -replicas;
  const before = annotationNumber(set, ANNOTATION_MAX_REPLICAS) || deployment.status.replicas;
  if (before === 0) return 0;
  return Math.floor((replicas * (desired + maxSurgeOf(deployment))) / before + 0.5) - replicas;
}

/** An integer annotation; undefined when absent or no integer. */
export function annotationNumber(set: ReplicaSet, name: string): number | undefined {
  const text = set.metadata.annotations[name];
  return text !== undefined && /^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** Whether the Deployment was scaled since its ReplicaSets were last sized. */
export function isScalingEvent(deployment: Deployment, sets: readonly (ReplicaSet | undefined)[]): boolean {
  return activeSets(sets).some((set) => {
    const desired = annotationNumber(set, ANNOTATION_DESIRED_REPLICAS);
    return desired !== undefined && desired !== deployment.spec.replicas;
  });
}

/** The one set to resize when there is no rollout under way; undefined when several are active. */
export function findActiveOrLatest(newSet: ReplicaSet | undefined, oldSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const active = activeSets([...oldSets, newSet]);
  if (active.length === 1) return active[0];
  if (active.length > 1) return undefined;
  return newSet ?? oldSets.toSorted((a, b) => byCreation(b, a))[0];
}

/** Whether the new set has all the pods it should have, available, for the present size. */
export function isSaturated(deployment: Deployment, newSet: ReplicaSet | undefined): boolean {
  if (newSet === undefined) return false;
  const desired = deployment.spec.replicas;
  return (
    newSet.spec.replicas === desired &&
    annotationNumber(newSet, ANNOTATION_DESIRED_REPLICAS) === desired &&
    newSet.status.availableReplicas === desired
  );
}
