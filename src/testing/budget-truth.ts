/**
 * What a PodDisruptionBudget's status should say, by the pods of the store.
 *
 * Models    kubernetes v1.34 pkg/controller/disruption/disruption.go: the pods a budget selects, what their controllers want, and
 *           which of them are healthy (Ready and not being deleted)
 * Differs   worked out anew from the store on each call, apart from the disruption controller's own arithmetic
 * Cost      one look at every pod of the namespace
 */
import type { PodDisruptionBudget } from '../objects/cluster.ts';
import { controllerOf, type IntOrString, isDeleting } from '../objects/meta.ts';
import { isPodReady, type Pod } from '../objects/pod.ts';
import { selectorMatches } from '../objects/selectors.ts';
import type { StoreView } from './invariants/invariant.ts';

export interface BudgetTruth {
  readonly pods: readonly Pod[];
  readonly healthyCount: number;
  readonly expectedCount: number;
  readonly desiredCount: number;
}

/** undefined when a pod's controller does not say how many it wants: then nothing may be evicted. */
export function budgetTruth(store: StoreView, budget: PodDisruptionBudget): BudgetTruth | undefined {
  const { minAvailable, maxUnavailable, selector } = budget.spec;
  const pods = store.list('Pod', budget.metadata.namespace).filter(({ metadata }) => selectorMatches(selector, metadata.labels));
  const isShare = maxUnavailable !== undefined || typeof minAvailable === 'string';
  const expectedCount = isShare ? wantedByControllers(store, pods) : pods.length;
  if (expectedCount === undefined) return undefined;
  const desiredCount =
    maxUnavailable !== undefined
      ? Math.max(0, expectedCount - shareOf(maxUnavailable, expectedCount))
      : shareOf(minAvailable ?? 0, expectedCount);
  const healthyCount = pods.filter((pod) => !isDeleting(pod) && isPodReady(pod)).length;
  return { pods, healthyCount, expectedCount, desiredCount };
}

function wantedByControllers(store: StoreView, pods: readonly Pod[]): number | undefined {
  const wanted = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined) return undefined;
    const key = `${pod.metadata.namespace}/${owner.name}`;
    if (owner.kind === 'StatefulSet') {
      wanted.set(owner.uid, store.get('StatefulSet', key)?.spec.replicas ?? 0);
    } else if (owner.kind === 'ReplicaSet') {
      const set = store.get('ReplicaSet', key);
      const above = set === undefined ? undefined : controllerOf(set);
      if (above?.kind === 'Deployment') {
        wanted.set(above.uid, store.get('Deployment', `${pod.metadata.namespace}/${above.name}`)?.spec.replicas ?? 0);
      } else {
        wanted.set(owner.uid, set?.spec.replicas ?? 0);
      }
    } else {
      return undefined;
    }
  }
  return [...wanted.values()].reduce((sum, count) => sum + count, 0);
}

/** Percentages round up, for both fields. */
function shareOf(value: IntOrString, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * total) / 100);
}
