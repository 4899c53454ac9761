/**
 * How many healthy pods a PodDisruptionBudget wants.
 *
 * Models    kubernetes v1.34 pkg/controller/disruption: percentages are rounded up in both directions
 */
import type { PodDisruptionBudget } from '../objects/cluster.ts';
import type { IntOrString } from '../objects/meta.ts';
import { selectorMatches } from '../objects/selectors.ts';
import type { PodRecord, WorkloadRecord } from './cluster-records.ts';

/** Of `expected` pods, so many have to be healthy; never negative. */
export function requiredHealthy(budget: PodDisruptionBudget, expected: number): number {
  const { minAvailable, maxUnavailable } = budget.spec;
  if (maxUnavailable !== undefined) return Math.max(0, expected - resolve(maxUnavailable, expected));
  return minAvailable === undefined ? 0 : Math.max(0, resolve(minAvailable, expected));
}

/** The strictest budget that selects `pod`, any pod of `workload`; undefined when none does. */
export function requiredByBudget(
  workload: WorkloadRecord,
  pod: PodRecord | undefined,
  budgets: ReadonlyMap<string, PodDisruptionBudget>,
): number | undefined {
  if (workload.desired < 0 || pod === undefined) return undefined;
  let required: number | undefined;
  for (const budget of budgets.values()) {
    if (budget.metadata.namespace !== workload.namespace || !selectorMatches(budget.spec.selector, pod.pod.metadata.labels)) continue;
    required = Math.max(required ?? 0, requiredHealthy(budget, workload.desired));
  }
  return required;
}

function resolve(amount: IntOrString, of: number): number {
  if (typeof amount === 'number') return amount;
  const percent = Number(amount.replace('%', ''));
  return Math.ceil((percent * of) / 100);
}
