/**
 * nominations-end: a pod for which others were preempted gets its room, or looks for other room, within ten minutes.
 *
 * Part of I4 of the oracles: a victim on a dead node never ends, and its preemptor may not preempt elsewhere meanwhile
 * (kubernetes/kubernetes#95752).
 *
 * Allowed   a preemptor whose victim ended by itself while it was being preempted, until another pod ends: nothing wakes it
 *           (kubernetes/kubernetes#141694, #139162)
 * Cost      one deadline per nomination
 */
import { MINUTE_US } from '../../engine/units.ts';
import { isDeleting, keyOf } from '../../objects/meta.ts';
import type { Pod } from '../../objects/pod.ts';
import { AbandonedPreemptors } from '../abandoned-preemptors.ts';
import { defineInvariant } from './invariant.ts';

// Far more than any usual grace period, and than the 5 min after which pods of dead nodes are given up.
const PATIENCE_US = 10 * MINUTE_US;

export const nominationsEnd = defineInvariant({
  name: 'nominations-end',
  id: 'I4',
  summary: 'no pod waits for ever for the room that was made for it',
  excusedBy: ({ hurtsMachines }) => (hurtsMachines ? 'victims on dead machines never end (kubernetes/kubernetes#95752)' : undefined),
  create: (probe) => {
    /** By uid: since when the pod is nominated to the node it is nominated to. */
    const since = new Map<string, number>();
    const abandoned = new AbandonedPreemptors(probe);
    probe.onCommit('Pod', (_type, old, pod) => {
      const { uid } = (pod ?? old)!.metadata;
      if (pod === undefined || !isWaiting(pod)) {
        since.delete(uid);
        return;
      }
      const nowUs = probe.nowUs();
      const { nominatedNodeName } = pod.status;
      if (since.has(uid) && old?.status.nominatedNodeName === nominatedNodeName) return;
      since.set(uid, nowUs);
      probe.at(nowUs + PATIENCE_US, () => {
        if (since.get(uid) !== nowUs || abandoned.has(uid)) return;
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
