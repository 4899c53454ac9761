/**
 * pods-placed: in the end no pod waits for a node while some node has room for it.
 *
 * I4 of the oracles: lost wake-ups and phantom pods of the scheduler (kubernetes/kubernetes#72122, #55587, #102339). Pods that
 * fit nowhere may wait; whether others could be evicted for them is not asked.
 *
 * Allowed   - pods that fit only into room that preemption has promised to one of no less priority
 *           - a preemptor whose victim ended by itself while it was being preempted, until another pod ends: nothing wakes it
 *             (kubernetes/kubernetes#141694, #139162)
 */
import { keyOf } from '../../objects/meta.ts';
import { PendingPods } from '../pending-pods.ts';
import { defineInvariant } from './invariant.ts';

const SHOWN_MAX = 5;

export const podsPlaced = defineInvariant({
  name: 'pods-placed',
  id: 'I4',
  summary: 'no pod is left pending that some node has room for',
  create: (probe) => {
    const pending = new PendingPods(probe);
    return {
      unsettled: () =>
        pending
          .verdict()
          .placeable.slice(0, SHOWN_MAX)
          .map(({ pod, nodeName }) => `pod/${keyOf(pod)} is pending although node/${nodeName} has room for it`),
    };
  },
});
