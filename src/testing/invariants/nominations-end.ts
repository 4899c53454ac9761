/**
 * nominations-end: a pod for which others were preempted gets its room, or looks for other room, within ten minutes.
 *
 * Part of I4 of the oracles: a victim on a dead node never ends, and its preemptor may not preempt elsewhere meanwhile
 * (kubernetes/kubernetes#95752).
 *
 * Allowed   a victim that ends by itself while it is being preempted: nothing then wakes the preemptor any more, whose gate the
 *           flush of waiting pods leaves closed. Taken for granted when a pod ended on the node less than 2 s before or after
 * Cost      one deadline per nomination
 */
import { MINUTE_US, SECOND_US } from '../../engine/units.ts';
import { isDeleting, keyOf } from '../../objects/meta.ts';
import { isTerminal, type Pod } from '../../objects/pod.ts';
import { defineInvariant } from './invariant.ts';

// Far more than any usual grace period, and than the 5 min after which pods of dead nodes are given up.
const PATIENCE_US = 10 * MINUTE_US;
const AT_ONCE_US = 2 * SECOND_US;
/** Ends that are remembered per node. */
const ENDS_MAX = 200;

export const nominationsEnd = defineInvariant({
  name: 'nominations-end',
  id: 'I4',
  summary: 'no pod waits for ever for the room that was made for it',
  excusedBy: ({ hurtsMachines }) => (hurtsMachines ? 'victims on dead machines never end (kubernetes/kubernetes#95752)' : undefined),
  create: (probe) => {
    /** By uid: since when the pod is nominated to the node it is nominated to. */
    const since = new Map<string, number>();
    /** By node: when pods last ended by themselves. */
    const endedUs = new Map<string, number[]>();
    probe.onCommit('Pod', (_type, old, pod) => {
      const { uid } = (pod ?? old)!.metadata;
      if (pod !== undefined && old !== undefined && isTerminal(pod) && !isTerminal(old)) {
        const times = endedUs.get(pod.spec.nodeName) ?? [];
        endedUs.set(pod.spec.nodeName, [...times.slice(-ENDS_MAX), probe.nowUs()]);
      }
      if (pod === undefined || !isWaiting(pod)) {
        since.delete(uid);
        return;
      }
      const nowUs = probe.nowUs();
      const { nominatedNodeName } = pod.status;
      if (since.has(uid) && old?.status.nominatedNodeName === nominatedNodeName) return;
      since.set(uid, nowUs);
      probe.at(nowUs + PATIENCE_US, () => {
        if (since.get(uid) !== nowUs) return;
        const ends = probe.isStrict ? [] : (endedUs.get(nominatedNodeName) ?? []);
        if (ends.some((endUs) => Math.abs(endUs - nowUs) < AT_ONCE_US)) return;
        const key = keyOf(pod);
        probe.report(`${key} has waited for ${nominatedNodeName} for ${PATIENCE_US / MINUTE_US} min`, [
          `pod/${key}`,
          `node/${nominatedNodeName}`,
        ]);
      });
    });
    return {};
  },
});

function isWaiting(pod: Pod): boolean {
  return pod.spec.nodeName === '' && pod.status.nominatedNodeName !== '' && !isDeleting(pod);
}
