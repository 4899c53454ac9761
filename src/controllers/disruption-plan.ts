/**
 * Disruption arithmetic: how many pods of a PodDisruptionBudget may be evicted now. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/disruption/disruption.go, component-helpers pdb conditions
 */
import { MINUTE_US } from '../engine/units.ts';
import type { PodDisruptionBudget } from '../objects/cluster.ts';
import type { Condition, IntOrString, TimeUs } from '../objects/meta.ts';
import { isDeleting } from '../objects/meta.ts';
import { isPodReady, type Pod } from '../objects/pod.ts';
import { resolveIntOrPercent } from './int-or-percent.ts';

export type BudgetStatus = PodDisruptionBudget['status'];

/** How long an accepted eviction may take until the pod is seen deleting: DeletionTimeout, v1.34. */
export const DELETION_TIMEOUT_US = 2 * MINUTE_US;

/** Whether the budget is a share of what the pods' controllers want, and not a plain number of pods. */
export function needsScale(spec: PodDisruptionBudget['spec']): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';
}

/** Pods that must stay healthy. `expected`: pods there should be. */
export function desiredHealthyOf(spec: PodDisruptionBudget['spec'], expected: number): number {
  if (spec.maxUnavailable !== undefined) return Math.max(0, expected - resolve(spec.maxUnavailable, expected));
  if (spec.minAvailable !== undefined) return resolve(spec.minAvailable, expected);
  return 0;
}

function resolve(value: IntOrString, total: number): number {
  return resolveIntOrPercent(value, total, true);
}

export interface DisruptedPods {
  /** Accepted evictions whose pod is not yet seen deleting. */
  readonly waiting: Readonly<Record<string, TimeUs>>;
  /** Pods whose eviction took too long: they count as healthy again. */
  readonly overdue: readonly Pod[];
  /** When the next entry runs out; undefined without entries. */
  readonly recheckAtUs: TimeUs | undefined;
}

export function stillDisrupted(budget: PodDisruptionBudget, pods: readonly Pod[], nowUs: TimeUs): DisruptedPods {
  const waiting: Record<string, TimeUs> = {};
  const overdue: Pod[] = [];
  let recheckAtUs: TimeUs | undefined;
  for (const pod of pods) {
    const sinceUs = budget.status.disruptedPods[pod.metadata.name];
    if (sinceUs === undefined || isDeleting(pod)) continue;
    const dueUs = sinceUs + DELETION_TIMEOUT_US;
    if (dueUs < nowUs) {
      overdue.push(pod);
      continue;
    }
    waiting[pod.metadata.name] = sinceUs;
    if (recheckAtUs === undefined || dueUs < recheckAtUs) recheckAtUs = dueUs;
  }
  return { waiting, overdue, recheckAtUs };
}

export function computeBudgetStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  expected: number,
  disrupted: DisruptedPods,
  nowUs: TimeUs,
): BudgetStatus {
  const desiredHealthy = desiredHealthyOf(budget.spec, expected);
  let currentHealthy = 0;
  for (const pod of pods) {
    if (!isDeleting(pod) && disrupted.waiting[pod.metadata.name] === undefined && isPodReady(pod)) currentHealthy++;
  }
  const disruptionsAllowed = expected > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const [status, reason] = disruptionsAllowed > 0 ? (['True', 'SufficientPods'] as const) : (['False', 'InsufficientPods'] as const);
  return {
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods: expected,
    observedGeneration: budget.metadata.generation,
    disruptedPods: disrupted.waiting,
    conditions: withAllowed(budget, { type: 'DisruptionAllowed', status, reason, message: '', lastTransitionTime: nowUs }),
  };
}

/** When the budget cannot be computed nothing may be evicted. */
export function failedBudgetStatus(budget: PodDisruptionBudget, message: string, nowUs: TimeUs): BudgetStatus {
  const condition: Condition = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message, lastTransitionTime: nowUs };
  return {
    ...budget.status,
    disruptionsAllowed: 0,
    observedGeneration: budget.metadata.generation,
    conditions: withAllowed(budget, condition),
  };
}

function withAllowed(budget: PodDisruptionBudget, next: Condition): readonly Condition[] {
  const { conditions } = budget.status;
  const index = conditions.findIndex((condition) => condition.type === next.type);
  const old = conditions[index];
  if (old === undefined) return [...conditions, next];
  if (old.status === next.status && old.reason === next.reason && old.message === next.message) return conditions;
  return conditions.with(index, old.status === next.status ? { ...next, lastTransitionTime: old.lastTransitionTime } : next);
}

export function isSameBudgetStatus(a: BudgetStatus, b: BudgetStatus): boolean {
  const names = Object.keys(a.disruptedPods);
  return (
    a.disruptionsAllowed === b.disruptionsAllowed &&
    a.currentHealthy === b.currentHealthy &&
    a.desiredHealthy === b.desiredHealthy &&
    a.expectedPods === b.expectedPods &&
    a.observedGeneration === b.observedGeneration &&
    a.conditions === b.conditions &&
    names.length === Object.keys(b.disruptedPods).length &&
    names.every((name) => a.disruptedPods[name] === b.disruptedPods[name])
  );
}
