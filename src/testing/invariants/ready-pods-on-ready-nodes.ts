/**
 * ready-pods-on-ready-nodes: pods of a node that has not been heard of for a minute are not called ready any more.
 *
 * I13 of the oracles: services would go on sending requests into a black hole (kubernetes/kubernetes#50067, #135205).
 *
 * Allowed   - a controller manager that could not see or write, or started anew, since the node was lost: a crash in the
 *             midst of marking pods leaves the rest ready (kubernetes/kubernetes#135205)
 *           - pods that became ready after the loss: their kubelet is back and said so, before it said so of the node
 *           - nodes that call themselves not ready: nothing then marks their pods (kubernetes/kubernetes#125618)
 *           - 60 s, and 1 s for every 10 pods that are lost at the same time (20 requests a second)
 * Cost      O(1) per write of a pod; one look at the pods of the namespace per lost node
 */
import { MINUTE_US, SECOND_US } from '../../engine/units.ts';
import { keyOf } from '../../objects/meta.ts';
import { type Node, nodeCondition } from '../../objects/node.ts';
import { isActive, isPodReady, type Pod } from '../../objects/pod.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { defineInvariant } from './invariant.ts';

const GRACE_US = MINUTE_US;
const PODS_PER_SECOND = 10;
const SHOWN_MAX = 5;

export const readyPodsOnReadyNodes = defineInvariant({
  name: 'ready-pods-on-ready-nodes',
  id: 'I13',
  summary: 'no pod is called ready on a node that has been lost for a minute',
  create: (probe) => {
    const window = new FaultWindow(probe, { opens: blinding(probe, /controller-manager/), graceUs: blindnessUs });
    /** Lost nodes, with when they were lost. */
    const lostAtUs = new Map<string, number>();
    /** When pods were last called ready, by uid; their conditions keep the time of before when a kubelet says so again. */
    const calledReadyUs = new Map<string, number>();

    /** Pods that were ready when their node was lost, and still are. */
    const readyPodsOn = (isWanted: (nodeName: string) => boolean): Pod[] => {
      return probe.store.list('Pod').filter((pod) => {
        const { nodeName } = pod.spec;
        if (!isPodReady(pod) || !isActive(pod) || !lostAtUs.has(nodeName) || !isWanted(nodeName)) return false;
        return (calledReadyUs.get(pod.metadata.uid) ?? 0) <= lostAtUs.get(nodeName)!;
      });
    };
    const check = (nodeName: string, sinceUs: number): void => {
      if (lostAtUs.get(nodeName) !== sinceUs || window.wasOpenSince(sinceUs)) return;
      const lostPods = probe.store.list('Pod').filter((pod) => lostAtUs.has(pod.spec.nodeName)).length;
      const dueUs = sinceUs + GRACE_US + Math.ceil(lostPods / PODS_PER_SECOND) * SECOND_US;
      if (probe.nowUs() < dueUs) {
        probe.at(dueUs, () => check(nodeName, sinceUs));
        return;
      }
      const pods = readyPodsOn((name) => name === nodeName);
      if (pods.length === 0) return;
      const names = pods.slice(0, SHOWN_MAX).map((pod) => `pod/${keyOf(pod)}`);
      const since = Math.floor((probe.nowUs() - sinceUs) / SECOND_US);
      probe.report(`${nodeName} has been lost for ${since} s and ${pods.length} of its pods are still called ready`, [
        `node/${nodeName}`,
        ...names,
      ]);
    };

    probe.onCommit('Pod', (_type, old, pod) => {
      if (pod === undefined) calledReadyUs.delete(old!.metadata.uid);
      else if (isPodReady(pod) && !(old !== undefined && isPodReady(old))) calledReadyUs.set(pod.metadata.uid, probe.nowUs());
    });
    probe.onCommit('Node', (_type, old, node) => {
      const { name } = (node ?? old)!.metadata;
      const isLost = node !== undefined && isUnheardOf(node);
      if (!isLost) {
        lostAtUs.delete(name);
        return;
      }
      if (lostAtUs.has(name)) return;
      const sinceUs = probe.nowUs();
      lostAtUs.set(name, sinceUs);
      probe.at(sinceUs + GRACE_US, () => check(name, sinceUs));
    });
    return {
      unsettled: () => {
        if (lostAtUs.size === 0) return [];
        // What a crash of the controller manager left ready stays so until the pods are evicted; only without one is it a fault.
        return readyPodsOn((name) => !window.wasOpenSince(lostAtUs.get(name)!))
          .slice(0, SHOWN_MAX)
          .map((pod) => `pod/${keyOf(pod)} is called ready on node/${pod.spec.nodeName}, which is lost`);
      },
    };
  },
});

function isUnheardOf(node: Node): boolean {
  return nodeCondition(node, 'Ready')?.status === 'Unknown';
}
