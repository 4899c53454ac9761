/**
 * evictPod: POST pods/{name}/eviction. A delete that asks the pod's PodDisruptionBudget first.
 *
 * Models    kubernetes v1.34 pkg/registry/core/pod/storage/eviction.go
 * Differs   budget, condition and delete are one atomic step, so the retries on conflict do not exist and a budget
 *           is never charged for a delete that then fails
 * Order     budgets are looked at in key order
 */

import { ApiStatus, forbidden, internalError, isApiStatus, notFound, type Result, tooManyRequests } from '../objects/api-status.ts';
import type { PodDisruptionBudget } from '../objects/cluster.ts';
import { withPodConditions } from '../objects/copies.ts';
import { isPodReady, isTerminal, type Pod, withCondition } from '../objects/pod.ts';
import { selectorMatches } from '../objects/selectors.ts';
import type { EvictRequest } from './request.ts';
import { checkPreconditions, type Store } from './store.ts';

/** MaxDisruptedPodSize: 2000, eviction.go. */
const DISRUPTED_PODS_MAX = 2000;

export function evictPod(store: Store, request: EvictRequest): Result<Pod> {
  const pod = store.get('Pod', request.key);
  if (pod === undefined) return notFound('Pod', request.key);
  const refusal = checkPreconditions(pod, { uid: request.uid ?? '' });
  if (refusal !== undefined) return refusal;
  if (isTerminal(pod) || pod.status.phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined) {
    return deletePod(store, request);
  }
  const budgets = budgetsOf(store, pod);
  if (budgets.length > 1) {
    return internalError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  }
  const [budget] = budgets;
  if (budget !== undefined && !needsNoBudget(pod, budget)) {
    const charged = charge(store, budget, pod);
    if (charged instanceof ApiStatus) return charged;
  }
  markDisrupted(store, pod);
  return deletePod(store, request);
}

function deletePod(store: Store, request: EvictRequest): Result<Pod> {
  const { gracePeriodSeconds } = request;
  const deleted = store.delete('Pod', request.key, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
  return isApiStatus(deleted) ? deleted : deleted;
}

function budgetsOf(store: Store, pod: Pod): PodDisruptionBudget[] {
  const found: PodDisruptionBudget[] = [];
  if (store.count('PodDisruptionBudget') === 0) return found;
  for (const budget of store.list('PodDisruptionBudget', pod.metadata.namespace)) {
    if (selectorMatches(budget.spec.selector, pod.metadata.labels)) found.push(budget);
  }
  return found;
}

/** An unready pod may go without charge: always, or while the budget holds without it. */
function needsNoBudget(pod: Pod, budget: PodDisruptionBudget): boolean {
  if (isPodReady(pod)) return false;
  if (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return budget.status.currentHealthy >= budget.status.desiredHealthy && budget.status.desiredHealthy > 0;
}

function charge(store: Store, budget: PodDisruptionBudget, pod: Pod): ApiStatus | undefined {
  const { status } = budget;
  if (status.observedGeneration < budget.metadata.generation) {
    return tooManyRequests(
      "Cannot evict pod as it would violate the pod's disruption budget: the budget is still being processed by the server.",
      10,
      'DisruptionBudget',
    );
  }
  if (status.disruptionsAllowed < 0) return forbidden('pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods).length > DISRUPTED_PODS_MAX) {
    return forbidden('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (status.disruptionsAllowed === 0) {
    // No Retry-After: the caller decides when to try again.
    return tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0, 'DisruptionBudget');
  }
  store.replace(budget, {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: status.disruptionsAllowed - 1,
      disruptedPods: { ...status.disruptedPods, [pod.metadata.name]: store.engine.nowUs },
    },
  });
  return undefined;
}

function markDisrupted(store: Store, pod: Pod): void {
  const conditions = withCondition(pod.status.conditions, {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: store.engine.nowUs,
  });
  if (conditions !== pod.status.conditions) store.replace(pod, withPodConditions(pod, conditions));
}
