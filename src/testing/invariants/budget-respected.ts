/**
 * budget-respected: an eviction that the API server accepts leaves as many healthy pods as their budget asks for.
 *
 * I6 of the oracles (kubernetes/kubernetes#82149, #34546). Only evictions ask a budget: deletions, preemption and taints do not.
 *
 * Allowed   - healthy pods that were lost in other ways less than 10 s ago, and workloads scaled since: the disruption
 *             controller may not have counted them (kubernetes/kubernetes#105326)
 *           - a controller manager that cannot see or write: the server goes on granting what was left (its counter is as old
 *             as the controller's last word; a request without answer holds it up for a minute)
 * Cost      O(1) per write of a pod; O(pods of the namespace) per eviction of a ready pod
 */
import { SECOND_US } from '../../engine/units.ts';
import { keyOf } from '../../objects/meta.ts';
import { isPodReady, type Pod } from '../../objects/pod.ts';
import { selectorMatches } from '../../objects/selectors.ts';
import { budgetTruth } from '../budget-truth.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { defineInvariant } from './invariant.ts';

const LAG_US = 10 * SECOND_US;
const SCALED_KINDS = ['Deployment', 'ReplicaSet', 'StatefulSet'] as const;

interface Loss {
  readonly timeUs: number;
  readonly pod: Pod;
}

export const budgetRespected = defineInvariant({
  name: 'budget-respected',
  id: 'I6',
  summary: 'no eviction leaves fewer healthy pods than a budget asks for',
  create: (probe) => {
    const window = new FaultWindow(probe, { opens: blinding(probe, /controller-manager/), graceUs: blindnessUs });
    /** Healthy pods that ceased to be so lately, without eviction; oldest first. */
    const losses: Loss[] = [];
    /** The pod that ceased to be healthy with the last write. */
    let last: Loss | undefined;
    let scaledUs = -Infinity;

    probe.onCommit('Pod', (_type, old, pod) => {
      if (old === undefined || !isHealthy(old) || (pod !== undefined && isHealthy(pod))) return;
      last = { timeUs: probe.nowUs(), pod: old };
      losses.push(last);
      while (losses[0]!.timeUs < last.timeUs - LAG_US) losses.shift();
    });
    for (const kind of SCALED_KINDS) {
      probe.onCommit(kind, (_type, old, next) => {
        if (old?.spec.replicas !== next?.spec.replicas) scaledUs = probe.nowUs();
      });
    }
    probe.onWrite(({ verb, key, isDone, client }) => {
      if (verb !== 'evict' || !isDone || last === undefined || keyOf(last.pod) !== key || last.timeUs !== probe.nowUs()) return;
      const victim = last.pod;
      // What evictions take the budget has counted.
      losses.splice(losses.lastIndexOf(last), 1);
      last = undefined;
      if (window.isOpen) return;
      for (const budget of probe.store.list('PodDisruptionBudget', victim.metadata.namespace)) {
        const { selector, minAvailable, maxUnavailable } = budget.spec;
        if (!selectorMatches(selector, victim.metadata.labels)) continue;
        const isShare = maxUnavailable !== undefined || typeof minAvailable === 'string';
        if (isShare && probe.nowUs() - scaledUs < LAG_US) continue;
        const truth = budgetTruth(probe.store, budget);
        if (truth === undefined) continue;
        const lost = losses.filter(({ timeUs, pod }) => {
          return (
            timeUs >= probe.nowUs() - LAG_US &&
            pod.metadata.namespace === victim.metadata.namespace &&
            selectorMatches(selector, pod.metadata.labels)
          );
        }).length;
        const { healthyCount, desiredCount } = truth;
        if (healthyCount + (probe.isStrict ? 0 : lost) >= desiredCount) continue;
        probe.report(
          `${client} evicted ${key}: ${healthyCount} healthy pods are left and the budget ${keyOf(budget)} asks for ${desiredCount}`,
          [`pod/${key}`, `poddisruptionbudget/${keyOf(budget)}`],
        );
      }
    });
    return {};
  },
});

function isHealthy(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && isPodReady(pod);
}
