/**
 * pods-placed: in the end no pod waits for a node while some node has room for it.
 *
 * I4 of the oracles: lost wake-ups and phantom pods of the scheduler (kubernetes/kubernetes#72122, #55587, #102339). Pods that
 * fit nowhere may wait; whether others could be evicted for them is not asked.
 *
 * Allowed   room that preemption has promised to a pod which still waits looks free here: while there is such a pod, pods of
 *           its priority or less are let off
 */
import { keyOf } from '../../objects/meta.ts';
import { priorityOf } from '../../objects/pod.ts';
import { pendingPods } from '../pending-pods.ts';
import { defineInvariant } from './invariant.ts';

const SHOWN_MAX = 5;

export const podsPlaced = defineInvariant({
  name: 'pods-placed',
  id: 'I4',
  summary: 'no pod is left pending that some node has room for',
  create: (probe) => ({
    unsettled: () => {
      const { placeable, stuck } = pendingPods(probe);
      const promisedTo = stuck.filter((pod) => pod.status.nominatedNodeName !== '').map(priorityOf);
      return placeable
        .filter(({ pod }) => promisedTo.every((priority) => priority < priorityOf(pod)))
        .slice(0, SHOWN_MAX)
        .map(({ pod, nodeName }) => `pod/${keyOf(pod)} is pending although node/${nodeName} has room for it`);
    },
  }),
});
