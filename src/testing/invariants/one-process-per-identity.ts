/**
 * one-process-per-identity: containers of one StatefulSet identity never run on two nodes at the same time.
 *
 * I1 of the oracles: what a StatefulSet promises (kubernetes/kubernetes#59848, #54368). Judged by what really runs, not
 * by what the API server knows.
 *
 * Allowed   a pod that was taken out of the API by force (see forced-removals.ts): nobody waits for its processes
 * Cost      O(1) per start and stop of a container of a StatefulSet
 */
import { keyOf } from '../../objects/meta.ts';
import { followForcedRemovals } from '../forced-removals.ts';
import { defineInvariant } from './invariant.ts';

export const oneProcessPerIdentity = defineInvariant({
  name: 'one-process-per-identity',
  id: 'I1',
  summary: 'no two nodes run containers of the same StatefulSet pod at the same time',
  excusedBy: (circumstances) => {
    if (circumstances.strikes('stale-api-server') || circumstances.hasLaggingServers)
      return 'a kubelet that lists from a cache of any age starts pods that are long gone (kubernetes/kubernetes#59848)';
    if (circumstances.strikes('lose-events')) return 'no client can lose events today';
    return undefined;
  },
  create: (probe) => {
    /** Identity to the containers it runs on each node. */
    const running = new Map<string, Map<string, number>>();
    /** Pods of StatefulSets that count, with the number of their containers that run. */
    const pods = new Map<string, number>();

    const count = (identity: string, nodeName: string, change: number): number => {
      const nodes = running.get(identity) ?? new Map<string, number>();
      running.set(identity, nodes);
      const now = (nodes.get(nodeName) ?? 0) + change;
      if (now === 0) nodes.delete(nodeName);
      else nodes.set(nodeName, now);
      return nodes.size;
    };
    probe.onCommit('Pod', (type, _old, pod) => {
      if (type !== 'ADDED') return;
      if (pod!.metadata.ownerReferences.some((owner) => owner.kind === 'StatefulSet' && owner.controller)) pods.set(pod!.metadata.uid, 0);
    });
    followForcedRemovals(probe, (pod) => {
      const { uid } = pod.metadata;
      const containers = pods.get(uid);
      pods.delete(uid);
      if (containers !== undefined && containers > 0) count(keyOf(pod), pod.spec.nodeName, -containers);
    });
    probe.onContainer(({ phase, nodeName, podUid, namespace, podName }) => {
      const containers = pods.get(podUid);
      if (containers === undefined) return;
      const change = phase === 'started' ? 1 : -1;
      pods.set(podUid, containers + change);
      const identity = `${namespace}/${podName}`;
      if (count(identity, nodeName, change) < 2 || phase !== 'started') return;
      const places = [...running.get(identity)!.keys()];
      probe.report(`${identity} runs on ${places.join(' and ')} at the same time`, [
        `pod/${identity}`,
        ...places.map((name) => `node/${name}`),
      ]);
    });
    return {};
  },
});
