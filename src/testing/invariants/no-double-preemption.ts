/**
 * no-double-preemption: no more nodes are cleared for important pods than there are pods that wait for room.
 *
 * Part of I11 of the oracles: a scheduler that forgets what it has just preempted evicts another pod for the same purpose
 * (kubernetes/kubernetes#72124). Judged when a victim begins to go: the nodes on which victims are going, against the pods
 * without a node that are more important than this victim.
 *
 * Allowed   nothing; but a pod that finds room elsewhere leaves its victims behind, so only scenarios that name this
 *           invariant have it watched
 * Cost      one look at all pods per victim
 */
import { isDeleting, keyOf } from '../../objects/meta.ts';
import { isTerminal, type Pod, podCondition, priorityOf } from '../../objects/pod.ts';
import { defineInvariant } from './invariant.ts';

export const noDoublePreemption = defineInvariant({
  name: 'no-double-preemption',
  id: 'I11',
  summary: 'no two nodes are cleared for one pod',
  excusedBy: () => 'a pod that finds room elsewhere leaves victims behind',
  create: (probe) => {
    probe.onCommit('Pod', (_type, old, pod) => {
      if (pod === undefined || old === undefined || isDeleting(old) || !isVictim(pod)) return;
      const nodes = new Set<string>();
      let waiting = 0;
      for (const other of probe.store.list('Pod')) {
        if (isVictim(other)) nodes.add(other.spec.nodeName);
        else if (other.spec.nodeName === '' && !isDeleting(other) && priorityOf(other) > priorityOf(pod)) waiting++;
      }
      if (nodes.size <= Math.max(1, waiting)) return;
      const key = keyOf(pod);
      const names = [...nodes].sort((a, b) => (a < b ? -1 : 1));
      probe.report(`${key} goes to make room, which is made on ${names.join(' and ')} by now, for ${waiting} pods that wait`, [
        `pod/${key}`,
        ...names.map((name) => `node/${name}`),
      ]);
    });
    return {};
  },
});

function isVictim(pod: Pod): boolean {
  return isDeleting(pod) && !isTerminal(pod) && podCondition(pod, 'DisruptionTarget')?.reason === 'PreemptionByScheduler';
}
